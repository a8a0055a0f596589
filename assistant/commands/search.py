"""`footnote search`: the passages nearest to a query, and why each was found."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands.configured import read_settings
from assistant.commands.lines import read_passages, read_questions, write_json
from assistant.commands.options import (
    After,
    AsJson,
    Before,
    Documents,
    Library,
    Outlets,
    Questions,
    expect_known,
    one_of,
    read_filters,
)
from assistant.contract import hits_json
from vectorstore.errors import UserError
from vectorstore.types import Filters

if TYPE_CHECKING:
    from assistant.settings import Settings
    from vectorstore.retrieve import Retriever


def search(
    query: Annotated[str | None, typer.Argument(metavar="QUERY", help="What to look for.", show_default=False)] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Passages to show.")] = 10,
    questions: Questions = None,
    read: Annotated[
        Path | None,
        typer.Option(
            "--read", metavar="FILE.jsonl", help="Read each line's sentences for its question; needs no library."
        ),
    ] = None,
    outlets: Outlets = None,
    documents: Documents = None,
    after: After = None,
    before: Before = None,
    library: Library = None,
    as_json: AsJson = False,
) -> None:
    """Show the passages nearest to a query, and why.

    Examples:
      footnote search "NATO troops in Ukraine"
      footnote search -k 3 --outlet "The Daily Ledger" --after 2025-08-18 Crimea
      footnote search --json -k 5 --questions questions.jsonl > hits.jsonl
      footnote search --json --read passages.jsonl > scores.jsonl
    """
    one_of(query, questions, read, as_json=as_json, names=("QUERY", "--questions", "--read"))
    filters = read_filters(outlets, documents, after=after, before=before)
    settings = read_settings(library=library)
    if query is not None and not query.strip():
        raise UserError("The query is empty; write what to look for.")
    if read is not None:
        from assistant.judges import Judges
        from assistant.relevance import read_alone
        from vectorstore.embed import open_embedder

        judges, embedder = Judges(), open_embedder("bundled")
        for passage in read_passages(read, longest=settings.question_characters):
            scores, answerable = read_alone(passage.question, passage.sentences, judges=judges, embedder=embedder)
            write_json({"scores": scores, "answerable": answerable})
        return
    asked = read_questions(questions, longest=settings.question_characters) if questions else ()
    retriever = _open_retriever(settings, filters)
    for line in asked:
        write_json(hits_json(line.question, retriever.search(line.question, k=k, filters=filters)))
    if query is None:
        return
    hits = retriever.search(query, k=k, filters=filters)
    if as_json:
        write_json(hits_json(query, hits))
    else:
        from assistant.terminal import Terminal, show_hits

        show_hits(hits, Terminal())


def _open_retriever(settings: "Settings", filters: Filters) -> "Retriever":
    from assistant.open import open_settings_embedder, open_settings_server
    from vectorstore.library import Library as OpenLibrary
    from vectorstore.retrieve import Retriever

    library = OpenLibrary.open(settings.library, open_settings_server(settings))
    expect_known(filters, library)
    return Retriever(library, open_settings_embedder(settings))
