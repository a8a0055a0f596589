"""`footnote index`: bring the library up to date with files and folders."""

import datetime
import sys
import threading
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands.configured import read_settings
from assistant.commands.lines import write_json
from assistant.commands.options import AsJson, Library
from vectorstore.errors import UserError

if TYPE_CHECKING:
    from assistant.settings import Settings
    from vectorstore.report import Report


def index(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH…", help="Files and folders.", show_default=False)
    ] = None,
    library: Library = None,
    loader: Annotated[
        str | None,
        typer.Option(
            "--loader", metavar="MODULE:CLASS", help="A LangChain loader, in the place of paths; its code is run."
        ),
    ] = None,
    loader_args: Annotated[
        Path | None, typer.Option("--loader-args", metavar="FILE.yaml", help="What the loader is made with.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on: run again whenever something changes, until Ctrl-C.")
    ] = False,
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
      footnote index --loader my_loaders:WikiLoader --loader-args wiki.yaml
      footnote index --watch /mnt/news
      footnote index articles/ --json
    """
    if bool(paths) == bool(loader):
        found = "PATH and --loader were" if loader else "None of PATH and --loader was"
        raise UserError(f"{found} given; give files and folders, or a loader.")
    if loader_args and not loader:
        raise UserError("--loader-args is for --loader; name the loader.")
    if watch and (loader or allow_shrink):
        raise UserError("--watch goes with paths alone: run a loader from time to time, and allow a shrinking once.")
    settings = read_settings(library=library)
    if watch:
        _watch(paths or [], settings, as_json=as_json)
        return
    if loader:
        report = _index_loader(loader, loader_args, settings, allow_shrink=allow_shrink)
    else:
        report = index_paths(paths or [], settings, allow_shrink=allow_shrink)
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
    from assistant.open import open_settings_embedder, open_settings_parser, open_settings_server
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
            parser=open_settings_parser(settings),
            on_progress=on_progress,
        )


def _index_loader(loader: str, arguments: Path | None, settings: "Settings", *, allow_shrink: bool) -> "Report":
    from assistant.open import open_settings_embedder, open_settings_server
    from assistant.terminal import Terminal, progress_bar
    from vectorstore.library import Library as OpenLibrary
    from vectorstore.loading import open_loader
    from vectorstore.sync import sync_loader

    with progress_bar(Terminal(stderr=True)) as on_progress, redirect_stdout(sys.stderr):  # whatever a loader prints
        return sync_loader(
            open_loader(loader, arguments, may_be_gone=allow_shrink),
            OpenLibrary.create(settings.library, open_settings_server(settings)),
            open_settings_embedder(settings),
            passage_tokens=settings.passage_tokens,
            allow_shrink=allow_shrink,
            on_progress=on_progress,
        )


def _watch(paths: Sequence[Path], settings: "Settings", *, as_json: bool) -> None:
    from assistant.open import open_settings_embedder, open_settings_parser, open_settings_server
    from vectorstore.library import Library as OpenLibrary
    from vectorstore.sync import sync
    from vectorstore.watching import keep_up

    into, embedder = (
        OpenLibrary.create(settings.library, open_settings_server(settings)),
        open_settings_embedder(settings),
    )

    def run(retry: bool) -> "Report":
        parser = open_settings_parser(settings)
        return sync(paths, into, embedder, passage_tokens=settings.passage_tokens, retry=retry, parser=parser)

    def tell(outcome: "Report | UserError") -> None:
        if isinstance(outcome, UserError):
            typer.echo(f"{_now()} {outcome}", err=True)
        elif as_json:
            write_json(asdict(outcome))
            sys.stdout.flush()
        else:
            typer.echo(f"{_now()} {_in_brief(outcome)}")
            sys.stdout.flush()

    try:
        keep_up(paths, run, leave_out=settings.library, tell=tell, stop=threading.Event())
    except KeyboardInterrupt:
        typer.echo("The watching has ended; the library is as the last run left it.", err=True)


def _in_brief(report: "Report") -> str:
    kinds = ("added", "changed", "moved", "removed", "unchanged", "skipped")
    return ", ".join(f"{len(getattr(report, kind)):,} {kind}" for kind in kinds)


def _now() -> str:
    return datetime.datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
