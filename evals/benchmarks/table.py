"""What a benchmark returns: one table with its figures, what it could not measure, and what others published."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, its 95 % interval if it has one, and over how many cases it was taken."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None


Cell = str | int | Figure | None


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of one benchmark.

    Every row has as many cells as there are columns. `settings` say with what it was measured (model, thresholds,
    seed, sample), `published` are figures of others to read beside it, each with its source, `skipped` names what was
    absent or left out, with how many cases where that is known.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    settings: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


class Measure(Protocol):
    """A benchmark: reads its own folder below `data` and returns its table.

    `limit` bounds how many cases of each set are taken (a seeded sample), for a quick look; None takes all. What is
    absent is named in `Table.skipped`; a benchmark all of whose data is absent returns a table without rows.
    """

    def __call__(self, data: Path, *, limit: int | None = None, on_progress: OnProgress | None = None) -> Table:
        """Return the table; on_progress, if any, is told how many cases are done and how many there are."""


def markdown(table: Table) -> str:
    """Return the table as Markdown, its settings, published figures and what was skipped as lists below it."""
    lines = [f"### {table.title}", ""]
    if table.rows:
        lines += [_row(table.columns), _row(["---"] * len(table.columns))]
        lines += [_row([_cell(cell) for cell in row]) for row in table.rows]
    for name, notes in (("", table.settings), ("Published: ", table.published), ("Skipped: ", table.skipped)):
        lines += ["", *(f"- {name}{note}" for note in notes)] if notes else []
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if not isinstance(cell, Figure):
        return str(cell)
    count = f" n={cell.n}" if cell.n is not None else ""
    if cell.low is None or cell.high is None:
        return f"{cell.value:.3f}{count}"
    to = "–" if cell.low >= 0 else " to "  # a dash before a minus cannot be read
    return f"{cell.value:.3f} ({cell.low:.3f}{to}{cell.high:.3f}){count}"
