"""What an answer rests on, as HTML: chips, quotations in their surroundings, who said it, where and when."""

import datetime
import re
from collections.abc import Sequence
from html import escape

from assistant.types import Citation
from assistant.web.words import Words
from vectorstore.originals import Copy
from vectorstore.sentences import sentence_spans
from vectorstore.types import Span

COPIES = 5  # named of those that hold the same sentence
SURROUNDINGS = 300  # characters shown on either side of a quote: enough to see what it is part of


def chip_html(citation: Citation, turn: int, words: Words, kind: str = "s") -> str:
    """Return the number that stands after a sentence and leads to source #s-turn-number (#n-… of an abstention)."""
    number = citation.number
    title = escape(f"{number}: {' · '.join([citation.document.title, *where(citation, words)])}")
    # The number is the last of the name in every language, so that only what stands before it is unseen.
    name = escape(words("sources.number", number=number).removesuffix(str(number)))
    unseen = f'<span class="unseen">{name}</span>'
    return f'<a class="cite" href="#{kind}-{turn}-{number}" title="{title}">{unseen}{number}</a>'


def sources_html(citations: Sequence[Citation], turn: int, words: Words, kind: str = "s") -> str:
    """Return citations as a numbered list; it stands in the answer: it outlives the page's script and a copy."""
    items = "".join(_source(citation, f"{kind}-{turn}-{citation.number}", words) for citation in citations)
    return f"<ol>{items}</ol>"


def where(citation: Citation, words: Words) -> list[str]:
    """Return outlet, day and heading, those that are known; the file's name where there is no outlet."""
    document = citation.document
    place = document.place(citation.span.start)
    parts = [document.outlet or document.source]
    if document.published:
        parts.append(words.date(document.published))
    if place and place != document.title:
        parts.append(place)
    return parts


def where_html(citation: Citation, words: Words) -> str:
    """Return where a citation stands, each part isolated from the direction of the others."""
    return " · ".join(f"<bdi>{escape(part)}</bdi>" for part in where(citation, words))


def also_html(citation: Citation, words: Words) -> str:
    """Return which copies of the document hold the cited sentence too, or nothing if none does."""
    if not citation.also:
        return ""
    named = [f"<bdi>{escape(copied(copy, words))}</bdi>" for copy in citation.also[:COPIES]]
    names = " · ".join([*named, "…"] if len(citation.also) > COPIES else named)
    told = escape(words("sources.also_in", count=len(citation.also), names="\0")).replace("\0", names)
    return f'<p class="where copies">{told}</p>'


def copied(copy: Copy, words: Words) -> str:
    """Return the outlet of a copy, its source where it has none, and its day."""
    day = words.date(copy.published) if copy.published else None
    return ", ".join(filter(None, (copy.outlet or copy.source, day)))


def newest(citations: Sequence[Citation]) -> datetime.date | None:
    """Return the day of the newest cited document that has one."""
    return max((one.document.published for one in citations if one.document.published), default=None)


def surroundings(text: str, span: Span, reach: int = SURROUNDINGS) -> Span:
    """Return a span around span, at most reach characters longer on either side, of whole sentences where it can be."""
    window = Span(max(0, span.start - reach), min(len(text), span.end + reach))
    around = [Span(window.start + one.start, window.start + one.end) for one in sentence_spans(window.of(text))]
    # A sentence that touches the window's edge may be half a sentence, unless the text itself ends there.
    starts = [one.start for one in around if one.start > window.start or window.start == 0]
    ends = [one.end for one in around if one.end < window.end or window.end == len(text)]
    return Span(min([span.start, *starts]), max([span.end, *ends]))


def _source(citation: Citation, name: str, words: Words) -> str:
    document = citation.document
    shown = surroundings(document.text, citation.span)
    before = ("… " if document.text[: shown.start].strip() else "") + document.text[shown.start : citation.span.start]
    after = document.text[citation.span.end : shown.end] + (" …" if document.text[shown.end :].strip() else "")
    said = escape(words("sources.said_by", speaker="\0")).replace("\0", f"<bdi>{escape(citation.speaker or '')}</bdi>")
    speaker = f'<p class="speaker">{said}</p>' if citation.speaker else ""
    return (
        f'<li id="{name}" class="source" value="{citation.number}">'
        f'<p class="title" dir="auto">{escape(document.title)}</p><p class="where">{where_html(citation, words)}</p>'
        f'<blockquote dir="auto">{_lines(before)}<mark>{escape(citation.quote)}</mark>{_lines(after)}</blockquote>'
        f"{speaker}{also_html(citation, words)}</li>"
    )


def _lines(text: str) -> str:
    """Return text that stands around a quote without its empty lines."""
    return escape(re.sub(r"\s*\n\s*", "\n", text))
