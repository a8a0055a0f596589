"""A suite written to a file as a person would write it: a header, then a case a line (JSONL) or an item each (YAML)."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import yaml

from assistant.contract import Json
from evals.reports.write import write_whole
from evals.types import Case
from vectorstore.errors import UserError


def expect_suite_name(path: Path) -> None:
    """Make sure that a file name ends as that of a suite does.

    Raises:
        UserError: if not.
    """
    if path.suffix not in (".jsonl", ".yaml", ".yml"):
        raise UserError(f"{path.name} is no name for a suite; end it with .jsonl or .yaml.")


def header_json(path: Path, documents: Sequence[Path], held_back: Sequence[str] = ()) -> Json:
    """Return the header of a suite at path; the documents are named relative to it."""
    folders = [Path(os.path.relpath(folder.resolve(), path.resolve().parent)).as_posix() for folder in documents]
    header: Json = {"suite": path.stem, "documents": folders[0] if len(folders) == 1 else folders}
    return header | ({"held_back": list(held_back)} if held_back else {})


def case_json(case: Case) -> Json:
    """Return a case under the names of its fields in a file; what is empty is left out."""
    fields: Json = {
        "id": case.id,
        "draft": case.draft,
        "category": case.category,
        "question": case.question,
        "history": [{"role": turn.role, "content": turn.content} for turn in case.history],
        "expected_behavior": case.behaviour,
        "key_facts": [
            {
                "id": fact.id,
                "fact": fact.fact,
                "any_of": list(fact.any_of),
                "required": fact.required,
                "support": list(fact.support),
            }
            for fact in case.facts
        ],
        "gold_quotes": [
            {"id": gold.id, "doc": gold.document, "quote": gold.quote, "start": gold.span.start}
            | ({"speaker": gold.speaker} if gold.speaker else {})
            | ({"kind": gold.kind} if gold.kind != "text" else {})
            for gold in case.gold
        ],
        "gold_docs": list(case.documents),
        "min_docs_cited": case.min_documents,
        "forbidden": list(case.forbidden),
        "planted": list(case.planted),
        "reference_answer": case.reference,
        "bad_answers": [{"answer": wrong.answer, "error": wrong.error} for wrong in case.wrong],
        "must_pass": case.must_pass,
        "standalone": case.standalone,
        "conversation": case.conversation,
        "tags": list(case.tags),
        "notes": case.notes,
    }
    return {name: value for name, value in fields.items() if value}


def write_suite(path: Path, objects: Sequence[Json]) -> None:
    """Write the header and the cases of a suite, whole or not at all; what stood there is replaced.

    Raises:
        UserError: if the file cannot be written, or its name is not that of a suite.
    """
    expect_suite_name(path)
    write_whole(path, _written(path, objects))


def append_cases(path: Path, objects: Sequence[Json]) -> None:
    """Add cases to the end of a suite; what stands in it stays as it is, comments and all.

    Raises:
        UserError: if nothing can be added to the file by adding lines to it.
    """
    before = path.read_text("utf-8-sig")
    text = f"{before.rstrip()}\n{_written(path, objects)}"
    if path.suffix != ".jsonl":
        try:
            held = len(yaml.safe_load(text)) - len(yaml.safe_load(before))
        except (yaml.YAMLError, TypeError):
            held = -1
        if held != len(objects):
            raise UserError(f"{path} is no list with a case at each “- ” at the margin; name a new file.")
    write_whole(path, text)


def _written(path: Path, objects: Sequence[Json]) -> str:
    if path.suffix == ".jsonl":
        return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)
    dumped: str = yaml.safe_dump(list(objects), allow_unicode=True, sort_keys=False, width=120)
    return dumped
