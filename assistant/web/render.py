"""An answer as safe HTML: pure functions from what the pipeline yields to what the chat shows.

Nothing a document, a model or a person wrote gets into the page unescaped, and whatever these functions put
together passes one allow-list at the end that knows no image, no form, no style and no link but one to a footnote.
"""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby

import nh3
from markdown_it import MarkdownIt

from assistant.types import Answer, Citation, Claim, Claimed, State, VerdictName
from vectorstore.sentences import sentence_spans
from vectorstore.types import Filters, Span

ABSTAINED = "The documents do not say"
SURROUNDINGS = 300  # characters shown on either side of a quote: enough to see what it is part of

_TAGS = {
    *("h1", "h2", "h3", "h4", "p", "div", "span", "br", "strong", "em", "code", "sup", "a", "ul", "ol", "li"),
    *("details", "summary", "blockquote", "mark", "bdi"),
}
_ATTRIBUTES = {"*": {"class", "id", "dir", "title"}, "a": {"href"}, "li": {"value"}, "ol": {"start"}}
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(["image", "link", "autolink"])
_MARKERS = re.compile(r" ?(?:\[\d+\])+")  # what the pipeline writes after a cited claim
_BLOCK = re.compile(r"(?:^|\n)[ \t]*([-*•]|\d+[.)]|#{1,6})[ \t]+$")  # the markup that a claim's lead ends with

# The word carries the meaning; the sign and the colour only repeat it.
_VERDICTS: dict[VerdictName, str] = {
    "supported": "✓ Supported",
    "partly_supported": "◐ Partly supported",
    "unsupported": "✕ Not supported",
    "uncited": "○ No source",
    "unchecked": "– Not checked",
}
_TALLIES: dict[VerdictName, str] = {
    "supported": "supported",
    "partly_supported": "partly supported",
    "unsupported": "not supported",
    "uncited": "without a source",
    "unchecked": "not checked",
}
_STATES: dict[State, str] = {
    "complete": "Note",
    "partial": "Incomplete",
    "truncated": "Cut short",
    "stopped": "Stopped",
    "abstained": "Note",
    "error": "Error",
}


@dataclass(frozen=True, slots=True)
class Growing:
    """An answer while it is being written: what has been verified so far, and what nobody has checked yet."""

    text: str = ""
    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    unverified: str = ""

    def claimed(self, event: Claimed) -> "Growing":
        """Return the answer one verified sentence longer; it supersedes the unverified text."""
        return Growing(
            self.text + event.lead + event.claim.text + event.markers,
            (*self.claims, event.claim),
            (*self.citations, *event.citations),
        )

    def written(self, text: str) -> "Growing":
        """Return the answer with more unverified text."""
        return replace(self, unverified=self.unverified + text)


def welcome_html(documents: int, passages: int) -> str:
    """Return what the page says before the first question."""
    return _clean(
        '<h1>Footnote</h1><p class="what">Ask, and get an answer whose every sentence points at the exact words it '
        f'rests on.</p><p class="from">Reading from {_count(documents, "document")}, '
        f"{_count(passages, 'passage')}.</p>"
    )


def question_html(question: str) -> str:
    """Return what a person asked: plain text, every character of it."""
    return _clean(f'<h2 class="question" dir="auto">{escape(question)}</h2>')


def status_html(text: str) -> str:
    """Return one line that says what is going on before anything is written."""
    return _clean(f'<p class="status">{escape(text)}</p>')


def error_html(message: str) -> str:
    """Return a message in place of an answer."""
    return _clean(f'<div class="card error"><h3>That did not work</h3><p>{escape(message)}</p></div>')


def growing_html(answer: Growing, turn: int, *, markdown: bool) -> str:
    """Return an answer that is still being written; unverified text reads as such."""
    draft = (
        f'<p class="draft" dir="auto">{escape(answer.unverified.strip())}'
        ' <span class="verdict">Being written, not checked yet</span></p>'
        if answer.unverified.strip()
        else ""
    )
    body = _body(answer.text, answer.claims, answer.citations, turn, markdown=markdown)
    return _clean(f'<div class="answer writing">{body}{draft}{_folded(answer.citations, turn, "Sources")}</div>')


def answer_html(answer: Answer, turn: int) -> str:
    """Return a finished answer with its footnotes, its verdicts and, folded, its sources.

    `turn` numbers the answers of a page from 1, so that footnote 2 of the third answer is #s-3-2.
    """
    if not answer.claims:
        return _clean(_abstention(answer, turn) if answer.state == "abstained" else _nothing(answer))
    body = _body(answer.text, answer.claims, answer.citations, turn, markdown=answer.answerer == "model")
    return _clean(
        f'<div class="answer">{_announced(announcement(answer), turn)}{body}'
        f"{_disagreements(answer, turn)}{_notice(answer)}"
        f"{_folded(answer.citations, turn, summary(answer), _how(answer))}</div>"
    )


def announcement(answer: Answer) -> str:
    """Return the one sentence that a screen reader speaks when the answer is there."""
    if answer.state == "abstained":
        return f"{ABSTAINED}."
    documents = {citation.document.id for citation in answer.citations}
    return f"Answer with {_count(len(answer.claims), 'sentence')} from {_count(len(documents), 'document')}."


def summary(answer: Answer) -> str:
    """Return how well the answer stands: "✓ 3 sentences, all supported by 2 documents · newest 19 Aug 2025"."""
    verdicts = [claim.judgement.verdict for claim in answer.claims]
    documents = {citation.document.id: citation.document for citation in answer.citations}
    sources = _count(len(documents), "document")
    if set(verdicts) == {"supported"}:
        every = "" if len(verdicts) == 1 else "all "
        parts = [f"✓ {_count(len(verdicts), 'sentence')}, {every}supported by {sources}"]
    else:
        tally = (f"{verdicts.count(name)} {words}" for name, words in _TALLIES.items() if name in verdicts)
        parts = [f"{_count(len(verdicts), 'sentence')}: {', '.join(tally)}", sources]
    days = [document.published for document in documents.values() if document.published]
    if days:
        parts.append(f"{'newest ' if len(documents) > 1 else ''}{date(max(days))}")
    return " · ".join(parts)


def date(day: datetime.date) -> str:
    """Return a day as people write it: 18 Aug 2025, whatever the machine's locale is."""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")
    return f"{day.day} {months[day.month - 1]} {day.year}"


def surroundings(text: str, span: Span, reach: int = SURROUNDINGS) -> Span:
    """Return a span around span, at most reach characters longer on either side, of whole sentences where it can be."""
    window = Span(max(0, span.start - reach), min(len(text), span.end + reach))
    around = [Span(window.start + one.start, window.start + one.end) for one in sentence_spans(window.of(text))]
    # A sentence that touches the window's edge may be half a sentence, unless the text itself ends there.
    starts = [one.start for one in around if one.start > window.start or window.start == 0]
    ends = [one.end for one in around if one.end < window.end or window.end == len(text)]
    return Span(min([span.start, *starts]), max([span.end, *ends]))


def _body(text: str, claims: Sequence[Claim], citations: Sequence[Citation], turn: int, *, markdown: bool) -> str:
    """Return paragraphs and lists, made from the white space and markup that stands before each claim."""
    sources = {citation.number: citation for citation in citations}
    blocks: list[tuple[str, list[str]]] = []
    written = 0
    for claim in claims:
        marked = _MARKERS.match(text, written)
        lead = text[marked.end() if marked else written : claim.span.start]
        written = claim.span.end
        markup = _BLOCK.search(lead)
        rest = escape((lead[: markup.start()] if markup else lead).strip())
        sentence = rest + _claim(claim, sources, turn, markdown=markdown)
        if markup:
            blocks.append((_tag(markup[1]), [sentence]))
        elif not blocks or re.search(r"\n[ \t]*\n", lead):
            blocks.append(("p", [sentence]))
        else:
            blocks[-1][1].append(("<br>" if "\n" in lead else " ") + sentence)
    html = []
    for tag, group in groupby(blocks, key=lambda block: block[0]):
        rows = ["".join(sentences) for _, sentences in group]
        if tag in ("ul", "ol"):
            html.append(f"<{tag}>" + "".join(f'<li dir="auto">{row}</li>' for row in rows) + f"</{tag}>")
        else:
            html.extend(f'<{tag} dir="auto">{row}</{tag}>' for row in rows)
    return "".join(html)


def _tag(markup: str) -> str:
    return "ul" if markup in "-*•" else "ol" if markup[0].isdigit() else "h4"


def _claim(claim: Claim, sources: dict[int, Citation], turn: int, *, markdown: bool) -> str:
    said = _MARKDOWN.renderInline(claim.text) if markdown else escape(claim.text)
    cited = [sources[number] for number in claim.citations if number in sources]
    chips = f"<sup>{''.join(_chip(citation, turn) for citation in cited)}</sup>" if cited else ""
    verdict = claim.judgement.verdict
    if verdict == "supported":
        return f'<span class="claim"><span class="said">{said}</span>{chips}</span>'
    why = "; ".join(claim.judgement.reasons)
    reason = f'<span class="reason">{escape(why)}</span>' if why else ""
    return (
        f'<span class="claim {verdict}"><span class="said">{said}</span>{chips} '
        f'<span class="verdict">{_VERDICTS[verdict]}</span>{reason}</span>'
    )


def _chip(citation: Citation, turn: int) -> str:
    number = citation.number
    title = escape(f"{number}: {' · '.join([citation.document.title, *_where(citation)])}")
    return f'<a class="cite" href="#s-{turn}-{number}" title="{title}"><span class="unseen">Source </span>{number}</a>'


def _folded(citations: Sequence[Citation], turn: int, line: str, more: str = "") -> str:
    """Return the sources of an answer, in the answer: they outlive the page's script, its history and a copy."""
    if not citations:
        return f'<p class="summary">{escape(line)}</p>{more}' if more else ""
    items = "".join(_source(citation, f"s-{turn}-{citation.number}") for citation in citations)
    return f'<details class="sources"><summary>{escape(line)}</summary><ol>{items}</ol>{more}</details>'


def _source(citation: Citation, name: str) -> str:
    document = citation.document
    shown = surroundings(document.text, citation.span)
    before = ("… " if document.text[: shown.start].strip() else "") + document.text[shown.start : citation.span.start]
    after = document.text[citation.span.end : shown.end] + (" …" if document.text[shown.end :].strip() else "")
    speaker = f'<p class="speaker">Said by <bdi>{escape(citation.speaker)}</bdi></p>' if citation.speaker else ""
    where = " · ".join(f"<bdi>{escape(part)}</bdi>" for part in _where(citation))
    return (
        f'<li id="{name}" class="source" value="{citation.number}">'
        f'<p class="title" dir="auto">{escape(document.title)}</p><p class="where">{where}</p>'
        f'<blockquote dir="auto">{_lines(before)}<mark>{escape(citation.quote)}</mark>{_lines(after)}</blockquote>'
        f"{speaker}</li>"
    )


def _lines(text: str) -> str:
    """Return text that stands around a quote without its empty lines."""
    return escape(re.sub(r"\s*\n\s*", "\n", text))


def _where(citation: Citation) -> list[str]:
    """Return outlet, day and heading, those that are known; the file's name where there is no outlet."""
    document = citation.document
    place = document.place(citation.span.start)
    parts = [document.outlet or document.source]
    if document.published:
        parts.append(date(document.published))
    if place and place != document.title:
        parts.append(place)
    return parts


def _abstention(answer: Answer, turn: int) -> str:
    searched = answer.searched
    looked = (
        f"Looked through {_count(searched.passages, 'passage')} for “{searched.query}”{_narrowed(searched.filters)}."
    )
    reason = answer.text.removeprefix(f"{ABSTAINED}.").strip()
    why = f"<p>{escape(reason)}</p>" if reason else ""
    items = "".join(_source(citation, f"n-{turn}-{citation.number}") for citation in searched.nearest)
    nearest = f'<details class="sources nearest"><summary>Nearest passages</summary><ol>{items}</ol></details>'
    return (
        f'<div class="card abstained">{_announced(announcement(answer), turn)}<h3>{ABSTAINED}</h3>'
        f'{why}{_notice(answer)}<p class="looked" dir="auto">{escape(looked)}</p>'
        f"{nearest if items else ''}</div>"
    )


def _nothing(answer: Answer) -> str:
    """Return the card of an answer that ended before its first sentence."""
    return (
        f'<div class="card error"><h3>{_STATES[answer.state]}: there is no answer</h3>'
        f"<p>{escape(answer.notice or answer.text)}</p></div>"
    )


def _narrowed(filters: Filters) -> str:
    parts = [
        f"in {', '.join(filters.outlets + filters.documents)}" if filters.outlets or filters.documents else "",
        f"from {date(filters.after)}" if filters.after else "",
        f"up to {date(filters.before)}" if filters.before else "",
    ]
    return "".join(f", {part}" for part in parts if part)


def _notice(answer: Answer) -> str:
    if answer.state in {"complete", "abstained"} and not answer.notice:
        return ""
    return f'<p class="notice"><strong>{_STATES[answer.state]}.</strong> {escape(answer.notice or "")}</p>'


def _disagreements(answer: Answer, turn: int) -> str:
    """Return a line for each thing of which the sources do not say the same: who says which, and the footnotes."""
    sources = {citation.number: citation for citation in answer.citations}
    lines = []
    for one in answer.disagreements:
        chips = "".join(_chip(sources[number], turn) for number in one.citations if number in sources)
        told = f"<strong>The sources disagree:</strong> <bdi>{escape(one.about)}</bdi>"
        lines.append(f'<p class="notice disagreement" dir="auto">{told} <sup>{chips}</sup></p>')
    return "".join(lines)


def _how(answer: Answer) -> str:
    if answer.answerer == "extractive":
        return '<p class="how">Every sentence is quoted from the documents; no language model wrote any of it.</p>'
    return f'<p class="how">Written by {escape(answer.model or "a language model")}, checked sentence by sentence.</p>'


def _announced(text: str, turn: int) -> str:
    return f'<p class="unseen announced" id="a-{turn}">{escape(text)}</p>'


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_only_footnotes,
        url_schemes=set(),
        link_rel=None,
    )


def _only_footnotes(tag: str, attribute: str, value: str) -> str | None:
    return value if attribute != "href" or value.startswith("#s-") else None
