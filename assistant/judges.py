"""The two trained judges: does this text support this claim, and which sentences of a passage answer this question.

One small network with two heads, trained by training/judges.py; its model card lies beside its weights. On the CPU,
offline, loaded when first used.
"""

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vectorstore.onnx import open_session
from vectorstore.tokens import Tokens

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]  # it has no stubs

MODEL_FOLDER = Path(__file__).parent / "models" / "judges"
CLS, SEP = 101, 102
LONGEST_CLAIM, LONGEST_PAIR = 96, 256  # tokens; what goes beyond is cut off the end
LONGEST_QUESTION, LONGEST_SENTENCE, LONGEST_PASSAGE = 64, 128, 320
BATCH_TOKENS = 1024  # that the network reads at once, padding included
SUPPORTED, REFUTED, NEITHER, SENTENCE, PASSAGE = range(5)  # the network's numbers for a token

Floats = NDArray[np.float32]
_LOADING = threading.Lock()  # the first two to ask would otherwise both load it


@dataclass(frozen=True, slots=True)
class Row:
    """What the network reads: token ids, 0 for the first text and 1 for the second, and where sentences stand."""

    ids: list[int]
    types: list[int]
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """How a passage stands to a question, in logits: whether it answers, and whether each of its sentences does."""

    passage: float
    sentences: tuple[float, ...]


def pair_row(claim: Sequence[int], text: Sequence[int]) -> Row:
    """Return what the network reads of a claim and a text, both as token ids."""
    claim = claim[:LONGEST_CLAIM]
    text = text[: LONGEST_PAIR - len(claim) - 3]
    return Row([CLS, *claim, SEP, *text, SEP], [0] * (len(claim) + 2) + [1] * (len(text) + 1))


def passage_rows(question: Sequence[int], sentences: Sequence[Sequence[int]]) -> Iterator[Row]:
    """Yield what the network reads of a question and the sentences of a passage: one row, or more if it is long.

    Every sentence has its span in exactly one row, an empty one an empty span.
    """
    opening = [CLS, *question[:LONGEST_QUESTION], SEP]
    ids = list(opening)
    spans: list[tuple[int, int]] = []
    for sentence in sentences:
        sentence = sentence[:LONGEST_SENTENCE]
        if spans and len(ids) + len(sentence) + 1 > LONGEST_PASSAGE:
            yield _closed(opening, ids, spans)
            ids, spans = list(opening), []
        spans.append((len(ids), len(ids) + len(sentence)))
        ids += sentence
    yield _closed(opening, ids, spans)


def _closed(opening: Sequence[int], ids: Sequence[int], spans: Sequence[tuple[int, int]]) -> Row:
    return Row([*ids, SEP], [0] * len(opening) + [1] * (len(ids) + 1 - len(opening)), tuple(spans))


class Judges:
    """The network and its two questions; safe to use from many threads. What it says does not depend on the batch."""

    def __init__(self, folder: Path = MODEL_FOLDER) -> None:
        self._folder = folder
        self._tokens = Tokens()

    def support(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Return for each (claim, text) the log-odds that the text supports, refutes, or does neither; shape (n, 3)."""
        claims = self._tokens.encode([claim for claim, _ in pairs])
        texts = self._tokens.encode([text for _, text in pairs])
        rows = [pair_row(claim[1:-1], text[1:-1]) for claim, text in zip(claims, texts, strict=True)]
        logits = np.array([numbers[0, :SENTENCE] for numbers in self._run(rows)], dtype=np.float64).reshape(-1, 3)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = np.clip(shares / shares.sum(axis=1, keepdims=True), 1e-6, 1 - 1e-6)
        odds: Floats = np.log(shares / (1 - shares)).astype(np.float32)
        return odds

    def read(self, question: str, passages: Sequence[Sequence[str]]) -> list[Reading]:
        """Return how each passage, a list of sentences, stands to question."""
        asked = self._tokens.encode([question])[0][1:-1]
        flat = self._tokens.encode([sentence for passage in passages for sentence in passage])
        encoded = iter([each[1:-1] for each in flat])
        rows: list[Row] = []
        ends = [0]
        for passage in passages:
            rows += passage_rows(asked, [next(encoded) for _ in passage])
            ends.append(len(rows))
        numbers = self._run(rows)
        return [_reading(rows[start:end], numbers[start:end]) for start, end in pairwise(ends)]

    def rank(self, query: str, passages: Sequence[Sequence[str]]) -> list[float]:
        """Return the chance that each passage answers the query, as vectorstore.retrieve.Reranker does."""
        return [1 / (1 + math.exp(-reading.passage)) for reading in self.read(query, passages)]

    def _run(self, rows: Sequence[Row]) -> list[Floats]:
        """Return the numbers for each token of each row, in order."""
        with _LOADING:
            session = _session(self._folder / "model.onnx")
        numbers: list[Floats] = [np.empty((0, 0), dtype=np.float32)] * len(rows)
        for batch in _batches([len(row.ids) for row in rows]):
            longest = len(rows[batch[-1]].ids)
            inputs = {name: np.zeros((len(batch), longest), dtype=np.int64) for name in ("ids", "types", "mask")}
            for at, number in enumerate(batch):
                length = len(rows[number].ids)
                inputs["ids"][at, :length] = rows[number].ids
                inputs["types"][at, :length] = rows[number].types
                inputs["mask"][at, :length] = 1
            (found,) = session.run(["numbers"], inputs)
            for at, number in enumerate(batch):
                numbers[number] = found[at]
        return numbers


@cache
def _session(path: Path) -> "InferenceSession":
    return open_session(path)


def _reading(rows: Sequence[Row], numbers: Sequence[Floats]) -> Reading:
    """Return the reading of a passage that was read in rows; the best of them says whether it answers."""
    sentences = [
        float(found[start:end, SENTENCE].mean()) if end > start else -10.0
        for row, found in zip(rows, numbers, strict=True)
        for start, end in row.spans
    ]
    return Reading(max(float(found[0, PASSAGE]) for found in numbers), tuple(sentences))


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the positions of all lengths, shortest first, in batches of at most BATCH_TOKENS with their padding."""
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[position] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch
