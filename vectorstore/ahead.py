"""Embeds passages in another thread while files are still read, so that neither waits for the other."""

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from vectorstore.embeddings import Embeddings

if TYPE_CHECKING:
    from vectorstore.embed import Embedder


class Ahead:
    """Embeds texts into a file of embeddings, which keeps them whatever becomes of the run.

    Whoever gives texts waits once two windows are on their way, so memory does not grow with the corpus.
    """

    def __init__(self, path: Path, embedder: "Embedder") -> None:
        self.given = 0  # texts, some of them embedded long ago
        self.done = 0
        self.embedded = 0
        self._path = path
        self._embedder = embedder
        self._pool = ThreadPoolExecutor(1, "embedding")
        self._waiting: dict[str, str] = {}
        self._running: deque[Future[tuple[int, int]]] = deque()

    def __enter__(self) -> "Ahead":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def give(self, texts: Mapping[str, str]) -> None:
        """Take texts by their keys; what goes wrong while one is embedded is raised by a later call."""
        before = len(self._waiting)
        self._waiting |= texts
        self.given += len(self._waiting) - before
        while len(self._waiting) >= _WINDOW:
            self._start()

    def finish(self) -> None:
        """Wait until all texts are embedded."""
        if self._waiting:
            self._start()
        while self._running:
            self._end()

    def _start(self) -> None:
        if len(self._running) == _WINDOWS:
            self._end()
        window = {key: self._waiting.pop(key) for key in list(islice(self._waiting, _WINDOW))}
        self._running.append(self._pool.submit(self._embed, window))

    def _end(self) -> None:
        done, embedded = self._running.popleft().result()
        self.done += done
        self.embedded += embedded

    def _embed(self, texts: Mapping[str, str]) -> tuple[int, int]:
        """Return how many texts are embedded now, and how many of them have been just now."""
        model = self._embedder.model
        with closing(Embeddings(self._path)) as store:
            missing = store.missing(model, list(texts))
            keys = [key for key in texts if key in missing]
            if keys:
                store.put(model, keys, self._embedder.embed([texts[key] for key in keys]))
        return len(texts), len(keys)


_WINDOW = 512  # texts
_WINDOWS = 2
