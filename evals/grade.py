"""From a suite to a report: ask, judge, measure, compare, gate."""

import time
from collections.abc import Callable, Mapping
from importlib.metadata import version

from assistant.pipeline import Assistant
from assistant.verify import Verifier
from evals.cases import Suite
from evals.compare import compare, lost
from evals.gates import Gates, judge_gates
from evals.meta import judge_the_judge
from evals.reports.as_json import Recorded
from evals.run import is_twin, judge_all, measure, run, timings
from evals.types import Report


def grade(
    suite: Suite,
    assistant: Assistant,
    gates: Gates,
    *,
    verifier: Verifier | None = None,
    baseline: Mapping[str, Recorded] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Return the report of an assistant on a suite whose documents its library holds.

    `verifier` measures the answers; without one it is the assistant's own. `on_progress` is told how many cases are
    done, and of how many.

    Raises:
        UserError: if a gold quote is in none of the library's documents, or gates name what the run does not measure.
    """
    verifier = verifier or assistant.verifier
    clock = _Clock()
    meta = judge_the_judge(suite.cases, assistant.library.documents(), verifier)
    clock.lap("judge_the_judge")
    outcomes = run(suite, assistant, on_progress=on_progress)
    clock.lap("run")
    judged = tuple(one for one in judge_all(outcomes, verifier) if not is_twin(one.outcome.case))
    clock.lap("judge")
    measures = measure(judged, suite.name)
    comparison = None if baseline is None else compare(judged, baseline)
    gone = () if baseline is None else lost(judged, baseline)
    results, exit_code = judge_gates(gates, judged, measures, comparison=comparison, lost=gone)
    clock.lap("measure")
    return Report(
        suite=suite.name,
        settings=_settings(assistant),
        judged=judged,
        measures=measures,
        gates=results,
        meta=meta,
        comparison=comparison,
        exit_code=exit_code,
        timings_ms=(*clock.laps, *timings(outcomes)),
    )


def _settings(assistant: Assistant) -> tuple[tuple[str, str], ...]:
    """Return what was graded; nothing that differs from machine to machine."""
    library, answerer = assistant.library.manifest(), assistant.answerer
    return (
        ("footnote", version("footnote")),
        ("answerer", answerer.kind),
        ("model", answerer.model or "none"),
        ("prompt", answerer.prompt or "none"),
        ("embedding", library.embedder),
        ("documents", str(library.documents)),
        ("passages", str(library.passages)),
        ("passage_tokens", str(library.passage_tokens)),
        ("passages_read", str(assistant.passages)),
    )


class _Clock:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self.laps: list[tuple[str, float]] = []
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps.append((stage, round((now - self._last) * 1000, 1)))
        self._last = now
