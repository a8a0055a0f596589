"""Is a claim supported by the sentences it cites? The one verifier: what paints the badge is what evals gate on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.judges import Judges
from assistant.polarity import overstated
from assistant.rules import is_contained, is_verbatim, missing, nearest, unnamed, wrong
from assistant.support import Calibration, Support, calibration, overlap, windows_of
from assistant.types import Evidence, Judgement
from assistant.wording import claims_agreement, without_framing
from vectorstore.sentences import sentence_spans
from vectorstore.types import Span


class Verifier(Protocol):
    """Anything that can judge a claim; a trained model may take the rules' place."""

    def judge(self, claim: str, evidence: Sequence[Evidence]) -> Judgement:
        """Return the judgement of claim by the sentences it cites (at least one)."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One sentence of a claim beside one window of what it cites, before anything is decided.

    `broken` are the rules that it breaks; `held` is how much of its wording the window holds. `measures` are those of
    assistant.support, none where a rule is broken: there is nothing left to ask. `doubts` are the names and years that
    nothing around the window explains, `hedge` is how the source says it where the claim is surer, and `contained`
    tells that a cited sentence says it in these words.
    """

    broken: tuple[str, ...]
    held: float
    measures: tuple[float, ...] = ()
    doubts: tuple[str, ...] = ()
    hedge: str | None = None
    contained: bool = False


class CascadeVerifier:
    """Near-verbatim containment that accepts, then exact rules that can only reject, then the trained judge.

    Deterministic. The judge is asked only where no rule decides.
    """

    def __init__(self, judges: Judges) -> None:
        self._support = Support(judges)

    def judge(self, claim: str, evidence: Sequence[Evidence]) -> Judgement:
        """Return the judgement of claim by the sentences it cites; a claim on a long passage, by its best window.

        The score ranks: each supported claim is above each partly supported one, and that above the others.

        Raises:
            ValueError: if evidence is empty; a sentence without a citation is "uncited", which is not for us to say.
        """
        return decide(self.examine(claim, evidence), calibration())

    def examine(self, claim: str, evidence: Sequence[Evidence]) -> list[list[Examined]]:
        """Return each sentence of claim beside each window; nothing if the source says it in these words.

        A claim that sources agree is examined by each of them alone.

        Raises:
            ValueError: if evidence is empty.
        """
        if not evidence:
            raise ValueError("a claim is judged by at least one cited sentence")
        if is_verbatim(claim, evidence):
            return []
        said = without_framing(claim)
        spans = sentence_spans(said) or (Span(0, len(said)),)
        groups = _documents(evidence) if claims_agreement(claim) else [evidence]
        return [self._examine_sentence(span.of(said), group) for span in spans for group in groups]

    def _examine_sentence(self, claim: str, evidence: Sequence[Evidence]) -> list[Examined]:
        """Return a sentence beside each window.

        What a document is about it need not name in every sentence, and a passage without a title may not name at all:
        there a name or a year that is missing is a doubt for the judge to weigh, elsewhere it decides.
        """
        absent, doubts = tuple(missing(claim, evidence)), tuple(unnamed(claim, evidence))
        if any(one.document.title for one in evidence):
            absent, doubts = (*absent, *doubts), ()
        windows = windows_of(claim, evidence)
        broken = [tuple(dict.fromkeys((*absent, *wrong(claim, window)))) for window in windows]
        asked = [window for window, rules in zip(windows, broken, strict=True) if not rules]
        measured = iter(self._support.measure(claim, asked, doubts=len(doubts), sentences=len(evidence)))
        return [
            Examined(rules, overlap(claim, window))
            if rules
            else Examined(
                (), overlap(claim, window), next(measured), doubts, _hedge(claim, window), is_contained(claim, window)
            )
            for window, rules in zip(windows, broken, strict=True)
        ]


def open_verifier(judges: Judges) -> Verifier:
    """Return the verifier that the assistant, `footnote check` and the evals share."""
    return CascadeVerifier(judges)


def decide(examined: Sequence[Sequence[Examined]], by: Calibration) -> Judgement:
    """Return the judgement: of each sentence that by its best window, of the claim that of its worst sentence."""
    if not examined:
        return Judgement("supported", 1.0, ("verbatim: the source says it in these words",))
    judged = [max((_decided(one, by) for one in windows), key=_score) for windows in examined]
    return min(judged, key=_score)


def _decided(one: Examined, by: Calibration) -> Judgement:
    if one.broken:
        return Judgement("unsupported", round(0.98 * by.partly * one.held, 3), one.broken)
    score = round(by.score(one.measures), 3)
    if one.hedge and score >= by.partly:
        doubted = by.partly + 0.98 * (by.supported - by.partly) * score
        return Judgement("partly_supported", round(doubted, 3), (f"certainty: the source says “{one.hedge}”",))
    if one.contained:
        return Judgement("supported", max(score, 0.99), ("contained: a cited sentence says it in these words",))
    if score >= by.supported:
        return Judgement("supported", score)
    if by.refuted(one.measures):
        said = "says otherwise"
    else:
        said = "does not bear it out" if score < by.partly else "leaves some of it open"
    reasons = (*one.doubts, f"reading: the cited text {said}")
    return Judgement("partly_supported" if score >= by.partly else "unsupported", score, reasons)


def _score(judgement: Judgement) -> float:
    return judgement.score or 0.0


def _hedge(claim: str, window: Sequence[Evidence]) -> str | None:
    return overstated(claim, nearest(claim, window)[0].text)


def _documents(evidence: Sequence[Evidence]) -> list[Sequence[Evidence]]:
    """Return the evidence of each document by itself."""
    by_id: dict[str, list[Evidence]] = {}
    for one in evidence:
        by_id.setdefault(one.document.id, []).append(one)
    return list(by_id.values())
