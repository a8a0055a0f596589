"""`footnote index`: bring the library up to date with files and folders."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands.configured import read_settings
from assistant.commands.lines import write_json
from assistant.commands.options import AsJson, Library

if TYPE_CHECKING:
    from assistant.settings import Settings
    from vectorstore.sync import Report


def index(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files and folders.", show_default=False)],
    library: Library = None,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Go on even if more than 30 % of the documents are gone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read files and folders into the library.

    Run it again to bring the library up to date: only what changed is embedded again, and what is gone is removed.
    A run that is killed leaves the library as it was.

    Examples:
      footnote index articles/
      footnote --library /srv/news index /mnt/news report.md
      footnote index articles/ --json
    """
    report = index_paths(paths, read_settings(library=library), allow_shrink=allow_shrink)
    if as_json:
        write_json(asdict(report))
    else:
        from assistant.terminal import Terminal, show_report

        show_report(report, Terminal())


def index_paths(paths: Sequence[Path], settings: "Settings", *, allow_shrink: bool = False) -> "Report":
    """Bring the library of settings up to date with paths, with a progress bar on stderr; return what was done.

    Raises:
        UserError: as sync does.
    """
    from assistant.open import open_settings_embedder, open_settings_server
    from assistant.terminal import Terminal, progress_bar
    from vectorstore.library import Library as OpenLibrary
    from vectorstore.sync import sync

    with progress_bar(Terminal(stderr=True)) as on_progress:
        return sync(
            paths,
            OpenLibrary.create(settings.library, open_settings_server(settings)),
            open_settings_embedder(settings),
            passage_tokens=settings.passage_tokens,
            allow_shrink=allow_shrink,
            on_progress=on_progress,
        )
