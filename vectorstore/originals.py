"""Which of several copies is the original, and which passages of them say nothing of their own."""

import datetime
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from vectorstore import rows
from vectorstore.types import Filters, document_id

if TYPE_CHECKING:
    from vectorstore.library import Library

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


def without_repeats(library: "Library", ranked: Sequence[AnyRanked], filters: Filters) -> list[AnyRanked]:
    """Return ranked passages without those of copies that say nothing of their own, in the same order.

    Of passages with the same sentences that of the original stays. One whose sentences all stand in better ones of its
    copies goes as well: where a text is cut into passages shifts with what was put before it. A sentence that differs
    in a single character is another.
    """
    clusters = _clusters(library.connection, ranked)
    if not clusters:
        return list(ranked)
    passages = {passage.id: passage for passage in library.passages(list(clusters))}
    documents = {id: library.document(id) for id in {passage.document_id for passage in passages.values()}}
    place = {
        id: group.index(next(copy for copy in group if copy.id == id))
        for id, group in copies_of(library.connection, documents, filters).items()
    }
    said: dict[str, frozenset[str]] = {}
    first: dict[tuple[int, frozenset[str]], tuple[int, str]] = {}
    for id, passage in passages.items():
        texts = (sentence.span.of(documents[passage.document_id].text) for sentence in passage.sentences)
        said[id] = frozenset(" ".join(text.split()) for text in texts)
        candidate = (place.get(passage.document_id, MOST), id)
        first[clusters[id], said[id]] = min(candidate, first.get((clusters[id], said[id]), candidate))
    held: dict[int, set[str]] = defaultdict(set)
    kept = []
    for one in ranked:
        if one.id in clusters:
            cluster = clusters[one.id]
            if first[cluster, said[one.id]][1] != one.id or said[one.id] <= held[cluster]:
                continue
            held[cluster] |= said[one.id]
        kept.append(one)
    return kept


def _clusters(connection: sqlite3.Connection, ranked: Sequence[Ranked]) -> dict[str, int]:
    """Return the cluster of each passage that has another one from a copy of its document among the ranked."""
    found = connection.execute(
        "SELECT p.id, c.leader, c.document FROM passages p JOIN copies c ON c.document = p.document "
        "WHERE p.id IN (SELECT value FROM json_each(?))",
        (json.dumps([one.id for one in ranked]),),
    ).fetchall()
    documents: dict[int, set[int]] = defaultdict(set)
    for _, leader, document in found:
        documents[leader].add(document)
    return {id: leader for id, leader, _ in found if len(documents[leader]) > 1}


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
