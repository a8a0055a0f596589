"""An answer as safe HTML: pure functions from what the pipeline yields to what the chat shows.

Nothing a document, a model or a person wrote gets into the chat unescaped, and whatever these functions put
together passes one allow-list at the end (safe.py).
"""

import re
from collections.abc import Sequence
from html import escape
from itertools import groupby

from assistant.blocks import Kind, blocks
from assistant.history import Begun, Exchange
from assistant.types import Answer, Citation, Claim, VerdictName
from assistant.web.cards import abstention_html, disagreements_html, error_html, nothing_html, notice_html
from assistant.web.desk import Work
from assistant.web.growing import Growing
from assistant.web.safe import clean, inline_markdown
from assistant.web.sources import chip_html, newest, sources_html
from assistant.web.words import Words

_LISTS: dict[Kind, str] = {"bullet": "ul", "number": "ol"}

# The word carries the meaning; the sign and the colour only repeat it.
_SIGNS: dict[VerdictName, str] = {
    "supported": "✓",
    "partly_supported": "◐",
    "unsupported": "✕",
    "uncited": "○",
    "unchecked": "–",
}


def question_html(question: str, turn: int, words: Words) -> str:
    """Return what a person asked, plain text, every character of it, and the button to change it."""
    edit = f'<button type="button" class="act edit">{escape(words("action.edit"))}</button>'
    return clean(f'<h2 class="question" id="q-{turn}" dir="auto">{escape(question)}</h2>{edit}')


def status_html(text: str) -> str:
    """Return one line that says what is going on before anything is written."""
    return clean(f'<p class="status">{escape(text)}</p>')


def growing_html(answer: Growing, turn: int, words: Words, *, markdown: bool) -> str:
    """Return an answer that is still being written; unverified text reads as such."""
    draft = (
        f'<p class="draft" dir="auto">{escape(answer.unverified.strip())}'
        f' <span class="verdict">{escape(words("draft.label"))}</span></p>'
        if answer.unverified.strip()
        else ""
    )
    body = _body(answer.text, answer.claims, answer.citations, turn, words, markdown=markdown)
    folded = (
        f'<details class="sources"><summary>{escape(words("sources.title"))}</summary>'
        f"{sources_html(answer.citations, turn, words)}</details>"
        if answer.citations
        else ""
    )
    return clean(f'<div class="answer writing">{body}{draft}{folded}</div>')


def exchange_html(exchange: Exchange, conversation: str, words: Words) -> str:
    """Return what became of a question: the answer, or the sentence that stands in its place, and what can be done.

    Its name on the page, t-CONVERSATION-NUMBER, is how the page's script knows what a button is about, and its second
    class, x-ID, tells an answer from the one that takes its place.
    """
    if exchange.answer:
        shown = answer_html(exchange.answer, exchange.number, words)
    else:
        shown = error_html(exchange.error or words("error.interrupted"), words)
    return _named(shown + _acts(exchange, words), Begun(conversation, exchange.number, exchange.id))


def work_html(work: Work, words: Words, *, markdown: bool) -> str:
    """Return an answer under way as far as it is, or as it ended."""
    begun = work.begun
    if work.ended:
        ended = Exchange(begun.number, work.question, work.filters, work.asked, work.answer, work.error, id=begun.id)
        return exchange_html(ended, begun.conversation, words)
    if work.stage == "writing":
        shown = growing_html(work.growing, begun.number, words, markdown=markdown)
    else:
        shown = status_html(words(f"status.{work.stage}"))
    return _named(shown, begun)


def _named(html: str, begun: Begun) -> str:
    name = f"t-{escape(begun.conversation)}-{begun.number}"
    return clean(f'<div class="exchange x-{escape(begun.id)}" id="{name}">{html}</div>')


def answer_html(answer: Answer, turn: int, words: Words) -> str:
    """Return a finished answer with its footnotes, its verdicts and, folded, its sources.

    `turn` numbers the answers of a conversation from 1, so that footnote 2 of the third answer is #s-3-2.
    """
    announced = f'<p class="unseen announced" id="a-{turn}">{escape(announcement(answer, words))}</p>'
    if not answer.claims:
        card = abstention_html(answer, turn, words) if answer.state == "abstained" else nothing_html(answer, words)
        return clean(announced + card)
    body = _body(answer.text, answer.claims, answer.citations, turn, words, markdown=answer.answerer == "model")
    return clean(
        f'<div class="answer">{announced}{body}'
        f"{disagreements_html(answer, turn, words)}{notice_html(answer, words)}{_folded(answer, turn, words)}</div>"
    )


def announcement(answer: Answer, words: Words) -> str:
    """Return the one sentence that a screen reader speaks when the answer is there."""
    if answer.state == "abstained":
        return words("abstained.title") + "."
    if not answer.claims:
        return answer.notice or words("stopped.early")
    documents = {citation.document.id for citation in answer.citations}
    return words(
        "announce.answer",
        sentences=words("units.sentences", count=len(answer.claims)),
        documents=words("units.documents", count=len(documents)),
    )


def summary(answer: Answer, words: Words) -> str:
    """Return how well the answer stands: "✓ 3 sentences, all supported by 2 documents · newest source 19 Aug 2025"."""
    verdicts = [claim.judgement.verdict for claim in answer.claims]
    documents = {citation.document.id for citation in answer.citations}
    sentences = words("units.sentences", count=len(verdicts))
    sources = words("units.documents", count=len(documents))
    if set(verdicts) == {"supported"} and answer.answerer == "extractive":
        parts = ["✓ " + words("summary.quoted", sentences=sentences, documents=sources)]  # it is no more than that
    elif set(verdicts) == {"supported"}:
        key = "summary.one_supported" if len(verdicts) == 1 else "summary.all_supported"
        parts = ["✓ " + words(key, sentences=sentences, documents=sources)]
    else:
        tally = (
            f"{sign} " + words(f"tally.{name}", count=verdicts.count(name))
            for name, sign in _SIGNS.items()
            if name in verdicts
        )
        parts = [words("summary.mixed", sentences=sentences, tally=", ".join(tally)), sources]
    if day := newest(answer.citations):
        parts.append(words("summary.newest" if len(documents) > 1 else "summary.dated", date=words.date(day)))
    return " · ".join(parts)


def _body(
    text: str, claims: Sequence[Claim], citations: Sequence[Citation], turn: int, words: Words, *, markdown: bool
) -> str:
    """Return paragraphs, headings and lists."""
    sources = {citation.number: citation for citation in citations}
    mixed = any(claim.judgement.verdict != "supported" for claim in claims)
    html = []
    for kind, group in groupby(blocks(text, claims), key=lambda block: block.kind):
        rows = (
            "".join(
                _lead(piece.lead) + _claim(piece.claim, sources, turn, words, markdown=markdown, mixed=mixed)
                for piece in block.pieces
            )
            for block in group
        )
        tag = {"paragraph": "p", "heading": "h4"}.get(kind, "li")
        rendered = "".join(f'<{tag} dir="auto">{row}</{tag}>' for row in rows)
        html.append(f"<{_LISTS[kind]}>{rendered}</{_LISTS[kind]}>" if kind in _LISTS else rendered)
    return "".join(html)


def _lead(lead: str) -> str:
    return re.sub(r"\s*\n\s*", "<br>", escape(lead))


def _claim(claim: Claim, sources: dict[int, Citation], turn: int, words: Words, *, markdown: bool, mixed: bool) -> str:
    """Return one sentence with its numbers and its verdict; where every verdict is the same good one, none is said."""
    said = inline_markdown(claim.text) if markdown else escape(claim.text)
    cited = [sources[number] for number in claim.citations if number in sources]
    chips = f"<sup>{''.join(chip_html(citation, turn, words) for citation in cited)}</sup>" if cited else ""
    verdict = claim.judgement.verdict
    label = f'<span class="verdict">{_SIGNS[verdict]} {escape(words(f"verdict.{verdict}"))}</span>' if mixed else ""
    why = "" if verdict == "supported" else "; ".join(claim.judgement.reasons)
    reason = f'<span class="reason" dir="auto">{escape(why)}</span>' if why else ""
    return f'<span class="claim {verdict}"><span class="said">{said}</span>{chips} {label}{reason}</span>'


def _folded(answer: Answer, turn: int, words: Words) -> str:
    """Return how the answer stands and, folded, what it cites, what else was looked at, and who wrote it."""
    made = f'<p class="how">{escape(_how(answer, words))}</p>'
    line = escape(summary(answer, words))
    if not answer.citations:
        return f'<p class="summary">{line}</p>{made}'
    cited = [(one.document.id, one.span) for one in answer.citations]
    also = [
        one
        for one in answer.searched.nearest
        if not any(one.document.id == document and one.span.covers(span) for document, span in cited)
    ]
    looked_at = (
        f'<details class="also"><summary>{escape(words("sources.also"))}</summary>'
        f"{sources_html(also, turn, words, 'n')}</details>"
        if also
        else ""
    )
    return (
        f'<details class="sources"><summary>{line}</summary>{sources_html(answer.citations, turn, words)}'
        f"{looked_at}{made}</details>"
    )


def _how(answer: Answer, words: Words) -> str:
    if answer.answerer == "extractive":
        return words("how.extractive")
    return words("how.model", model=answer.model) if answer.model else words("how.unnamed_model")


def _acts(exchange: Exchange, words: Words) -> str:
    """Return what can be done with an answer."""
    kinds = ["copy", "again", "good", "bad"] if exchange.answer and exchange.answer.text else ["retry"]
    buttons = "".join(
        f'<button type="button" class="act {kind}">{escape(words(f"action.{kind}"))}</button>' for kind in kinds
    )
    return f'<div class="acts">{buttons}</div>'
