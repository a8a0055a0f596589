"""A conversation as Markdown that any program renders alike: no HTML, no links, no footnote syntax.

Footnotes are numbered by hand, as on the page: programs that know [^1] count anew, and the others show it as it is.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from assistant.blocks import blocks
from assistant.exports.literal import code, literal, quotation, written
from assistant.exports.parts import (
    EN,
    LEGEND,
    LOST,
    UNANSWERED,
    VERDICTS,
    Footnote,
    also,
    asked,
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

_MARKS = {"paragraph": "", "bullet": "- ", "heading": "#### "}


def export_markdown(conversation: Conversation, exchanges: Sequence[Exchange]) -> str:
    """Return a conversation as Markdown; each answer is followed by its footnotes.

    What documents, people and models wrote comes out of any renderer as they wrote it and makes no markup, but for
    the emphasis and the code in a model's sentences. A line end within a quotation is a hard break.
    """
    parts = [f"# {literal(heading(conversation, exchanges))}", line(conversation, exchanges)]
    for exchange, notes in zip(exchanges, footnotes(exchanges), strict=True):
        parts += _exchange(exchange, notes)
    return "\n\n".join([*parts, "---", LEGEND]) + "\n"


def _exchange(exchange: Exchange, notes: Sequence[Footnote]) -> Iterator[str]:
    yield f"## {exchange.number}. {literal(exchange.question)}"
    yield asked(exchange, literal)
    if exchange.answer:
        yield from _answer(exchange.answer, notes)
    if exchange.error:
        yield f"**That did not work:** {literal(exchange.error)}"
    elif not exchange.answer:
        yield UNANSWERED


def _answer(answer: Answer, notes: Sequence[Footnote]) -> Iterator[str]:
    known = {note.citation.number for note in notes}
    if is_abstention(answer):
        yield f"**{ABSTAINED}.** {literal(why_abstained(answer))}".rstrip()
    yield from _body(answer, known)
    for one in answer.disagreements:
        yield f"**The sources disagree:** {literal(one.about)}{_markers(one.citations, known)}"
    if told := notice(answer):
        yield f"**{told[0]}** {literal(told[1])}".rstrip()
    if answer.claims:
        yield f"{summary(answer, EN)}. {how(answer, literal)}"
    if notes:
        yield "### Footnotes"
        for note in notes:
            yield from _footnote(note)
    if is_abstention(answer):
        yield looked(answer, literal)
        if answer.searched.nearest:
            yield "### Nearest passages, cited by nothing"
            for citation in answer.searched.nearest:
                yield from _source(citation)


def _body(answer: Answer, known: set[int]) -> Iterator[str]:
    """Yield the paragraphs and headings of an answer one by one, and each list whole."""
    for kind, group in groupby(blocks(answer.text, answer.claims), key=lambda block: block.kind):
        rows = []
        for number, block in enumerate(group, start=1):
            mark = f"{number}. " if kind == "number" else _MARKS[kind]
            said = "".join(_lead(piece.lead) + _claim(piece.claim, answer, known) for piece in block.pieces)
            rows.append(mark + said.replace("\n", "\n" + " " * len(mark)))
        if kind in {"paragraph", "heading"}:
            yield from rows
        else:
            yield "\n".join(rows)


def _lead(lead: str) -> str:
    """Return what stands before a sentence; only here does a line end become a line end."""
    text = lead.strip()
    before = lead[: len(lead) - len(lead.lstrip())]
    after = " " if text and lead[-1:].isspace() else ""
    return ("\\\n" if "\n" in before else " " if before else "") + literal(text) + after


def _claim(claim: Claim, answer: Answer, known: set[int]) -> str:
    said = written(claim.text) if answer.answerer == "model" else literal(claim.text)
    verdict = claim.judgement.verdict
    marked = said + _markers(claim.citations, known)
    if verdict == "supported":
        return marked
    why = "; ".join(claim.judgement.reasons)
    return f"{marked} (**{VERDICTS[verdict]}**{f': {literal(why)}' if why else ''})"


def _markers(numbers: Sequence[int], known: set[int]) -> str:
    marks = (f"[{number}]" if number in known else f"[{number}: {LOST}]" for number in numbers)
    return f" {''.join(marks)}" if numbers else ""


def _footnote(note: Footnote) -> Iterator[str]:
    if note.earlier is None:
        yield from _source(note.citation)
    else:
        yield f"{_title(note.citation)} · written out under question {note.earlier.question}"


def _source(citation: Citation) -> Iterator[str]:
    document = citation.document
    where = f"{code(document.source)}, characters {citation.span.start}–{citation.span.end}"
    url = f" · {code(document.url)}" if document.url else ""
    yield _title(citation)
    yield quotation(citation.quote)
    yield f"{where}{url} · SHA-256 {code(document.hash)}"
    if copies := also(citation, literal):
        yield copies


def _title(citation: Citation) -> str:
    return " · ".join((f"[{citation.number}] **{literal(title(citation))}**", *origin(citation, literal)))
