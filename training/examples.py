"""What the two heads learn from: claims on a text, and questions on a passage."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Label = Literal["supported", "refuted", "neither", "not supported"]
LABELS: tuple[Label, ...] = ("supported", "refuted", "neither", "not supported")


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim and the few sentences it is held against; "not supported" where refuted or neither is not told."""

    claim: str
    window: str
    label: Label


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the sentences of one passage in order, and which of them answer it; none where it has no answer."""

    text: str
    sentences: tuple[str, ...]
    answers: tuple[bool, ...]


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a gzip JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
