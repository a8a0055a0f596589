"""Run one benchmark or all of them: `footnote eval --benchmark NAME --data DIR`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import typer

from assistant.commands.lines import write_json
from assistant.contract import Json
from evals.benchmarks.table import Cell, Figure, Measure, OnProgress, Table, markdown
from vectorstore.errors import UserError

BENCHMARKS = ("retrieval", "answers", "support", "followups", "speakers", "summaries")
ALL = "all"
NOT_MEASURED = 2


@dataclass(frozen=True, slots=True)
class Measured:
    """The table of one benchmark, by its name; without rows when its data is absent."""

    name: str
    table: Table


def run_benchmarks(
    name: str, data: Path | None, *, limit: int | None = None, on_progress: OnProgress | None = None
) -> tuple[Measured, ...]:
    """Measure the benchmark called name, or all of them, on the folders below data.

    Raises:
        UserError: if there is no such benchmark or no such folder.
    """
    if name not in (ALL, *BENCHMARKS):
        raise UserError(f"There is no benchmark {name!r}; take one of {', '.join(BENCHMARKS)}, or {ALL}.")
    if data is None or not data.is_dir():
        found = "no folder was given" if data is None else f"{data} is no folder"
        raise UserError(f"The benchmarks need data, but {found}; name the folder that holds it with --data.")
    measured = []
    for one in BENCHMARKS if name == ALL else (name,):
        measure: Measure = import_module(f"evals.benchmarks.{one}").measure
        measured.append(Measured(one, measure(data, limit=limit, on_progress=on_progress)))
    return tuple(measured)


def show(measured: Sequence[Measured], *, as_json: bool) -> int:
    """Print the tables, as Markdown or JSON, and on stderr what was not measured; return the exit code."""
    if as_json:
        write_json(benchmarks_json(measured))
    else:
        typer.echo("\n".join(markdown(one.table) for one in measured))
    absent = [one.name for one in measured if not one.table.rows]
    lacking = f"; without data: {', '.join(absent)}" if absent else ""
    typer.echo(f"{len(measured) - len(absent)} of {len(measured)} benchmarks measured{lacking}", err=True)
    return 0 if len(absent) < len(measured) else NOT_MEASURED


def benchmarks_json(measured: Sequence[Measured]) -> Json:
    """Return what `footnote eval --benchmark --json` prints; fields may be added, never renamed.

    A cell is a text, a whole number, null, or an object with value, low, high and n, of which the last three may be
    null.
    """
    return {
        "measured": [one.name for one in measured if one.table.rows],
        "absent": [one.name for one in measured if not one.table.rows],
        "benchmarks": [{"name": one.name, **_table_json(one.table)} for one in measured],
    }


def _table_json(table: Table) -> Json:
    return {
        "title": table.title,
        "columns": list(table.columns),
        "rows": [[_cell_json(cell) for cell in row] for row in table.rows],
        "settings": list(table.settings),
        "published": list(table.published),
        "skipped": list(table.skipped),
    }


def _cell_json(cell: Cell) -> object:
    return asdict(cell) if isinstance(cell, Figure) else cell
