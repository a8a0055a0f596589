"""The process that tries an index: `python -m vectorstore.check DIRECTORY PASSAGES`, with canaries as frames.

Opening a damaged index can end the process, hang it, or go well and find next to nothing; so this is done where a
crash harms nobody, and by searching.
"""

import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vectorstore.frames import read_frames
from vectorstore.index import VectorIndex

if TYPE_CHECKING:
    from vectorstore.places import Index

# Approximate search may miss a vector among many that are nearly equal; a broken graph misses nearly all.
_ENOUGH = 0.8
_SAME = 0.999


def main() -> None:
    """End with status 0 if the canaries find themselves, otherwise with one line that says what is wrong."""
    import chromadb  # noqa: F401 - loaded while the other process still builds

    directory, expected = sys.argv[1:]
    canaries = [vector for _, vectors in read_frames(sys.stdin.buffer) for vector in vectors]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    index = VectorIndex.open(Path(directory))
    if problem := problem_of(index, canaries, entries=int(expected)):
        sys.exit(problem)


def problem_of(index: "Index", canaries: Sequence[NDArray[np.float32]], *, entries: int) -> str | None:
    """Return what is wrong with an open index, or None: it holds so many entries, and the canaries find themselves."""
    if index.entries != entries:
        return f"it holds {index.entries} entries instead of {entries}"
    found = sum(index.query(vector, 1)[0][1] >= _SAME for vector in canaries)
    if found < _ENOUGH * len(canaries):
        return f"{len(canaries) - found} of {len(canaries)} passages do not find themselves"
    return None


def _end_with_parent() -> None:
    """End when the input does: the parent keeps it open as long as it waits."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    main()
