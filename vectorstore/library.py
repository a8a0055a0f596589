"""The library: every document, sentence and passage, the full-text index and the embeddings, in two SQLite files.

`library.db` is the truth; `embeddings.db` keeps embeddings by model and content, and only saves work. The vector
index beside them is a cache that is built from both (vectorstore/sync.py).
"""

import json
import os
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vectorstore import bm25, catalogue, originals, rows
from vectorstore.catalogue import Brief, Overview
from vectorstore.embeddings import Embeddings
from vectorstore.errors import OwnerError
from vectorstore.originals import Copy
from vectorstore.types import Document, Filters, Passage, Sentence

if TYPE_CHECKING:
    from vectorstore.chroma_server import ChromaServer

SCHEMA = 2

_ALL = Filters()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a library holds and what it was made with; `embedder` is "" before the first run has finished.

    `generation` names the folder of the vector index, or its collection on a server, None when there are no passages;
    `revision` grows by one with every run that changed something. `deleted` entries are still in the graph of the
    index, and `proven` is the fingerprint of its files, if it has any, when they were last searched with success.
    """

    schema: int
    embedder: str
    dimension: int
    passage_tokens: int
    splitter: str
    generation: str | None
    revision: int
    documents: int
    passages: int
    deleted: int = 0
    proven: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not in the library, or not in its newest form, and why."""

    source: str
    reason: str
    detail: str


class Embeds(Protocol):
    """What the library needs to know of an embedder."""

    @property
    def model(self) -> str:
        """Its name."""

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""


class Library:
    """A library on disk; any number of threads and processes may read it while one writes."""

    def __init__(self, directory: Path, server: "ChromaServer | None" = None) -> None:
        """Use `open` or `create`."""
        self.directory = directory
        self.server = server  # where its vectors are to lie, else in the directory
        self._local = threading.local()

    @classmethod
    def open(cls, directory: Path, server: "ChromaServer | None" = None) -> "Library":
        """Open an existing library, whose vectors are to lie on the server if there is one.

        Raises:
            OwnerError: if there is none, or one of another version.
        """
        if not (directory / "library.db").is_file():
            raise OwnerError(f"there is no library in {directory}; make one with `footnote index PATH`")
        library = cls(directory, server)
        library._check()
        return library

    @classmethod
    def create(cls, directory: Path, server: "ChromaServer | None" = None) -> "Library":
        """Open the library in directory as `open` does, or make an empty one.

        Raises:
            OwnerError: if the directory cannot be written, or holds a library of another version.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            library = cls(directory, server)
            library._make_tables()
        except (OSError, sqlite3.OperationalError) as error:
            raise OwnerError(f"cannot write a library in {directory}: {error}") from error
        library._check()
        return library

    def close(self) -> None:
        """Close the files of the calling thread."""
        for connection in vars(self._local).values():
            connection.close()
        self._local = threading.local()

    def manifest(self) -> Manifest:
        """Return what the library holds at this moment; cheap enough to ask before every search."""
        meta = dict(self._library.execute("SELECT key, value FROM meta").fetchall())
        return Manifest(
            schema=int(meta["schema"]),
            embedder=meta.get("embedder", ""),
            dimension=int(meta.get("dimension", 0)),
            passage_tokens=int(meta.get("passage_tokens", 0)),
            splitter=meta.get("splitter", ""),
            generation=meta.get("generation") or None,
            revision=int(meta.get("revision", 0)),
            documents=int(meta.get("documents", 0)),
            passages=int(meta.get("passages", 0)),
            deleted=int(meta.get("deleted", 0)),
            proven=meta.get("proven", ""),
        )

    def expect(self, embedder: Embeds) -> None:
        """Make sure that this embedder made the library's vectors.

        Raises:
            OwnerError: if another did, or if nothing is indexed yet.
        """
        manifest = self.manifest()
        if not manifest.embedder:
            raise OwnerError(f"the library in {self.directory} is empty; fill it with `footnote index PATH`")
        if (manifest.embedder, manifest.dimension) != (embedder.model, embedder.dimension):
            raise OwnerError(
                f"the library in {self.directory} was indexed with {manifest.embedder} ({manifest.dimension} numbers a "
                f"passage), not with {embedder.model} ({embedder.dimension}); run `footnote index` on your documents "
                "again, or choose the first embedder"
            )

    def index_directory(self) -> Path | None:
        """Return where the vector index of this moment is, None when there are no passages."""
        row = self._library.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
        return self.directory / "index" / row[0] if row and row[0] else None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See one state of the library in all reads of this thread, whatever a run commits meanwhile."""
        if self._library.in_transaction:
            yield
            return
        self._library.execute("BEGIN")
        self._library.execute("SELECT 1 FROM meta").fetchone()  # SQLite takes its snapshot at the first read
        try:
            yield
        finally:
            self._library.execute("ROLLBACK")

    def document(self, document_id: str) -> Document:
        """Return a document.

        Raises:
            KeyError: if there is none with this id.
        """
        return rows.document(self._row_of(document_id, rows.DOCUMENT))

    def find(self, source_or_id: str) -> Document | None:
        """Return the document with this source or id."""
        row = self._library.execute(
            f"SELECT {rows.DOCUMENT} FROM documents d WHERE source = ?1 OR id = ?1", (source_or_id,)
        ).fetchone()
        return None if row is None else rows.document(row)

    def file_of(self, document_id: str) -> Path:
        """Return the file that a document was made of; it may have gone since.

        Raises:
            KeyError: if there is no such document.
        """
        return Path(os.fsdecode(self._row_of(document_id, "path")[0]))

    def documents(self, filters: Filters = _ALL) -> Iterator[Document]:
        """Yield the documents that pass the filters, in order of source."""
        where, values = rows.where(filters)
        ids = self._library.execute(f"SELECT id FROM documents d WHERE {where} ORDER BY source", values).fetchall()
        for (document_id,) in ids:
            yield self.document(document_id)

    def outlets(self, filters: Filters = _ALL) -> tuple[str, ...]:
        """Return the outlets of the documents that pass, sorted; spellings that differ in case only are one."""
        return catalogue.outlets(self._library, filters)

    def overview(self, filters: Filters = _ALL) -> Overview:
        """Return how much passes the filters and what else it can be filtered by; cheap, no text is read."""
        with self.reading():
            return catalogue.overview(self._library, filters, passages=self.manifest().passages)

    def briefs(self, words: str, *, limit: int, filters: Filters = _ALL) -> tuple[Brief, ...]:
        """Return the documents that pass and whose title or source holds all these words, by title; no text is read."""
        return catalogue.briefs(self._library, words, filters, limit=limit)

    def skipped(self) -> tuple[Skipped, ...]:
        """Return the files that are left out of the library or stand in it in an older form, in order of source."""
        found = self._library.execute("SELECT source, reason, detail FROM skipped ORDER BY source")
        return tuple(Skipped(*row) for row in found)

    def sentences(self, document_id: str) -> tuple[Sentence, ...]:
        """Return all sentences of a document in text order.

        Raises:
            KeyError: if there is no such document.
        """
        return rows.sentences(document_id, self._row_of(document_id, "sentences")[0])

    def copies(self, ids: Collection[str], filters: Filters = _ALL) -> dict[str, tuple[Copy, ...]]:
        """Return for each of these documents that has copies those of them that pass, as `originals.copies_of` does."""
        return originals.copies_of(self._library, ids, filters)

    def passages(self, ids: Sequence[str]) -> tuple[Passage, ...]:
        """Return passages in the order of their ids.

        Raises:
            KeyError: for an id that is not in the library.
        """
        found = self._library.execute(
            f"SELECT {rows.PASSAGE} WHERE p.id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        )
        by_id = {passage.id: passage for passage in rows.passages(found)}
        return tuple(by_id[passage_id] for passage_id in ids)

    def passages_of(self, document_id: str) -> tuple[Passage, ...]:
        """Return all passages of a document in text order.

        Raises:
            KeyError: if there is no such document.
        """
        self._row_of(document_id, "1")
        found = self._library.execute(f"SELECT {rows.PASSAGE} WHERE d.id = ? ORDER BY p.number", (document_id,))
        return rows.passages(found)

    def matching(self, filters: Filters, *, limit: int) -> list[str] | None:
        """Return the ids of the passages that pass the filters; None if there are more than limit."""
        where, values = rows.where(filters)
        found = self._library.execute(
            f"SELECT p.id FROM documents d JOIN passages p ON p.document = d.number WHERE {where} LIMIT ?",
            (*values, limit + 1),
        ).fetchall()
        return [passage_id for (passage_id,) in found] if len(found) <= limit else None

    def lexical(self, match: str, *, limit: int, filters: Filters = _ALL) -> list[tuple[str, float]]:
        """Return the passages that match a full-text query with their BM25, best first, ties by their number.

        `match` is in the language of FTS5 over terms (`words.any_of` writes it); an empty one matches nothing.
        """
        if not match:
            return []
        where, values = rows.where(filters)
        passing = (
            "CROSS JOIN passages q ON q.number = words.rowid CROSS JOIN documents d ON d.number = q.document"
            if filters
            else ""
        )
        # The passages are joined when few are left, because that takes as long as to score them.
        return self._library.execute(
            "SELECT p.id, score FROM (SELECT words.rowid AS number, -bm25(words) AS score "
            f"FROM words {passing} WHERE words MATCH ? AND {where} ORDER BY score DESC, words.rowid LIMIT ?) found "
            "CROSS JOIN passages p ON p.number = found.number ORDER BY score DESC, p.number",
            (match, *values, limit),
        ).fetchall()

    def lexical_scores(self, frequency: Mapping[str, int], ids: Sequence[str]) -> dict[str, float]:
        """Return the BM25 of each of these passages for the words whose `document_frequency` is given; 0.0 without any.

        Raises:
            KeyError: for an id that is not in the library.
        """
        found = self._library.execute(
            "SELECT id, number FROM passages WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        )
        numbers = dict(found.fetchall())
        scores = bm25.scores(self._library, frequency, list(numbers.values()))
        return {each: scores[numbers[each]] for each in ids}

    def document_frequency(self, terms: Sequence[str]) -> dict[str, int]:
        """Return in how many passages each term occurs; a term is a word as `words.terms` gives it."""
        found = self._library.execute(
            "SELECT term, doc FROM vocabulary WHERE term IN (SELECT value FROM json_each(?))",
            (json.dumps(list(terms)),),
        )
        return dict.fromkeys(terms, 0) | dict(found.fetchall())

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings of passages in the order of their ids, shape (len(ids), dimension).

        Raises:
            KeyError: for an id that is not in the library, or one that was not embedded with its embedder.
        """
        found = self._library.execute(
            "SELECT id, embedding FROM passages WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        keys = dict(found.fetchall())
        manifest = self.manifest()
        return self.embeddings.get(manifest.embedder, [keys[each] for each in ids], dimension=manifest.dimension)

    def embedding_keys(self) -> Iterator[str]:
        """Yield the keys under which the passages are embedded, in the order of the passages."""
        return (key for (key,) in self._library.execute("SELECT embedding FROM passages ORDER BY number"))

    def embedded_as(self, keys: Sequence[str], filters: Filters = _ALL) -> dict[str, tuple[str, ...]]:
        """Return, in the order of these embedding keys, the ids of the passages that have each and pass the filters.

        The ids of a key are sorted; a key without such passages is left out.
        """
        where, values = rows.where(filters)
        documents = "CROSS JOIN documents d ON d.number = p.document" if filters else ""
        found: dict[str, list[str]] = {}
        for key, passage_id in self._library.execute(
            "SELECT p.embedding, p.id FROM json_each(?) each CROSS JOIN passages p ON p.embedding = each.value "
            f"{documents} WHERE {where} ORDER BY p.id",
            (json.dumps(list(keys)), *values),
        ):
            found.setdefault(key, []).append(passage_id)
        return {key: tuple(found[key]) for key in keys if key in found}

    @property
    def embeddings(self) -> Embeddings:
        """The embeddings of this library, for the calling thread."""
        if not hasattr(self._local, "embeddings"):
            self._local.embeddings = Embeddings(self.directory / "embeddings.db")
        return self._local.embeddings  # type: ignore[no-any-return]  # what a thread keeps has no type

    @property
    def connection(self) -> sqlite3.Connection:
        """The calling thread's connection to library.db, in autocommit; only vectorstore/writer.py writes to it."""
        return self._library

    @property
    def _library(self) -> sqlite3.Connection:
        if not hasattr(self._local, "library"):
            connection = sqlite3.connect(self.directory / "library.db", timeout=30, isolation_level=None)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            self._local.library = connection
        return self._local.library  # type: ignore[no-any-return]  # what a thread keeps has no type

    def _row_of(self, document_id: str, columns: str) -> tuple[Any, ...]:
        row = self._library.execute(f"SELECT {columns} FROM documents d WHERE id = ?", (document_id,)).fetchone()
        if row is None:
            raise KeyError(document_id)
        return row  # type: ignore[no-any-return]  # sqlite3 does not say what a row holds

    def _make_tables(self) -> None:
        there = "SELECT 1 FROM sqlite_master WHERE name = 'meta'"
        self._library.execute("PRAGMA journal_mode = WAL")
        if self._library.execute(there).fetchone():
            return  # without waiting for a run that writes
        self._library.execute("BEGIN IMMEDIATE")
        try:
            if not self._library.execute(there).fetchone():
                for statement in rows.statements(files("vectorstore").joinpath("schema.sql").read_text("utf-8")):
                    self._library.execute(statement)
                self._library.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA),))
            self._library.execute("COMMIT")
        except BaseException:
            self._library.execute("ROLLBACK")
            raise

    def _check(self) -> None:
        try:
            found = self.manifest().schema
        except (sqlite3.DatabaseError, KeyError) as error:
            raise OwnerError(
                f"{self.directory / 'library.db'} cannot be read as a library ({error}); "
                "delete it and run `footnote index PATH`"
            ) from error
        if found != SCHEMA:
            raise OwnerError(
                f"the library in {self.directory} has layout {found}, this version needs {SCHEMA}; "
                "delete the folder and run `footnote index PATH`"
            )
