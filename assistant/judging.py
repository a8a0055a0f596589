"""From a draft to a judged one: its verdict, and which citations it keeps or is given.

A sentence may cite only what bears it out, not what resembles it.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TypeAlias

from assistant.support import shared
from assistant.types import Draft, Evidence, Judgement
from assistant.verify import Verifier
from assistant.wording import content_of

TRIED = 3  # the sentences that share most with a claim that cites nothing
SHARE = 0.5  # of its content words that a sentence must hold to be asked about

Judged: TypeAlias = tuple[Draft, Judgement]

_log = logging.getLogger(__name__)


def judged(draft: Draft, evidence: Sequence[Evidence], verifier: Verifier) -> Judged:
    """Return draft and the verifier's judgement of it; evidence is all that was found.

    A sentence without a citation is given one if a sentence that was found bears it out by itself; a supported one
    loses those that have no part in that. A claim with an invented id is never plainly supported. A verifier that
    fails leaves a claim unchecked, never unsaid.
    """
    try:
        if not draft.evidence and (found := supporting(draft.text, evidence, verifier)):
            draft = replace(draft, evidence=(found,))
        return _judged(draft, verifier)
    except Exception:  # noqa: BLE001 - whatever is wrong with the verifier, the sentence is shown as not checked
        _log.exception("the verifier failed")
        return draft, Judgement("unchecked", None, ("check: the verifier failed, see the log",))


def _judged(draft: Draft, verifier: Verifier) -> Judged:
    reasons = tuple(f"citation: {one} was never shown" for one in draft.invented)
    if draft.unlinked:
        reasons = (*reasons, "link: an address was left out")
    if not draft.evidence:
        return draft, Judgement("uncited", None, (*reasons, "citation: the sentence cites nothing"))
    judgement = verifier.judge(draft.text, draft.evidence)
    if judgement.verdict == "supported":
        draft = replace(draft, evidence=needed(draft.text, draft.evidence, verifier))
    verdict = "partly_supported" if judgement.verdict == "supported" and draft.invented else judgement.verdict
    return draft, Judgement(verdict, judgement.score, (*reasons, *judgement.reasons))


def supporting(claim: str, evidence: Sequence[Evidence], verifier: Verifier) -> Evidence | None:
    """Return the first of the nearest sentences by which the verifier calls claim supported."""
    least = SHARE * len(content_of(claim))
    held = sorted(((len(shared(claim, one)), one) for one in evidence), key=lambda pair: -pair[0])
    near = [one for count, one in held[:TRIED] if count and count >= least]
    return next((one for one in near if _is_supported(claim, [one], verifier)), None)


def needed(claim: str, cited: Sequence[Evidence], verifier: Verifier) -> tuple[Evidence, ...]:
    """Return what a supported claim cites, without what neither bears it out alone nor is missed by the others.

    That is what ALCE (Gao et al., 2023) calls an irrelevant citation.
    """

    @cache  # of two citations, each is what the other one leaves
    def is_supported(by: tuple[Evidence, ...]) -> bool:
        return _is_supported(claim, by, verifier)

    kept = tuple(cited)
    for one in cited:
        others = tuple(other for other in kept if other is not one)
        if others and not is_supported((one,)) and is_supported(others):
            kept = others
    return kept


def _is_supported(claim: str, evidence: Sequence[Evidence], verifier: Verifier) -> bool:
    return verifier.judge(claim, evidence).verdict == "supported"
