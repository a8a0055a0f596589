"""A conversation as one page that needs nothing else: to keep, to mail and to print.

Nothing a document, a model or a person wrote gets into the page unescaped, and its body passes an allow-list that
knows no image, no form, no style and no link but those between a sentence and its footnotes.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from itertools import groupby

import nh3

from assistant.blocks import blocks
from assistant.exports.literal import MODEL
from assistant.exports.parts import (
    EN,
    LEGEND,
    LOST,
    UNANSWERED,
    VERDICTS,
    Footnote,
    also,
    asked,
    carried,
    footnotes,
    heading,
    how,
    is_abstention,
    line,
    looked,
    notice,
    origin,
    title,
    why_abstained,
)
from assistant.history import Conversation, Exchange
from assistant.types import Answer, Citation, Claim
from assistant.web.cards import ABSTAINED
from assistant.web.render import summary

_TAGS = {
    *("header", "main", "footer", "section", "h1", "h2", "h3", "h4", "p", "div", "span", "br", "strong", "em", "code"),
    *("sup", "a", "ul", "ol", "li", "blockquote", "bdi"),
}
_ATTRIBUTES = {"*": {"class", "id", "dir"}, "a": {"href", "title"}}
_LINK = re.compile(r"#(?:fn|ref)-\d+(?:-\d+)?")
_LISTS = {"bullet": "ul", "number": "ol"}


def export_html(conversation: Conversation, exchanges: Sequence[Exchange]) -> str:
    """Return the page: the same for equal conversations, with no script and no request to any server."""
    style = files("assistant.exports").joinpath("page.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(style.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_text(conversation.title)} · Footnote</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n{_clean(_main(conversation, exchanges))}\n</body>\n</html>\n"
    )


def _main(conversation: Conversation, exchanges: Sequence[Exchange]) -> str:
    sections = "\n".join(map(_exchange, exchanges, footnotes(exchanges)))
    return (
        f'<main>\n<header><p class="brand">Footnote</p><h1 dir="auto">{_text(heading(conversation, exchanges))}</h1>'
        f'<p class="when">{line(conversation, exchanges)}</p></header>\n{sections}\n'
        f"<footer><p>{LEGEND}</p></footer>\n</main>"
    )


def _exchange(exchange: Exchange, notes: Sequence[Footnote]) -> str:
    answer, error = exchange.answer, exchange.error
    failed = f'<p class="notice"><strong>That did not work.</strong> {_aside(error)}</p>' if error else ""
    missing = "" if answer or error else f'<p class="notice">{UNANSWERED}</p>'
    return (
        f'<section><h2 dir="auto"><span class="number">{exchange.number}.</span> {_text(exchange.question)}</h2>'
        f'<p class="when">{asked(exchange, _aside)}</p>{_answer(answer, notes) if answer else ""}{failed}{missing}'
        "</section>"
    )


def _answer(answer: Answer, notes: Sequence[Footnote]) -> str:
    """Return an answer with its footnotes; the first marker of each is where its number leads back to."""
    names = {note.citation.number: note.name for note in reversed(notes)}
    said = f"{_abstention(answer)}{_body(answer, names)}{_disagreements(answer, names)}"
    for name in names.values():
        said = said.replace(f'<a href="#fn-{name}"', f'<a id="ref-{name}" href="#fn-{name}"', 1)
    told = notice(answer)
    noticed = f'<p class="notice"><strong>{told[0]}</strong> {_aside(told[1])}</p>' if told else ""
    tally = f'<p class="tally">{summary(answer, EN)}. {how(answer, _aside)}</p>' if answer.claims else ""
    items = "".join(_footnote(note, is_cited=f' id="ref-{note.name}"' in said) for note in notes)
    listed = f'<h3>Footnotes</h3><ol class="notes">{items}</ol>' if items else ""
    return f'<div class="answer">{said}{noticed}</div>{tally}{listed}{_nearest(answer)}'


def _body(answer: Answer, names: Mapping[int, str]) -> str:
    """Return paragraphs, headings and lists."""
    html = []
    for kind, group in groupby(blocks(answer.text, answer.claims), key=lambda block: block.kind):
        rows = (
            "".join(_lead(piece.lead) + _claim(piece.claim, answer, names) for piece in one.pieces) for one in group
        )
        tag = {"paragraph": "p", "heading": "h4"}.get(kind, "li")
        rendered = "".join(f'<{tag} dir="auto">{row}</{tag}>' for row in rows)
        html.append(f"<{_LISTS[kind]}>{rendered}</{_LISTS[kind]}>" if kind in _LISTS else rendered)
    return "".join(html)


def _lead(lead: str) -> str:
    return re.sub(r"\s*\n\s*", "<br>", _text(lead))


def _claim(claim: Claim, answer: Answer, names: Mapping[int, str]) -> str:
    said = MODEL.renderInline(carried(claim.text)) if answer.answerer == "model" else _text(claim.text)
    verdict = claim.judgement.verdict
    marked = f'<span class="said">{said}</span>{_markers(claim.citations, names)}'
    if verdict == "supported":
        return marked
    why = "; ".join(claim.judgement.reasons)
    reason = f' <span class="reason">{_aside(why)}</span>' if why else ""
    return f'<span class="{verdict}">{marked} <span class="verdict">{VERDICTS[verdict]}</span>{reason}</span>'


def _markers(numbers: Sequence[int], names: Mapping[int, str]) -> str:
    marks = "".join(
        f'<a href="#fn-{names[number]}" title="Footnote {number}">[{number}]</a>'
        if number in names
        else f"[{number}: {LOST}]"
        for number in numbers
    )
    return f"<sup>{marks}</sup>" if marks else ""


def _disagreements(answer: Answer, names: Mapping[int, str]) -> str:
    return "".join(
        f'<p class="notice"><strong>The sources disagree:</strong> {_aside(one.about)} '
        f"{_markers(one.citations, names)}</p>"
        for one in answer.disagreements
    )


def _abstention(answer: Answer) -> str:
    if not is_abstention(answer):
        return ""
    why = f"<p>{_aside(why_abstained(answer))}</p>" if why_abstained(answer) else ""
    return f'<p class="abstained">{ABSTAINED}.</p>{why}<p>{looked(answer, _aside)}</p>'


def _nearest(answer: Answer) -> str:
    if not (is_abstention(answer) and answer.searched.nearest):
        return ""
    items = "".join(
        f'<li><span class="number">{one.number}</span>{_source(one)}</li>' for one in answer.searched.nearest
    )
    return f'<h3>Nearest passages, cited by nothing</h3><ol class="notes">{items}</ol>'


def _footnote(note: Footnote, *, is_cited: bool) -> str:
    number = str(note.citation.number)
    if is_cited:
        number = f'<a href="#ref-{note.name}" title="Back to the sentence">{number}</a>'
    told = _source(note.citation)
    if note.earlier:
        where = f'<a href="#fn-{note.earlier.name}">written out under question {note.earlier.question}</a>'
        told = f'<p class="origin">{_origin(note.citation)} · {where}</p>'
    return f'<li id="fn-{note.name}"><span class="number">{number}</span>{told}</li>'


def _source(citation: Citation) -> str:
    document = citation.document
    url = f" · <bdi>{_text(document.url)}</bdi>" if document.url else ""
    copies = f'<p class="state">{told}</p>' if (told := also(citation, _aside)) else ""
    return (
        f'<blockquote dir="auto">{_text(citation.quote)}</blockquote><p class="origin">{_origin(citation)}</p>{copies}'
        f'<p class="state">{_aside(document.source)}, characters {citation.span.start}–{citation.span.end}{url}</p>'
        f'<p class="state">SHA-256 <span class="hash">{document.hash}</span></p>'
    )


def _origin(citation: Citation) -> str:
    return " · ".join((f'<bdi class="title">{_text(title(citation))}</bdi>', *origin(citation, _aside)))


def _text(raw: str) -> str:
    return escape(carried(raw))


def _aside(raw: str) -> str:
    """Return raw as a part of a line that it cannot turn around, whatever its direction."""
    return f"<bdi>{_text(raw)}</bdi>"


def _clean(html: str) -> str:
    return nh3.clean(
        html, tags=_TAGS, attributes=_ATTRIBUTES, attribute_filter=_only_footnotes, url_schemes=set(), link_rel=None
    )


def _only_footnotes(tag: str, attribute: str, value: str) -> str | None:
    return value if attribute != "href" or _LINK.fullmatch(value) else None
