"""Readers to compare: each scores the sentences of one passage for a question, and the passage as a whole."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.judges import Judges
from assistant.question import parts
from assistant.reading import evidence_of
from assistant.relevance import Reader
from evals.benchmarks.passages import Asked
from vectorstore.embed import Embedder
from vectorstore.types import Document, Sentence
from vectorstore.words import query_terms, terms

UNREAD = -math.inf


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader says of one passage: a score for each sentence, in order, and how surely the passage answers.

    Only the order of either means anything; both may be on any scale.
    """

    scores: tuple[float, ...]
    answerable: float


class PassageReader(Protocol):
    """Anything that can tell which sentence of a passage answers a question, and whether one does."""

    def read(self, asked: Asked) -> Reading:
        """Return the scores of asked's sentences for its question; `answering` is not for it to look at."""


class WordReader:
    """The share of the question's content words that a sentence holds, each weighted by how rare it is."""

    def __init__(self, passages: Sequence[str]) -> None:
        """Count in how many of the passages each term stands."""
        self._passages = len(passages)
        self._counts = frequencies(passages)

    def read(self, asked: Asked) -> Reading:
        """Return the shares; the passage answers as surely as its best sentence."""
        rarity = {
            word: math.log((1 + self._passages) / (1 + self._counts[word])) for word in query_terms(asked.question)
        }
        total = sum(rarity.values())
        held = [rarity.keys() & {term.text for term in terms(sentence)} for sentence in asked.sentences]
        return _by_best([sum(rarity[word] for word in words) / total if total else 0.0 for words in held])


class CosineReader:
    """The cosine of the question's embedding and the sentence's."""

    def __init__(self, embed: Callable[[Sequence[str]], NDArray[np.float32]]) -> None:
        self._embed = embed

    def read(self, asked: Asked) -> Reading:
        """Return the cosines; the passage answers as surely as its best sentence."""
        vectors = self._embed([asked.question, *asked.sentences])
        return _by_best((vectors[1:] @ vectors[0]).tolist())


class ShippedReader:
    """The reader of the extractive answerer, with the given sentences: the best score of any part of the question."""

    def __init__(self, judges: Judges, embedder: Embedder, passages: Sequence[str]) -> None:
        """Read with these; `passages` tell how rare a word is."""
        self._judges = judges
        self._embedder = embedder
        self._passages = len(passages)
        self._counts = frequencies(passages)

    def read(self, asked: Asked) -> Reading:
        """Return the logits; a sentence that the reader leaves out is below all others."""
        document = Document("passage", asked.title, asked.passage)
        sentences = [Sentence(document.id, number, span, 0) for number, span in enumerate(asked.spans)]
        reader = Reader(
            evidence_of(document, sentences),
            asked.question,
            judges=self._judges,
            embedder=self._embedder,
            frequency=lambda words: {word: self._counts[word] for word in words},
            passages=self._passages,
        )
        scores = [UNREAD] * len(sentences)
        for part in parts(asked.question):
            for one in reader.read(part):
                number = one.evidence.sentence.number
                scores[number] = max(scores[number], one.logit)
        return _by_best(scores)


class Remembered:
    """An embedder's vectors, each text embedded once, what is longer than the embedder reads cut off."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vectors of texts, shape (len(texts), dimension)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        limit = self._embedder.limit
        vectors = self._embedder.embed([text[: self._embedder.cut(text, limit)] for text in new])
        self._vectors.update(zip(new, vectors, strict=True))
        return np.array([self._vectors[text] for text in texts], dtype=np.float32)


def frequencies(passages: Sequence[str]) -> Counter[str]:
    """Return in how many of the passages each term stands."""
    return Counter(word for passage in passages for word in {term.text for term in terms(passage)})


def _by_best(scores: Sequence[float]) -> Reading:
    return Reading(tuple(scores), max(scores, default=UNREAD))
