"""Between the rows of library.db and the types."""

import datetime
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vectorstore.types import Document, Filters, Landmark, Passage, Sentence, Span

DOCUMENT = "d.source, d.title, d.text, d.published, d.outlet, d.author, d.url, d.language, d.landmarks"
PASSAGE = (
    "d.id, d.sentences, p.first_sentence, p.after_sentence, p.span_start, p.span_end "
    "FROM passages p JOIN documents d ON d.number = p.document"
)


def document(row: tuple[Any, ...]) -> Document:
    """Make a document of the columns DOCUMENT."""
    source, title, text, published, outlet, author, url, language, landmarks = row
    return Document(
        source=source,
        title=title,
        text=text,
        published=day(published),
        outlet=outlet,
        author=author,
        url=url,
        language=language,
        landmarks=tuple(Landmark(kind, label, Span(start, end)) for kind, label, start, end in json.loads(landmarks)),
    )


def day(column: str | None) -> datetime.date | None:
    """Make a day of the column `published`."""
    return None if column is None else datetime.date.fromisoformat(column)


def document_values(document: Document) -> dict[str, str | None]:
    """Return the columns of a document by name, without those that describe its file and its sentences."""
    return {
        "id": document.id,
        "source": document.source,
        "title": document.title,
        "text": document.text,
        "published": document.published.isoformat() if document.published else None,
        "outlet": document.outlet,
        "folded_outlet": document.outlet and document.outlet.casefold(),
        "author": document.author,
        "url": document.url,
        "language": document.language,
        "landmarks": json.dumps([(m.kind, m.label, m.span.start, m.span.end) for m in document.landmarks]),
    }


def from_values(values: Mapping[str, Any]) -> Document:
    """Make a document of the columns that `document_values` gave."""
    return document(tuple(values[column.removeprefix("d.")] for column in DOCUMENT.split(", ")))


def sentences(document_id: str, column: str) -> tuple[Sentence, ...]:
    """Make the sentences of a document of its column `sentences`."""
    return tuple(
        Sentence(document_id, number, Span(start, end), paragraph, bool(heading))
        for number, (start, end, paragraph, heading) in enumerate(json.loads(column))
    )


def sentences_value(sentences: Iterable[Sentence]) -> str:
    """Return the column `sentences`; the sentences are all of a document's, numbered from 0."""
    return json.dumps([(s.span.start, s.span.end, s.paragraph, int(s.heading)) for s in sentences])


def passages(rows: Iterable[tuple[Any, ...]]) -> tuple[Passage, ...]:
    """Make passages of rows of the columns PASSAGE."""
    read: dict[str, tuple[Sentence, ...]] = {}
    made = []
    for document_id, column, first, after, start, end in rows:
        if document_id not in read:
            read[document_id] = sentences(document_id, column)
        made.append(Passage(document_id, Span(start, end), read[document_id][first:after]))
    return tuple(made)


# So many patterns are asked of each row, which costs less than to put them to all documents; SQLite takes no
# condition of more than a thousand parts.
_FEW = 100
_FITTING = "SELECT fitting.number FROM json_each(?) AS each JOIN documents fitting ON fitting.source GLOB each.value"


def where(filters: Filters) -> tuple[str, list[str]]:
    """Return the condition on documents d, and its values."""
    conditions: list[str] = []
    values: list[str] = []
    if filters.outlets:
        conditions.append("d.folded_outlet IN (SELECT value FROM json_each(?))")
        values.append(json.dumps([outlet.casefold() for outlet in filters.outlets]))
    if filters.documents:
        conditions.append("(d.source IN (SELECT value FROM json_each(?)) OR d.id IN (SELECT value FROM json_each(?)))")
        values += [json.dumps(filters.documents)] * 2
    if filters.after:
        conditions.append("d.published >= ?")
        values.append(filters.after.isoformat())
    if filters.before:
        conditions.append("d.published <= ?")
        values.append(filters.before.isoformat())
    if filters.readable:
        for patterns, holds in ((filters.readable.within, ""), (filters.readable.without, "NOT ")):
            condition, more = _fits(patterns)
            conditions.append(holds + condition)
            values += more
    return " AND ".join(conditions) or "TRUE", values


def _fits(patterns: Sequence[str]) -> tuple[str, list[str]]:
    if len(patterns) > _FEW:
        return f"d.number IN ({_FITTING})", [json.dumps(patterns)]
    return f"({' OR '.join(['d.source GLOB ?'] * len(patterns)) or 'FALSE'})", list(patterns)


def statements(script: str) -> Iterator[str]:
    """Yield the statements of an SQL script; sqlite3's own executescript would commit between them."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
