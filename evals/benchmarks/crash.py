"""Kill indexing at random moments and see whether the library still answers.

    python -m evals.benchmarks.crash FOLDER --kills 30

works on copies in a temporary folder. Before each kill some files are added, changed and removed; after it the library
must be wholly in the old state or wholly in the new one, find its passages by words and by vectors, and have left no
process behind; and the next run must complete.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vectorstore.index import VectorIndex
from vectorstore.library import Library
from vectorstore.loaders import load
from vectorstore.words import terms

_SAMPLE = 20
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one kill did: at which second of the run it fell, and which state it left.

    "finished" means that the run was over before it could be killed.
    """

    after: float
    state: Literal["old", "new", "finished"]


def survive(
    folder: Path, library: Path, command: Sequence[str], *, kills: int, recover_every: int = 1, seed: int = 0
) -> Iterator[Outcome]:
    """Edit folder, start command, kill it, check the library in `library`; yield the outcome of each kill.

    `command` brings the library up to date with the folder; it is run to its end at first, after every
    `recover_every` kills, and at last. The moments are spread evenly over the time that a whole run takes.

    Raises:
        AssertionError: if the library does not answer, a process is left behind, or the next run fails.
    """
    chance = random.Random(seed)
    _edit(folder, chance)
    started = time.monotonic()
    subprocess.run(command, check=True)
    duration = time.monotonic() - started
    for kill in range(kills):
        before = _contents(library)
        _edit(folder, chance)
        after = duration * (kill + chance.random()) / kills
        process = subprocess.Popen(command, start_new_session=True)
        try:
            process.wait(after)
            killed = False
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed = True
        _wait_for_end_of_group(process.pid)
        check_answers(library)
        contents = _contents(library)
        if contents not in (before, wanted := _wanted(folder)):
            raise AssertionError(f"killed after {after:.2f} s, the library is neither in the old state nor in the new")
        state: Literal["old", "new"] = "old" if contents == before else "new"
        yield Outcome(after, state if killed else "finished")
        if (kill + 1) % recover_every == 0 or kill + 1 == kills:
            subprocess.run(command, check=True)
            check_answers(library)
            if _contents(library) != wanted:
                raise AssertionError("the next run did not bring the library up to date")


def check_answers(directory: Path) -> None:
    """Make sure that passages find themselves: all of a sample by words, nearly all by vectors.

    The vector search is approximate, and in a space as crowded as a stand-in's it may miss one; a broken index misses
    nearly all.

    Raises:
        AssertionError: if one does not.
    """
    library = Library.open(directory)
    generation = library.index_directory()
    if generation is None:
        raise AssertionError("the library has no vector index")
    index = VectorIndex.open(generation)
    passages = [passage for document in library.documents() for passage in library.passages_of(document.id)]
    if not passages or len(passages) != library.manifest().passages:
        raise AssertionError(f"{len(passages)} passages instead of {library.manifest().passages}")
    sample = passages[:: max(1, len(passages) // _SAMPLE)]
    missed = 0
    for passage in sample:
        (vector,) = library.vectors([passage.id])
        missed += index.query(vector, 1)[0][1] < 0.999
        words = {term.text for term in terms(passage.span.of(library.document(passage.document_id).text))}
        if words and library.lexical_scores(library.document_frequency(sorted(words)), [passage.id])[passage.id] == 0.0:
            raise AssertionError(f"passage {passage.id} does not find itself by its words")
    if missed > len(sample) / 10:
        raise AssertionError(f"{missed} of {len(sample)} passages do not find themselves by their vectors")
    index.close()
    library.close()


def _contents(directory: Path) -> dict[str, str]:
    library = Library.open(directory)
    contents = {document.source: document.hash for document in library.documents()}
    library.close()
    return contents


def _wanted(folder: Path) -> dict[str, str]:
    sources = {path: path.relative_to(folder.parent).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {source: load(path, source=source).hash for path, source in sources.items()}


def _edit(folder: Path, chance: random.Random) -> None:
    """Add, change and remove about one file in a hundred of each, at least one."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    chosen = chance.sample(files, 2 * max(1, len(files) // 100))
    for number, path in enumerate(chosen):
        if number % 2:
            new = path.with_name(f"{chance.getrandbits(64):x}{path.suffix}")
            new.write_bytes(path.read_bytes() + f"\n\nAdded as {new.stem}.\n".encode())
            path.unlink()
        else:
            path.write_bytes(path.read_bytes() + f"\n\nChanged to {chance.getrandbits(64):x}.\n".encode())


def _wait_for_end_of_group(group: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise AssertionError(f"processes of the killed run are still there after {_PATIENCE:.0f} seconds")


def _index(folder: Path, library: Path, passage_tokens: int) -> None:
    from vectorstore.embed import open_embedder
    from vectorstore.sync import sync

    sync([folder], Library.create(library), open_embedder("bundled"), passage_tokens=passage_tokens, allow_shrink=True)


def main() -> None:
    """Run the long form and print one line a kill and a summary, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--passage-tokens", type=int, default=200)
    parser.add_argument("--library", type=Path, help="a library of FOLDER whose embeddings are used, not changed")
    parser.add_argument("--index-into", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.index_into:
        _index(given.folder, given.index_into, given.passage_tokens)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder, library = Path(temporary, "folder"), Path(temporary, "library")
        shutil.copytree(given.folder, folder)
        library.mkdir()
        if given.library:
            shutil.copy(given.library / "embeddings.db", library)
        command = [sys.executable, "-m", "evals.benchmarks.crash", str(folder), "--index-into", str(library)]
        command += ["--passage-tokens", str(given.passage_tokens)]
        subprocess.run(command, check=True)
        states: Counter[str] = Counter()
        for outcome in survive(folder, library, command, kills=given.kills, seed=given.seed):
            states[outcome.state] += 1
            print(json.dumps({"after_s": round(outcome.after, 2), "state": outcome.state}), flush=True)
        print(json.dumps({"kills": given.kills, **states}))


if __name__ == "__main__":
    main()
