"""How far a benchmark is, told one case at a time."""

from collections.abc import Callable

from evals.benchmarks.table import OnProgress

Step = Callable[[], None]


def no_step() -> None:
    """Tell nobody."""


def steps(total: int, on_progress: OnProgress | None) -> Step:
    """Return what to call after each of total cases; on_progress, if any, is told how many are done."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if on_progress:
            on_progress(done, total)

    return step
