"""Which of a hundred documents hold an insight: our search and answers, beside the rankings that were published.

Source: Summary of a Haystack (Laban, Fabbri, Xiong and Wu, EMNLP 2024; salesforce/summary-of-a-haystack, Apache-2.0):
topics of 100 model-written documents, each with its subtopics, their insights, and which documents hold which insight.
"""

import json
import math
import tempfile
from collections.abc import Callable, Container, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.open import open_assistant
from assistant.settings import Settings
from evals.benchmarks.figures import estimate, mean
from evals.benchmarks.lines import sample
from evals.benchmarks.progress import steps
from evals.benchmarks.table import Figure, OnProgress, Table
from evals.statistics import seed_of
from vectorstore.embed import Embedder, open_embedder
from vectorstore.errors import UserError
from vectorstore.index import VectorIndex
from vectorstore.library import Library
from vectorstore.retrieve import Retriever
from vectorstore.sync import sync
from vectorstore.types import Passage
from vectorstore.words import any_of, query_terms

PASSAGE_TOKENS = 200
COLUMNS = (
    "query", "documents from", "n", "recall@gold", "recall@10", "precision@10", "recall@20", "precision@20", "nDCG@20",
    "cited", "citation precision", "citation recall",
)  # fmt: skip
PUBLISHED = (
    "SummHay paper, whole task (summaries with citations over all ten topics, joint score): people 56; systems told "
    "which documents matter at least 10 points below; GPT-4o and Claude 3 Opus given all documents below 20",
    "rows “published: …” are measured here, on the scores that the authors stored with the same documents for the same "
    "words; they score whole documents",
)
# By the names under which the topics store them; "random" is left out, and "oracle", which is the gold.
RANKINGS = {
    "keywords": "published: shared keywords",
    "vector": "published: all-mpnet-base-v2",
    "dwzhu/e5-base-4k": "published: e5-base-4k",
    "rerank3": "published: Cohere rerank-english-v3.0",
}

KINDS = ("insight", "question")

Rank = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched and asked, and which documents are gold.

    A subtopic is searched by its question and its description together, as the authors did, and asked by its question
    alone. `rankings` are theirs, documents best first, by the name of our table.
    """

    kind: str
    searched: str
    asked: str
    topic: str
    subtopic: str
    gold: frozenset[str]
    rankings: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topic:
    """The documents of one topic, text by id, and its queries: every insight, and every subtopic's question."""

    id: str
    documents: Mapping[str, str]
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Grade:
    """How well one ranking or one set of cited documents fits the gold; None where it is neither."""

    recall_at_gold: float | None = None
    recall_at_10: float | None = None
    precision_at_10: float | None = None
    recall_at_20: float | None = None
    precision_at_20: float | None = None
    ndcg_at_20: float | None = None
    cited: float | None = None
    citation_precision: float | None = None
    citation_recall: float | None = None


def measure(data: Path, *, limit: int | None = None, on_progress: OnProgress | None = None) -> Table:
    """Return the table for every topic in `data/summhay`; limit bounds the queries of each kind in a topic.

    A document's rank is that of its best passage. recall@gold looks at as many documents as hold the insight (there
    precision is the same); an insight's gold documents are those that hold it, a subtopic's those that hold any of
    its insights. "Cited" is how many documents the extractive answer to the query cites; its precision leaves out
    answers that cite none.

    Raises:
        UserError: if a file there is not a topic of SummHay.
    """
    title = "Which documents hold an insight (SummHay)"
    topics = [read_topic(file) for file in sorted((data / "summhay").glob("*.json"))]
    if not topics:
        return Table(title, COLUMNS, (), skipped=("SummHay: no *.json in summhay/; 0 insights measured",))
    chosen = {
        topic.id: [
            query
            for kind in KINDS
            for query in sample([one for one in topic.queries if one.kind == kind], limit, f"{topic.id} {kind}")
        ]
        for topic in topics
    }
    step = steps(sum(map(len, chosen.values())), on_progress)
    graded: dict[tuple[str, str], list[tuple[Query, Grade]]] = {}
    for topic in topics:
        with tempfile.TemporaryDirectory() as folder:
            embedder = open_embedder("bundled")
            library = library_of(topic.documents, Path(folder), embedder)
            ranks = rankers(library, embedder)
            cite = _citer(library)
            for query in chosen[topic.id]:
                lists = {name: rank(query.searched) for name, rank in ranks.items()}
                for name, ranking in {**lists, **query.rankings}.items():
                    graded.setdefault((query.kind, name), []).append((query, grade_ranking(ranking, query.gold)))
                graded.setdefault((query.kind, "extractive answer"), []).append(
                    (query, grade_cited(cite(query.asked), query.gold))
                )
                step()
            library.close()
    return Table(
        title,
        COLUMNS,
        tuple(
            (kind, name, len(graded[kind, name]), *_figures(graded[kind, name], kind, name))
            for kind, name in sorted(graded, key=_order)
        ),
        settings=(
            f"{len(topics)} topics of {' and '.join(str(len(topic.documents)) for topic in topics)} documents, a "
            "library each",
            "intervals: bootstrap over subtopics, 2,000 samples, seeded",
            f"bundled embedder, passages of at most {PASSAGE_TOKENS} tokens, all passages ranked; the extractive "
            "answer at its shipped settings, at most a few sentences long",
        ),
        published=PUBLISHED,
        skipped=(f"queries beyond {limit} of each kind and topic",) if limit is not None else (),
    )


def read_topic(file: Path) -> Topic:
    """Return a topic of SummHay; an insight that no document holds is left out.

    Raises:
        UserError: if the file has another form.
    """
    try:
        topic = json.loads(file.read_text(encoding="utf-8"))
        held = {one["document_id"]: frozenset(one["insights_included"]) for one in topic["documents"]}
        queries: list[Query] = []
        for subtopic in topic["subtopics"]:
            name = subtopic["subtopic_id"]
            insights = {one["insight_id"]: one["insight"] for one in subtopic["insights"]}
            gold = frozenset(id for id, inside in held.items() if inside & insights.keys())
            asked, searched = subtopic["query"], f"{subtopic['query']} {subtopic['subtopic']}"
            stored = subtopic.get("retriever", {})
            rankings = {RANKINGS[one]: _ranked(stored[one], held) for one in RANKINGS if stored.get(one)}
            queries.append(Query("question", searched, asked, topic["topic_id"], name, gold, rankings))
            for insight, text in insights.items():
                holders = frozenset(id for id, inside in held.items() if insight in inside)
                queries.append(Query("insight", text, text, topic["topic_id"], name, holders))
        documents = {one["document_id"]: one["document_text"] for one in topic["documents"]}
        return Topic(topic["topic_id"], documents, tuple(query for query in queries if query.gold))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(f"{file} is not a topic of SummHay; leave only its own files in that folder") from error


def library_of(texts: Mapping[str, str], folder: Path, embedder: Embedder) -> Library:
    """Return a library in folder that holds each text as the plain file NAME.txt, made by the product's own sync.

    Raises:
        UserError: if a text could not be indexed, since figures over fewer documents would mislead.
    """
    files = folder / "documents"
    files.mkdir()
    for name, text in texts.items():
        (files / f"{name}.txt").write_text(text, encoding="utf-8")
    library = Library.create(folder / "library")
    report = sync([files], library, embedder, passage_tokens=PASSAGE_TOKENS)
    if report.skipped:
        first = report.skipped[0]
        raise UserError(f"{len(report.skipped)} of {len(texts)} documents could not be indexed: {first}")
    return library


def rankers(library: Library, embedder: Embedder) -> dict[str, Rank]:
    """Return, by name, what ranks the documents of a library for a query: by words, by meaning, and fused.

    A document is named by its file name without the ending, and stands where its best passage does; those with no
    passage that matches are left out.
    """
    directory = library.index_directory()
    if directory is None:
        raise ValueError(f"nothing was indexed in {library.directory}")
    index, retriever = VectorIndex.open(directory), Retriever(library, embedder)
    names = {document.id: Path(document.source).stem for document in library.documents()}
    depth = library.manifest().passages

    def documents(passages: Sequence[Passage]) -> Sequence[str]:
        return list(dict.fromkeys(names[passage.document_id] for passage in passages))

    def lexical(query: str) -> Sequence[str]:
        found = library.lexical(any_of(query_terms(query)), limit=depth)
        return documents(library.passages([id for id, _ in found]))

    def dense(query: str) -> Sequence[str]:
        found = library.embedded_as([key for key, _ in index.query(embedder.embed([query])[0], depth)])
        return documents(library.passages([id for ids in found.values() for id in ids]))

    def fused(query: str) -> Sequence[str]:
        return documents([hit.passage for hit in retriever.search(query, k=depth)])

    return {"lexical": lexical, "dense": dense, "fused": fused}


def grade_ranking(ranking: Sequence[str], gold: frozenset[str]) -> Grade:
    """Grade documents ranked best first against the gold ones, of which there is at least one.

    nDCG has binary gains and the discount 1 / log2(rank + 1); precision@k divides by k, also of a shorter ranking.
    """
    right = [document in gold for document in ranking]
    gain = sum(hit / math.log2(rank + 2) for rank, hit in enumerate(right[:20]))
    best = sum(1 / math.log2(rank + 2) for rank in range(min(20, len(gold))))
    return Grade(
        recall_at_gold=sum(right[: len(gold)]) / len(gold),
        recall_at_10=sum(right[:10]) / len(gold),
        precision_at_10=sum(right[:10]) / 10,
        recall_at_20=sum(right[:20]) / len(gold),
        precision_at_20=sum(right[:20]) / 20,
        ndcg_at_20=gain / best,
    )


def grade_cited(cited: frozenset[str], gold: frozenset[str]) -> Grade:
    """Grade the documents that an answer cites; of none, the precision is undefined."""
    right = len(cited & gold)
    return Grade(
        cited=float(len(cited)),
        citation_precision=right / len(cited) if cited else None,
        citation_recall=right / len(gold),
    )


def mean_figure(values: Sequence[float | None], clusters: Sequence[Hashable], *seed: str) -> Figure | None:
    """Return the mean of the defined values with its bootstrap interval over clusters; None if there is none.

    Its n is given only where some values are undefined: a row says once how many it is about.
    """
    defined = [(value, cluster) for value, cluster in zip(values, clusters, strict=True) if value is not None]
    numbers = [value for value, _ in defined]
    estimated = estimate(mean(numbers), [cluster for _, cluster in defined], seed=seed_of(*seed))
    return estimated.figure(None if len(numbers) == len(values) else len(numbers))


_ORDER = ("lexical", "dense", "fused", *RANKINGS.values(), "extractive answer")


def _ranked(scores: Mapping[str, float], documents: Container[str]) -> Sequence[str]:
    """Return the ids of documents best first, equal scores in order of id; other topics' are dropped."""
    return sorted((id for id in scores if id in documents), key=lambda id: (-scores[id], id))


def _order(key: tuple[str, str]) -> tuple[int, int]:
    kind, name = key
    return KINDS.index(kind), _ORDER.index(name)


def _citer(library: Library) -> Callable[[str], frozenset[str]]:
    """Return what answers a query with the extractive answerer and names the documents that the answer cites."""
    settings = Settings(library=library.directory, embedding="bundled", model=None, _env_file=None)  # type: ignore[call-arg]  # pydantic's
    assistant = open_assistant(settings)

    def cite(query: str) -> frozenset[str]:
        return frozenset(Path(one.document.source).stem for one in assistant.ask(query).citations)

    return cite


def _figures(graded: Sequence[tuple[Query, Grade]], kind: str, name: str) -> tuple[Figure | None, ...]:
    clusters = [(query.topic, query.subtopic) for query, _ in graded]
    return tuple(
        mean_figure([getattr(grade, column) for _, grade in graded], clusters, "summaries", kind, name, column)
        for column in Grade.__dataclass_fields__
    )
