"""Questions that each come with one passage, and the sentences of it that answer them, as people said."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from evals.benchmarks.lines import read_rows
from vectorstore.text import normalise
from vectorstore.types import Span


@dataclass(frozen=True)
class Asked:
    """A question and the sentences of one passage, normalised and in order.

    `answering` are the numbers, from 0, of the sentences that answer it; empty when the passage does not say.
    """

    question: str
    sentences: tuple[str, ...]
    answering: frozenset[int]
    title: str = ""

    @cached_property
    def passage(self) -> str:
        """The text: the sentences with a space between two."""
        return " ".join(self.sentences)

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Where each sentence stands in the passage."""
        found, start = [], 0
        for sentence in self.sentences:
            found.append(Span(start, start + len(sentence)))
            start += len(sentence) + 1
        return tuple(found)

    @property
    def answerable(self) -> bool:
        """Whether the passage answers the question."""
        return bool(self.answering)


def read_groups(path: Path) -> list[Asked]:
    """Return what a file of lines "question, sentence, label, group" asks, in its order.

    Raises:
        UserError: if it is no such file.
    """
    groups: dict[tuple[str, str], tuple[list[str], list[int]]] = {}
    for row in read_rows(path, keys=("question", "sentence", "label", "group")):
        sentences, labels = groups.setdefault((row["group"], row["question"]), ([], []))
        sentences.append(row["sentence"])
        labels.append(int(row["label"]))
    return [
        _asked(question, zip(sentences, labels, strict=True)) for (_, question), (sentences, labels) in groups.items()
    ]


def read_clapnq(path: Path) -> list[Asked]:
    """Return what a file of ClapNQ asks; a sentence answers when at least one person selected it.

    Raises:
        UserError: if it is no such file.
    """
    found = []
    for row in read_rows(path, keys=("input", "passages", "output")):
        (passage,) = row["passages"]
        selected = {sentence for output in row["output"] for sentence in output["selected_sentences"]}
        labelled = [(sentence, int(sentence in selected)) for sentence in passage["sentences"]]
        found.append(_asked(row["input"], labelled, title=passage["title"]))
    return found


def _asked(question: str, labelled: Iterable[tuple[str, int]], title: str = "") -> Asked:
    kept = [(text, label) for sentence, label in labelled if (text := " ".join(normalise(sentence).split()))]
    answering = frozenset(number for number, (_, label) in enumerate(kept) if label)
    return Asked(question, tuple(text for text, _ in kept), answering, title)
