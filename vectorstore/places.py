"""Where the generations of a library's vector index lie: in folders beside it, or on a Chroma server that it was given.

The name of a generation tells which: "gen-00012", or "footnote-<library>-gen-00012". New ones are built where the
library is opened to have them; a reader opens the one that the manifest names, wherever that lies.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from vectorstore import entries as entry_keys
from vectorstore import generations
from vectorstore.errors import IndexAway
from vectorstore.library import Library

if TYPE_CHECKING:
    from vectorstore.server_index import Collections


class Index(Protocol):
    """A generation that is open for reading, by many threads."""

    entries: int

    def query(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return the ids of the k entries nearest to a unit vector with their cosine, best first, ties by id."""

    def close(self) -> None:
        """Let go of it."""


def open_index(library: Library, generation: str) -> Index:
    """Open a generation of a library.

    Raises:
        IndexAway: if it lies on a server that is away, or that the library was not given.
        OwnerError: if it is missing or damaged.
    """
    if not _is_on_server(generation):
        from vectorstore.index import VectorIndex

        return VectorIndex.open(library.directory / "index" / generation)
    if library.server is None:
        raise IndexAway(
            f"the vectors of {library.directory} lie on a Chroma server; set FOOTNOTE_CHROMA_URL, or build them here "
            "with `footnote index PATH`"
        )
    from vectorstore.server_index import ServerIndex

    return ServerIndex(library.server, generation)


def build(
    library: Library,
    batches: Iterable[generations.Batch],
    *,
    entries: int,
    dimension: int,
    newer_than: str | None,
) -> str:
    """Build a new generation of a library where it is opened to have them, and return its name.

    Raises:
        OwnerError: if there is no room, or the server is away.
        RuntimeError: if Chroma cannot write it, or what it wrote cannot be searched.
    """
    number = int(newer_than.rpartition("-")[2]) if newer_than else 0  # going on, wherever the last one lies
    if library.server is not None:
        return _collections(library).build(batches, entries=entries, newer_than=number)
    newest = f"gen-{number:05d}"
    return generations.build(
        library.directory / "index", batches, entries=entries, dimension=dimension, newer_than=newest
    )


def examine(library: Library) -> str | None:
    """Return what is wrong with the vector index of a library, or None.

    Raises:
        IndexAway: if the server that it lies on, or is to lie on, is away.
    """
    with library.reading():
        manifest = library.manifest()
        name = manifest.generation
        if name is None:
            return None if manifest.passages == 0 else "it was never built"
        number, sample = entry_keys.count(library.connection), entry_keys.sample(library.connection)
    if problem := misplaced(library):
        return problem
    try:
        canaries = library.embeddings.get(manifest.embedder, sample, dimension=manifest.dimension)
    except KeyError:
        return "embeddings of its passages are missing"
    if library.server is None:
        return generations.check(library.directory / "index" / name, canaries, entries=number)
    from vectorstore.server_index import check

    return check(library.server, name, canaries, entries=number)


def misplaced(library: Library) -> str | None:
    """Return how the vector index lies elsewhere than where the library is opened to have it, or None."""
    name = library.manifest().generation
    if name is None or _is_on_server(name) == (library.server is not None):
        return None
    if library.server is not None:
        return f"it is to lie on the Chroma server at {library.server.url}"
    return f"it lies on a Chroma server, and FOOTNOTE_CHROMA_URL is not set; {name} stays there until it is deleted"


def tidy(library: Library, *, elsewhere: bool = False) -> None:
    """Delete what killed runs left and all generations but the current one and the one before it.

    Only where new ones are built; `elsewhere`, too, if the current one no longer lies there and no reader is in flight.

    Raises:
        IndexAway: if the server is away.
    """
    current = library.manifest().generation or None
    on_server = current is not None and _is_on_server(current)
    if library.server is not None:
        _collections(library).tidy(current)
    if library.server is None or (elsewhere and on_server):
        generations.tidy(library.directory / "index", None if on_server else current)


def _is_on_server(generation: str) -> bool:
    return not generation.startswith("gen-")


def _collections(library: Library) -> "Collections":
    from vectorstore.server_index import Collections
    from vectorstore.writer import identify

    if library.server is None:
        raise ValueError("the library was opened without a server")
    return Collections(library.server, identify(library))
