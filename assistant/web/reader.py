"""A whole source as safe HTML, with every passage of it that is cited marked: what a click on a footnote opens."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import nh3

from assistant.types import Citation
from assistant.web.words import Words
from vectorstore.text import one_line
from vectorstore.types import Document, Span

WHOLE = 1_000_000  # characters that a browser lays out without a pause; of a longer document it gets about so many
BEGINNING = 80  # characters of a quote in the list of marks


def reader_html(
    document: Document, citations: Sequence[Citation], chosen: int, words: Words, note: str | None = None
) -> str:
    """Return a document to read, and the citations of it to jump between; the chosen number is the one "here".

    The text of `.text` is the document's, every character; the text of all `mark.m-3` together is the quote of
    number 3, and `#m-3` is where it begins. Each line is a block of its own, together with the line ends after it,
    so that it is laid out in its own direction and nothing in it reaches the next; it needs `white-space: pre-wrap`.
    Where a page begins, the block has the page's name in `data-place`: it is no text of the document.
    Of a document longer than WHOLE only what stands around the marks is shown, with `p.cut` for what is left out.
    What HTML cannot hold, NUL and lone surrogates, is shown as U+FFFD; no loader keeps either.

    `chosen` may be the number of no citation, when its words are no longer there; then `note` should say so.

    Raises:
        ValueError: if a citation is empty or does not quote this document's text where it says, or if a number
            stands for two quotes.
    """
    cited = _by_number(document, citations)
    return _clean(
        f'<article class="reader"><header><h2 class="title" dir="auto">{_shown(document.title)}</h2>'
        f"{_where(document, cited.get(chosen), words)}{_notice(note)}{_jumps(cited, chosen, words)}</header>"
        f'<div class="text">{"".join(_blocks(document, cited, chosen))}</div></article>',
        cited,
    )


@dataclass(frozen=True, slots=True)
class _Segment:
    """Characters that the same citations quote, and no others."""

    span: Span
    numbers: tuple[int, ...]


_LINE = re.compile(r"[^\n]+\n*|\n+")
_NOT_IN_HTML = re.compile("[\0\ud800-\udfff]")
_PARTS = ("page", "slide", "message")  # whose beginning is shown; every row of a table has one
_CUT = '<p class="cut">…</p>'
_TAGS = {"article", "header", "h2", "h3", "p", "div", "span", "bdi", "ol", "li", "a", "mark"}


def _by_number(document: Document, citations: Sequence[Citation]) -> dict[int, Citation]:
    cited = {citation.number: citation for citation in sorted(citations, key=lambda one: one.number)}
    for citation in citations:
        number, quote = citation.number, one_line(citation.quote, longest=BEGINNING)
        if not citation.quote or citation.quote != citation.span.of(document.text):
            raise ValueError(f"citation {number} quotes {quote!r}, which {document.source} does not have there")
        if citation.span != cited[number].span:
            raise ValueError(f"number {number} stands for {quote!r} and for something else")
    return cited


def _where(document: Document, citation: Citation | None, words: Words) -> str:
    """Return where the document is from and who speaks; its address is to be read, not followed."""
    parts = [
        document.outlet,
        words.date(document.published) if document.published else None,
        document.author,
        words("sources.said_by", speaker=citation.speaker) if citation and citation.speaker else None,
        document.source,
    ]
    where = " · ".join(f"<bdi>{_shown(part)}</bdi>" for part in parts if part)
    address = (
        f'<p class="original">{_shown(words("reader.original"))} <bdi>{_shown(document.url)}</bdi></p>'
        if document.url
        else ""
    )
    return f'<p class="where">{where}</p>{address}'


def _notice(note: str | None) -> str:
    return f'<p class="notice" dir="auto">{_shown(note)}</p>' if note else ""


def _jumps(cited: dict[int, Citation], chosen: int, words: Words) -> str:
    """Return links to the marks, if there are several."""
    if len(cited) < 2:
        return ""
    items = "".join(_jump(citation, words, here=number == chosen) for number, citation in cited.items())
    return f'<p class="cited">{_shown(words("sources.cited_here"))}</p><ol class="marks">{items}</ol>'


def _jump(citation: Citation, words: Words, *, here: bool) -> str:
    names = 'class="jump here" aria-current="true"' if here else 'class="jump"'
    number = _shown(words("sources.number", number=citation.number))
    beginning = _shown(one_line(citation.quote, longest=BEGINNING))
    return (
        f'<li><a {names} href="#m-{citation.number}">'
        f'<span class="number">{number}</span> <bdi>{beginning}</bdi></a></li>'
    )


def _blocks(document: Document, cited: dict[int, Citation], chosen: int) -> Iterator[str]:
    """Yield the lines that are shown, each a block, and a sign wherever some are left out."""
    text, written = document.text, 0
    segments = _segments(cited)
    starts = [segment.span.start for segment in segments]
    ends = [segment.span.end for segment in segments]
    headings = sorted(one.span.start for one in document.landmarks if one.kind == "heading")
    places = [(one.span.start, one.label) for one in document.landmarks if one.kind in _PARTS]
    for piece in _pieces(text, [citation.span for citation in cited.values()]):
        if piece.start > written:
            yield _CUT
        for match in _LINE.finditer(text, piece.start, piece.end):
            line = Span(match.start(), match.end())
            within = segments[bisect_right(ends, line.start) : bisect_left(starts, line.end)]
            inner = _line(text, line, within, cited, chosen)
            here = bisect_left(places, (line.end,))
            begins = (
                f' data-place="{escape(places[here - 1][1])}"' if here and places[here - 1][0] >= line.start else ""
            )
            if bisect_left(headings, line.start) < bisect_left(headings, line.end):
                yield f'<h3 class="heading" dir="auto"{begins}>{inner}</h3>'
            else:
                yield f'<p dir="auto"{begins}>{inner}</p>'
        written = piece.end
    if written < len(text):
        yield _CUT


def _line(text: str, line: Span, segments: Sequence[_Segment], cited: dict[int, Citation], chosen: int) -> str:
    html, written = [], line.start
    for segment in segments:
        start, end = max(segment.span.start, line.start), min(segment.span.end, line.end)
        names = " ".join([*(f"m-{number}" for number in segment.numbers), *["here"] * (chosen in segment.numbers)])
        quoted = _shown(text[start:end])
        first, *others = [f' id="m-{number}"' for number in segment.numbers if cited[number].span.start == start] or [
            ""
        ]
        for name in others:  # an element has one name only, and several quotes may begin here
            quoted = f"<span{name}>{quoted}</span>"
        html.append(f'{_shown(text[written:start])}<mark class="{names}"{first}>{quoted}</mark>')
        written = end
    return "".join(html) + _shown(text[written : line.end])


def _segments(cited: dict[int, Citation]) -> list[_Segment]:
    """Return what is cited in text order, cut wherever a quote begins or ends: quotes overlap, elements cannot."""
    borders = sorted({border for one in cited.values() for border in (one.span.start, one.span.end)})
    spans = [Span(start, end) for start, end in pairwise(borders)]
    segments = [_Segment(span, tuple(n for n, one in cited.items() if one.span.covers(span))) for span in spans]
    return [segment for segment in segments if segment.numbers]


def _pieces(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return what is shown of text, in its order: all, or equal shares of it around the spans, at ends of lines."""
    if len(text) <= WHOLE:
        return [Span(0, len(text))]
    if not spans:
        return [Span(0, text.rfind("\n", 0, WHOLE) + 1 or WHOLE)]
    reach = WHOLE // (2 * len(spans))
    pieces: list[Span] = []
    for span in sorted(spans):
        start, end = max(0, span.start - reach), min(len(text), span.end + reach)
        if start > 0:
            start = text.find("\n", start, span.start) + 1 or start
        if end < len(text):
            end = text.rfind("\n", span.end, end) + 1 or end
        if pieces and start <= pieces[-1].end:
            start, end = pieces[-1].start, max(end, pieces.pop().end)
        pieces.append(Span(start, end))
    return pieces


def _shown(text: str) -> str:
    """Return text as HTML."""
    return _kept(escape(_NOT_IN_HTML.sub("\ufffd", text), quote=False))


def _kept(html: str) -> str:
    """Return html with carriage returns that a parser does not make line feeds of."""
    return html.replace("\r", "&#13;")


def _clean(html: str, cited: dict[int, Citation]) -> str:
    """Return html with nothing but what this module makes, should anything have got past the escaping."""
    names = {f"m-{number}" for number in cited}
    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"*": {"class"}, "p": {"data-place"}, "h3": {"data-place"}},
        tag_attribute_values={
            "a": {"href": {f"#{name}" for name in names}, "aria-current": {"true"}},
            "mark": {"id": names},
            "span": {"id": names},
            **{tag: {"dir": {"auto"}} for tag in ("h2", "h3", "p")},
        },
        url_schemes=set(),
        link_rel=None,
    )
    return _kept(cleaned)
