"""Which sentence of the right passage answers, and does any? Readers and the whole answerer, on people's labels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.judges import Judges
from evals.benchmarks.answering import Answered, answer_all
from evals.benchmarks.figures import auc, balanced_accuracy, estimate, mean, ratio
from evals.benchmarks.lines import sample
from evals.benchmarks.passages import Asked, read_clapnq, read_groups
from evals.benchmarks.progress import steps
from evals.benchmarks.readers import CosineReader, PassageReader, Reading, Remembered, ShippedReader, WordReader
from evals.benchmarks.table import Cell, Figure, OnProgress, Table
from evals.statistics import Statistic, seed_of
from vectorstore.embed import open_embedder


@dataclass(frozen=True, slots=True)
class Source:
    """A file below the data folder, how it is read, and how many questions it holds."""

    path: str
    read: Callable[[Path], list[Asked]]
    questions: int


SQUAD = Source("answer/dev/squad2_quarter.jsonl.gz", read_groups, 1425)
READ = {
    "SQuAD 2 quarter": (SQUAD,),
    "ClapNQ": (
        Source("answer/dev/clapnq_dev_half.jsonl.gz", read_groups, 157),
        Source("answer/dev/clapnq_dev_unans_half.jsonl.gz", read_groups, 168),
    ),
    "TREC-QA": (Source("answer/dev/trecqa_test_half.jsonl.gz", read_groups, 41),),
    "WikiQA": (Source("answer/dev/wikiqa_test_half.jsonl.gz", read_groups, 308),),
}
ANSWERED = {
    "SQuAD 2 quarter": (SQUAD,),
    "ClapNQ": (
        Source("clapnq/answerable.jsonl", read_clapnq, 157),
        Source("clapnq/unanswerable.jsonl", read_clapnq, 168),
    ),
}
READERS = ("words by rarity", "cosine of embeddings", "reader, as shipped")
ANSWERER = "whole answerer"
COLUMNS = ("set", "measure", *READERS, ANSWERER)
SETTINGS = (
    "precision@1: how often the sentence with the best score answers (equal scores count by their share), over "
    "answerable passages of at least two sentences; answerable or not: area under the curve of the reader's score for "
    "the passage, its best sentence's",
    "the reader gets the sentences as people saw them; how rare a word is, is counted over the passages of the set",
    "whole answerer: extractive, as shipped, each question asked of its passage alone, in a library of the set's "
    "passages; its citations against the sentences that people marked (ClapNQ: at least one person did), over "
    "answerable questions: micro over all sentences, macro over questions (precision over those answered)",
    "intervals: 95 %, bootstrap of 2,000 samples over passages, seeded by the set's name",
)
PUBLISHED = (
    "a first reader of our own, 14 minutes of training on pairs: SQuAD 2 quarter precision@1 .93, answerable or not "
    ".71; ClapNQ .76 and .84; TREC-QA MRR .91 (our own pilot)",
    "two people who marked sentences for the same 89 ClapNQ questions agree with F1 .81, macro (counted from the set)",
)
Measures = Mapping[str, Figure | None]


def measure(data: Path, *, limit: int | None = None, on_progress: OnProgress | None = None) -> Table:
    """Return, for each set, a row a measure with the readers beside each other, then those of the whole answerer."""
    skipped: list[str] = []
    to_read, to_answer = _held(READ, data, limit, skipped), _held(ANSWERED, data, limit, skipped)
    step = steps(sum(map(len, [*to_read.values(), *to_answer.values()])), on_progress)
    rows: list[tuple[Cell, ...]] = []
    embedder, judges = open_embedder("bundled"), Judges()
    embed = Remembered(embedder)
    for name, asked in to_read.items():
        passages = list(dict.fromkeys(one.passage for one in asked))
        readers: tuple[PassageReader, ...] = (
            WordReader(passages),
            CosineReader(embed),
            ShippedReader(judges, embedder, passages),
        )
        readings: list[list[Reading]] = [[] for _ in readers]
        for one in asked:
            for reader, said in zip(readers, readings, strict=True):
                said.append(reader.read(one))
            step()
        columns = [reading_measures(asked, said, name=name) for said in readings]
        rows += [(name, row, *(column[row] for column in columns), None) for row in columns[0]]
    for name, asked in to_answer.items():
        answered = answering_measures(asked, answer_all(asked, step=step), name=name)
        rows += [(name, row, *(None for _ in READERS), figure) for row, figure in answered.items()]
    sampled = (f"at most {limit:,} questions of each set, drawn by chance",) if limit else ()
    return Table("Answers", COLUMNS, tuple(rows), (*SETTINGS, *sampled), PUBLISHED, tuple(dict.fromkeys(skipped)))


def reading_measures(asked: Sequence[Asked], readings: Sequence[Reading], *, name: str) -> Measures:
    """Return precision@1 and the area under the curve of one reader, over the readings of what was asked."""
    first = [
        (one, _first_answers(one, reading))
        for one, reading in zip(asked, readings, strict=True)
        if one.answerable and len(one.sentences) > 1
    ]
    told = auc([reading.answerable for reading in readings], [one.answerable for one in asked])
    return {"precision@1": _mean(first, name), "answerable or not, AUC": _figure(told, asked, name)}


def answering_measures(asked: Sequence[Asked], answered: Sequence[Answered], *, name: str) -> Measures:
    """Return how well the answerer's citations fit the sentences that answer, and how well it abstains."""
    pairs = list(zip(asked, answered, strict=True))
    counts = [
        (one, len(one.answering & did.cited), len(did.cited), len(one.answering))
        for one, did in pairs
        if one.answerable
    ]
    shares = {
        "precision": [(one, right, cited) for one, right, cited, _ in counts],
        "recall": [(one, right, wanted) for one, right, _, wanted in counts],
        "F1": [(one, 2 * right, cited + wanted) for one, right, cited, wanted in counts],
    }
    figures: dict[str, Figure | None] = {}
    for measured, rows in shares.items():
        over = ratio([part for _, part, _ in rows], [whole for _, _, whole in rows])
        figures[f"evidence {measured}, micro"] = _figure(over, [one for one, _, _ in rows], name)
    for measured, rows in shares.items():
        figures[f"evidence {measured}, macro"] = _mean(
            [(one, part / whole) for one, part, whole in rows if whole], name
        )
    for kind, known in (("answerable", True), ("unanswerable", False)):
        figures[f"{kind}: answered"] = _mean(
            [(one, did.answered) for one, did in pairs if one.answerable is known], name
        )
    told = balanced_accuracy([did.answered for did in answered], [one.answerable for one in asked])
    return {**figures, "answered or not, balanced accuracy": _figure(told, asked, name)}


def _first_answers(asked: Asked, reading: Reading) -> float:
    """Return the share of the sentences with the best score that answer."""
    best = max(reading.scores)
    first = [number for number, score in enumerate(reading.scores) if score == best]
    return len(asked.answering.intersection(first)) / len(first)


def _mean(values: Sequence[tuple[Asked, float]], name: str) -> Figure | None:
    return _figure(mean([value for _, value in values]), [one for one, _ in values], name)


def _figure(statistic: Statistic, asked: Sequence[Asked], name: str) -> Figure | None:
    """Return a statistic of what was asked; questions on one passage are drawn together."""
    return estimate(statistic, [one.passage for one in asked], seed=seed_of(name)).figure(len(asked))


def _held(
    sets: Mapping[str, Sequence[Source]], data: Path, limit: int | None, skipped: list[str]
) -> dict[str, Sequence[Asked]]:
    """Return what each set asks; a set with a missing file is left out, and its files named in skipped."""
    held: dict[str, Sequence[Asked]] = {}
    for name, sources in sets.items():
        absent = [source for source in sources if not (data / source.path).is_file()]
        skipped += [f"{source.path} is absent ({source.questions:,} questions)" for source in absent]
        if not absent:
            asked = [one for source in sources for one in source.read(data / source.path)]
            held[name] = sample(asked, limit, name)
    return held
