"""`footnote eval from-feedback`: make draft cases of the answers that people marked as bad."""

from pathlib import Path
from typing import Annotated

import typer

from assistant.commands.configured import read_settings
from assistant.commands.lines import write_json
from assistant.commands.options import AsJson, Library


def from_feedback(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="Suite to write or to add to, .jsonl or .yaml.", show_default=False)
    ],
    library: Library = None,
    as_json: AsJson = False,
) -> None:
    """Turn answers that people marked as bad into draft cases.

    What OUT holds already is left alone, so the command can be run again whenever there is new feedback.

    Examples:
      footnote eval from-feedback complaints.jsonl
      footnote eval from-feedback complaints.yaml --library /srv/news
    """
    from assistant.feedback import FeedbackStore
    from evals.cases import load_suite
    from evals.draft.sources import folders_of
    from evals.draft.writing import append_cases, case_json, expect_suite_name, header_json, write_suite
    from evals.feedback import case_of, id_of
    from evals.reports.phrases import count
    from vectorstore.library import Library as OpenLibrary

    expect_suite_name(out)
    opened = OpenLibrary.open(read_settings(library=library).library)
    store = FeedbackStore(opened.directory)
    complaints = [one for one in store.all() if one.vote == "down"]
    held = {case.id for case in load_suite(out).cases} if out.exists() else set()
    fresh = [one for one in complaints if id_of(one) not in held]
    if fresh:
        documents = tuple(opened.documents())
        cases = [case_json(case_of(one, documents)) for one in fresh]
        if out.exists():
            append_cases(out, cases)
        else:
            write_suite(out, [header_json(out, folders_of(opened)), *cases])
    if as_json:
        write_json({"suite": str(out), "thumbs_down": len(complaints), "added": len(fresh)})
    elif not complaints:
        typer.echo(f"Nobody has marked an answer from {opened.directory} as bad, so there is nothing to draft.")
    else:
        known = len(complaints) - len(fresh)
        typer.echo(
            f"{out}: {count(len(fresh), 'draft case')} added from {len(complaints)} thumbs-down; "
            f"{known} were in it already."
        )
