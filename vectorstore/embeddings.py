"""Embeddings kept by model and content, so that no text is ever embedded twice."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Embeddings:
    """A table of float32 vectors in one SQLite file; a key is the SHA-256 of the embedded text, in hexadecimal."""

    def __init__(self, path: Path) -> None:
        """Open or make the file, for the calling thread."""
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")  # losing the last batch costs only time
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS embeddings "
            "(model TEXT NOT NULL, key TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (model, key))"
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def missing(self, model: str, keys: Sequence[str]) -> set[str]:
        """Return those keys whose texts this model has not embedded yet."""
        return set(keys) - self._rows("key", model, keys).keys()

    def put(self, model: str, keys: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Keep the vectors of these keys; on disk when this returns."""
        rows = [(model, key, vector.astype("<f4").tobytes()) for key, vector in zip(keys, vectors, strict=True)]
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?)", rows)
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def get(self, model: str, keys: Sequence[str], *, dimension: int) -> NDArray[np.float32]:
        """Return the vectors in the order of the keys, shape (len(keys), dimension).

        Raises:
            KeyError: for a key this model has not embedded.
        """
        found = self._rows("vector", model, keys)
        vectors = np.frombuffer(b"".join(found[key] for key in keys), dtype="<f4")
        return vectors.reshape(len(keys), dimension).astype(np.float32)

    def prune(self, library: Path) -> None:
        """Remove the embeddings that neither the passages of library.db nor those of its last state need."""
        self._connection.execute("ATTACH ? AS library", (str(library),))
        try:
            self._connection.execute(
                "DELETE FROM embeddings WHERE rowid IN (SELECT rowid FROM embeddings "  # without reading vectors
                "WHERE NOT EXISTS (SELECT 1 FROM library.passages WHERE embedding = key) "
                "AND NOT EXISTS (SELECT 1 FROM library.retired WHERE embedding = key))"
            )
        finally:
            self._connection.execute("DETACH library")

    def _rows(self, column: str, model: str, keys: Sequence[str]) -> dict[str, Any]:
        found = self._connection.execute(
            f"SELECT e.key, e.{column} FROM json_each(?) j CROSS JOIN embeddings e ON e.model = ? AND e.key = j.value",
            (json.dumps(list(keys)), model),
        )
        return dict(found.fetchall())
