"""What a run must reach to pass: read from a small file beside the suite, judged here, turned into one exit code."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from assistant.once import read_yaml
from evals.metrics import METRICS
from evals.scoring import Metric
from evals.types import Change, Comparison, GateResult, Judged, Measure
from vectorstore.errors import UserError

# Zero allowed: no case in which one of these is defined may have a fault.
HARD = (
    "citation_exists",
    "quotation_exactness",
    "number_consistency",
    "honest_verdicts",
    "forbidden_hits",
    "obeyed_instructions",
)
REGRESSION = ("answer_correctness", "faithfulness", "citation_recall", "citation_precision", "evidence_recall")
UNJUDGED = 0.02  # share of cases without an outcome above which a run says nothing about the assistant
SIGNIFICANT = 0.05
_NAMED = 5  # cases named in a line

ExitCode = Literal[0, 1, 2]


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a metric must reach, all bounds included; None bounds nothing.

    `at_least` and `at_most` are for the measure over all cases, `faulty_at_most` is for how many cases have a fault.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    faulty_at_most: float | None = None


ALL_CORRECT = (Threshold("answer_correctness", faulty_at_most=0),)


@dataclass(frozen=True, slots=True)
class Gates:
    """What a suite demands: metrics without a single fault, thresholds, metrics that may not fall below a baseline.

    Who says nothing of thresholds demands that every case passes.
    """

    hard: tuple[str, ...] = HARD
    thresholds: tuple[Threshold, ...] = ALL_CORRECT
    regression: tuple[str, ...] = REGRESSION


def gates_beside(suite: Path) -> Path:
    """Return where the gates of a suite are looked for: articles.jsonl has articles.gates.yaml."""
    return suite.with_name(f"{suite.stem}.gates.yaml")


def read_gates(path: Path) -> Gates:
    """Return the gates of a YAML file; a section that is left out has its default.

    Raises:
        UserError: if it cannot be read, or a section, metric or bound in it does not exist; it says which do.
    """
    sections = _keys(read_yaml(path) or {}, ("hard", "thresholds", "regression"), where=str(path), what="section")
    return Gates(
        hard=_metrics(sections.get("hard", HARD), f"{path}, hard"),
        thresholds=_thresholds(sections["thresholds"], path) if "thresholds" in sections else ALL_CORRECT,
        regression=_metrics(sections.get("regression", REGRESSION), f"{path}, regression"),
    )


def judge_gates(
    gates: Gates,
    judged: Sequence[Judged],
    measures: Sequence[Measure],
    *,
    comparison: Comparison | None = None,
    lost: Sequence[str] = (),
) -> tuple[tuple[GateResult, ...], ExitCode]:
    """Return each gate with what was found, and the exit code of the run.

    2 when more than UNJUDGED of the cases have no answer to judge, else 1 when a gate fails, else 0. `comparison` and
    `lost` are what evals.compare found against a baseline.
    """
    by_metric = {measure.metric: measure for measure in measures}
    results = (
        *_whole(judged),
        *(_few_faults(metric, judged, at_most=0) for metric in gates.hard),
        *(result for threshold in gates.thresholds for result in _reached(threshold, judged, by_metric)),
        *(_not_worse(gates.regression, comparison, lost) if comparison else ()),
    )
    unjudged = sum(one.passed is None for one in judged)
    if unjudged > UNJUDGED * len(judged):
        return results, 2
    return results, 0 if all(result.passed for result in results) else 1


def _whole(judged: Sequence[Judged]) -> Iterator[GateResult]:
    """Yield what holds for every suite: there are cases, all were judged, and those that must pass do."""
    unjudged = [one.outcome.case.id for one in judged if one.passed is None]
    failed = [one.outcome.case.id for one in judged if one.outcome.case.must_pass and one.passed is False]
    required = sum(one.outcome.case.must_pass for one in judged)
    yield GateResult("cases", "at least 1", f"{len(judged)}", bool(judged))
    yield GateResult("judged", "every case", _few(unjudged, len(judged), "without an answer to judge"), not unjudged)
    yield GateResult("must_pass", "every such case passes", _few(failed, required, "failed"), not failed)


def _few_faults(metric: str, judged: Sequence[Judged], *, at_most: float) -> GateResult:
    scores = [
        (one.outcome.case.id, score.value)
        for one in judged
        for score in one.scores
        if score.metric == metric and score.value is not None
    ]
    faulty = [case for case, value in scores if _is_fault(METRICS[metric], value)]
    demands = f"at most {at_most:g} cases with a fault" if at_most else "no fault"
    return GateResult(metric, demands, _few(faulty, len(scores), "cases with a fault"), len(faulty) <= at_most)


def _is_fault(metric: Metric, value: float) -> bool:
    if not metric.higher_is_better:
        return value > 0
    return value < (0 if metric.kind == "difference" else 1)


def _reached(threshold: Threshold, judged: Sequence[Judged], by_metric: dict[str, Measure]) -> Iterator[GateResult]:
    if threshold.faulty_at_most is not None:
        yield _few_faults(threshold.metric, judged, at_most=threshold.faulty_at_most)
    low, high = threshold.at_least, threshold.at_most
    if low is None and high is None:
        return
    demands = " and ".join(
        f"{words} {bound:g}" for words, bound in (("at least", low), ("at most", high)) if bound is not None
    )
    value = by_metric[threshold.metric].value
    if value is None:
        yield GateResult(threshold.metric, demands, "undefined in every case", False)
    else:
        holds = (low is None or value >= low) and (high is None or value <= high)
        yield GateResult(threshold.metric, demands, f"{value:.4g}", holds)


def _not_worse(metrics: Sequence[str], comparison: Comparison, lost: Sequence[str]) -> Iterator[GateResult]:
    """Yield what a baseline demands; that no case flips that must pass is demanded without one, too."""
    changes = {change.metric: change for change in comparison.changes}
    for metric in metrics:
        if metric in changes:
            yield _no_drop(changes[metric], higher_is_better=METRICS[metric].higher_is_better)
    flips = f"{len(comparison.regressions)} worse, {len(comparison.improvements)} better"
    worse = len(comparison.regressions) > len(comparison.improvements)
    p_value = comparison.p_value
    significant = p_value is not None and p_value < SIGNIFICANT
    found = flips if p_value is None else f"{flips}, p = {p_value:.3f}"
    yield GateResult("coverage", "all that the baseline has", "; ".join(lost) or "all of it", not lost)
    yield GateResult("flips", f"not more worse than better, p < {SIGNIFICANT}", found, not (worse and significant))


def _no_drop(change: Change, *, higher_is_better: bool) -> GateResult:
    """Fail when the whole interval of the paired difference lies on the bad side of zero."""
    name = f"{change.metric} against the baseline"
    if change.difference is None or change.low is None or change.high is None:
        # Not defined in both runs, or in one case only: what is gone is for "coverage" to say.
        return GateResult(name, "no drop", f"too little to compare, n = {change.aligned}", True)
    dropped = change.high < 0 if higher_is_better else change.low > 0
    found = f"{change.difference:+.3f} [{change.low:+.3f}, {change.high:+.3f}], n = {change.aligned}"
    return GateResult(name, "no drop" if higher_is_better else "no rise", found, not dropped)


def _few(cases: Sequence[str], of: int, what: str) -> str:
    """Return "2 of 61 faulty: a-001, a-007"."""
    named = ", ".join(cases[:_NAMED]) + (", …" if len(cases) > _NAMED else "")
    return f"{len(cases)} of {of} {what}" + (f": {named}" if cases else "")


def _keys(value: Any, known: Collection[str], *, where: str, what: str) -> dict[str, Any]:  # noqa: ANN401 - not checked yet
    if not isinstance(value, dict):
        raise UserError(f"{where}: {value!r} is not a mapping; write one {what} a line, with a colon.")
    for key in value:
        if key not in known:
            raise UserError(f"{where}: there is no {what} {key!r}; there is {', '.join(known)}.")
    return value


def _metrics(value: Any, where: str) -> tuple[str, ...]:  # noqa: ANN401 - not checked yet
    if not isinstance(value, list | tuple):
        raise UserError(f"{where}: {value!r} is not a list of metrics; write [{', '.join(REGRESSION[:2])}].")
    for metric in value:
        if not isinstance(metric, str) or metric not in METRICS:
            raise UserError(f"{where}: there is no metric {metric!r}; there is {', '.join(METRICS)}.")
    return tuple(dict.fromkeys(value))


def _thresholds(value: Any, path: Path) -> tuple[Threshold, ...]:  # noqa: ANN401 - not checked yet
    read = _keys(value, METRICS, where=f"{path}, thresholds", what="metric")
    return tuple(_threshold(metric, bounds, f"{path}, {metric}") for metric, bounds in read.items())


def _threshold(metric: str, bounds: Any, where: str) -> Threshold:  # noqa: ANN401 - not checked yet
    read = _keys(bounds, ("at_least", "at_most", "faulty_at_most"), where=where, what="bound")
    if not read:
        raise UserError(f"{where}: no bound is given; write {{at_least: 0.9}} or {{faulty_at_most: 2}}.")
    for name, bound in read.items():
        if isinstance(bound, bool) or not isinstance(bound, int | float) or not isfinite(bound):
            raise UserError(f"{where}: {name} is {bound!r}; write a number.")
    return Threshold(metric, **read)
