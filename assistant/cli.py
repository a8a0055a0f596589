"""The command line `footnote`: puts the commands together and turns mistakes into one sentence and an exit code."""

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from typing import Annotated

import typer

from assistant.commands.ask import ask
from assistant.commands.backup import backup, restore
from assistant.commands.check import check
from assistant.commands.doctor import doctor
from assistant.commands.forget import forget
from assistant.commands.index import index
from assistant.commands.keys import add_key, list_keys, revoke_key
from assistant.commands.mcp import mcp
from assistant.commands.options import LibraryBefore
from assistant.commands.search import search
from assistant.commands.serve import INTERRUPTED, serve
from vectorstore.errors import UserError

MISTAKE = 1
PIPE_CLOSED = 141  # 128 + SIGPIPE


def run(arguments: Sequence[str], app: typer.Typer | None = None) -> int:
    """Run one command and return its exit code; what a person can mend is one sentence on stderr and exit code 1.

    `app` is application() unless somebody adds commands to it.
    """
    _write_utf8()
    try:
        status = (app or application())(list(arguments) or ["--help"], prog_name="footnote", standalone_mode=False)
        sys.stdout.flush()
    except (typer.TyperException, UserError) as error:
        complain(error)
        return MISTAKE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more at exit; with nobody reading it would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return status if isinstance(status, int) else 0


def complain(error: typer.TyperException | UserError) -> None:
    """Say in one sentence on stderr what a person can mend."""
    if isinstance(error, typer.TyperException):
        typer.echo(f"{error.format_message().rstrip('.')}; `footnote --help` shows what is possible.", err=True)
    else:
        typer.echo(str(error), err=True)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"footnote {version('footnote')}")
        raise typer.Exit


def footnote(
    context: typer.Context,
    library: LibraryBefore = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Answer questions from a folder of documents, with a footnote under every sentence.

    Examples:
      footnote serve                    chat in the browser, on the sample articles
      footnote index articles/          read a folder into the library .footnote/
      footnote ask "Who said what?"     answer from it
    """
    context.obj = library


def application() -> typer.Typer:
    """Return all commands put together."""
    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,  # an error of ours keeps its plain traceback, without local variables
        rich_markup_mode=None,  # plain help: rich would double the time it takes
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback(help=help_of(footnote))(footnote)
    for command in (index, search, ask, check, serve, mcp, doctor, backup, restore, forget):
        app.command(help=help_of(command))(command)
    keys = typer.Typer(help="Add, list and revoke the API keys that programs sign in with.")
    keys.command("add", help=help_of(add_key))(add_key)
    keys.command("list", help=help_of(list_keys))(list_keys)
    keys.command("revoke", help=help_of(revoke_key))(revoke_key)
    app.add_typer(keys, name="keys")
    return app


def help_of(command: Callable[..., None]) -> str:
    """Return the docstring of a command with its examples marked as lines not to be wrapped."""
    return (inspect.getdoc(command) or "").replace("Examples:\n", "\b\nExamples:\n")


def _write_utf8() -> None:
    """Write UTF-8 whatever the locale; a lone surrogate of a file name becomes an escape that JSON reads, too."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
