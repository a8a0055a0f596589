"""How well copies are found: python -m evals.benchmarks.copies FOLDER [--planted N].

Indexes the texts of FOLDER (plain text, one article a file) and, beside them, N copies of each of four sorts, made of
as many different articles: with another dateline, with its last third cut off, with every tenth word changed on
average, with a paragraph of another article added; no embedding is made. Prints how many copies were put beside their
original, with a 95 % interval; the false merges, which are planted copies beside an article that is not their
original's copy; the clusters that FOLDER itself holds; the time a document; and --show K of the clusters to read.
"""

import argparse
import random
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from evals.statistics import wilson
from vectorstore import copies
from vectorstore.library import Library
from vectorstore.types import Document
from vectorstore.writer import Writer, writing

SEED = 8


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--planted", type=int, default=200, help="copies of each sort")
    parser.add_argument("--show", type=int, default=0, help="clusters to print, those least alike first")
    arguments = parser.parse_args()
    texts = {
        str(path.relative_to(arguments.folder)): path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(arguments.folder.rglob("*.txt"))
    }
    with tempfile.TemporaryDirectory() as temporary:
        library = Library.create(Path(temporary))
        _index(library, texts, "the folder")
        before = _groups(library)
        clusters = {frozenset(group) for group in before.values() if len(group) > 1}
        print(f"{len(clusters)} clusters of {sum(map(len, clusters))} documents among {len(texts)}\n")
        for likeness, names in sorted(_least_alike(texts, group) for group in clusters)[: arguments.show]:
            print(f"{likeness:.2f}  " + "  |  ".join(f"{name}: {texts[name].split(chr(10))[0]}" for name in names))
        planted = _planted(texts, arguments.planted)
        _index(library, {name: text for made in planted.values() for name, (_, text) in made.items()}, "the copies")
        after = _groups(library)
        library.close()
    print("\n| copies | n | found | 95 % | beside something else | 95 % |\n|---|---|---|---|---|---|")
    for sort, made in planted.items():
        found = sum(original in after[name] for name, (original, _) in made.items())
        wrong = sum(bool((after[name] & texts.keys()) - before[original]) for name, (original, _) in made.items())
        print(f"| {sort} | {len(made)} | {_rate(found, len(made))} | {_rate(wrong, len(made))} |")


def _dateline(text: str, other: str, rng: random.Random) -> str:
    return f"LISBON, {rng.randint(1, 28)} March (Reuters) - {text}"


def _cut(text: str, other: str, rng: random.Random) -> str:
    return text[: len(text) * 2 // 3]


def _words_changed(text: str, other: str, rng: random.Random) -> str:
    instead = re.findall(r"\w+", other)
    return re.sub(r"\w+", lambda word: rng.choice(instead) if rng.random() < 0.1 else word[0], text)


def _paragraph_added(text: str, other: str, rng: random.Random) -> str:
    return f"{text}\n\n{max(other.split(chr(10)), key=len)}"


_SORTS: dict[str, Callable[[str, str, random.Random], str]] = {
    "another dateline": _dateline,
    "last third cut off": _cut,
    "10 % of words changed": _words_changed,
    "paragraph added": _paragraph_added,
}


def _planted(texts: dict[str, str], count: int) -> dict[str, dict[str, tuple[str, str]]]:
    """Return the copies of each sort: by the name of the copy that of its original, and the text."""
    rng = random.Random(SEED)
    planted: dict[str, dict[str, tuple[str, str]]] = {}
    for sort, change in _SORTS.items():
        chosen = rng.sample(sorted(texts), min(count, len(texts)))
        others = rng.choices(sorted(texts), k=len(chosen))
        planted[sort] = {
            f"copies/{sort}/{name}": (name, change(texts[name], texts[other], rng))
            for name, other in zip(chosen, others, strict=True)
        }
    return planted


def _index(library: Library, texts: dict[str, str], what: str) -> None:
    with writing(library) as writer:
        started = time.process_time()
        for name, text in texts.items():
            _put(writer, Document(name, "", text))
        signed = time.process_time()
    placed = time.process_time()
    each = 1000 / max(1, len(texts))
    print(
        f"{what}: {(signed - started) * each:.2f} ms of CPU a document to put and sign, "
        f"{(placed - signed) * each:.2f} ms to place and commit"
    )


def _put(writer: Writer, document: Document) -> None:
    writer.put(document, path=document.source.encode(), file_hash=b"", sentences=(), passages=())


def _groups(library: Library) -> dict[str, set[str]]:
    """Return by document the documents that it is a copy of, itself among them."""
    leaders: dict[int, set[str]] = defaultdict(set)
    rows = "SELECT leader, source FROM copies JOIN documents ON number = document"
    for leader, source in library.connection.execute(rows):
        leaders[leader].add(source)
    return {source: group for group in leaders.values() for source in group}


def _least_alike(texts: dict[str, str], group: frozenset[str]) -> tuple[float, Sequence[str]]:
    names = sorted(group)
    return min(copies.likeness(texts[names[0]], texts[name]) for name in names[1:]), names


def _rate(count: int, n: int) -> str:
    interval = wilson(count / n, n)
    return f"{count / n:.3f} | {interval.low:.3f}–{interval.high:.3f}"


if __name__ == "__main__":
    main()
