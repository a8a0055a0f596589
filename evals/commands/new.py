"""`footnote eval new`: draft a suite of cases from the documents themselves, for a person to confirm."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands.configured import read_settings
from assistant.commands.index import index_paths
from assistant.commands.lines import write_json
from assistant.commands.options import AsJson
from vectorstore.errors import UserError

if TYPE_CHECKING:
    from assistant.settings import Settings
    from evals.draft.suite import DraftedSuite
    from evals.draft.wording import Rewording


def new(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Suite to write, .jsonl or .yaml.", show_default=False)],
    documents: Annotated[
        Path | None,
        typer.Option(
            "--documents",
            metavar="DIR",
            help="Folder of the documents; else those of the library.",
            show_default=False,
        ),
    ] = None,
    cases: Annotated[int, typer.Option("--cases", metavar="N", min=1, max=1000, help="Most cases to draft.")] = 20,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another seed draws other cases.")] = 0,
    library: Annotated[
        Path | None,
        typer.Option(
            "--library",
            metavar="DIR",
            help="Library of the documents; else FOOTNOTE_LIBRARY, else .footnote",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draft a suite of cases from the documents themselves.

    Every case is marked as a draft until a person has read it and deletes the mark. Some documents are held back: the
    suite asks for what only they say, and expects no answer.

    Examples:
      footnote eval new handbook.jsonl --documents handbook/
      footnote eval new news.yaml --library /srv/news --cases 40
    """
    from evals.draft.writing import case_json, expect_suite_name, header_json, write_suite

    expect_suite_name(path)
    if path.exists():
        raise UserError(f"{path} exists; name a file that does not, or delete it.")
    if documents and not documents.is_dir():
        raise UserError(f"There is no folder {documents}; name the one that holds the documents.")
    with _library_of(documents, library or context.obj) as settings:
        from assistant.open import open_assistant
        from evals.draft.sources import folders_of
        from evals.draft.suite import draft

        assistant = open_assistant(settings.model_copy(update={"model": None}))  # to draft needs no answers
        reword = _rewording(settings) if settings.model else None
        drafted = draft(assistant, cases=cases, seed=seed, reword=reword)
        folders = (documents,) if documents else folders_of(assistant.library)
    if not drafted.cases:
        raise UserError("No sentence of the documents could be made into a question; write the cases by hand.")
    write_suite(path, [header_json(path, folders, drafted.held_back), *map(case_json, drafted.cases)])
    summary = _summary(drafted, path)
    if as_json:
        write_json(summary)
    else:
        _show(drafted, path, reword)


def _rewording(settings: "Settings") -> "Rewording":
    from evals.chat import Chat
    from evals.draft.wording import Rewording

    return Rewording(Chat(settings))


@contextmanager
def _library_of(documents: Path | None, library: Path | None) -> Iterator["Settings"]:
    """Yield settings with the library to draft from: the given one, or one of these documents that lasts until then."""
    if documents is None:
        yield read_settings(library=library)
        return
    with TemporaryDirectory(prefix="footnote-eval-") as folder:
        settings = read_settings(library=Path(folder) / "library")
        for skipped in index_paths([documents], settings).skipped:
            typer.echo(f"skipped {skipped.source}: {skipped.reason}, {skipped.detail}", err=True)
        yield settings


def _summary(drafted: "DraftedSuite", path: Path) -> dict[str, object]:
    return {
        "suite": str(path),
        "cases": len(drafted.cases),
        "categories": _by_category(drafted),
        "held_back": list(drafted.held_back),
        "found": dict(drafted.found),
        "unused": drafted.unused,
        "dropped": dict(drafted.dropped),
    }


def _by_category(drafted: "DraftedSuite") -> dict[str, int]:
    categories = [case.category for case in drafted.cases]
    return {category: categories.count(category) for category in sorted(set(categories))}


def _show(drafted: "DraftedSuite", path: Path, reword: "Rewording | None") -> None:
    from evals.reports.phrases import count

    typer.echo(f"{path}: {count(len(drafted.cases), 'draft case')}")
    for category, many in _by_category(drafted).items():
        typer.echo(f"  {many:4} {category}")
    found = sum(many for _, many in drafted.found)
    kinds = ", ".join(f"{many} {kind.replace('_', ' ')}" for kind, many in drafted.found)
    typer.echo(f"Questions found: {found} ({kinds}); {drafted.unused} not used.")
    for reason, many in drafted.dropped:
        typer.echo(f"Dropped {many}: {reason}.")
    if drafted.held_back:
        typer.echo(f"Held back: {', '.join(drafted.held_back)}.")
    if reword:
        typer.echo(f"The model worded {reword.reworded} questions better; {reword.kept} stay as they were drafted.")
        if reword.failure:
            typer.echo(f"The model was not asked again: {reword.failure}")
    typer.echo("Read each case, mend it, and delete its “draft” mark; until then `footnote eval` counts it as a draft.")
