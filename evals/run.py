"""The same pipeline as everywhere, graded: ask every case, judge every answer, measure over all of them."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from math import fsum
from typing import TYPE_CHECKING

from assistant.pipeline import Assistant
from assistant.types import Finished, Retrieved
from assistant.verify import Verifier
from evals.evidence import Reader, Reading
from evals.judge import judge, wrongly_said
from evals.metrics import METRICS
from evals.scoring import Metric
from evals.statistics import Interval, bootstrap, percentile, seed_of, wilson
from evals.types import Case, Judged, Measure, Outcome, Score
from vectorstore.errors import UserError
from vectorstore.types import Hit

if TYPE_CHECKING:
    from evals.cases import Suite

DIGITS = 6  # of a measure; the last digits of a mean depend on the processor, and reports are compared byte by byte
_STANDALONE = ":standalone"


def run(
    suite: "Suite", assistant: Assistant, *, on_progress: Callable[[int, int], None] | None = None
) -> tuple[Outcome, ...]:
    """Ask every case and return what became of each, in the order of the suite.

    Right after a case that has a `standalone` question comes its twin, which asks that without the history; see
    is_twin. A question that the library or a model's server fails to answer has an `error`, also where sentences of the
    documents took the model's place; any other exception is a fault of ours and comes through. `on_progress` is told
    how many questions are done, and of how many.
    """
    cases = tuple(one for case in suite.cases for one in (case, *_twins(case)))
    told = on_progress or (lambda done, of: None)

    async def outcomes() -> tuple[Outcome, ...]:
        found = []
        for done, case in enumerate(cases):
            told(done, len(cases))
            found.append(await _ask(case, assistant))
        told(len(cases), len(cases))
        return tuple(found)

    return asyncio.run(outcomes())


def is_twin(case: Case) -> bool:
    """Return whether a case is another one's question asked without history, only there to be compared with it.

    It is judged but has no scores, and no measure counts it.
    """
    return case.id.endswith(_STANDALONE)


def judge_all(outcomes: Sequence[Outcome], verifier: Verifier) -> tuple[Judged, ...]:
    """Return each outcome with its verdict, faults and the scores of all METRICS, in the same order.

    An outcome without an answer is neither passed nor failed, and every score of it is undefined. So is one whose
    answer broke off ("partial") before it said all that it must, unless it is wrong in what it did say: a reader has
    seen that, and no failure of a server excuses an invented number or an obeyed instruction.
    """
    outcomes = [_settled(outcome) for outcome in outcomes]
    reader = Reader()
    twins = {outcome.case.id: outcome for outcome in outcomes if is_twin(outcome.case)}
    return tuple(_judged(outcome, twins.get(outcome.case.id + _STANDALONE), verifier, reader) for outcome in outcomes)


def measure(judged: Sequence[Judged], suite: str = "") -> tuple[Measure, ...]:
    """Return all METRICS over the cases, in that order; where a metric is undefined, it is left out, not zero.

    A count is a sum and has no interval. A mean whose scores are all 0 or 1 has Wilson's, any other the bootstrap's;
    a conversation is one unit in both. Chance comes from the name of the suite, the metric and the ids of its cases.
    """
    cases = [one for one in judged if not is_twin(one.outcome.case)]
    return tuple(_measure(metric, cases, suite) for metric in METRICS.values())


def timings(outcomes: Sequence[Outcome]) -> tuple[tuple[str, float], ...]:
    """Return what differs from run to run: milliseconds by stage at the 50th and 95th percentile, and tokens in all.

    Names are "total p50", "retrieve p95", "prompt_tokens", "completion_tokens"; nothing without an answer.
    """
    answers = [outcome.answer for outcome in outcomes if outcome.answer]
    spent: dict[str, list[float]] = {}
    for answer in answers:
        for stage, milliseconds in answer.timings_ms:
            spent.setdefault(stage, []).append(milliseconds)
    found = [
        (f"{stage} {name}", percentile(values, share))
        for stage, values in spent.items()
        for name, share in (("p50", 0.5), ("p95", 0.95))
    ]
    if answers:
        found.append(("prompt_tokens", float(sum(answer.usage.prompt_tokens for answer in answers))))
        found.append(("completion_tokens", float(sum(answer.usage.completion_tokens for answer in answers))))
    return tuple(found)


def _twins(case: Case) -> tuple[Case, ...]:
    if case.standalone is None:
        return ()
    twin = replace(case, id=case.id + _STANDALONE, question=case.standalone, history=(), must_pass=False)
    return (replace(twin, standalone=None),)


async def _ask(case: Case, assistant: Assistant) -> Outcome:
    hits: tuple[Hit, ...] = ()
    try:
        async with aclosing(assistant.stream(case.question, case.history)) as events:
            async for event in events:
                if isinstance(event, Retrieved):
                    hits = event.hits
                elif isinstance(event, Finished):
                    answer = event.answer
                    if answer.state == "error" or (answer.model and answer.answerer == "extractive"):
                        return Outcome(case, None, hits, answer.notice or answer.text or "the answerer failed")
                    return Outcome(case, answer, hits)
    except UserError as error:
        return Outcome(case, None, hits, str(error))
    raise RuntimeError("a stream ends with Finished")


def _settled(outcome: Outcome) -> Outcome:
    """Return an outcome without its answer if that broke off and lacks something, but says nothing wrong."""
    case, answer = outcome.case, outcome.answer
    if answer is None or answer.state != "partial" or wrongly_said(case, answer) or not judge(case, answer):
        return outcome
    return replace(outcome, answer=None, error=answer.notice or "the answer broke off")


def _judged(outcome: Outcome, twin: Outcome | None, verifier: Verifier, reader: Reader) -> Judged:
    if outcome.answer is None:
        fault = outcome.error or "there is no answer"
        scores = () if is_twin(outcome.case) else tuple(Score(name, None, (fault,)) for name in METRICS)
        return Judged(outcome, scores, None, (fault,))
    faults = judge(outcome.case, outcome.answer)
    if is_twin(outcome.case):
        return Judged(outcome, (), not faults, faults)
    reading = Reading(outcome, verifier, reader, standalone=twin)
    return Judged(outcome, tuple(metric.score(reading) for metric in METRICS.values()), not faults, faults)


def _measure(metric: Metric, judged: Sequence[Judged], suite: str) -> Measure:
    scored = [
        (one.outcome.case, score.value)
        for one in judged
        for score in one.scores
        if score.metric == metric.name and score.value is not None
    ]
    values = [value for _, value in scored]
    is_count = metric.kind == "count"
    total = fsum(values)
    interval = None if is_count or not values else _interval(metric, scored, suite)
    return Measure(
        metric=metric.name,
        value=round(total if is_count else total / len(values), DIGITS) if values else None,
        low=round(interval.low, DIGITS) if interval else None,
        high=round(interval.high, DIGITS) if interval else None,
        scored=len(values),
        cases=len(judged),
        kind="count" if is_count else "mean",
        higher_is_better=metric.higher_is_better,
    )


def _interval(metric: Metric, scored: Sequence[tuple[Case, float]], suite: str) -> Interval | None:
    values = [value for _, value in scored]
    units = [case.conversation or f"case {case.id}" for case, _ in scored]
    if metric.kind == "share" and set(values) <= {0.0, 1.0}:
        # Turns of one conversation are taken as one observation: the interval is rather too wide than too narrow.
        return wilson(fsum(values) / len(values), len(set(units)))
    return bootstrap(values, units, seed=seed_of(suite, metric.name, *(case.id for case, _ in scored)))
