"""What a large library costs: python -m evals.benchmarks.scale FOLDER --passages 100000 [--questions N] [--keep DIR].

Repeats the texts of FOLDER with changes until there are about so many passages, and indexes them as always, except
that vectors come from a cache: noise around those of some thousand real passages, because embedding takes the same
time for each passage whatever the size. Searches are real, the embedding of the query included. Prints a table; memory
is that of this process and its children together, disk is counted when the first run has ended. One run on whatever
else the machine does: the load is printed with it.
"""

import argparse
import itertools
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from evals.benchmarks.repeated import DAYS, FIRST_DAY, OUTLETS, NearbyEmbedder, Original, originals, write_repeated
from vectorstore.embed import BundledEmbedder, Embedder
from vectorstore.library import Library
from vectorstore.passages import split_passages
from vectorstore.report import Progress, Report
from vectorstore.retrieve import Retriever
from vectorstore.sentences import fit_sentences, split_sentences
from vectorstore.sync import sync
from vectorstore.types import Document, Filters, Readable

TOKENS = 200
REAL = 2000  # passages that are embedded in earnest
WARM_UP = 5
PLAIN = (
    "What did the government say about the economy?",
    "Who won the election?",
    "What happened in Iraq?",
    "How many people lost their jobs last year?",
    "What did the prime minister say about taxes?",
    "Which company bought its rival?",
    "Why did the share price fall?",
    "Who was injured in the match against England?",
    "new mobile phone technology",
    "film awards",
)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, default=100_000, help="about so many")
    parser.add_argument("--questions", type=int, default=200, help="searches of each kind")
    parser.add_argument("--keep", type=Path, help="keep texts and library here; if they are there, only search them")
    parser.add_argument("--cold", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cold:
        _first_search(given.cold)
        return
    print("| what | figure |\n| --- | --- |")
    with tempfile.TemporaryDirectory() as temporary:
        place = given.keep or Path(temporary)
        if not (place / "library").exists():
            _ingest(given.folder, place, passages=given.passages)
        _print("cold start, process included", f"{_cold(place / 'library'):.2f} s")
        _search(place / "library", given.questions)
    _print("cores, load", f"{len(os.sched_getaffinity(0))}, {os.getloadavg()[0]:.1f}")


def _ingest(folder: Path, place: Path, *, passages: int) -> None:
    """Make the texts and the library, and bring it up to date after no change and after one in a hundred."""
    texts = originals(folder)
    real = [one for text in texts for one in _passages(text)]
    files = passages * len(texts) // len(real)
    written: list[Path] = []
    for done, path in enumerate(write_repeated(texts, place / "texts", files=files)):
        written.append(path)
        _tell("writing texts", done + 1, files)
    embedder = NearbyEmbedder(random.Random(0).sample(real, min(REAL, len(real))))
    del texts, real
    library = Library.create(place / "library")
    report = _sync("first run", place, library, embedder)
    _print("documents, passages", f"{len(report.added):,}, {report.passages:,}")
    _print("ingest without embedding", f"{report.passages / _total(report):,.0f} passages/s")
    for name, size in _disk(place / "library").items():
        _print(f"disk: {name}", f"{size / 1e6:,.0f} MB")
    _sync("nothing changed", place, library, embedder)
    chance = random.Random(1)
    for path in chance.sample(written, max(1, len(written) // 100)):
        path.write_text(path.read_text("utf-8") + f"\nThis was added as number {chance.getrandbits(64)}.\n", "utf-8")
    _sync("1 % changed", place, library, embedder)
    library.close()


def _sync(what: str, place: Path, library: Library, embedder: Embedder) -> Report:
    def tell(progress: Progress) -> None:
        _tell(f"{what}: {progress.stage}", progress.done, progress.total)

    started = time.perf_counter()
    with _watched() as memory:
        report = sync([place / "texts"], library, embedder, passage_tokens=TOKENS, on_progress=tell)
    parts = report.seconds
    _print(
        f"sync, {what}",
        f"{time.perf_counter() - started:.1f} s (reading {parts.reading:.1f}, storing vectors {parts.embedding:.1f}, "
        f"index {parts.building:.1f}), peak memory {memory.peak / 1e6:,.0f} MB",
    )
    return report


def _search(directory: Path, number: int) -> None:
    """Time searches of each kind over the same questions."""
    library = Library.open(directory)
    embedder = BundledEmbedder()
    retriever = Retriever(library, embedder)
    questions = list(itertools.islice(_questions(library), number))
    source = next(library.documents()).source
    day = FIRST_DAY + timedelta(days=DAYS // 2)
    kinds = {
        "without filters": Filters(),
        "outlets of 50 %": Filters(outlets=OUTLETS[::2]),
        "days of 1 %": Filters(after=day, before=day + timedelta(days=DAYS // 100 - 1)),
        "one document": Filters(documents=(source,)),
        "rights to 50 %": Filters(readable=Readable(("*[02468].txt",))),
    }
    with _watched() as memory:
        for kind, filters in kinds.items():
            times = _timed(lambda query: retriever.search(query, filters=filters), questions)  # noqa: B023 - used at once
            _print(f"search, {kind}", f"{_percentiles(times)}, n={len(times)}")
    times = _timed(lambda query: embedder.embed([query]), questions)
    _print("of which the embedding of the query", _percentiles(times))
    _print("peak memory of searching", f"{memory.peak / 1e6:,.0f} MB")
    library.close()


def _questions(library: Library) -> Iterator[str]:
    """Yield a title, a sentence and a plain question by turns, for ever."""
    chance = random.Random(2)
    ids = [each for (each,) in library.connection.execute("SELECT id FROM documents ORDER BY source")]
    for turn in itertools.count():
        document = library.document(chance.choice(ids))
        yield document.title
        yield chance.choice(library.sentences(document.id)).span.of(document.text)
        yield PLAIN[turn % len(PLAIN)]


def _timed(work: Callable[[str], object], questions: Sequence[str]) -> list[float]:
    for question in questions[:WARM_UP]:
        work(question)
    times = []
    for done, question in enumerate(questions):
        _tell("searching", done + 1, len(questions))
        started = time.perf_counter()
        work(question)
        times.append((time.perf_counter() - started) * 1000)
    return times


def _percentiles(times: Sequence[float]) -> str:
    ordered = sorted(times)
    return f"p50 {ordered[len(ordered) // 2]:.1f} ms, p95 {ordered[int(0.95 * (len(ordered) - 1))]:.1f} ms"


def _cold(library: Path) -> float:
    """Return how long a new process takes until its first answer; the files are in the memory of the system."""
    command = [sys.executable, "-m", "evals.benchmarks.scale", ".", "--cold", str(library)]
    started = time.perf_counter()
    shown = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    seconds = time.perf_counter() - started
    _print("cold start, open and first search", shown)
    return seconds


def _first_search(directory: Path) -> None:
    started = time.perf_counter()
    Retriever(Library.open(directory), BundledEmbedder()).search(PLAIN[0])
    print(f"{time.perf_counter() - started:.2f} s")


def _disk(library: Path) -> dict[str, int]:
    """Return bytes by part."""
    parts: dict[str, int] = {}
    for path in library.rglob("*"):
        if path.is_file():
            name = "index: graph" if path.suffix in (".bin", ".pickle") else path.name
            name = f"index: {name}" if name.startswith("chroma") else name
            parts[name] = parts.get(name, 0) + path.stat().st_size
    return {name: size for name, size in sorted(parts.items()) if size > 1e5}


def _passages(text: Original) -> Iterator[str]:
    document = Document("x.txt", text.title, text.text)
    count = _counting.count_many
    sentences = fit_sentences(document, split_sentences(document), count=count, limit=TOKENS)
    for passage in split_passages(document, sentences, count=count, limit=TOKENS):
        yield passage.span.of(document.text)


_counting = BundledEmbedder()


@dataclass
class _Memory:
    """The most bytes that this process and its children held at once."""

    peak: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.over.wait(0.1):
            self.peak = max(self.peak, sum(map(_resident, _family(os.getpid()))))


@contextmanager
def _watched() -> Iterator[_Memory]:
    memory = _Memory()
    thread = threading.Thread(target=memory.watch)
    thread.start()
    try:
        yield memory
    finally:
        memory.over.set()
        thread.join()


def _family(process: int) -> Iterator[int]:
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            for child in children.read_text().split():
                yield from _family(int(child))
        except OSError:
            continue  # that thread has ended


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0  # it has ended


def _total(report: Report) -> float:
    return report.seconds.reading + report.seconds.embedding + report.seconds.building


def _print(what: str, figure: str) -> None:
    print(f"| {what} | {figure} |", flush=True)


def _tell(what: str, done: int, total: int) -> None:
    if done % 1000 == 0 or done == total:
        print(f"{what}: {done:,} of {total:,}", file=sys.stderr)


if __name__ == "__main__":
    main()
