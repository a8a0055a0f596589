"""Plain text as it is; what looks like a headline or a heading in it becomes a landmark."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vectorstore.errors import SkippedFile
from vectorstore.loaders.blocks import Written
from vectorstore.loaders.dates import stated_day
from vectorstore.loaders.decode import read_text
from vectorstore.loaders.front_matter import split_front_matter
from vectorstore.loaders.titles import title_of
from vectorstore.text import normalise
from vectorstore.types import Document, Landmark, Span


def load_plain(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield a plain text (front matter above it, if any) as a document, its text unchanged but for normalising.

    Raises:
        SkippedFile: as `decode` does; "bad_front_matter", or "empty" if there is no text.
    """
    text = read_text(raw, source=source, on_note=on_note)
    about, body = split_front_matter(normalise(text))
    if not body.strip():
        raise SkippedFile("empty", "the file has no text that can be seen")
    written = Written(body, headings(body))
    yield Document(
        source=source,
        title=about.title or title_of(written, source=source),
        text=body,
        published=about.published or stated_day(body),
        outlet=about.outlet,
        author=about.author,
        url=about.url,
        language=about.language,
        landmarks=written.landmarks,
    )


def headings(text: str) -> tuple[Landmark, ...]:
    """Return the headings of a plain text: short lines on their own, without a full stop, above a paragraph of prose.

    Better miss one than invent one: a line among short lines (a list, a table, a poem, an address) is none, and
    within the text the line before it must end a sentence.
    """
    paragraphs = _paragraphs(text)
    return tuple(
        Landmark("heading", paragraph.text, paragraph.span)
        for i, paragraph in enumerate(paragraphs)
        if (_is_headline(paragraphs) if i == 0 else _is_heading(paragraphs, i))
    )


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """A line, or the wrapped lines of one paragraph; neither starts nor ends in white space."""

    text: str
    span: Span

    @property
    def wrapped(self) -> bool:
        return "\n" in self.text


_LONG_LINE = 100  # characters; nobody wraps later, so a longer line is a paragraph of its own
_LONGEST_HEADING = 80
_LONGEST_HEADLINE = 150
_SHORTEST_PROSE = 80
_SHORTEST_WRAPPED_LINE = 50
_BLOCK = re.compile(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*")
_LINE = re.compile(r"\S(?:[^\n]*\S)?")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*$")
_LIST_ITEM = re.compile(r"[-*•–—+>#|]|\(?(?:\d+|[A-Za-z]|[ivxIVX]+)[.)](?:\s|$)")
_NOT_WORDS = re.compile(r"[{}<>=|\\@_\t~^]|  |://|\.\.\.|- -|\* \*")
_UNFINISHED = re.compile(r"\b(?:an?|the|and|or|but|as|at|by|for|from|in|of|on|to|with|that|than|is|are|was|were)$")
_BEFORE_TEXT = re.compile(r"(?:by|from|to|cc|date|subject|published|updated|posted|re|dear)\b", re.IGNORECASE)


def _paragraphs(text: str) -> list[_Paragraph]:
    found = []
    for block in _BLOCK.finditer(text):
        lines = [(line.start(), line.end()) for line in _LINE.finditer(text, block.start(), block.end())]
        if all(end - start <= _LONG_LINE for start, end in lines):
            lines = [(lines[0][0], lines[-1][1])]
        found += [_Paragraph(text[start:end], Span(start, end)) for start, end in lines]
    return found


def _is_headline(paragraphs: list[_Paragraph]) -> bool:
    """Return whether the text begins with its headline; a byline and a date may stand between it and the prose."""
    first = paragraphs[0]
    return _is_title_like(first, longest=_LONGEST_HEADLINE, closing=".,;:…") and any(map(_is_prose, paragraphs[1:4]))


def _is_heading(paragraphs: list[_Paragraph], i: int) -> bool:
    line, before = paragraphs[i], paragraphs[i - 1]
    return (
        i + 1 < len(paragraphs)
        and _is_title_like(line, longest=_LONGEST_HEADING, closing=".,;:…!?")
        and line.text.count(",") < 2
        and not _UNFINISHED.search(line.text)
        and not (line.text[0] in "\"'“‘«" and line.text[-1] in "\"'”’»")
        and _SENTENCE_END.search(before.text) is not None
        and (_is_prose(before) or len(before.text) >= 20)
        and _is_prose(paragraphs[i + 1])
    )


def _is_title_like(paragraph: _Paragraph, *, longest: int, closing: str) -> bool:
    text = paragraph.text
    start = text.lstrip("\"'“‘«([$£€¥")
    return (
        not paragraph.wrapped
        and 3 <= len(text) <= longest
        and text.rstrip("\"'”’»)]")[-1:] not in closing
        and (start[:1].isdigit() or start[:1] != start[:1].lower() or start[:1].lower() == start[:1].upper())
        and sum(map(str.isalpha, text)) >= 0.6 * len(text)
        and not _LIST_ITEM.match(text)
        and not _NOT_WORDS.search(text)
        and not _BEFORE_TEXT.match(text)
    )


def _is_prose(paragraph: _Paragraph) -> bool:
    """Return whether this is a paragraph of sentences, filling its lines if it is wrapped."""
    full = paragraph.text.split("\n")[:-1]
    return (
        len(paragraph.text) >= _SHORTEST_PROSE
        and _SENTENCE_END.search(paragraph.text) is not None
        and not _LIST_ITEM.match(paragraph.text)
        and all(len(line) >= _SHORTEST_WRAPPED_LINE for line in full)
    )
