"""`footnote eval`: grade the assistant on a suite of cases; and `footnote` itself, with this command added."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from assistant import cli
from assistant.commands.configured import read_settings
from assistant.commands.index import index_paths
from assistant.commands.lines import write_json
from assistant.commands.options import AsJson
from evals.commands.codes import GRADE, NOT_JUDGED, EvalCommand, EvalGroup
from evals.commands.from_feedback import from_feedback
from evals.commands.new import new
from vectorstore.errors import UserError

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.settings import Settings
    from evals.agreement import Agreement
    from evals.cases import Suite
    from evals.types import Report
    from vectorstore.library import Library as OpenLibrary


def main() -> None:
    """Run `footnote` with the arguments of this process and end it."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code, as assistant.cli.run does."""
    return cli.run(arguments, application())


def application() -> typer.Typer:
    """Return all commands put together, `eval` among them."""
    app = cli.application()
    group = typer.Typer(cls=EvalGroup, help=cli.help_of(evaluate))
    group.command(GRADE, cls=EvalCommand, help=cli.help_of(evaluate))(evaluate)
    group.command("new", cls=EvalCommand, help=cli.help_of(new))(new)
    group.command("from-feedback", cls=EvalCommand, help=cli.help_of(from_feedback))(from_feedback)
    app.add_typer(group, name="eval")
    return app


def evaluate(
    context: typer.Context,
    suite: Annotated[
        Path | None, typer.Argument(metavar="SUITE", help="File of cases, JSONL or YAML.", show_default=False)
    ] = None,
    documents: Annotated[
        Path | None,
        typer.Option(
            "--documents",
            metavar="DIR",
            help="Folder of the documents; else the one that the suite names.",
            show_default=False,
        ),
    ] = None,
    gates: Annotated[
        Path | None,
        typer.Option(
            "--gates", metavar="FILE", help="Gates; else SUITE.gates.yaml beside the suite.", show_default=False
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="FILE", help="Compare with this earlier run.", show_default=False),
    ] = None,
    save_baseline: Annotated[
        Path | None,
        typer.Option("--save-baseline", metavar="FILE", help="Keep this run to compare with.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write the reports into this folder.", show_default=False),
    ] = None,
    library: Annotated[
        Path | None,
        typer.Option("--library", metavar="DIR", help="Library that holds the documents already.", show_default=False),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge", metavar="MODEL", help="Also ask this model, openai:…, of every claim.", show_default=False
        ),
    ] = None,
    cassette: Annotated[
        Path | None,
        typer.Option(
            "--cassette", metavar="FILE", help="Replies of --judge: replayed, and kept if new.", show_default=False
        ),
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option(
            "--benchmark", metavar="NAME", help="Run this benchmark, or “all”, instead of a suite.", show_default=False
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Folder of the benchmarks' data.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=1, help="Take N cases of each set, by chance.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Grade the answers to a suite of cases, and fail when they are not good enough.

    Ends with exit code 0 when every gate holds, 1 when one fails, 2 when the run could not be judged. Without
    --library, the documents are indexed into a temporary library first.

    Examples:
      footnote eval evals/suites/articles.jsonl
      footnote eval suite.jsonl --documents handbook/ --out report/
      footnote eval suite.jsonl --save-baseline baseline.json
      footnote eval suite.jsonl --baseline baseline.json
      footnote eval suite.jsonl --judge openai:gpt-5-mini --cassette judge.jsonl
      footnote eval --benchmark support --data data/
      footnote eval new suite.jsonl --documents handbook/     draft a suite; `footnote eval new --help`
      footnote eval from-feedback suite.jsonl                 draft cases from thumbs-down
    """
    from evals.cases import load_suite
    from evals.gates import Gates, gates_beside, read_gates
    from evals.reports.as_json import read_baseline

    if benchmark is not None and suite is None:
        raise typer.Exit(_run_benchmarks(benchmark, data, limit, as_json=as_json))
    if suite is None or benchmark is not None:
        found = "Neither SUITE nor --benchmark was" if suite is None else "Both SUITE and --benchmark were"
        raise UserError(f"{found} given; give a file of cases, or --benchmark NAME with --data DIR.")
    if cassette and not judge:
        raise UserError("A cassette keeps the replies of a model; name the model with --judge.")
    loaded = load_suite(suite, documents)
    beside = gates_beside(suite)
    demanded = read_gates(gates or beside) if gates or beside.exists() else Gates()
    earlier = read_baseline(baseline) if baseline else None
    with _library_of(loaded, library or context.obj) as settings:
        from assistant.open import open_assistant
        from evals.grade import grade

        assistant = open_assistant(settings)
        _expect_held(loaded, assistant.library)
        with _progress_bar() as on_progress:
            report = grade(loaded, assistant, demanded, baseline=earlier, on_progress=on_progress)
        agreement = _second_opinion(report, assistant, settings, judge, cassette) if judge else None
        _show(report, agreement, as_json=as_json)
    _keep(report, agreement, out, save_baseline)
    raise typer.Exit(report.exit_code)


def _run_benchmarks(name: str, data: Path | None, limit: int | None, *, as_json: bool) -> int:
    from evals.benchmarks.run import run_benchmarks, show

    with _progress_bar("measuring") as on_progress:
        measured = run_benchmarks(name, data, limit=limit, on_progress=on_progress)
    return show(measured, as_json=as_json)


def _second_opinion(
    report: "Report", assistant: "Assistant", settings: "Settings", model: str, cassette: Path | None
) -> "Agreement":
    """Return how far a model agrees with the verifier; it decides nothing."""
    from evals.agreement import compare_judges
    from evals.cassette import Cassette
    from evals.chat import Chat
    from evals.model_judge import ModelVerifier

    chat = Chat(settings.model_copy(update={"model": model}), Cassette(cassette) if cassette else None)
    second = ModelVerifier(chat)
    documents = assistant.library.documents()
    return compare_judges(report.judged, documents, assistant.verifier, second, name=second.name)


def _show(report: "Report", agreement: "Agreement | None", *, as_json: bool) -> None:
    from assistant.terminal import Terminal
    from evals.reports.agreement import agreement_json, show_agreement
    from evals.reports.as_json import report_json
    from evals.reports.terminal import show_report

    if as_json:
        write_json(report_json(report) | ({"judge": agreement_json(agreement)} if agreement else {}))
        return
    show_report(report, Terminal())
    if agreement:
        show_agreement(agreement, Terminal())


def _keep(report: "Report", agreement: "Agreement | None", out: Path | None, baseline: Path | None) -> None:
    from evals.reports.agreement import agreement_json
    from evals.reports.as_json import baseline_json, json_text
    from evals.reports.write import write_all, write_whole

    if out:
        write_all(report, out)
    if out and agreement:
        write_whole(out / "judge.json", json_text(agreement_json(agreement)))
    if baseline and report.exit_code == NOT_JUDGED:
        raise UserError(f"{baseline} was not written, because this run could not be judged; run it again.")
    if baseline:
        write_whole(baseline, json_text(baseline_json(report)))


@contextmanager
def _library_of(suite: "Suite", library: Path | None) -> Iterator["Settings"]:
    """Yield settings with a library that holds the documents of suite: the given one, or one that lasts until then."""
    if library:
        yield read_settings(library=library)
        return
    with TemporaryDirectory(prefix="footnote-eval-") as folder:
        settings = read_settings(library=Path(folder) / "library")
        for skipped in index_paths(suite.documents, settings).skipped:
            typer.echo(f"skipped {skipped.source}: {skipped.reason}, {skipped.detail}", err=True)
        yield settings


def _expect_held(suite: "Suite", library: "OpenLibrary") -> None:
    """Make sure that the library holds the documents as the suite quotes them.

    Raises:
        UserError: if a quote of the suite is not where it should be, or a document is there that it holds back.
    """
    from evals.evidence import file_name

    texts: dict[str, list[str]] = {}
    for document in library.documents():
        texts.setdefault(file_name(document), []).append(document.text)
    if found := sorted(texts.keys() & set(suite.held_back)):
        raise UserError(f"{library.directory} holds {found[0]}, which the suite holds back; leave out --library.")
    for case in suite.cases:
        for gold in case.gold:
            if [gold.span.of(text) for text in texts.get(gold.document, [])] != [gold.quote]:
                raise UserError(
                    f"{library.directory} does not hold {gold.document} as case {case.id} quotes it; "
                    f"run `footnote index` on the documents of the suite, or leave out --library."
                )


@contextmanager
def _progress_bar(doing: str = "asking") -> Iterator[Callable[[int, int], None]]:
    """Show on stderr how many cases are done; nothing where there is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from assistant.terminal import Terminal

    terminal = Terminal(stderr=True)
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bars:
        task = bars.add_task(doing, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
