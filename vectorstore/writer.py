"""The one writer of a library: documents in and out, inside one transaction that the next state commits."""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from vectorstore import copies, rows
from vectorstore.library import Library, Skipped
from vectorstore.passages import embedded_text
from vectorstore.types import Document, Passage, Sentence
from vectorstore.walk import is_under
from vectorstore.words import stems


@dataclass(frozen=True, slots=True)
class Known:
    """A document of the library and the file it was made of; `path` is resolved, `file_hash` over the bytes.

    `part` is how the source goes on after that of the file: "" unless the file holds many.
    """

    id: str
    source: str
    part: str
    path: bytes
    file_hash: bytes

    @property
    def file_source(self) -> str:
        """What the file goes by."""
        return self.source.removesuffix(self.part)


class Writer:
    """Changes that nobody sees until `writing` ends, and that leave no trace if it ends with an error."""

    def __init__(self, library: Library) -> None:
        """Use `writing`."""
        self._connection = library.connection

    def known(self) -> dict[bytes, list[Known]]:
        """Return all documents by the path of their file."""
        by_path: dict[bytes, list[Known]] = {}
        for row in self._connection.execute("SELECT id, source, part, path, file_hash FROM documents ORDER BY number"):
            known = Known(*row)
            by_path.setdefault(known.path, []).append(known)
        return by_path

    def put(
        self,
        document: Document,
        *,
        path: bytes,
        file_hash: bytes,
        part: str = "",
        sentences: Sequence[Sentence],
        passages: Sequence[Passage],
    ) -> list[str]:
        """Add a document, or replace the one with the same id; return the keys its passages are embedded under."""
        self.remove(document.id)
        values = rows.document_values(document) | {
            "path": path,
            "part": part,
            "file_hash": file_hash,
            "sentences": rows.sentences_value(sentences),
        }
        number = self._connection.execute(
            f"INSERT INTO documents ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
            tuple(values.values()),
        ).lastrowid
        copies.sign(self._connection, number, document.text)
        title = _words(document.title)
        return [self._put_passage(document, number, title, passage, sentences) for passage in passages]

    def keep(self, document_id: str, *, file_hash: bytes) -> None:
        """Take a document that says the same as before for one of the newest form of its file."""
        self._connection.execute("UPDATE documents SET file_hash = ? WHERE id = ?", (file_hash, document_id))

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Take back what is changed within the block if it ends with an error."""
        self._connection.execute("SAVEPOINT file")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO file")
            raise
        finally:
            self._connection.execute("RELEASE file")

    def remove(self, document_id: str) -> None:
        """Remove a document and all that was made of it, if it is there."""
        self._connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))

    def move(self, old: bytes, new: bytes) -> None:
        """Take the files under one folder for those under another, where they were moved to; both are resolved."""
        for table in ("documents", "skipped"):
            for (path,) in self._connection.execute(f"SELECT path FROM {table}").fetchall():
                if is_under(path, old):
                    values = (new + path[len(old) :], path)
                    self._connection.execute(f"UPDATE {table} SET path = ? WHERE path = ?", values)

    def skip(self, path: bytes, skipped: Skipped, *, file_hash: bytes | None = None) -> None:
        """Remember that this file was left out; with its hash, that it need not be tried again while that is so."""
        self._connection.execute(
            "INSERT OR REPLACE INTO skipped VALUES (?, ?, ?, ?, ?)",
            (path, skipped.source, skipped.reason, skipped.detail, file_hash),
        )

    def skipped(self) -> dict[bytes, tuple[Skipped, bytes | None]]:
        """Return the files that are remembered as left out, by path, with their hashes if they were read."""
        found = self._connection.execute("SELECT path, source, reason, detail, file_hash FROM skipped")
        return {path: (Skipped(*row), file_hash) for path, *row, file_hash in found}

    def forget_skipped(self, path: bytes) -> None:
        """Forget that this file was left out."""
        self._connection.execute("DELETE FROM skipped WHERE path = ?", (path,))

    def forget_retired(self) -> None:
        """Let go of the embeddings that only the state before the last one needed."""
        self._connection.execute("DELETE FROM retired")

    def describe(self, **entries: str | int) -> None:
        """Set entries of the manifest."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", [(key, str(value)) for key, value in entries.items()]
        )

    def forget_identity(self) -> None:
        """Be another library from now on than the one this was copied from: what is on a server is not this one's."""
        self._connection.execute("DELETE FROM meta WHERE key = 'id'")

    def count(self) -> tuple[int, int]:
        """Return how many documents and how many passages there are."""
        return (
            self._connection.execute("SELECT count(*) FROM documents").fetchone()[0],
            self._connection.execute("SELECT count(*) FROM passages").fetchone()[0],
        )

    def _put_passage(
        self, document: Document, number: int | None, title: str, passage: Passage, sentences: Sequence[Sentence]
    ) -> str:
        first, after = passage.sentences[0].number, passage.sentences[-1].number + 1
        if tuple(sentences[first:after]) != passage.sentences:
            raise ValueError(f"passage {passage.span} of {document.source} is not made of whole, consecutive sentences")
        key = hashlib.sha256(embedded_text(document, passage).encode("utf-8", "surrogatepass")).hexdigest()
        row = self._connection.execute(
            "INSERT INTO passages (id, document, first_sentence, after_sentence, span_start, span_end, embedding) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (passage.id, number, first, after, passage.span.start, passage.span.end, key),
        ).lastrowid
        body = _words(passage.span.of(document.text))
        self._connection.execute("INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)", (row, title, body))
        return key


@contextmanager
def writing(library: Library) -> Iterator[Writer]:
    """Open the transaction of one run: committed at the end, rolled back by an error; readers see all or nothing."""
    connection = library.connection
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield Writer(library)
        copies.place(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def identify(library: Library) -> str:
    """Return the random id of a library, drawn the first time that somebody who may write to it asks."""
    library.connection.execute("INSERT OR IGNORE INTO meta VALUES ('id', ?)", (uuid.uuid4().hex,))
    row = library.connection.execute("SELECT value FROM meta WHERE key = 'id'").fetchone()
    return str(row[0])


def _words(text: str) -> str:
    return " ".join(stem for stem, _ in stems(text))
