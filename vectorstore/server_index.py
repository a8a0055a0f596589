"""Generations of the vector index as collections on a Chroma server, "footnote-<library>-gen-00012".

Each is written whole under its name, tried, and never changed after; a reader learns of it when the manifest names it.
The server is given keys of embeddings and their vectors: no text, no title, no name of a file.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from vectorstore.check import problem_of
from vectorstore.chroma_server import BUILD_SECONDS, CHECK_SECONDS, SEARCH_SECONDS, ChromaServer, Missing
from vectorstore.errors import IndexAway
from vectorstore.index import graph, ranked

_CANARIES = 50
_BATCH = 500  # vectors in one request, if they are short
_NUMBERS = 1_000_000  # in one request: 22 MB as JSON, of the 40 MiB that a server takes


class IndexLost(IndexAway):
    """The server answers, and has no such index, or not whole; `problem` says which."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the vectors cannot be searched: {problem}; build them anew with `footnote index PATH`")
        self.problem = problem


class ServerIndex:
    """A generation on a server, open for reading; any number of threads and processes may have it open."""

    def __init__(self, server: ChromaServer, name: str, *, seconds: float = SEARCH_SECONDS) -> None:
        """Open the collection of this name; a request may take so many seconds.

        Raises:
            IndexAway: if there is none, it is none of ours, or the server is away.
        """
        self._server = server
        self._name = name
        self._seconds = seconds
        try:
            self._id, space = server.find(name)
        except Missing as error:
            raise self._lost("is not on") from error
        if space != "cosine":
            raise self._lost(f"measures by {space} and not by cosine on")
        self.entries = server.count(self._id, seconds=seconds)

    def query(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return the ids of the k entries nearest to a unit vector with their cosine, best first, ties by id.

        Raises:
            IndexAway: if the server is away, or no longer has the collection.
        """
        wanted = min(k, self.entries)
        try:
            found, distances = self._server.query(self._id, vector.tolist(), wanted, seconds=self._seconds)
        except Missing as error:
            raise self._lost("is no longer on") from error
        # Chroma answers with less than was asked, and without an error, when its graph is gone.
        if len(found) < wanted:
            raise self._lost("is damaged on")
        return ranked(found, distances)

    def close(self) -> None:
        """Do nothing: the connections are the server's, and others use them."""

    def _lost(self, how: str) -> IndexLost:
        return IndexLost(f"{self._name} {how} the Chroma server at {self._server.url}")


def check(
    server: ChromaServer,
    name: str,
    canaries: NDArray[np.float32],
    *,
    entries: int,
    seconds: float = CHECK_SECONDS,
) -> str | None:
    """Return what is wrong with a generation, or None: its entries are counted and the canaries must find themselves.

    A request may take so many seconds; the first one loads the whole index, if the server was started anew.

    Raises:
        IndexAway: if the server is away.
    """
    try:
        return problem_of(ServerIndex(server, name, seconds=seconds), list(canaries), entries=entries)
    except IndexLost as lost:
        return lost.problem


class Collections:
    """The generations of one library on a server; it never looks at another library's."""

    def __init__(self, server: ChromaServer, library: str) -> None:
        """Keep those of the library with this id."""
        self._server = server
        self._prefix = f"footnote-{library}-gen-"

    def build(
        self, batches: Iterable[tuple[Sequence[str], NDArray[np.float32]]], *, entries: int, newer_than: int
    ) -> str:
        """Write these vectors into a new collection and return its name.

        `entries` is how many vectors the batches hold together. A collection whose canaries fail is deleted, and so is
        one that is not finished, if the server lets us; else the next run does.

        Raises:
            IndexAway: if the server is away, or what it holds cannot be searched.
        """
        number = max([newer_than, *self._existing()]) + 1
        name = f"{self._prefix}{number:05d}"
        collection = self._server.create(name, graph(entries))
        try:
            canaries = self._write(collection, batches, entries)
            if problem := check(self._server, name, canaries, entries=entries, seconds=BUILD_SECONDS):
                raise IndexAway(f"the vector index that was just built at {self._server.url} is no good: {problem}")
        except BaseException:
            with suppress(IndexAway):
                self._server.delete(name)
            raise
        return name

    def tidy(self, current: str | None) -> None:
        """Delete what killed runs left and all generations but the current one and the one before it.

        Raises:
            IndexAway: if the server is away.
        """
        existing = self._existing()
        now = next((number for number, name in existing.items() if name == current), 0)
        kept = {now, max((number for number in existing if number < now), default=now)}
        for number, name in existing.items():
            if number not in kept:
                self._server.delete(name)

    def _existing(self) -> dict[int, str]:
        ours = re.compile(re.escape(self._prefix) + r"(\d+)")
        found = map(ours.fullmatch, self._server.names())
        return {int(match[1]): match[0] for match in found if match}

    def _write(
        self, collection: str, batches: Iterable[tuple[Sequence[str], NDArray[np.float32]]], entries: int
    ) -> NDArray[np.float32]:
        """Send the batches; return every so manieth vector as a canary."""
        largest = self._server.largest_batch()
        step = max(1, entries // _CANARIES)
        canaries: list[NDArray[np.float32]] = []
        done = 0
        for ids, vectors in batches:
            canaries.extend(vectors[-done % step :: step])
            done += len(vectors)
            size = max(1, min(largest, _BATCH, _NUMBERS // vectors.shape[1]))
            for start in range(0, len(ids), size):
                self._server.add(collection, list(ids[start : start + size]), vectors[start : start + size].tolist())
        return np.stack(canaries)
