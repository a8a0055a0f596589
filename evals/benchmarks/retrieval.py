"""How much of what answers a question is among the first passages, on Chroma's chunking evaluation.

Source: brandonstarxel/chunking_evaluation (MIT): five corpora, 472 questions with the exact spans that answer them.
As there, one library holds all five corpora, and a passage of the wrong corpus counts as retrieved and useless.
"""

import csv
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from assistant.judges import Judges
from evals.benchmarks.figures import estimate, mean
from evals.benchmarks.lines import sample
from evals.benchmarks.progress import Step, steps
from evals.benchmarks.table import Cell, OnProgress, Table
from evals.statistics import seed_of
from vectorstore.embed import Embedder, open_embedder
from vectorstore.index import VectorIndex
from vectorstore.library import Library
from vectorstore.retrieve import Retriever
from vectorstore.sync import sync
from vectorstore.types import Passage, Span
from vectorstore.words import any_of, query_terms

FOLDER = "chunking"
QUESTIONS = "questions_df.csv"
COUNT = 472
TOKENS = (200, 400)
FUSED, READ = "both", "both, then read by the reader"
RETRIEVERS = ("words (BM25)", "meaning (bundled embedder)", FUSED, READ)
COLUMNS = ("passages", "retriever", "recall@5", "precision@5", "IoU@5", "recall@10")
SETTINGS = (
    "one library of all five corpora; recall: share of the characters of a question's references that the first k "
    "passages cover; precision: share of their characters that are in a reference; IoU: shared by all of either",
    "no overlap between passages; 200 tokens is what we ship",
    "intervals: 95 %, bootstrap of 2,000 samples over questions, seeded by the benchmark's name",
)
PUBLISHED = (
    "text-embedding-3-large, recall@5: 0.919 (LLM-semantic), 0.913 (cluster 400), 0.881 with precision 0.070 "
    "(recursive 200, no overlap) (brandonstarxel/chunking_evaluation)",
    "all-MiniLM-L6-v2, recall@5: 0.824 (250 tokens, overlap 125), 0.771 (250 tokens, no overlap) (the same)",
)

Search = Callable[[str, int], Sequence[Passage]]


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the spans of one corpus that answer it; the spans do not overlap."""

    text: str
    corpus: str
    references: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How well some passages cover the references, in characters, each in [0, 1]."""

    recall: float
    precision: float
    iou: float


def cover(passages: Iterable[Passage], question: Question, *, document_id: str) -> Coverage:
    """Grade passages, which do not overlap, by the characters they share with the references.

    Source: `_scores_from_dataset_and_retrievals` of chunking_evaluation.
    """
    retrieved = shared = 0
    for passage in passages:
        retrieved += passage.span.end - passage.span.start
        if passage.document_id == document_id:
            shared += sum(_overlap(passage.span, reference) for reference in question.references)
    wanted = sum(reference.end - reference.start for reference in question.references)
    return Coverage(
        recall=shared / wanted,
        precision=shared / retrieved if retrieved else 0.0,
        iou=shared / (retrieved + wanted - shared),
    )


def read_questions(folder: Path) -> tuple[Question, ...]:
    """Return the questions of the evaluation in the order of their file."""
    with open(folder / QUESTIONS, newline="", encoding="utf-8") as file:
        return tuple(
            Question(
                text=row["question"],
                corpus=row["corpus_id"],
                references=tuple(
                    Span(int(each["start_index"]), int(each["end_index"])) for each in json.loads(row["references"])
                ),
            )
            for row in csv.DictReader(file)
        )


def measure(data: Path, *, limit: int | None = None, on_progress: OnProgress | None = None) -> Table:
    """Return a row a passage size and retriever."""
    folder = data / FOLDER
    if not (folder / QUESTIONS).is_file():
        skipped = (f"{FOLDER}/{QUESTIONS} is absent ({COUNT} questions)",)
        return Table("Retrieval", COLUMNS, (), SETTINGS, PUBLISHED, skipped)
    every = read_questions(folder)
    questions = sample(every, limit, FOLDER)
    step = steps(len(questions) * len(TOKENS) * len(RETRIEVERS), on_progress)
    rows: list[tuple[Cell, ...]] = []
    for tokens in TOKENS:
        with TemporaryDirectory(prefix="footnote-benchmark-") as temporary:
            rows += _measure(Path(temporary), folder, every, questions, tokens=tokens, step=step)
    sampled = (f"{len(questions):,} of {len(every):,} questions, drawn by chance",) if limit else ()
    return Table("Retrieval", COLUMNS, tuple(rows), (*SETTINGS, *sampled), PUBLISHED)


def _measure(
    folder: Path, data: Path, every: Sequence[Question], questions: Sequence[Question], *, tokens: int, step: Step
) -> list[tuple[Cell, ...]]:
    embedder = open_embedder("bundled")
    library = _index(folder, data, every, embedder, tokens=tokens)
    ids = {document.source: document.id for document in library.documents()}
    size = f"{library.manifest().passages:,} of ≤ {tokens} tokens"
    rows: list[tuple[Cell, ...]] = []
    for name, search in zip(RETRIEVERS, _retrievers(library, embedder), strict=True):
        at_5, at_10 = [], []
        for question in questions:
            found = search(question.text, 10)
            document_id = ids[_source(question.corpus)]
            at_5.append(cover(found[:5], question, document_id=document_id))
            at_10.append(cover(found, question, document_id=document_id))
            step()
        columns = (
            [one.recall for one in at_5],
            [one.precision for one in at_5],
            [one.iou for one in at_5],
            [one.recall for one in at_10],
        )
        estimates = [estimate(mean(column), range(len(column)), seed=seed_of(FOLDER)) for column in columns]
        rows.append((size, name, *(one.figure(len(questions)) for one in estimates)))
    library.close()
    return rows


def _index(folder: Path, data: Path, questions: Sequence[Question], embedder: Embedder, *, tokens: int) -> Library:
    """Return a library of the corpora in folder, read as plain text because the references count the raw characters.

    Raises:
        ValueError: if a loader changed the text of a corpus, as the references would no longer fit.
    """
    corpora = folder / "corpora"
    corpora.mkdir()
    for corpus in sorted({question.corpus for question in questions}):
        shutil.copyfile(data / f"{corpus}.md", folder / _source(corpus))
    library = Library.create(folder / "library")
    sync([corpora], library, embedder, passage_tokens=tokens)
    for document in library.documents():
        if document.text != (folder / document.source).read_text(encoding="utf-8"):
            raise ValueError(f"the references do not fit: loading changed the text of {document.source}")
    return library


def _retrievers(library: Library, embedder: Embedder) -> tuple[Search, ...]:
    """Return the searches in the order of RETRIEVERS."""
    directory = library.index_directory()
    if directory is None:
        raise ValueError(f"nothing was indexed in {library.directory}")
    index, retriever = VectorIndex.open(directory), Retriever(library, embedder)
    reading = Retriever(library, embedder, Judges())

    def lexical(query: str, k: int) -> Sequence[Passage]:
        return library.passages([id for id, _ in library.lexical(any_of(query_terms(query)), limit=k)])

    def dense(query: str, k: int) -> Sequence[Passage]:
        shared = library.embedded_as([key for key, _ in index.query(embedder.embed([query])[0], k)])
        return library.passages([id for ids in shared.values() for id in ids][:k])

    def fused(query: str, k: int) -> Sequence[Passage]:
        return [hit.passage for hit in retriever.search(query, k=k)]

    def read(query: str, k: int) -> Sequence[Passage]:
        return [hit.passage for hit in reading.search(query, k=k)]

    return lexical, dense, fused, read


def _source(corpus: str) -> str:
    return f"corpora/{corpus}.txt"


def _overlap(one: Span, other: Span) -> int:
    return max(0, min(one.end, other.end) - max(one.start, other.start))
