"""Which of several copies is the original, and which passages of them say nothing of their own."""

import datetime
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from vectorstore import rows
from vectorstore.types import Filters, document_id

# Copies of a document that are looked at: what stands on every page of an intranet has thousands.
MOST = 50

Reason = Literal["published_first", "credited", "first_by_source"]


@dataclass(frozen=True, slots=True)
class Copy:
    """A document among its copies; `edges` are the beginning and the end of its text, where credits stand."""

    source: str
    title: str
    outlet: str | None
    published: datetime.date | None
    edges: str = field(default="", compare=False)

    @property
    def id(self) -> str:
        """The id of the document."""
        return document_id(self.source)


class Ranked(Protocol):
    """A passage with its place in a ranking."""

    @property
    def id(self) -> str:
        """The id of the passage."""


AnyRanked = TypeVar("AnyRanked", bound=Ranked)


def copies_of(connection: sqlite3.Connection, ids: Collection[str], filters: Filters) -> dict[str, tuple[Copy, ...]]:
    """Return for each of these documents that has copies all that pass the filters, it among them, originals first.

    Of more than MOST only the first published are returned, and those that were asked for.
    """
    leaders = connection.execute(
        "SELECT DISTINCT mine.leader FROM documents d JOIN copies mine ON mine.document = d.number "
        "WHERE d.id IN (SELECT value FROM json_each(?)) "
        "AND EXISTS (SELECT 1 FROM copies c WHERE c.leader = mine.leader AND c.document <> mine.document)",
        (json.dumps(list(ids)),),
    ).fetchall()
    if not leaders:
        return {}
    where, values = rows.where(filters)
    members = connection.execute(
        "SELECT c.leader, d.number, d.source, d.title, d.outlet, d.published "
        "FROM copies c JOIN documents d ON d.number = c.document "
        f"WHERE c.leader IN (SELECT value FROM json_each(?)) AND {where} "
        "ORDER BY d.published IS NULL, d.published, d.source",
        (json.dumps([leader for (leader,) in leaders]), *values),
    )
    groups: dict[int, list[Copy]] = defaultdict(list)
    for leader, number, source, title, outlet, published in members:
        if len(groups[leader]) < MOST or document_id(source) in ids:
            edges = _edges(connection, number)
            groups[leader].append(Copy(source, title, outlet, rows.day(published), edges))
    found: dict[str, tuple[Copy, ...]] = {}
    for group in groups.values():
        if len(group) > 1:
            ordered = in_order(group)
            found |= {copy.id: ordered for copy in group}
    return {id: found[id] for id in ids if id in found}


def in_order(copies: Collection[Copy]) -> tuple[Copy, ...]:
    """Return copies with the original first.

    That is the one published first; where that does not decide, or not all say when, the one whose outlet the others
    credit ("(Reuters)"); where that does not either, the first by its source.
    """
    credited = {copy: _is_credited(copy, copies) for copy in copies}
    dated = all(copy.published for copy in copies)

    def rank(copy: Copy) -> tuple[object, ...]:
        day, credit = copy.published or datetime.date.max, not credited[copy]
        return (day, credit, copy.source) if dated else (credit, day, copy.source)

    return tuple(sorted(copies, key=rank))


def reason(copies: Sequence[Copy]) -> Reason:
    """Return why the first of these copies, which are in order, is taken for the original."""
    first, others = copies[0], copies[1:]
    earlier = all(first.published and (not one.published or first.published < one.published) for one in others)
    if earlier and all(one.published for one in others):
        return "published_first"
    if _is_credited(first, copies):
        return "credited"
    return "published_first" if earlier else "first_by_source"


def without_repeats(connection: sqlite3.Connection, ranked: Sequence[AnyRanked], filters: Filters) -> list[AnyRanked]:
    """Return ranked passages without those that a better one of a copy repeats word for word, in the same order.

    Of equal passages that of the original stays. One that differs from its copy in a single character stays too.
    """
    found = connection.execute(
        "SELECT p.id, c.leader, p.embedding, d.id FROM passages p JOIN copies c ON c.document = p.document "
        "JOIN documents d ON d.number = p.document WHERE p.id IN (SELECT value FROM json_each(?))",
        (json.dumps([one.id for one in ranked]),),
    ).fetchall()
    same: dict[tuple[int, str], dict[str, str]] = defaultdict(dict)
    for passage, leader, text, document in found:
        same[leader, text].setdefault(document, passage)
    repeated = [group for group in same.values() if len(group) > 1]
    orders = copies_of(connection, {document for group in repeated for document in group}, filters)
    left_out = set[str]()
    for group in repeated:
        best = next(iter(group))
        original = next((copy.id for copy in orders.get(best, ()) if copy.id in group), best)
        left_out |= {passage for document, passage in group.items() if document != original}
    return [one for one in ranked if one.id not in left_out]


_EDGE = 400  # characters
# As the outlets write themselves, and as others credit them.
_CREDITED_AS: Mapping[str, str] = {
    "associated press": "ap",
    "the associated press": "ap",
    "agence france-presse": "afp",
    "press association": "pa",
    "pa media": "pa",
    "deutsche presse-agentur": "dpa",
}


def _edges(connection: sqlite3.Connection, number: int) -> str:
    query = "SELECT substr(text, 1, ?), substr(text, -?) FROM documents WHERE number = ?"
    return "\n".join(connection.execute(query, (_EDGE, _EDGE, number)).fetchone())


def _is_credited(copy: Copy, copies: Collection[Copy]) -> bool:
    """Return whether another outlet's copy names this one's outlet as where its text comes from."""
    if not copy.outlet:
        return False
    outlet = copy.outlet.casefold()
    short = _CREDITED_AS.get(outlet, outlet)
    names = {outlet, short, *(name for name, written in _CREDITED_AS.items() if written == short)}
    said = "|".join(map(re.escape, sorted(names)))
    credit = re.compile(
        rf"\((?:{said})\)"  # LONDON (Reuters) –
        rf"|^by\s[^\n]{{0,80}}?\b(?:{said})\b"  # By Jane Doe, Associated Press
        rf"|\b(?:source|credit|copyright|©)\W{{1,3}}(?:\d{{4}}\W+)?(?:the\s+)?(?:{said})\b"
        rf"|\b(?:first|originally)\s+(?:published|appeared)\s+(?:by|in|on|at)\s+(?:the\s+)?(?:{said})\b",
        re.IGNORECASE | re.MULTILINE,
    )
    return any(credit.search(other.edges) for other in copies if (other.outlet or "").casefold() != outlet)
