"""Fit the weights of assistant/relevance.py: python -m training.relevance DATA [--groups N].

DATA holds train/ and dev/ with gzip JSONL lines {"question", "sentence", "label", "group"}; sentences of one passage
share `group` and stand in order; a group without a positive is a question its passage does not answer. Takes `groups`
passages of each file of SETS, and prints how often the best sentence is an answer (precision@1, over answerable
groups) and how well the passage's logit separates answerable passages from the others (AUC), with n: first with
weights from the other sets only, which is what to expect elsewhere, then with those that are printed.
"""

import argparse
import gzip
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.judges import Judges
from assistant.question import parts
from assistant.relevance import CHANCE, ORDER, Reader, Relevance
from assistant.types import Evidence
from assistant.wording import words_of
from vectorstore.embed import Embedder, open_embedder
from vectorstore.types import Document, Sentence, Span

SETS = {
    "SQuAD 2 quarter": ("dev/squad2_quarter",),
    "ClapNQ": ("dev/clapnq_dev_half", "dev/clapnq_dev_unans_half"),
    "WikiQA": ("train/wikiqa_dev", "dev/wikiqa_test_half"),  # the reader was not taught on either
}
Group = tuple[list[Relevance], list[int]]  # the sentences of a passage as they are read, and which of them answer
Weights = dict[str, float]
Numbers = NDArray[np.float64]
Measured = tuple[Numbers, Sequence[float] | Numbers]  # rows of measures, and a label for each
Gradient = Callable[[Numbers, Numbers, Numbers], tuple[Numbers, Numbers]]


def main() -> None:
    """Fit, print the weights, and measure them on what they have not seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--groups", type=int, default=400, help="passages of each set")
    arguments = parser.parse_args()
    judges, embedder = Judges(), open_embedder("bundled")
    read = partial(_measure, most=arguments.groups, judges=judges, embedder=embedder)
    sets = {
        name: [one for file in files for one in read(arguments.data / f"{file}.jsonl.gz")]
        for name, files in SETS.items()
    }
    for name, groups in sets.items():
        order, chance = _fit([one for other, each in sets.items() if other != name for one in each])
        _show(f"{name}, weights from the other sets", groups, order, chance)
    order, chance = _fit([one for each in sets.values() for one in each])
    for name, groups in sets.items():
        _show(name, groups, order, chance)
    for name, weights in (("ORDER", order), ("CHANCE", chance)):
        print(name, "=", {name: round(weight, 2) for name, weight in weights.items()})


def _show(name: str, groups: Sequence[Group], order: Weights, chance: Weights) -> None:
    right, yes, no = [], [], []
    for sentences, labels in groups:
        best = max(zip((_weigh(one, order) for one in sentences), labels, strict=True))
        (yes if any(labels) else no).append(_weigh(sentences[0], chance))
        if any(labels):
            right.append(best[1])
    print(f"{name}: precision@1 {np.mean(right):.3f} (n={len(right)}); AUC {_auc(yes, sorted(no)):.3f}", end=" ")
    print(f"(n={len(yes)}+{len(no)}); quartiles of the passage's logit, answerable", end=" ")
    print(np.round(np.quantile(yes, [0.1, 0.25, 0.5]), 2), end=" ")
    print("others", np.round(np.quantile(no, [0.5, 0.75, 0.9]), 2), flush=True)


def _weigh(one: Relevance, weights: Weights) -> float:
    return sum(weight * float(getattr(one, name, 1.0)) for name, weight in weights.items())


def _measure(path: Path, most: int, judges: Judges, embedder: Embedder) -> Iterator[Group]:
    groups = _groups(path)
    random.Random(0).shuffle(groups)
    groups = groups[:most]
    counts = Counter(word for _, sentences, _ in groups for word in words_of(" ".join(sentences)))
    for question, sentences, labels in groups:
        reader = Reader(
            _evidence(path.name, sentences),
            question,
            judges=judges,
            embedder=embedder,
            frequency=lambda words: {word: counts[word] for word in words},
            passages=len(groups),
        )
        read = sorted(reader.read(parts(question)[0]), key=lambda one: one.evidence.sentence.number)
        if read:
            yield read, [labels[one.evidence.sentence.number] for one in read]


def _groups(path: Path) -> list[tuple[str, list[str], list[int]]]:
    found: dict[tuple[str, str], tuple[str, list[str], list[int]]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            group = found.setdefault((row["group"], row["question"]), (row["question"], [], []))
            group[1].append(row["sentence"])
            group[2].append(int(row["label"]))
    return [group for group in found.values() if len(group[1]) > 1]


def _evidence(source: str, sentences: list[str]) -> list[Evidence]:
    document = Document(source, "", " ".join(sentences))
    found, start = [], 0
    for number, sentence in enumerate(sentences):
        span = Span(start, start + len(sentence))
        found.append(Evidence(f"S{number}", document, Sentence(document.id, number, span, 0), None, 1.0))
        start = span.end + 1
    return found


def _fit(groups: Sequence[Group]) -> tuple[Weights, Weights]:
    """Return what tells the answer from its neighbours, and what tells whether a passage answers."""
    told = [
        (np.array([[float(getattr(one, name)) for name in ORDER] for one in sentences]), labels)
        for sentences, labels in groups
        if 0 < sum(labels) < len(labels)
    ]
    rows = np.array([[float(getattr(sentences[0], name, 1.0)) for name in CHANCE] for sentences, _ in groups])
    answers = np.array([float(any(labels)) for _, labels in groups])
    order, chance = _newton(told, _choice_gradient), _newton([(rows, answers)], _chance_gradient)
    return dict(zip(ORDER, map(float, order), strict=True)), dict(zip(CHANCE, map(float, chance), strict=True))


def _newton(data: list[Measured], gradient: Gradient, ridge: float = 1.0) -> Numbers:
    """Return the weights of the greatest likelihood under a small ridge."""
    weights = np.zeros(data[0][0].shape[1])
    for _ in range(30):
        slope, hessian = -ridge * weights, ridge * np.eye(len(weights))
        for rows, labels in data:
            up, bend = gradient(rows, np.array(labels, dtype=float), weights)
            slope, hessian = slope + up, hessian + bend
        weights = weights + np.linalg.solve(hessian, slope)
    return weights


def _choice_gradient(rows: Numbers, labels: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Return slope and curvature of the log-likelihood that one of the rows is chosen, the labels sharing it."""
    chance = np.exp(rows @ weights - (rows @ weights).max())
    chance /= chance.sum()
    mean = chance @ rows
    return (labels / labels.sum()) @ rows - mean, (rows.T * chance) @ rows - np.outer(mean, mean)


def _chance_gradient(rows: Numbers, labels: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Return slope and curvature of the log-likelihood of each label by itself."""
    chance = 1 / (1 + np.exp(-rows @ weights))
    return rows.T @ (labels - chance), (rows.T * chance * (1 - chance)) @ rows


def _auc(yes: list[float], no: list[float]) -> float:
    if not yes or not no:
        return float("nan")
    return float(np.mean([np.searchsorted(no, one) for one in yes]) / len(no))


if __name__ == "__main__":
    main()
