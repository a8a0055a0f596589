"""`footnote backup` and `footnote restore`: keep a library in one file, and make it again from that."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assistant.commands.configured import read_settings
from assistant.commands.lines import write_json
from assistant.commands.options import AsJson, Library


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE.tar", help="Where to write it.", show_default=False)],
    library: Library = None,
    as_json: AsJson = False,
) -> None:
    """Keep the library, conversations, feedback, keys and uploads in one file.

    The server and a run that indexes may go on meanwhile. A file of this name is replaced once the new one is whole.
    Only its owner may read it, for it holds what people asked, and the secret that sessions are signed with.

    Examples:
      footnote backup /backups/footnote.tar
      footnote --library /srv/news backup news.tar --json
    """
    settings = read_settings(library=library)

    from assistant.backup import back_up

    done = back_up(settings, file)
    if as_json:
        write_json({"file": str(file), **asdict(done)})
        return
    typer.echo(f"{file}: {', '.join(done.files)} and {done.uploads} uploads, {done.size / 1e6:,.1f} MB.")
    for name in done.left_out:
        typer.echo(f"Left out, because it is no plain file: {name}", err=True)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE.tar", help="What `backup` wrote.", show_default=False)],
    library: Library = None,
    as_json: AsJson = False,
) -> None:
    """Make a library again from a backup, with its uploads beside it.

    Nothing may stand in their place. All of the file is checked first, and all of it is restored or nothing; the
    vector index is built again, without embedding anything.

    Examples:
      footnote restore /backups/footnote.tar
      footnote --library /srv/news restore news.tar --json
    """
    settings = read_settings(library=library)

    from assistant.restore import restore as put_back

    done = put_back(settings, file)
    if as_json:
        write_json({"library": str(settings.library), **asdict(done)})
    else:
        typer.echo(
            f"{settings.library}: {done.documents:,} documents, {done.passages:,} passages and {done.uploads:,} "
            f"uploads, as they were on {done.made}."
        )
