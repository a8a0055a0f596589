"""Documents that people hand in: kept in a folder beside the library, and taken into it at once."""

import os
import re
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from pathvalidate import sanitize_filename

from assistant.open import open_settings_embedder, open_settings_parser
from vectorstore.errors import OwnerError, SkippedFile, UserError
from vectorstore.library import Library
from vectorstore.loaders import suffix_of
from vectorstore.parsing import Parser
from vectorstore.report import Report
from vectorstore.sync import sync
from vectorstore.text import normalise, one_line

if TYPE_CHECKING:
    from assistant.settings import Settings
    from vectorstore.embed import Embedder

LONGEST_NAME = 200  # bytes in UTF-8; file systems take 255, and a person may want to add to it
MEGABYTE = 1_000_000
COLLECTION = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")  # a name that is a folder's name, too


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file that was handed in, now or earlier; `name` is what it is called in the folder.

    A skipped file changes nothing: `reason` and `detail` tell why, as for `footnote index`, and a document that the
    library holds under its name stays. Otherwise `source`, `document_id` and `title` are those of its document.
    """

    name: str
    outcome: Literal["indexed", "changed", "unchanged", "skipped", "deleted"]
    source: str | None = None
    document_id: str | None = None
    title: str | None = None
    reason: str | None = None
    detail: str | None = None


class Uploads:
    """The folder of handed-in documents of one library; threads may share it, and one at a time is indexed."""

    def __init__(
        self,
        library: Library,
        embedder: "Embedder",
        folder: Path,
        *,
        passage_tokens: int,
        limit: int,
        parser: Parser | None = None,
    ) -> None:
        """Keep files of at most `limit` bytes in folder, which is made when the first one comes.

        Raises:
            UserError: if `footnote index` would not find the folder, and so forget what lies in it.
        """
        _expect_found(folder, library.directory)
        self.folder = folder
        self.limit = limit
        self._library = library
        self._embedder = embedder
        self._passage_tokens = passage_tokens
        self._parser = parser or Parser()
        self._one_at_a_time = threading.Lock()

    def add(self, name: str, content: bytes, collection: str | None = None) -> Outcome:
        """Keep a file under the safe form of name and bring the library up to date with it.

        What is handed in to a collection lies in a folder of its name. One of the same name is replaced there. If the
        file cannot be read or indexed, all stays as it was. Who may do this is not asked here.

        Raises:
            UserError: if another run is writing to the library, there is no room for the file or its index, or no file
                can be put in its place.
            ValueError: if no collection can have this name.
        """
        if collection is not None and not COLLECTION.fullmatch(collection):
            raise ValueError(f"{collection!r} is no name of a collection")
        with self._one_at_a_time, self._parser:
            try:
                name = file_name(name)
                if len(content) > self.limit:
                    raise SkippedFile("too_large", f"it has more than {self.limit:,} bytes; split it")
                # Before it is written: what cannot be read must not take the place of what could.
                for _ in self._parser.documents(content, name=name, source=name):
                    pass
            except SkippedFile as skipped:
                return Outcome(one_line(name), "skipped", reason=skipped.reason, detail=skipped.detail)
            try:
                return self._keep(self.folder / (collection or "") / name, content)
            except OSError as error:
                raise OwnerError(
                    f"{name} cannot be kept in {self.folder} ({error.strerror or error}); look who may write there."
                ) from error

    def delete(self, document_id: str) -> Outcome:
        """Delete a document that was handed in: its file, and all that the library holds of it.

        Who may do this is not asked here. If the library cannot be brought up to date, all stays as it was.

        Raises:
            KeyError: if there is no document with this id.
            UserError: if it was not handed in, another run is writing to the library, or the file cannot be deleted.
        """
        with self._one_at_a_time:
            document = self._library.document(document_id)
            path = self._library.file_of(document_id)
            if not self._holds(path):
                raise UserError(
                    f"{document.source} comes from a folder that is indexed; remove the file there and run "
                    "`footnote index` on the folder."
                )
            try:
                self._remove(path)
            except OSError as error:
                raise OwnerError(
                    f"{document.source} cannot be deleted ({error.strerror or error}); look who may write there."
                ) from error
            name = document.source.rpartition("/")[2]
            return Outcome(name, "deleted", source=document.source, document_id=document.id, title=document.title)

    def _holds(self, path: Path) -> bool:
        """Return whether a file lies in the folder, wherever a folder on its way may link to by now."""
        return Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(self.folder))

    def _remove(self, path: Path) -> None:
        before = path.read_bytes() if os.path.lexists(path) else None
        path.unlink(missing_ok=True)
        removed = False
        try:
            self._sync(path, allow_shrink=True)
            removed = True
        finally:
            if not removed and before is not None:
                _write(path, before)

    def _keep(self, path: Path, content: bytes) -> Outcome:
        if not self._holds(path):
            raise OwnerError(
                f"{path.parent} is a link to another folder; remove it, or hand the document in elsewhere."
            )
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise OwnerError(f"{path} is a link or a folder; remove it, or hand the document in under another name.")
        before = path.read_bytes() if path.exists() else None
        _write(path, content)
        indexed = False
        try:
            outcome = self._index(path)
            indexed = outcome.outcome != "skipped"
            return outcome
        finally:
            if not indexed:
                path.unlink() if before is None else _write(path, before)

    def _index(self, path: Path) -> Outcome:
        report = self._sync(path)
        for skipped in report.skipped:
            return Outcome(path.name, "skipped", reason=skipped.reason, detail=skipped.detail)
        outcome: Literal["indexed", "changed", "unchanged"] = (
            "indexed" if report.added else "changed" if report.changed else "unchanged"
        )
        source, *_ = report.added + report.changed + report.unchanged
        document = self._library.find(source)
        if document is None:
            raise RuntimeError(f"{source} was just indexed and is not in the library")
        return Outcome(path.name, outcome, source=source, document_id=document.id, title=document.title)

    def _sync(self, path: Path, *, allow_shrink: bool = False) -> Report:
        return sync(
            [path],
            self._library,
            self._embedder,
            passage_tokens=self._passage_tokens,
            allow_shrink=allow_shrink,
            top=self.folder,
            parser=self._parser,
        )


def open_uploads(library: Library, settings: "Settings") -> Uploads | None:
    """Return where the settings say that handed-in documents are kept, None if they are switched off.

    Raises:
        UserError: as Uploads does.
    """
    folder = uploads_folder(settings)
    if folder is None:
        return None
    return Uploads(
        library,
        open_settings_embedder(settings),
        folder,
        passage_tokens=settings.passage_tokens,
        limit=settings.upload_megabytes * MEGABYTE,
        parser=open_settings_parser(settings),
    )


def uploads_folder(settings: "Settings") -> Path | None:
    """Return the folder that the settings name for handed-in documents, None if there is none."""
    return None if settings.uploads is None else _beside(settings.library) / settings.uploads


def file_name(given: str) -> str:
    """Return a name that is safe in any folder of any system and as near to the given one as can be.

    It is the last part of a path, in NFC, without what cannot be seen, not hidden, no device of Windows, and at most
    LONGEST_NAME bytes long; letters of all scripts stay.

    Raises:
        SkippedFile: "unsupported_format" if no loader reads files with its ending.
    """
    last = normalise(given).replace("\\", "/").rpartition("/")[2]
    last = " ".join(last.split()).lstrip(". ")
    length = len(suffix_of(last))
    stem, suffix = last[:-length], last[-length:]
    longest = LONGEST_NAME - len(suffix)
    # Without the space at its end, or "CON .txt" would only afterwards become the name of a device.
    return sanitize_filename(stem.rstrip(), "_", platform="universal", fs_encoding="utf-8", max_len=longest) + suffix


def _write(path: Path, content: bytes) -> None:
    """Put content in the place of path, so that nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid4().hex}")  # hidden: a run that indexes the folder meanwhile passes it over
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise


def _beside(library: Path) -> Path:
    return Path(os.path.abspath(library)).parent


def _expect_found(folder: Path, library: Path) -> None:
    """Make sure that whoever indexes the folder around the library finds the uploads there, too.

    Raises:
        UserError: if they lie in the library's own folder or in a hidden one.
    """
    real = Path(os.path.realpath(folder))
    if real.is_relative_to(os.path.realpath(library)):
        raise UserError(f"{folder} lies in the folder of the library, which `footnote index` passes over; {_ELSEWHERE}")
    around = Path(os.path.realpath(_beside(library)))
    inner = real.relative_to(around) if real.is_relative_to(around) else Path(real.name)
    if any(part.startswith(".") for part in inner.parts):
        raise UserError(f"{folder} is hidden, and `footnote index` passes over what is hidden; {_ELSEWHERE}")


_ELSEWHERE = "choose another folder with FOOTNOTE_UPLOADS."
