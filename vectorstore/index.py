"""The vector index: one Chroma collection in a folder of its own that is written once and then only read.

An entry's id is the key of its embedding, and the library knows which passages are embedded so. Passages with the same
text share one entry, because equal vectors break the graph that Chroma searches: with half of 6,000 vectors equal, a
sixth of the others no longer found themselves.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vectorstore.errors import OwnerError

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import (
        CreateCollectionConfiguration,
        CreateHNSWConfiguration,
        UpdateHNSWConfiguration,
    )

_COLLECTION = "passages"


class VectorIndex:
    """A generation of the index, open for reading; any number of threads and processes may have it open."""

    def __init__(self, client: "Client", directory: Path) -> None:
        """Use `open`."""
        self._client = client
        self._directory = directory
        self._collection = client.get_collection(_COLLECTION, embedding_function=None)
        self.entries = self._collection.count()

    @classmethod
    def open(cls, directory: Path) -> "VectorIndex":
        """Open the generation in directory.

        Raises:
            OwnerError: if there is none, or if Chroma cannot read it.
        """
        from chromadb.errors import ChromaError

        if not (directory / "chroma.sqlite3").is_file():
            raise OwnerError(f"the vector index {directory} is missing; build it with `footnote index PATH`")
        try:
            return cls(_client(directory), directory)
        except (ChromaError, ValueError) as error:
            raise _damaged(directory) from error

    def query(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return the ids of the k entries nearest to a unit vector with their cosine, best first, ties by id.

        Raises:
            OwnerError: if the index is damaged.
        """
        from chromadb.errors import ChromaError

        wanted = min(k, self.entries)
        try:
            found = self._collection.query(query_embeddings=vector[np.newaxis], n_results=wanted, include=["distances"])
        except ChromaError as error:
            raise _damaged(self._directory) from error
        entries, distances = found["ids"][0], (found["distances"] or [[]])[0]
        # Chroma answers with less than was asked, and without an error, when its graph is gone.
        if len(entries) < wanted:
            raise _damaged(self._directory)
        return ranked(entries, distances)

    def close(self) -> None:
        """Close the files; queries that are under way in other threads fail."""
        self._client.close()


def graph(entries: int) -> "CreateHNSWConfiguration":
    """Return how Chroma is to build the graph of an index of so many vectors, here or on a server."""
    return {
        "space": "cosine",
        # With Chroma's own 100, 100 and 16, 172 of 6,067 crowded vectors did not find themselves; with these, 4,
        # for half as much time again.
        "ef_construction": 200,
        "ef_search": 400,
        "max_neighbors": 32,
        "batch_size": 100,
        # Chroma writes its graph to disk after every so many vectors and builds what comes after that anew in each
        # process that opens it (20 s for 10,000); so the threshold is the very last vector.
        "sync_threshold": max(2, entries),
    }


def ranked(entries: Sequence[str], distances: Sequence[float]) -> list[tuple[str, float]]:
    """Return the entries found with their cosine, best first, ties by id."""
    scored = [(entry, 1.0 - distance) for entry, distance in zip(entries, distances, strict=True)]
    return sorted(scored, key=lambda hit: (-hit[1], hit[0]))


def write_index(directory: Path, batches: Iterable[tuple[Sequence[str], NDArray[np.float32]]], *, entries: int) -> None:
    """Write a new index into an empty folder; `entries` is how many vectors the batches hold together, at least one.

    Leaves files open in this process whatever one does (chromadb 1.5.9), so it is run in a process of its own.
    """
    client = _client(directory)
    configuration: CreateCollectionConfiguration = {"hnsw": graph(entries)}
    collection = client.create_collection(_COLLECTION, embedding_function=None, configuration=configuration)
    for ids, vectors in batches:
        collection.add(ids=list(ids), embeddings=vectors)
    client.close()


def change_index(
    directory: Path, batches: Iterable[tuple[Sequence[str], NDArray[np.float32]]], *, operations: int
) -> None:
    """Delete entries from an index and add others; `operations` is how many the batches delete and add together.

    Vectors without numbers, shape (n, 0), say that the entries with these ids go. Run in a process of its own, as
    `write_index` is.

    Raises:
        ValueError: if an entry that goes is not there, or one that comes is: Chroma itself would say nothing.
    """
    client = _client(directory)
    # So that the last operation makes Chroma write its graph to disk; it heeds this when it opens the collection anew.
    threshold = max(2, operations)
    settings: UpdateHNSWConfiguration = {"sync_threshold": threshold, "batch_size": min(100, threshold)}
    client.get_collection(_COLLECTION, embedding_function=None).modify(configuration={"hnsw": settings})
    client.close()
    client = _client(directory)
    collection = client.get_collection(_COLLECTION, embedding_function=None)
    for ids, vectors in batches:
        going = vectors.shape[1] == 0
        known = len(collection.get(ids=list(ids), include=[])["ids"])
        if known != (len(ids) if going else 0):
            raise ValueError(f"{known} of {len(ids)} entries that {'go' if going else 'come'} are there")
        if going:
            collection.delete(ids=list(ids))
        else:
            collection.add(ids=list(ids), embeddings=vectors)
    client.close()


def _client(directory: Path) -> "Client":
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False, allow_reset=False)
    return chromadb.PersistentClient(directory, settings=settings)  # type: ignore[return-value]  # declared wider


def _damaged(directory: Path) -> OwnerError:
    return OwnerError(f"the vector index {directory} is damaged; build it anew with `footnote index PATH`")
