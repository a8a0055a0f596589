"""The whole extractive assistant on questions whose passage is known: what it cites, and when it abstains."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from assistant.open import open_assistant, open_settings_embedder
from assistant.settings import Settings
from evals.benchmarks.passages import Asked
from evals.benchmarks.progress import Step, no_step
from vectorstore.library import Library
from vectorstore.sync import sync
from vectorstore.types import Filters, Span

PASSAGES = "passages"


@dataclass(frozen=True, slots=True)
class Answered:
    """What the assistant did with one question: whether it answered, and the sentences it cited, by number."""

    answered: bool
    cited: frozenset[int]


def answer_all(asked: Sequence[Asked], *, step: Step = no_step) -> list[Answered]:
    """Ask each question of its own passage, and of no other, as `footnote ask` with a filter would.

    One temporary library holds the passages of all questions, a document each, so that a word is as rare as it is
    among them; each search is restricted to the one document. `step` is called after each question.

    Raises:
        ValueError: if the loader changed a passage, as the sentences would no longer be where they are expected.
    """
    with TemporaryDirectory(prefix="footnote-benchmark-") as folder:
        settings = Settings(
            library=Path(folder) / "library",
            embedding="bundled",
            model=None,
            _env_file=None,  # type: ignore[call-arg]  # pydantic's
        )
        sources = _index(asked, Path(folder) / PASSAGES, settings)
        assistant = open_assistant(settings)
        texts = {document.source: document.text for document in assistant.library.documents()}
        found = []
        for one in asked:
            source = sources[one.title, one.passage]
            if texts.get(source) != one.passage:
                raise ValueError(f"loading changed a passage, so its sentences cannot be found: {one.passage[:80]!r}")
            answer = assistant.ask(one.question, filters=Filters(documents=(source,)))
            spans = [citation.span for citation in answer.citations]
            found.append(Answered(answer.state != "abstained", sentences_in(spans, one.spans)))
            step()
        assistant.library.close()
    return found


def sentences_in(cited: Sequence[Span], sentences: Sequence[Span]) -> frozenset[int]:
    """Return the numbers of the sentences that are cited: with half of the shorter of the two in common.

    The assistant splits a passage by its own rules, people were shown another splitting.
    """
    return frozenset(
        number for number, sentence in enumerate(sentences) if any(_is_same(sentence, other) for other in cited)
    )


def _is_same(one: Span, other: Span) -> bool:
    shared = min(one.end, other.end) - max(one.start, other.start)
    return 2 * shared >= min(one.end - one.start, other.end - other.start)


def _index(asked: Sequence[Asked], folder: Path, settings: Settings) -> dict[tuple[str, str], str]:
    """Index each passage as a text file with its title; return its source by title and passage."""
    folder.mkdir()
    sources: dict[tuple[str, str], str] = {}
    for one in asked:
        name = f"{len(sources):05}.txt"
        if (one.title, one.passage) not in sources:
            sources[one.title, one.passage] = f"{folder.name}/{name}"
            about = f"---\ntitle: {json.dumps(one.title)}\n---\n" if one.title else ""
            (folder / name).write_text(f"{about}{one.passage}", encoding="utf-8")
    library = Library.create(settings.library)
    sync([folder], library, open_settings_embedder(settings), passage_tokens=settings.passage_tokens)
    library.close()
    return sources
