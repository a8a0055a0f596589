"""`footnote serve`: the chat page and the API, on this machine."""

import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands.configured import read_settings
from assistant.commands.index import index_paths
from assistant.commands.lines import write_json
from assistant.commands.options import AsJson, Library
from vectorstore.errors import UserError

if TYPE_CHECKING:
    from assistant.settings import Settings

INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def serve(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH…]", help="Index these first.", show_default=False)
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; else FOOTNOTE_HOST, else 127.0.0.1", show_default=False)
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="Port to listen on; else FOOTNOTE_PORT, else 7860", show_default=False),
    ] = None,
    uploads: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep documents that people hand in here, beside the library; else FOOTNOTE_UPLOADS, else uploads",
            show_default=False,
        ),
    ] = None,
    no_uploads: Annotated[bool, typer.Option("--no-uploads", help="Let nobody hand in documents.")] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Let everybody who reaches the address in, without sign-in.")
    ] = False,
    library: Library = None,
    as_json: AsJson = False,
) -> None:
    """Serve the chat page and the API.

    Prints the address once it is listening, and ends with Ctrl-C. Without a path and without a library, the sample
    articles are indexed first.

    Examples:
      footnote serve
      footnote serve articles/ --port 8080
      footnote serve --no-uploads
      FOOTNOTE_SIGN_IN=key footnote serve --host 0.0.0.0
      footnote --library /srv/news serve
    """
    if uploads and no_uploads:
        raise UserError("--uploads and --no-uploads were both given; give one of them.")
    from assistant.web.safety import expect_safe

    folder = "none" if no_uploads else uploads
    settings = read_settings(library=library, host=host, port=port, uploads=folder, insecure=insecure or None)
    expect_safe(settings)
    _expect_free(settings.host, settings.port)
    if paths or not _has_documents(settings.library):
        _index(paths, settings)

    from assistant.examples import examples
    from assistant.open import open_assistant
    from assistant.uploads import open_uploads
    from assistant.web.app import create_app
    from assistant.web.serving import run

    assistant = open_assistant(settings)
    # Examples are of all documents: where not everybody reads all, they would tell of what some may not see.
    tried = () if settings.collections else examples(assistant)
    app = create_app(assistant, settings, tried, open_uploads(assistant.library, settings))
    threading.Thread(target=_announce, args=(settings.host, settings.port, as_json), daemon=True).start()
    run(app, settings)
    raise typer.Exit(INTERRUPTED)  # the server returns when Ctrl-C has ended it, and for no other reason


def _index(paths: list[Path] | None, settings: "Settings") -> None:
    from assistant.sample import sample_corpus

    if not paths:
        typer.echo(f"There is nothing in {settings.library} yet; indexing the sample articles.", err=True)
    report = index_paths(paths or [sample_corpus()], settings)
    for skipped in report.skipped:
        typer.echo(f"skipped {skipped.source}: {skipped.reason}, {skipped.detail}", err=True)


def _has_documents(directory: Path) -> bool:
    if not (directory / "library.db").exists():
        return False

    from vectorstore.library import Library as OpenLibrary

    return OpenLibrary.open(directory).manifest().documents > 0


def _expect_free(host: str, port: int) -> None:
    """Make sure that nobody listens there yet: said before the work, and in one sentence.

    Raises:
        UserError: if the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UserError(
                f"Cannot listen on {host}, port {port} ({error.strerror or error}); choose another with --port."
            ) from error


def _announce(host: str, port: int, as_json: bool) -> None:
    """Print the address as soon as somebody can be reached there."""
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.05)
    address = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
    if as_json:
        write_json({"address": address})
    else:
        sys.stdout.write(f"Footnote is at {address} (Ctrl-C ends it)\n")
        sys.stdout.flush()
