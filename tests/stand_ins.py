"""An embedder for tests: a fixed random direction for each word, added up; fast, and near for shared words."""

import hashlib
import re
import sys
from pathlib import Path

import numpy as np

from vectorstore.library import Library
from vectorstore.sync import sync


class WordEmbedder:
    dimension = 32
    limit = 256

    def __init__(self, model="words"):
        self.model = model
        self.embedded = []

    def count(self, text):
        return len(re.findall(r"\w+|[^\w\s]", text))

    def count_many(self, texts):
        return [self.count(text) for text in texts]

    def cut(self, text, limit):
        return len(text) if self.count(text) <= limit else limit

    def embed(self, texts, *, progress=None):
        self.embedded.extend(texts)
        rows = [
            sum(map(self._direction, re.findall(r"\w+", text.casefold())), np.zeros(self.dimension)) for text in texts
        ]
        rows = np.array(rows, dtype=np.float32).reshape(len(texts), self.dimension)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)

    def _direction(self, word):
        seed = int.from_bytes(hashlib.sha256((self.model + word).encode()).digest()[:8], "big")
        return np.random.default_rng(seed).normal(size=self.dimension)


def main():
    folder, library = map(Path, sys.argv[1:])
    sync([folder], Library.create(library), WordEmbedder(), passage_tokens=40, allow_shrink=True)


if __name__ == "__main__":
    main()
