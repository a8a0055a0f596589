"""One case in the page: what was asked, what was answered and on what grounds, and what was expected."""

import re
from collections.abc import Iterator

from assistant.types import Answer, Citation, Claim, State, Turn, VerdictName
from assistant.web.sources import surroundings
from assistant.web.words import words_for
from evals.judge import matched
from evals.reports.markup import anchor, aside, fold, named, text
from evals.reports.phrases import CaseState, Flip, count, number, state_of
from evals.types import Behaviour, Case, Fact, Judged, Score

STATES: dict[CaseState, str] = {"failed": "✕ Failed", "unjudged": "! Not judged", "passed": "✓ Passed"}
FLIPS: dict[Flip, str] = {"regressed": "▼ Regressed", "improved": "▲ Improved"}

# As in the chat, where a supported claim is silent; here it has to speak up.
_VERDICTS: dict[VerdictName, str] = {
    "supported": "✓ Supported",
    "partly_supported": "◐ Partly supported",
    "unsupported": "✕ Not supported",
    "uncited": "○ No source",
    "unchecked": "– Not checked",
}
_EXPECTED: dict[Behaviour, str] = {
    "answer": "An answer.",
    "abstain": "That the documents do not say.",
    "correct_premise": "That what the question takes for granted is put right.",
    "abstain_with_context": "That the documents do not say, and what they do say instead.",
}
_EN = words_for(None, fixed="en")
_MARKERS = re.compile(r"^ ?(?:\[\d+\])+")  # what the pipeline writes after a cited claim
_ENDED: dict[State, str] = {
    "complete": "",
    "partial": "The answer is incomplete",
    "truncated": "The answer was cut short",
    "stopped": "The answer was stopped",
    "abstained": "The documents do not say",
    "error": "There is no answer",
}


def case_html(judged: Judged, flip: Flip | None, *, unfolded: bool) -> str:
    """Return a case, folded to its question or not."""
    case, state = judged.outcome.case, state_of(judged)
    notes = [aside(case.id), named(case.category), *(["must pass"] if case.must_pass else [])]
    changed = f' <span class="flip {flip}">{FLIPS[flip]}</span>' if flip else ""
    parts = [_why(judged), _history(case.history), *_answered(judged), _expected(judged), _scores(judged.scores)]
    return (
        f'<article class="case {state}" id="{anchor(case.id)}" data-state="{state}"'
        f' data-category="{text(case.category)}" data-flip="{flip or ""}"><details{" open" if unfolded else ""}>'
        f'<summary><span class="state">{STATES[state]}</span><h3 dir="auto">{text(case.question)}</h3>'
        f'<span class="notes">{" · ".join(notes)}{changed}</span></summary>'
        f'<div class="inside">{"".join(parts)}</div></details></article>'
    )


def _why(judged: Judged) -> str:
    """Return why a case did not pass."""
    if judged.passed:
        return ""
    reasons = judged.faults
    if judged.passed is None:
        reasons = (judged.outcome.error or "no answer, and no reason given", *reasons)
    items = "".join(f'<li dir="auto">{text(reason)}</li>' for reason in reasons)
    title = "Why it failed" if judged.passed is False else "Why it could not be judged"
    return f'<section class="why"><h4>{title}</h4><ul>{items}</ul></section>'


def _history(history: tuple[Turn, ...]) -> str:
    if not history:
        return ""
    who = {"user": "Asked before", "assistant": "Answered"}
    turns = "".join(f'<dt>{who[turn.role]}</dt><dd dir="auto">{text(turn.content)}</dd>' for turn in history)
    return f'<section class="history"><h4>Earlier in the conversation</h4><dl>{turns}</dl></section>'


def _answered(judged: Judged) -> Iterator[str]:
    """Yield the answer, then the passages it cites, or those that were nearest."""
    answer, name = judged.outcome.answer, anchor(judged.outcome.case.id)
    if answer is None:
        return
    ended = _ENDED[answer.state]
    notice = " ".join(part for part in (f"{ended}." if ended else "", answer.notice or "") if part)
    if answer.claims:
        said = f'<ol class="claims">{"".join(_said(answer, name))}</ol>'
    else:
        rest = answer.text.removeprefix(f"{ended}." if ended else "").strip()  # an abstention says so itself
        said = f'<p class="plain" dir="auto">{text(rest)}</p>' if rest else ""
    disagreements = "".join(
        f"<p>{_chips(one.citations, answer, name)} disagree about {aside(one.about)}.</p>"
        for one in answer.disagreements
    )
    told = f'<p class="notice">{text(notice)}</p>' if notice else ""
    yield f'<section class="answer"><h4>Answer</h4>{told}{said}{disagreements}{_how(answer)}</section>'
    if answer.citations:
        sources = "".join(_source(citation, f"{name}-s{citation.number}") for citation in answer.citations)
        yield f'<section class="sources"><h4>Sources</h4><ol>{sources}</ol></section>'
    if answer.searched.nearest:
        nearest = "".join(_source(citation, f"{name}-n{citation.number}") for citation in answer.searched.nearest)
        yield fold("Nearest passages", f"<ol>{nearest}</ol>", "sources")


def _said(answer: Answer, name: str) -> Iterator[str]:
    """Yield each claim with its verdict, and all that stands between claims and is neither space nor a marker."""
    written = 0
    for claim in answer.claims:
        yield _outside(answer.text[written : claim.span.start])
        yield _claim(claim, answer, name)
        written = claim.span.end
    yield _outside(answer.text[written:])


def _outside(between: str) -> str:
    rest = _MARKERS.sub("", between, count=1).strip()
    return f'<li class="outside" dir="auto">{text(rest)}</li>' if rest else ""


def _claim(claim: Claim, answer: Answer, name: str) -> str:
    judgement = claim.judgement
    score = f" <small>{number(judgement.score)}</small>" if judgement.score is not None else ""
    reasons = "".join(f'<li dir="auto">{text(reason)}</li>' for reason in judgement.reasons)
    return (
        f'<li class="claim {judgement.verdict}"><span class="verdict">{_VERDICTS[judgement.verdict]}{score}</span>'
        f'<div><p dir="auto"><span class="said">{text(claim.text)}</span>{_cited(claim, answer, name)}</p>'
        f"{f'<ul>{reasons}</ul>' if reasons else ''}</div></li>"
    )


def _cited(claim: Claim, answer: Answer, name: str) -> str:
    return f"<sup>{_chips(claim.citations, answer, name)}</sup>" if claim.citations else ""


def _chips(numbers: tuple[int, ...], answer: Answer, name: str) -> str:
    """Return links to sources; a number that has none is shown as what it is."""
    known = {citation.number for citation in answer.citations}
    return "".join(
        f'<a class="cite" href="#{name}-s{one}"><span class="unseen">Source </span>{one}</a>'
        if one in known
        else f'<span class="cite missing">{one}?</span>'
        for one in numbers
    )


def _how(answer: Answer) -> str:
    """Return who wrote the answer, and what was searched for."""
    quoted = "Quoted from the documents; searched" if answer.claims else "Searched"
    wrote = f"Written by {aside(answer.model)}; searched" if answer.model else quoted
    passages = count(answer.searched.passages, "passage")
    return f'<p class="how">{wrote} {passages} for “{aside(answer.searched.query)}”.</p>'


def _source(citation: Citation, name: str) -> str:
    """Return a passage: the quote marked, in what stands around it."""
    document = citation.document
    around = surroundings(document.text, citation.span)
    before = document.text[around.start : citation.span.start]
    after = document.text[citation.span.end : around.end]
    opening = "… " if document.text[: around.start].strip() else ""
    ending = " …" if document.text[around.end :].strip() else ""
    place = document.place(citation.span.start)
    where = [document.outlet, _EN.date(document.published) if document.published else None, place, document.source]
    told = " · ".join(aside(part) for part in where if part and part != document.title)
    said = f'<p class="where">Said by {aside(citation.speaker)}</p>' if citation.speaker else ""
    return (
        f'<li id="{name}" class="source"><span class="number">{citation.number}</span><div>'
        f'<p class="title" dir="auto">{text(document.title or document.source)}</p><p class="where">{told}</p>'
        f'<blockquote dir="auto">{opening}{_lines(before)}<mark>{text(citation.quote)}</mark>{_lines(after)}{ending}'
        f"</blockquote>{said}</div></li>"
    )


def _lines(around: str) -> str:
    """Return text that stands around a quote without its empty lines."""
    return text(re.sub(r"\s*\n\s*", "\n", around))


def _expected(judged: Judged) -> str:
    case, answer = judged.outcome.case, judged.outcome.answer
    facts = "".join(_fact(fact, answer) for fact in case.facts)
    listed = f'<ul class="facts">{facts}</ul>' if facts else ""
    return (
        f'<section class="expected"><h4>Expected</h4><p>{_EXPECTED[case.behaviour]}</p>{listed}{_gold(case)}</section>'
    )


def _fact(fact: Fact, answer: Answer | None) -> str:
    if answer is None:
        name, mark = "open", "– Not judged"
    elif matched(fact.any_of, answer):
        name, mark = "found", "✓ Said"
    else:
        name, mark = ("missing", "✕ Missing") if fact.required else ("open", "○ Not said, not required")
    return f'<li class="{name}"><span class="verdict">{mark}</span><span dir="auto">{text(fact.fact)}</span></li>'


def _gold(case: Case) -> str:
    """Return, folded, a right answer and the evidence that people marked."""
    reference = f'<p class="plain" dir="auto">{text(case.reference)}</p>' if case.reference else ""
    quotes = "".join(
        f'<li><span class="number">{text(gold.id)}</span><div><blockquote dir="auto">{text(gold.quote)}</blockquote>'
        f'<p class="where">{aside(gold.document)}{f", said by {aside(gold.speaker)}" if gold.speaker else ""}</p>'
        "</div></li>"
        for gold in case.gold
    )
    inside = f"{reference}{f'<ol>{quotes}</ol>' if quotes else ''}"
    return fold("A right answer and its evidence", inside, "sources") if inside else ""


def _scores(scores: tuple[Score, ...]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{named(score.metric)}</th><td>{number(score.value)}</td>'
        f'<td dir="auto">{text("; ".join(score.reasons))}</td></tr>'
        for score in scores
    )
    return fold(count(len(scores), "score"), f'<table class="scores"><tbody>{rows}</tbody></table>') if rows else ""
