"""The words and numbers that every report for people shares, so that no two of them can disagree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from evals.types import Change, Comparison, GateResult, Judged, Measure, MetaResult, Report

UNDEFINED = "–"

CaseState: TypeAlias = Literal["failed", "unjudged", "passed"]
Flip: TypeAlias = Literal["regressed", "improved"]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many cases passed, failed, and could not be judged."""

    passed: int
    failed: int
    unjudged: int

    @property
    def cases(self) -> int:
        """All of them."""
        return self.passed + self.failed + self.unjudged


def verdict(report: Report) -> str:
    """Return how the run ended, as its exit code has it: "passed", "failed: 2 gates", "could not be judged"."""
    if report.exit_code == 0:
        return "passed"
    if report.exit_code == 2:
        unjudged = tally(report).unjudged
        return "could not be judged" + (f": {count(unjudged, 'case')} without an answer" if unjudged else "")
    broken = sum(not gate.passed for gate in report.gates)
    return "failed" + (f": {count(broken, 'gate')}" if broken else "")


def tally(report: Report) -> Tally:
    """Return how many cases ended how."""
    states = [state_of(judged) for judged in report.judged]
    return Tally(states.count("passed"), states.count("failed"), states.count("unjudged"))


def tally_line(report: Report) -> str:
    """Return "61 of 64 cases passed, 2 failed, 1 could not be judged; 12 of 64 cases are drafts nobody confirmed"."""
    counted = tally(report)
    line = f"{counted.passed} of {count(counted.cases, 'case')} passed, {counted.failed} failed"
    line += f", {counted.unjudged} could not be judged" if counted.unjudged else ""
    drafts = sum(judged.outcome.case.draft for judged in report.judged)
    many = "is a draft" if drafts == 1 else "are drafts"
    return line + (f"; {drafts} of {count(counted.cases, 'case')} {many} nobody confirmed" if drafts else "")


def meta_line(meta: MetaResult) -> str:
    """Return how the judge itself did."""
    if not meta.references and not meta.wrong:
        return "no case has a reference answer or a wrong one"
    line = (
        f"{meta.references_passed} of {count(meta.references, 'reference answer')} pass, "
        f"{meta.wrong_caught} of {count(meta.wrong, 'wrong answer')} are caught"
    )
    return line + (f", {meta.found_by_name} of {meta.named} by the very rule for their error" if meta.named else "")


def holding_line(gates: Sequence[GateResult]) -> str:
    """Return how many gates hold: "1 gate holds", "2 gates hold"."""
    holding = sum(gate.passed for gate in gates)
    return f"{count(holding, 'gate')} {'holds' if holding == 1 else 'hold'}"


def flips_line(comparison: Comparison) -> str:
    """Return "regressions 2, improvements 1, unchanged 61 (exact McNemar p = 1.000)"."""
    line = (
        f"regressions {len(comparison.regressions)}, improvements {len(comparison.improvements)}, "
        f"unchanged {comparison.unchanged}"
    )
    return line if comparison.p_value is None else f"{line} (exact McNemar p = {comparison.p_value:.3f})"


def state_of(judged: Judged) -> CaseState:
    """Return how a case ended."""
    return "unjudged" if judged.passed is None else "passed" if judged.passed else "failed"


def flips(report: Report) -> dict[str, Flip]:
    """Return, by case id, the cases that changed since the baseline."""
    if report.comparison is None:
        return {}
    regressed: dict[str, Flip] = dict.fromkeys(report.comparison.regressions, "regressed")
    return regressed | dict.fromkeys(report.comparison.improvements, "improved")


def changes(report: Report) -> dict[str, Change]:
    """Return, by metric, what changed since the baseline."""
    return {change.metric: change for change in report.comparison.changes} if report.comparison else {}


def number(value: float | None, *, signed: bool = False) -> str:
    """Return a value with three decimals, or as a whole number where it is one that no share can be."""
    if value is None:
        return UNDEFINED
    sign = "+" if signed else ""
    whole = abs(value) > 1 and value == int(value)
    return f"{value:{sign},.{0 if whole else 3}f}".replace("-", "−")


def value_of(measure: Measure) -> str:
    """Return a measure's value: a share with decimals, a count as a count."""
    if measure.kind == "count" and measure.value is not None and measure.value == int(measure.value):
        return f"{measure.value:,.0f}"
    return number(measure.value)


def difference(change: Change | None) -> str:
    """Return "−0.010 (−0.019 to −0.001)", "no change", or UNDEFINED where there is nothing to compare."""
    if change is None or change.difference is None:
        return UNDEFINED
    if change.difference == 0 and not change.low and not change.high:
        return "no change"
    around = f" ({interval(change.low, change.high, signed=True)})" if change.low is not None else ""
    return f"{number(change.difference, signed=True)}{around}"


def interval(low: float | None, high: float | None, *, signed: bool = False) -> str:
    """Return an interval: "0.902–0.951", and "−0.020 to +0.012" where it has a sign."""
    if low is None or high is None:
        return UNDEFINED
    return f"{number(low, signed=signed)}{' to ' if signed or low < 0 else '–'}{number(high, signed=signed)}"


def count(many: int, noun: str) -> str:
    """Return "1 gate" or "2 gates"."""
    return f"{many:,} {noun}{'' if many == 1 else 's'}"
