"""The entries of the vector index: which there should be, which there are, and a generation that makes them the same.

An entry is named by the key of its embedding, so that passages with the same text share one, and a document that is
only renamed changes none. The table `entries` says what the current generation holds; it is committed with its name.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np

from vectorstore import generations
from vectorstore.library import Library

# A generation is changed, and not built anew, while what is deleted from it in all and added to it now is no more
# than this share of it: deleted entries stay in the graph as dead ends, and adding one to a full graph takes longer
# than building it with the others.
_CHANGED_AT_MOST = 0.3

_CANARIES = 50
_WINDOW = 512

_WANTED = "SELECT DISTINCT embedding FROM passages"
_COMING = f"{_WANTED} WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.embedding = passages.embedding)"
_GOING = "FROM entries WHERE NOT EXISTS (SELECT 1 FROM passages p WHERE p.embedding = entries.embedding)"

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation of the index by its name, "" if it would hold nothing; `deleted` entries are still in its graph."""

    name: str
    deleted: int


def windows(keys: Iterable[_T]) -> Iterator[list[_T]]:
    """Yield the keys, or whatever there is so many of, in lists of some hundred."""
    stream = iter(keys)
    while window := list(islice(stream, _WINDOW)):
        yield window


def wanted(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the key of every entry that there should be, sorted."""
    return (key for (key,) in connection.execute(f"{_WANTED} ORDER BY embedding"))


def count(connection: sqlite3.Connection) -> int:
    """Return how many entries there should be."""
    return _number(connection, "SELECT count(DISTINCT embedding) FROM passages")


def examine(library: Library) -> str | None:
    """Return what is wrong with the vector index of a library, or None."""
    with library.reading():
        directory = library.index_directory()
        manifest = library.manifest()
        if directory is None:
            return None if manifest.passages == 0 else "it was never built"
        entries, sample = count(library.connection), _sample(library.connection)
    try:
        canaries = library.embeddings.get(manifest.embedder, sample, dimension=manifest.dimension)
    except KeyError:
        return "embeddings of its passages are missing"
    return generations.check(directory, canaries, entries=entries)


def next_generation(
    library: Library, *, model: str, dimension: int, whole: bool, tell: Callable[[int, int], None]
) -> Generation:
    """Make the generation that holds what the library wants, inside its writer's transaction.

    It is the current one, that one changed, or one built anew: always so if `whole`, and where a change does not prove
    itself. `tell` hears how many entries of how many are written.

    Raises:
        OwnerError: if there is no room.
        RuntimeError: if Chroma cannot write it.
    """
    entries = count(library.connection)
    coming = _number(library.connection, f"SELECT count(*) FROM ({_COMING})")
    going = _number(library.connection, f"SELECT count(*) {_GOING}")
    before = library.manifest()
    deleted = before.deleted + going
    made = None
    if not entries:
        made = Generation("", 0)
    elif not whole and (before.embedder, before.dimension) == (model, dimension) and _is_there(library):
        if not coming and not going:
            made = Generation(before.generation or "", deleted)
        elif deleted + coming <= _CHANGED_AT_MOST * entries:
            made = _changed(library, coming=coming, going=going, tell=tell)
    if made is None:
        made = _built(library, entries, model=model, dimension=dimension, tell=tell)
    library.connection.execute(f"DELETE {_GOING}")
    library.connection.execute(f"INSERT INTO entries {_COMING}")
    return made


def _is_there(library: Library) -> bool:
    directory = library.index_directory()
    return directory is not None and directory.is_dir()


def _changed(library: Library, *, coming: int, going: int, tell: Callable[[int, int], None]) -> Generation | None:
    """Return the current generation with the changes, or None if that could not be made."""
    before = library.manifest()
    operations = coming + going

    def batches() -> Iterator[generations.Batch]:
        done = 0
        for window in windows(key for (key,) in library.connection.execute(f"SELECT embedding {_GOING}")):
            yield window, np.empty((len(window), 0), dtype=np.float32)
            done += len(window)
            tell(done, operations)
        for window in windows(key for (key,) in library.connection.execute(_COMING)):
            yield window, library.embeddings.get(before.embedder, window, dimension=before.dimension)
            done += len(window)
            tell(done, operations)

    canaries = library.embeddings.get(before.embedder, _sample(library.connection), dimension=before.dimension)
    try:
        name = generations.change(
            library.directory / "index",
            before.generation or "",
            batches(),
            operations=operations,
            entries=count(library.connection),
            kept=canaries,
        )
    except RuntimeError as error:
        _log.warning("the vector index is built anew: %s", error)
        return None
    return Generation(name, before.deleted + going)


def _built(
    library: Library, entries: int, *, model: str, dimension: int, tell: Callable[[int, int], None]
) -> Generation:
    def batches() -> Iterator[generations.Batch]:
        done = 0
        for window in windows(wanted(library.connection)):
            tell(done, entries)
            yield window, library.embeddings.get(model, window, dimension=dimension)
            done += len(window)
        tell(done, entries)

    newest = library.manifest().generation
    directory = library.directory / "index"
    name = generations.build(directory, batches(), entries=entries, dimension=dimension, newer_than=newest)
    return Generation(name, 0)


def _sample(connection: sqlite3.Connection) -> list[str]:
    """Return some keys from all over: they are hashes, so evenly spaced numbers hit them evenly."""
    found = (_first(connection, f"{number * 2**32 // _CANARIES:08x}") for number in range(_CANARIES))
    return list(dict.fromkeys(filter(None, found)))


def _first(connection: sqlite3.Connection, key: str) -> str | None:
    row = connection.execute("SELECT min(embedding) FROM passages WHERE embedding >= ?", (key,)).fetchone()
    return None if row[0] is None else str(row[0])


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])
