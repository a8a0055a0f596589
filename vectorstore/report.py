"""What a run that brings the library up to date tells: how far it is, and what it did."""

from dataclasses import dataclass
from typing import Literal

from vectorstore.library import Skipped


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; reading counts files, embedding and building count passages.

    Passages are embedded while files are still read: until then the total of embedding is what is known so far. A
    total of 0 is one that nobody knows.
    """

    stage: Literal["reading", "embedding", "building"]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long each stage took; `embedding` is what was left of it when all files were read."""

    reading: float = 0.0
    embedding: float = 0.0
    building: float = 0.0


@dataclass(frozen=True, slots=True)
class Moved:
    """A document whose file is somewhere else now, with its source before and its source now."""

    before: str
    source: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did, all in sources; `skipped` files are not in the library, or still in an older form.

    A document that moved is neither added nor removed. `passages` are those of the whole library; `embedded` and
    `reused` say where their embeddings come from, passages with the same text counted once. `notes` tell, a sentence
    each, what was done beyond what the files asked for, and how a file was decoded where that was a guess.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    moved: tuple[Moved, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    passages: int
    embedded: int
    reused: int
    seconds: Seconds
    notes: tuple[str, ...] = ()
