"""What the library holds, told without reading a text: the outlets, the days, and the documents by name."""

import datetime
import sqlite3
from dataclasses import dataclass

from vectorstore import rows
from vectorstore.text import normalise


@dataclass(frozen=True, slots=True)
class Overview:
    """How much there is, and what it can be filtered by; `undated` documents have no day of publication."""

    documents: int
    passages: int
    outlets: tuple[str, ...]
    oldest: datetime.date | None
    newest: datetime.date | None
    undated: int


@dataclass(frozen=True, slots=True)
class Brief:
    """A document without its text."""

    source: str
    title: str
    outlet: str | None
    published: datetime.date | None


def overview(connection: sqlite3.Connection, *, passages: int) -> Overview:
    """Return how much there is; the passages are given, because to count them takes long."""
    documents, dated, oldest, newest = connection.execute(
        "SELECT count(*), count(published), min(published), max(published) FROM documents"
    ).fetchone()
    return Overview(
        documents=documents,
        passages=passages,
        outlets=outlets(connection),
        oldest=rows.day(oldest),
        newest=rows.day(newest),
        undated=documents - dated,
    )


def outlets(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the outlets of all documents, sorted; spellings that differ in case only are one."""
    found = connection.execute(
        "SELECT min(outlet) FROM documents WHERE outlet IS NOT NULL GROUP BY folded_outlet ORDER BY folded_outlet"
    )
    return tuple(outlet for (outlet,) in found)


def briefs(connection: sqlite3.Connection, words: str, *, limit: int) -> tuple[Brief, ...]:
    """Return the documents whose title or source holds each of these words or parts of words, in order of title.

    They are compared without regard to case; no words restrict nothing.
    """
    connection.create_function("folded", 1, str.casefold, deterministic=True)  # SQLite folds ASCII only
    parts = normalise(words).casefold().split()
    where = " AND ".join(["instr(folded(title || ' ' || source), ?)"] * len(parts)) or "TRUE"
    found = connection.execute(
        f"SELECT source, title, outlet, published FROM documents WHERE {where} ORDER BY title, source LIMIT ?",
        (*parts, limit),
    )
    return tuple(Brief(source, title, outlet, rows.day(published)) for source, title, outlet, published in found)
