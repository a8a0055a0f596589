"""What the library holds, told without reading a text: the outlets, the days, and the documents by name."""

import datetime
import sqlite3
from dataclasses import dataclass

from vectorstore import rows
from vectorstore.text import normalise
from vectorstore.types import Filters, document_id


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

    @property
    def id(self) -> str:
        """The id of the document; made, because to read it from the table takes ten times as long as all the rest."""
        return document_id(self.source)


def overview(connection: sqlite3.Connection, filters: Filters, *, passages: int) -> Overview:
    """Return how much passes the filters; the passages of all are given, because to count them takes long."""
    where, values = rows.where(filters)
    documents, dated, oldest, newest = connection.execute(
        f"SELECT count(*), count(published), min(published), max(published) FROM documents d WHERE {where}", values
    ).fetchone()
    if filters:
        (passages,) = connection.execute(
            f"SELECT count(*) FROM documents d JOIN passages p ON p.document = d.number WHERE {where}", values
        ).fetchone()
    return Overview(
        documents=documents,
        passages=passages,
        outlets=outlets(connection, filters),
        oldest=rows.day(oldest),
        newest=rows.day(newest),
        undated=documents - dated,
    )


def outlets(connection: sqlite3.Connection, filters: Filters) -> tuple[str, ...]:
    """Return the outlets of the documents that pass, sorted; spellings that differ in case only are one."""
    where, values = rows.where(filters)
    found = connection.execute(
        f"SELECT min(outlet) FROM documents d WHERE outlet IS NOT NULL AND {where} "
        "GROUP BY folded_outlet ORDER BY folded_outlet",
        values,
    )
    return tuple(outlet for (outlet,) in found)


def briefs(connection: sqlite3.Connection, words: str, filters: Filters, *, limit: int) -> tuple[Brief, ...]:
    """Return the documents that pass and whose title or source holds each of these words, or parts, by title.

    They are compared without regard to case; no words restrict nothing.
    """
    connection.create_function("folded", 1, str.casefold, deterministic=True)  # SQLite folds ASCII only
    parts = normalise(words).casefold().split()
    where, values = rows.where(filters)
    holds = " AND ".join(["instr(folded(title || ' ' || source), ?)"] * len(parts)) or "TRUE"
    found = connection.execute(
        "SELECT source, title, outlet, published FROM documents d "
        f"WHERE {where} AND {holds} ORDER BY title, source LIMIT ?",
        (*values, *parts, limit),
    )
    return tuple(Brief(source, title, outlet, rows.day(published)) for source, title, outlet, published in found)
