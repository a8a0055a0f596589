"""How far two judges of the same claims agree: Cohen's kappa with its interval, and where they do not."""

from collections.abc import Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from assistant.types import Evidence, Judgement
from assistant.verify import Verifier
from evals.evidence import Reader, Reading
from evals.meta import judge_the_judge
from evals.statistics import LEVEL, RESAMPLES, Interval, seed_of
from evals.types import Case, Judged
from vectorstore.types import Document

AT_ONCE = 8  # claims that are judged at the same time: most of it is waiting for a model


@dataclass(frozen=True, slots=True)
class Compared:
    """One claim, and what both judges say of it by the same sentences."""

    case: str
    claim: str
    first: Judgement
    second: Judgement

    @property
    def agrees(self) -> bool:
        """Whether both say that it is supported, or both that it is not wholly."""
        return (self.first.verdict == "supported") == (self.second.verdict == "supported")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What came of comparing: `compared` claims that both judged, `not_judged` that the second could not.

    `kappa` is None when it is undefined: fewer than two claims, or both judges say one and the same of all.
    """

    judge: str
    compared: tuple[Compared, ...]
    not_judged: int
    kappa: float | None
    interval: Interval | None

    @property
    def agreed(self) -> int:
        """How many claims both call supported, or neither."""
        return sum(one.agrees for one in self.compared)


def compare_judges(
    judged: Sequence[Judged],
    documents: Iterable[Document],
    verifier: Verifier,
    second: Verifier,
    *,
    name: str,
) -> Agreement:
    """Return how far a second judge agrees with the verifier on all claims of a run, each with what it cites.

    They are those of the answers, and those of the reference answers and wrong answers of the cases. A claim that
    occurs twice with the same sentences is judged once.

    Raises:
        UserError: as the second judge does.
    """
    pairs = _claims(judged, tuple(documents), verifier)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = list(pool.map(lambda pair: second.judge(pair.claim, pair.evidence), pairs))
    compared = [
        Compared(pair.case, pair.claim, pair.judgement, judgement) for pair, judgement in zip(pairs, said, strict=True)
    ]
    both = tuple(one for one in compared if one.second.verdict != "unchecked")
    supported = [(one.first.verdict == "supported", one.second.verdict == "supported") for one in both]
    kappa = cohen_kappa(supported)
    seed = seed_of("kappa", name, *(one.claim for one in both))
    interval = None if kappa is None else _interval(supported, [one.case for one in both], seed=seed)
    return Agreement(name, both, len(compared) - len(both), kappa, interval)


def cohen_kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Return how far two judges agree beyond chance: 1 always, 0 as chance would; None where chance agrees always.

    Source: Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20, 1960.
    """
    count = len(pairs)
    if count < 2:
        return None
    observed = sum(one == other for one, other in pairs) / count
    first, second = sum(one for one, _ in pairs) / count, sum(other for _, other in pairs) / count
    expected = first * second + (1 - first) * (1 - second)
    return None if expected == 1 else (observed - expected) / (1 - expected)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claim as the verifier judged it; `case` says where it was first met."""

    case: str
    claim: str
    evidence: tuple[Evidence, ...]
    judgement: Judgement


class _Recorder:
    """A verifier that remembers what it was asked."""

    def __init__(self, verifier: Verifier) -> None:
        self.asked: list[tuple[str, tuple[Evidence, ...], Judgement]] = []
        self._verifier = verifier

    def judge(self, claim: str, evidence: Sequence[Evidence]) -> Judgement:
        """Judge as the verifier does."""
        judgement = self._verifier.judge(claim, evidence)
        self.asked.append((claim, tuple(evidence), judgement))
        return judgement


def _claims(judged: Sequence[Judged], documents: Sequence[Document], verifier: Verifier) -> list[_Claim]:
    found: dict[Hashable, _Claim] = {}
    reader = Reader()
    for one in judged:
        case: Case = one.outcome.case
        recorder = _Recorder(verifier)
        if one.outcome.answer is not None:
            reading = Reading(one.outcome, recorder, reader)
            for claim in reading.claims:
                if evidence := reading.cited(claim.citations):
                    recorder.judge(claim.text, evidence)
        judge_the_judge([case], documents, recorder)
        for text, sentences, judgement in recorder.asked:
            key = text, tuple((sentence.document.id, sentence.sentence.span) for sentence in sentences)
            found.setdefault(key, _Claim(case.id, text, sentences, judgement))
    return list(found.values())


def _interval(pairs: Sequence[tuple[bool, bool]], clusters: Sequence[Hashable], *, seed: int) -> Interval | None:
    """Return the percentile interval of kappa over resampled cases; samples in which it is undefined are left out.

    Source: as evals.statistics.bootstrap, which can only do means.
    """
    import numpy as np

    by_cluster: dict[Hashable, list[tuple[bool, bool]]] = {}
    for pair, cluster in zip(pairs, clusters, strict=True):
        by_cluster.setdefault(cluster, []).append(pair)
    groups = list(by_cluster.values())
    if len(groups) < 2:
        return None
    drawn = np.random.RandomState(seed).randint(len(groups), size=(RESAMPLES, len(groups)))
    found = [cohen_kappa([pair for place in row for pair in groups[place]]) for row in drawn.tolist()]
    defined = [kappa for kappa in found if kappa is not None]
    if not defined:
        return None
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
