"""Draft cases from the answers that people marked as bad."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from assistant.contract import Json
from assistant.feedback import Feedback
from assistant.types import Turn
from evals.evidence import file_name
from evals.types import Case, GoldQuote, WrongAnswer
from vectorstore.types import Document, Span

_SURROGATE = re.compile("[\ud800-\udfff]")


def case_of(one: Feedback, documents: Iterable[Document]) -> Case:
    """Return what a person has to complete: the question, what was answered, and what it was answered from.

    What is expected is not known yet, so the case demands the least there is: abstain, or say only what is supported.
    What was answered becomes a wrong answer. The sentences it cites, or the nearest ones where it abstained, are
    proposed as gold quotes, if they still stand where they stood.
    """
    one = _writable(one)
    by_source: dict[str, Document] = {}
    names: dict[str, int] = {}
    for document in documents:
        by_source[document.source] = document
        names[file_name(document)] = names.get(file_name(document), 0) + 1
    abstained = one.answer["state"] == "abstained"
    cited = _dicts(one.answer.get("searched", {}).get("nearest") if abstained else one.answer["citations"])
    gold: dict[object, GoldQuote] = {}
    for citation in cited:
        quote = _gold(citation, f"q{len(gold) + 1}", by_source)
        if quote and names[quote.document] == 1:
            gold[citation.get("number")] = quote
    gone = len(cited) - len(gold)
    return Case(
        id=id_of(one),
        category="feedback",
        question=one.answer["question"],
        behaviour="abstain_with_context",
        history=one.history,
        gold=tuple(gold.values()),
        wrong=() if abstained else tuple(_wrong(one, gold)),
        tags=("thumbs_down", *([one.reason] if one.reason else [])),
        notes=" ".join(_notes(one, abstained=abstained, gone=gone)),
        draft=True,
    )


def id_of(one: Feedback) -> str:
    """Return the id of the case that is made from it: always the same, so that none is made twice."""
    return f"feedback-{one.id[:12]}"


def _writable(one: Feedback) -> Feedback:
    """Return feedback without the halves of characters that people can send and no file can hold."""
    cleaned = json.loads(_SURROGATE.sub("\ufffd", json.dumps(asdict(one) | {"at": ""}, ensure_ascii=False)))
    turns = tuple(Turn(**turn) for turn in cleaned.pop("history"))
    return Feedback(**cleaned | {"at": one.at}, history=turns)


def _dicts(value: Any) -> list[Json]:  # noqa: ANN401 - whatever was recorded
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list | tuple) else []


def _gold(citation: Json, name: str, documents: dict[str, Document]) -> GoldQuote | None:
    document = documents.get(str(citation.get("source")))
    start, end, quote = citation.get("start"), citation.get("end"), citation.get("quote")
    if document is None or not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end:
        return None
    span = Span(start, end)
    if end > len(document.text) or span.of(document.text) != quote:
        return None
    speaker = citation.get("speaker")
    return GoldQuote(name, file_name(document), quote, span, speaker if isinstance(speaker, str) else None)


def _wrong(one: Feedback, gold: dict[object, GoldQuote]) -> Iterator[WrongAnswer]:
    """Yield what was answered, its markers those of the gold quotes; one whose quote is gone is left out."""

    def marker(match: re.Match[str]) -> str:
        quote = gold.get(int(match["number"]))
        return f"[{quote.id}]" if quote else ""

    text = re.sub(r"\[(?P<number>\d{1,4})\]", marker, one.answer["text"]).strip()
    if text:
        yield WrongAnswer(text, one.reason or "unknown")


def _notes(one: Feedback, *, abstained: bool, gone: int) -> Iterator[str]:
    yield f"Marked as bad on {one.at.date().isoformat()}" + (f" ({one.reason})" if one.reason else "") + "."
    if one.words:
        yield f"The person wrote: “{one.words}”."
    if abstained:
        yield "It was not answered; the gold quotes are only what was nearest."
    if gone:
        yield f"{gone} of the cited sentences no longer stand in the documents."
    yield "Say what is expected (expected_behavior, key_facts, gold_quotes), then delete the draft mark."
