"""The values that flow from files to ranked passages; read this file first."""

import datetime
import hashlib
import json
import sqlite3
import uuid
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

_NAMESPACE = uuid.UUID("8f6a0c5e-3a44-5d0b-9b0a-6a1f5f0f7e11")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of code points of one document's text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span runs forward from 0 on, not from {self.start} to {self.end}")

    def of(self, text: str) -> str:
        """Return the characters of text that this span covers."""
        return text[self.start : self.end]

    def covers(self, other: "Span") -> bool:
        """Return whether other lies wholly inside this span."""
        return self.start <= other.start and other.end <= self.end


def document_id(source: str) -> str:
    """Return the id of the document with this source."""
    return str(uuid.uuid5(_NAMESPACE, source))


@dataclass(frozen=True, slots=True)
class Landmark:
    """A place that a reader can find in a document: a heading, or a page, slide, row or message by its number.

    The span of a heading covers its own characters; that of any other place is empty and lies before the first
    character there. A landmark stands for all text up to the next one of its sort.
    """

    kind: Literal["heading", "page", "slide", "row", "message"]
    label: str
    span: Span


def _start(landmark: Landmark) -> int:
    return landmark.span.start


@dataclass(frozen=True)
class Document:
    """A source and its text. The text is made once by its loader and never edited again.

    `source` is the name that people see and the identity: "articles/hot-mic.md", or "inbox.mbox#4f1c" for one of many
    in a file. `text` is NFC, without hidden text. `published` is the day the outlet gives, `language` the tag that
    the document names ("en"). `landmarks` are in text order.
    """

    source: str
    title: str
    text: str
    published: datetime.date | None = None
    outlet: str | None = None
    author: str | None = None
    url: str | None = None
    language: str | None = None
    landmarks: tuple[Landmark, ...] = field(default=())

    @cached_property
    def id(self) -> str:
        """A UUID made from the source name: the same document keeps its id when its text changes."""
        return document_id(self.source)

    @cached_property
    def hash(self) -> str:
        """SHA-256 over everything a reader can see of this document, as hexadecimal."""
        parts = (self.title, self.text, self.published, self.outlet, self.author, self.url, self.landmarks)
        return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def place(self, position: int) -> str | None:
        """Return where position is, as in "page 3, Results": the last numbered place and heading that start by then."""
        numbered = heading = None
        for landmark in reversed(self.landmarks[: bisect_right(self.landmarks, position, key=_start)]):
            if landmark.kind == "heading":
                heading = heading or landmark.label
            else:
                numbered = numbered or landmark.label
            if numbered and heading:
                break
        return ", ".join(filter(None, (numbered, heading))) or None


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a document: a span that neither starts nor ends in white space, numbered from 0 in text order.

    A heading, a headline without a full stop and a list item are sentences too. `paragraph` counts the blocks of
    the document from 0; `heading` says that the sentence is the text of a heading landmark.
    """

    document_id: str
    number: int
    span: Span
    paragraph: int
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive whole sentences of one document, small enough to be embedded without loss.

    `span` runs from the start of the first sentence to the end of the last.
    """

    document_id: str
    span: Span
    sentences: tuple[Sentence, ...]

    @property
    def id(self) -> str:
        """A UUID made from the document's id and the span (other vector stores accept nothing else)."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.document_id}:{self.span.start}:{self.span.end}"))


@dataclass(frozen=True, slots=True)
class Readable:
    """Which documents somebody may read: those whose source one of `within` fits, and none of `without`.

    Both are patterns of SQLite's GLOB: `*` stands for any characters, "/" too, `?` for one, `[a-z]` and `[^a-z]` for
    one of some; case counts.
    """

    within: tuple[str, ...]
    without: tuple[str, ...] = ()

    def holds(self, source: str) -> bool:
        """Return whether the document with this source may be read: asked of SQLite, as a search asks it."""
        fits = "EXISTS (SELECT 1 FROM json_each(?) WHERE ? GLOB value)"
        values = (json.dumps(self.within), source, json.dumps(self.without), source)
        with closing(sqlite3.connect(":memory:")) as database:
            return bool(database.execute(f"SELECT {fits} AND NOT {fits}", values).fetchone()[0])


@dataclass(frozen=True, slots=True)
class Filters:
    """Which documents a search may use; an empty field restricts nothing, and all given fields must hold.

    `outlets` are compared without regard to case; `documents` are sources or ids; `after` and `before` are both
    included, and a document without a date never passes a date filter. These are what a person wishes for; `readable`
    is what they have a right to, None if that is everything: it is shown to nobody and kept nowhere.
    """

    outlets: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    after: datetime.date | None = None
    before: datetime.date | None = None
    readable: Readable | None = None

    def __bool__(self) -> bool:
        return bool(self.outlets or self.documents or self.after or self.before or self.readable)


@dataclass(frozen=True, slots=True)
class Why:
    """Why a passage was found: its two scores, both in [0, 1] after normalisation, and the query's words it holds.

    `cosine` is the raw similarity in [-1, 1]; `words` are as the passage spells them. `read` in [0, 1] is how well it
    answers by the judgement of a reranker, None if none read it.
    """

    lexical: float
    dense: float
    cosine: float
    words: tuple[str, ...] = ()
    read: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, with the document it stands in. `score` is the fused score in [0, 1]."""

    passage: Passage
    document: Document
    score: float
    why: Why

    @property
    def text(self) -> str:
        """The passage's characters."""
        return self.passage.span.of(self.document.text)


class ByWords(tuple[Hit, ...]):
    """Hits that were found by words alone, because the vector index was away; whoever shows them shows `notice`."""

    notice = (
        "The search by meaning is not available at the moment: passages were found by their words alone, and others "
        "may have been missed."
    )


def notice_of(hits: Sequence[Hit]) -> str | None:
    """Return what is to be told to whoever is shown these hits."""
    return hits.notice if isinstance(hits, ByWords) else None
