"""`footnote check`: say of each sentence of a text whether the documents support it."""

from pathlib import Path
from typing import Annotated

import typer

from assistant.commands.configured import read_settings
from assistant.commands.lines import read_pairs, read_text, write_json
from assistant.commands.options import (
    After,
    AsJson,
    Before,
    Documents,
    Library,
    Outlets,
    expect_known,
    one_of,
    read_filters,
)

NOT_SUPPORTED = 3


def check(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help='The text to check; "-" for stdin.', show_default=False)
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option("--pairs", metavar="FILE.jsonl", help="Judge each line's claim by its passage; needs no library."),
    ] = None,
    outlets: Outlets = None,
    documents: Documents = None,
    after: After = None,
    before: Before = None,
    library: Library = None,
    as_json: AsJson = False,
) -> None:
    """Say which sentences of a text the documents support.

    Ends with exit code 0 when every sentence is supported, with 3 when one is not, with 1 after a mistake. --pairs
    ends with 0 once every pair is judged.

    Examples:
      footnote check summary.txt
      pandoc report.docx -t plain | footnote check --json -
      footnote check --json --pairs pairs.jsonl > verdicts.jsonl
    """
    one_of(None if file is None else str(file), pairs, as_json=as_json, names=("FILE", "--pairs"))
    filters = read_filters(outlets, documents, after=after, before=before)
    settings = read_settings(library=library)
    if pairs is not None:
        lines = read_pairs(pairs)

        from assistant.check import check_pair, judgement_json
        from assistant.judges import Judges
        from assistant.verify import open_verifier

        verifier = open_verifier(Judges())
        for pair in lines:
            write_json(judgement_json(check_pair(pair.claim, pair.passage, verifier)))
    if file is None:
        return
    text = read_text(file)

    from assistant.check import check_text, checked_json
    from assistant.open import open_assistant

    assistant = open_assistant(settings)
    expect_known(filters, assistant.library)
    checked = check_text(text, assistant, filters)
    if as_json:
        sentences = tuple(checked)
        write_json(checked_json(sentences, str(file)))
    else:
        from assistant.terminal import Terminal, show_checked

        sentences = show_checked(checked, Terminal())
    if any(one.judgement.verdict != "supported" for one in sentences):
        raise typer.Exit(NOT_SUPPORTED)
