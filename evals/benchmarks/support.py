"""Is a claim supported by a passage? The shipped verifier against human labels, beside plain overlap of words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np

from assistant.check import check_pair
from assistant.judges import Judges
from assistant.types import Judgement
from assistant.verify import Verifier, open_verifier
from evals.benchmarks.figures import Estimate, auc, balanced_accuracy, best_cut, estimate, mean_of
from evals.benchmarks.lines import read_rows, sample
from evals.benchmarks.progress import Step, no_step, steps
from evals.benchmarks.table import Cell, OnProgress, Table
from evals.statistics import seed_of
from vectorstore.words import terms

T = TypeVar("T")
FOLDER = Path("support") / "dev"
SUFFIX = ".jsonl.gz"
# Name, title, pairs, and whether the set counts for the mean: six families of claims, each once.
SETS = (
    ("vitaminc_pages", "VitaminC pages", 3080, True),
    ("fm2_half", "FoolMeTwice half", 1257, True),
    ("wice_claim_goldsent_dev", "WiCE, gold sentences", 319, True),
    ("summac_factcc", "FactCC", 311, True),
    ("lfqa_verif", "LFQA-Verification", 2579, True),
    ("attrbench_dev", "AttributionBench dev", 1198, True),
    ("frank_cnndm_valid", "FRANK CNN/DM", 375, False),
    ("frank_bbc_valid", "FRANK BBC", 296, False),
)
COLUMNS = (
    "set",
    "n",
    "AUC verifier",
    "AUC words",
    "AUC pairs of words",
    "balanced accuracy verifier",
    "best balanced accuracy words",
    "best balanced accuracy pairs",
    "verifier − best overlap",
)
SETTINGS = (
    "verifier: the one that is shipped, each claim against all sentences of its passage; its balanced accuracy counts "
    "the verdict “supported” against all others, at the shipped threshold",
    "words: share of the claim's content words that stand in the passage; pairs: the same of neighbouring content "
    "words; their balanced accuracy is at the threshold that is best on this very set, so it flatters them",
    "intervals: 95 %, bootstrap of 2,000 samples over passages (VitaminC: over pages), seeded by the set's name; of "
    "the difference paired, the overlap's threshold kept",
)
PUBLISHED = (
    "AUC of words / pairs of words, other tokenising, n ≤ 1,500: FactCC .561 / .888, LFQA-Verification .895 / .907, "
    "AttributionBench dev .711 / .719, WiCE gold sentences .719 / .629, FoolMeTwice .572 / .550, FRANK CNN .675 / "
    ".742, FRANK BBC .586 / .559 (our own earlier measurement)",
    "a first cross-encoder from MiniLM, 30 minutes of training, n ≤ 500, AUC and balanced accuracy at 0.5: VitaminC "
    ".791 / .692, FoolMeTwice .797 / .646, WiCE gold sentences .735 / .657, FactCC .705 / .620, LFQA-Verification "
    ".864 / .783 (our own pilot)",
    "SummaC, balanced accuracy on FactCC's test set: SummaC-Conv 89.5, SummaC-ZS 83.8 (tingofurro/summac)",
    "LLM-AggreFact, mean balanced accuracy over its 11 sets (others than these): GPT-4o 75.9, MiniCheck-RoBERTa-L "
    "(0.4 B) 73.5, HHEM-2.1 (0.1 B) 71.8, AlignScore (0.4 B) 70.5, SummaC-ZS 67.7 (Liyan06/MiniCheck, leaderboard); "
    "of these on its WiCE and LFQA: GPT-4o 78.5 and 83.6, HHEM-2.1 75.9 and 84.1",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim and a passage with the label of a person, 1 for supported; pairs of one `cluster` stand or fall together.

    The cluster is the page where the set tells it, else the passage.
    """

    claim: str
    passage: str
    label: int
    cluster: str


def measure(data: Path, *, limit: int | None = None, on_progress: OnProgress | None = None) -> Table:
    """Return a row for each set below data/support/dev, known or not, and one for the mean over six known ones."""
    verifier = open_verifier(Judges())
    held = {name: sample(pairs, limit, name) for name, pairs in _read(data / FOLDER).items()}
    step = steps(sum(map(len, held.values())), on_progress)
    titles = {name: title for name, title, _, _ in SETS}
    measured = {name: measure_set(pairs, verifier, name=name, step=step) for name, pairs in held.items()}
    rows: list[tuple[Cell, ...]] = [
        (titles.get(name, name), len(held[name]), *(one.figure() for one in estimates))
        for name, estimates in measured.items()
    ]
    six = [name for name, _, _, counts in SETS if counts]
    if measured.keys() >= set(six):
        columns = zip(*(measured[name] for name in six), strict=True)
        rows.append(("mean of the first six", None, *(mean_of(column).figure() for column in columns)))
    skipped = tuple(
        f"{FOLDER.as_posix()}/{name}{SUFFIX} is absent ({count:,} pairs)"
        for name, _, count, _ in SETS
        if name not in held
    )
    sampled = (f"at most {limit:,} pairs of each set, drawn by chance",) if limit else ()
    return Table("Support", COLUMNS, tuple(rows), (*SETTINGS, *sampled), PUBLISHED, skipped)


def measure_set(pairs: Sequence[Pair], verifier: Verifier, *, name: str, step: Step = no_step) -> tuple[Estimate, ...]:
    """Return the estimates of COLUMNS from the third on; `step` is called after each pair."""
    judged: list[Judgement] = []
    for pair in pairs:
        judged.append(check_pair(pair.claim, pair.passage, verifier))
        step()
    labels, clusters, seed = [pair.label for pair in pairs], [pair.cluster for pair in pairs], seed_of(name)
    overlaps = [overlap(pair.claim, pair.passage) for pair in pairs]
    words, adjacent = [one.words for one in overlaps], [one.pairs for one in overlaps]
    scores = [one.score or 0.0 for one in judged]
    ranked = [estimate(auc(each, labels), clusters, seed=seed) for each in (scores, words, adjacent)]
    said = [[one.verdict == "supported" for one in judged]]
    said += [list(np.asarray(each) >= best_cut(each, labels)) for each in (words, adjacent)]
    decided = [estimate(balanced_accuracy(each, labels), clusters, seed=seed) for each in said]
    best = max(decided[1:], key=lambda one: one.value)
    return (*ranked, *decided, decided[0] - best)


@dataclass(frozen=True, slots=True)
class Overlap:
    """The shares of a claim's content words, and of its pairs of neighbouring ones, that a passage holds; in [0, 1]."""

    words: float
    pairs: float


def overlap(claim: str, passage: str) -> Overlap:
    """Return how much of a claim's wording a passage holds, words compared by their stems; all of nothing is 1."""
    said, held = _content(claim), _content(passage)
    return Overlap(_share(set(said), set(held)), _share(set(pairwise(said)), set(pairwise(held))))


def _content(text: str) -> list[str]:
    return [term.text for term in terms(text) if not term.stop]


def _share(wanted: set[T], held: set[T]) -> float:
    return len(wanted & held) / len(wanted) if wanted else 1.0


def _read(folder: Path) -> dict[str, list[Pair]]:
    """Return the pairs of each set that is there, the known sets first."""
    known = [name for name, *_ in SETS]
    found = {path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}")}
    names = [*(name for name in known if name in found), *sorted(found.difference(known))]
    keys = ("premise", "claim", "label")
    return {
        name: [
            Pair(row["claim"], row["premise"], int(row["label"]), row.get("group") or row["premise"])
            for row in read_rows(folder / f"{name}{SUFFIX}", keys=keys)
        ]
        for name in names
    }
