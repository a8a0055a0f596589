"""`footnote forget`: delete everything that is kept of one user."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from assistant.commands.configured import read_settings
from assistant.commands.lines import write_json
from assistant.commands.options import AsJson, Library
from vectorstore.errors import UserError
from vectorstore.text import one_line


def forget(
    user: Annotated[
        str,
        typer.Argument(
            metavar="USER", help='"local", "key:NAME", "user:NAME" or "embed:KEY:NAME".', show_default=False
        ),
    ],
    library: Library = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete everything of one user: conversations and feedback.

    It cannot be undone. Documents that the user handed in stay, and so do backups and the audit log. The server may be
    running.

    Examples:
      footnote forget user:ann@example.org
      footnote forget embed:wiki:4711 --yes --json
    """
    settings = read_settings(library=library)
    if not settings.library.is_dir():
        raise UserError(f"There is no library in {settings.library}; name its folder with --library.")
    name = one_line(user, longest=80)
    if not (yes or _agrees(name)):
        raise UserError("Nothing was deleted; run it again when you are sure.")

    from assistant.forgetting import forget_user

    forgotten = forget_user(settings.library, user)
    if as_json:
        write_json({"user": user, **asdict(forgotten)})
    else:
        typer.echo(
            f"{name}: {forgotten.conversations} conversations and {forgotten.feedback} feedback entries deleted."
        )


def _agrees(name: str) -> bool:
    """Ask whoever sits at the terminal.

    Raises:
        UserError: if nobody does.
    """
    if not sys.stdin.isatty():
        raise UserError("Nobody is there to be asked, and nothing was deleted; add --yes.")
    try:
        return typer.confirm(f"Delete all conversations and feedback of {name}, for ever?", err=True)
    except typer.Abort:  # Ctrl-C, Ctrl-D
        return False
