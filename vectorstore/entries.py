"""The entries of the vector index: which there should be, and which there are.

An entry is named by the key of its embedding, so that passages with the same text share one, and a document that is
only renamed changes none. The table `entries` says what the current generation holds; it is committed with its name.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

_SAMPLE = 50
_WINDOW = 512

_WANTED = "SELECT DISTINCT embedding FROM passages"
_COMING = f"{_WANTED} WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.embedding = passages.embedding)"
_GOING = "FROM entries WHERE NOT EXISTS (SELECT 1 FROM passages p WHERE p.embedding = entries.embedding)"


def windows(keys: Iterable[str]) -> Iterator[list[str]]:
    """Yield the keys in lists of some hundred."""
    stream = iter(keys)
    while window := list(islice(stream, _WINDOW)):
        yield window


def wanted(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the key of every entry that there should be, sorted."""
    return _keys(connection, f"{_WANTED} ORDER BY embedding")


def coming(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the key of every entry that there should be and is not there."""
    return _keys(connection, _COMING)


def going(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the key of every entry that is there and should not be."""
    return _keys(connection, f"SELECT embedding {_GOING}")


def count(connection: sqlite3.Connection) -> int:
    """Return how many entries there should be."""
    return int(connection.execute("SELECT count(DISTINCT embedding) FROM passages").fetchone()[0])


def count_changes(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return how many entries are coming and how many are going."""
    found = connection.execute(f"SELECT (SELECT count(*) FROM ({_COMING})), (SELECT count(*) {_GOING})").fetchone()
    return int(found[0]), int(found[1])


def note(connection: sqlite3.Connection) -> None:
    """Keep that the entries are now those that there should be."""
    connection.execute(f"DELETE {_GOING}")
    connection.execute(f"INSERT INTO entries {_COMING}")


def sample(connection: sqlite3.Connection) -> list[str]:
    """Return the keys of some entries from all over: they are hashes, so evenly spaced numbers hit them evenly."""
    starts = (f"{number * 2**32 // _SAMPLE:08x}" for number in range(_SAMPLE))
    query = "SELECT min(embedding) FROM passages WHERE embedding >= ?"
    found = (connection.execute(query, (start,)).fetchone()[0] for start in starts)
    return list(dict.fromkeys(filter(None, found)))


def _keys(connection: sqlite3.Connection, query: str) -> Iterator[str]:
    return (key for (key,) in connection.execute(query))
