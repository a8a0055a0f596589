"""Questions to begin with, made from what the documents report and kept only if they can be answered."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice

from assistant.names import same_name
from assistant.pipeline import Assistant
from assistant.reported import Reported, reported
from assistant.types import Answer
from assistant.wording import content_of, holds, words_of
from vectorstore.errors import UserError
from vectorstore.types import Filters

WANTED = 4
TRIED = 8  # questions asked at most
PATIENCE = 2.0  # seconds after which no further question is asked: the page is waited for
READ = 30  # documents that are read for them


def examples(assistant: Assistant, patience: float = PATIENCE, *, filters: Filters | None = None) -> tuple[str, ...]:
    """Return up to WANTED questions that assistant answers with supported sentences, in a fixed order.

    They are made and answered under the filters. Those quoted in most documents come first; no two questions share
    their speaker or the name they ask about. No further question is tried when `patience` seconds would not suffice.
    There are none when the documents report nobody's words.

    A chat model is not asked: every question would have to be paid for. Without a fallback that answers in its place,
    its examples are what the documents report, unasked.
    """
    library, filters = assistant.library, filters or Filters()
    read = [(document, library.sentences(document.id)) for document in islice(library.documents(filters), READ)]
    found: list[Reported] = []
    pool = (one for one in reported(read) if one.is_name and not any(_are_alike(one, other) for other in found))
    trial = on_trial(assistant)
    for one in pool if trial is None else (one for one, _ in answered(pool, trial, patience, filters)):
        found.append(one)
        if len(found) == WANTED:
            break
    return tuple(one.question for one in found)


def _are_alike(one: Reported, other: Reported) -> bool:
    return same_name(one.speaker, other.speaker) or same_name(one.about, other.about)


def on_trial(assistant: Assistant) -> Assistant | None:
    """Return the assistant with which questions are tried at no cost, None if there is none."""
    if assistant.answerer.kind == "extractive":
        return assistant
    if assistant.fallback is None:
        return None
    return Assistant(
        assistant.library,
        assistant.retriever,
        answerer=assistant.fallback,
        verifier=assistant.verifier,
        passages=assistant.passages,
        longest_question=assistant.longest_question,
    )


def answered(
    candidates: Iterable[Reported], trial: Assistant, patience: float, filters: Filters | None = None
) -> Iterator[tuple[Reported, Answer]]:
    """Yield what trial answers completely, with supported sentences only, and with what the speaker says about it.

    At most TRIED questions are asked, and none that would not be answered within `patience` seconds if it took as long
    as the longest before it.
    """
    begun = now = time.monotonic()
    longest = 0.0
    for one in islice(candidates, TRIED):
        longest, now = max(longest, time.monotonic() - now), time.monotonic()
        if now + longest - begun >= patience:
            return
        try:
            answer = trial.ask(one.question, filters=filters)
        except UserError:
            return  # no question is better than no page
        about = content_of(one.about)
        is_found = any(
            same_name(each.speaker or "", one.speaker) and all(holds(words_of(each.quote), word) for word in about)
            for each in answer.citations
        )
        is_supported = all(claim.judgement.verdict == "supported" for claim in answer.claims)
        if answer.state == "complete" and is_found and is_supported:
            yield one, answer
