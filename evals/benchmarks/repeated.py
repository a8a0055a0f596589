"""A corpus as large as one likes, of real texts repeated with changes, and an embedder that need not embed it."""

import datetime
import json
import random
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vectorstore.embed import BundledEmbedder, Progress, Vectors
from vectorstore.errors import SkippedFile
from vectorstore.loaders import SUFFIXES, load

OUTLETS = ("The Ledger", "Nordpost", "Harbour Post", "Evening Echo")
FIRST_DAY = datetime.date(2020, 1, 1)
DAYS = 2000

# The share of the words that are swapped for others, and how far a vector is moved: to a cosine of 0.8 on average.
_SWAPPED = 0.15
_NOISE = 0.75

_FILES_A_FOLDER = 500
_WORD = re.compile(r"[A-Za-z]+|\d+")


@dataclass(frozen=True, slots=True)
class Original:
    """A real text and its title."""

    title: str
    text: str


def originals(folder: Path) -> list[Original]:
    """Return the texts in folder that can be read, in order of their paths."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            try:
                document = load(path, source=path.name)
            except SkippedFile:
                continue
            found.append(Original(document.title, document.text))
    return found


def write_repeated(texts: Sequence[Original], folder: Path, *, files: int) -> Iterator[Path]:
    """Write so many files, each one of the texts with other words, names, numbers, an outlet and a day; yield each."""
    words = _Words(texts)
    for number in range(files):
        original = texts[number % len(texts)]
        chance = random.Random(number)
        day = FIRST_DAY + datetime.timedelta(days=chance.randrange(DAYS))
        path = folder / f"{number // _FILES_A_FOLDER:04d}" / f"{number:07d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        title = json.dumps(words.swapped(original.title, chance))
        about = f"title: {title}\noutlet: {chance.choice(OUTLETS)}\npublished: {day}"
        path.write_text(f"---\n{about}\n---\n\n{words.swapped(original.text, chance)}\n", encoding="utf-8")
        yield path


class NearbyEmbedder(BundledEmbedder):
    """Says it is the bundled embedder and gives each text a vector near a real one, by the text's checksum."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Embed these texts, in earnest, as the real ones."""
        super().__init__()
        self._real = super().embed(texts)

    def embed(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Return the unit vectors in the order of the texts; equal texts have equal ones."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            checksum = zlib.crc32(text.encode())
            noise = np.random.default_rng(checksum).standard_normal(self.dimension, dtype=np.float32)
            vectors[row] = self._real[checksum % len(self._real)] + _NOISE / self.dimension**0.5 * noise
            if progress:
                progress(row + 1)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


class _Words:
    """The words of a corpus by kind, each as often as it occurs."""

    def __init__(self, texts: Sequence[Original]) -> None:
        every: list[str] = [word for text in texts for word in _WORD.findall(text.text)]
        self._common = [word for word in every if word.islower()]
        self._names = [word for word in every if word[0].isupper()]

    def swapped(self, text: str, chance: random.Random) -> str:
        """Return text with some of its words swapped for others of their kind, and half of those names new."""
        return _WORD.sub(lambda match: self._other(match.group(), chance), text)

    def _other(self, word: str, chance: random.Random) -> str:
        if chance.random() > _SWAPPED:
            return word
        if word.isdigit():
            return str(chance.randrange(10 ** len(word)))
        if word.islower():
            return chance.choice(self._common)
        one, other = chance.choice(self._names), chance.choice(self._names)
        return one if chance.random() < 0.5 else one[:3] + other[len(other) // 2 :].lower()
