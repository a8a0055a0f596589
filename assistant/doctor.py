"""Is everything there that Footnote needs, and is the library healthy? One finding for each thing looked at."""

import asyncio
import hashlib
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Literal

from assistant.contract import Json
from assistant.judges import MODEL_FOLDER as JUDGES_FOLDER
from assistant.open import open_settings_embedder, open_settings_server
from assistant.pipeline import Request
from assistant.reading import evidence_of
from assistant.settings import Settings
from assistant.tokens import RANKS
from assistant.types import Ended
from vectorstore import places
from vectorstore.errors import IndexAway, UserError
from vectorstore.library import Library
from vectorstore.sentences import split_sentences
from vectorstore.tokens import MODEL_FOLDER
from vectorstore.types import Document

# SHA-256 of what is shipped beside the code; training/ makes these files.
BUNDLED = {
    MODEL_FOLDER / "model.onnx": "fa64e6293fba1d54b4788a344ffd7fd7c47b6e8ee9fb113ae0477d045ab541c6",
    MODEL_FOLDER / "tokenizer.json": "9114256b104cca80e04367526f03f46aa3c443c2ed174904142a73bbf13b9fbb",
    JUDGES_FOLDER / "model.onnx": "9987eb45a9b880a62c237d8f23a24c7dee9899a214c4b4d0b01cfe415d9e4441",
    RANKS: "525e9ef7ef1926dfc41c2fd03529afc9822289ed48c4ae4927cf061c92dab0e9",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; "warning" works but should be known, "broken" does not work."""

    name: str
    state: Literal["ok", "warning", "broken"]
    detail: str


def examine(settings: Settings, *, model: bool = False) -> tuple[Finding, ...]:
    """Look at everything; the chat model is contacted only if `model` says so, an embedding server never.

    A Chroma server that holds the vectors is, as a folder of them would be looked at.
    """
    looks: list[Callable[[Settings], Iterator[Finding]]] = [_python, _sqlite, _bundled, _library, _settings]
    if model:
        looks.append(_model)
    return tuple(finding for look in looks for finding in look(settings))


def finding_json(finding: Finding) -> Json:
    """Return one finding of `footnote doctor --json`."""
    return asdict(finding)


def _python(settings: Settings) -> Iterator[Finding]:
    yield Finding("python", "ok", f"{platform.python_version()} in {sys.prefix}; footnote {version('footnote')}")


def _sqlite(settings: Settings) -> Iterator[Finding]:
    try:
        sqlite3.connect(":memory:").execute("CREATE VIRTUAL TABLE words USING fts5(body)")
    except sqlite3.OperationalError as error:
        yield Finding("sqlite", "broken", f"{sqlite3.sqlite_version} without full-text search ({error})")
    else:
        yield Finding("sqlite", "ok", f"{sqlite3.sqlite_version} with FTS5")


def _bundled(settings: Settings) -> Iterator[Finding]:
    """A file that is cut short or was exchanged would answer something, so the bytes are looked at."""
    for path, expected in BUNDLED.items():
        if not path.is_file():
            yield Finding("bundled file", "broken", f"{path} is missing; install Footnote again")
            continue
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found == expected:
            yield Finding("bundled file", "ok", f"{path.name}, {path.stat().st_size / 1e6:.1f} MB, has the right hash")
        else:
            yield Finding("bundled file", "broken", f"{path} is not the one we shipped; install Footnote again")


def _library(settings: Settings) -> Iterator[Finding]:
    if not (settings.library / "library.db").is_file():
        yield Finding("library", "warning", f"there is none in {settings.library}; make one with `footnote index PATH`")
        return
    try:
        library = Library.open(settings.library, open_settings_server(settings))
        _expect_embedder(library, settings)
        (health,) = library.connection.execute("PRAGMA quick_check(1)").fetchone()
    except (UserError, sqlite3.DatabaseError) as error:
        yield Finding("library", "broken", str(error))
        return
    if health != "ok":
        yield Finding("library", "broken", f"{health}; delete {settings.library} and run `footnote index PATH`")
        return
    manifest = library.manifest()
    yield Finding(
        "library",
        "ok",
        f"{manifest.documents:,} documents, {manifest.passages:,} passages of up to {manifest.passage_tokens} tokens, "
        f"embedded by {manifest.embedder}, revision {manifest.revision}, in {settings.library}",
    )
    yield _index(library)
    for skipped in library.skipped():
        yield Finding("skipped", "warning", f"{skipped.source}: {skipped.reason}, {skipped.detail}")


def _index(library: Library) -> Finding:
    try:
        problem = places.examine(library)
    except IndexAway as away:
        return Finding("index", "broken", f"{away}; until then, questions are answered from words alone")
    if problem:
        return Finding("index", "broken", f"{problem}; run `footnote index PATH` on your documents to build it again")
    name = library.manifest().generation or "none needed"
    place = f" on {library.server.url}" if library.server else ""
    return Finding("index", "ok", f"{name}{place}; sampled passages find themselves")


def _expect_embedder(library: Library, settings: Settings) -> None:
    """Make sure that the settings name the embedder the library was made with, without asking a server.

    Raises:
        UserError: if not.
    """
    embedder = open_settings_embedder(settings)
    if settings.embedding == "bundled":
        library.expect(embedder)
        return
    made_with = library.manifest().embedder
    if made_with != embedder.model:
        raise UserError(f"it was embedded by {made_with}, and the setting is {embedder.model}; run `footnote index`")


def _settings(settings: Settings) -> Iterator[Finding]:
    """Settings print their secrets as stars themselves."""
    given = settings.model_fields_set
    for name in type(settings).model_fields:
        origin = "" if name in given else " (default)"
        yield Finding(f"FOOTNOTE_{name.upper()}", "ok", f"{getattr(settings, name)}{origin}")


def _model(settings: Settings) -> Iterator[Finding]:
    """Ask the chat model what it can read in one sentence, as an answer would be asked for."""
    if not settings.model:
        yield Finding("model", "warning", "none is set; answers are quoted sentences (FOOTNOTE_MODEL sets one)")
        return
    try:
        ended = asyncio.run(_reply(settings))
    except UserError as error:
        yield Finding("model", "broken", str(error))
        return
    if ended.state == "error":
        yield Finding("model", "broken", ended.notice or "it did not answer")
    else:
        yield Finding("model", "ok", f"{settings.model} answers")


async def _reply(settings: Settings) -> Ended:
    from assistant.model import ModelAnswerer
    from assistant.providers import open_chat_model, patience

    document = Document("doctor", "A test", "The bridge is green.")
    answerer = ModelAnswerer(
        open_chat_model(settings), model=settings.model or "", patience=patience(settings), answer_tokens=100
    )
    question = "What colour is the bridge?"
    evidence = evidence_of(document, split_sentences(document))
    async for drafted in answerer.answer(Request(question, question), evidence):
        if isinstance(drafted, Ended):
            return drafted
    raise RuntimeError("an answerer ends with Ended")
