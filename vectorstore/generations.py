"""Generations of the vector index: each is built aside, or copied and changed, tried, and put in place by a rename."""

import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from vectorstore.disk import entry_to_disk, to_disk
from vectorstore.errors import OwnerError
from vectorstore.frames import write_end, write_frame

# Ids of entries and their vectors.
Batch = tuple[Sequence[str], NDArray[np.float32]]

_CANARIES = 50
_CHECK_SECONDS = 60
_DATABASE = "chroma.sqlite3"
_BUILDING = ".building"
_NAME = re.compile(r"gen-(\d+)(\.building)?")
_JOURNALS = ("-wal", "-shm", "-journal")  # of a database that somebody has open


def build(directory: Path, batches: Iterable[Batch], *, entries: int, dimension: int, newer_than: str | None) -> str:
    """Write these vectors into a new generation under directory and return its name.

    `entries` is how many vectors the batches hold together. A generation whose canaries fail is deleted.

    Raises:
        OwnerError: if the disk has not three times the room it will take.
        RuntimeError: if Chroma cannot write it, or what it wrote cannot be searched.
    """
    directory.mkdir(exist_ok=True)
    _need_room(directory, 3 * entries * (dimension * 4 * 2 + 1000))  # Chroma queues each vector before it files it
    # The checker is started before it is needed: loading Chroma takes longer than most indexes take to build.
    with _aside(directory, newer_than) as building, _Child("check", str(building), str(entries)) as checker:
        canaries = _write("new", building, batches, entries)
        _compact(building / _DATABASE)
        if problem := _try_canaries(checker, np.stack(canaries)):
            raise RuntimeError(f"the vector index that was just built cannot be searched: {problem}")
    return building.name.removesuffix(_BUILDING)


def change(
    directory: Path, current: str, batches: Iterable[Batch], *, operations: int, entries: int, kept: NDArray[np.float32]
) -> str:
    """Write a generation that differs from the current one by these batches and return its name.

    Vectors of shape (n, 0) delete the entries with these ids, others are added; `operations` is how many they are
    together, `entries` how many there will be, and `kept` some vectors that stay: they are canaries beside the new.
    The current generation is copied, because Chroma changes files in their place, and stays as it is.

    Raises:
        OwnerError: if there is no room on the disk.
        RuntimeError: if the copy cannot be changed, or cannot be searched then; building anew may help.
    """
    size = sum(path.stat().st_size for path in (directory / current).rglob("*"))
    _need_room(directory, size + size // 2)
    with _aside(directory, current) as building:
        _copy(directory / current, building)
        with _Child("check", str(building), str(entries)) as checker:
            canaries = [*_write("changed", building, batches, operations), *kept]
            if problem := _try_canaries(checker, np.stack(canaries)):
                raise RuntimeError(f"the vector index that was just changed cannot be searched: {problem}")
    return building.name.removesuffix(_BUILDING)


def fingerprint(directory: Path) -> str:
    """Return what tells whether the files of a generation are those that were there before, without reading them."""
    files = []
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.name.endswith(_JOURNALS):
            status = path.stat()
            # Chroma writes to its database whenever it opens it, even to read.
            written = 0 if path.name == _DATABASE else status.st_mtime_ns
            files.append((path.relative_to(directory).as_posix(), status.st_size, written))
    return hashlib.sha256(repr(files).encode()).hexdigest()


def check(directory: Path, canaries: NDArray[np.float32], *, entries: int) -> str | None:
    """Return what is wrong with a generation, or None: its entries are counted and the canaries must find themselves.

    Done in another process with a time limit, because a damaged index can crash or hang the one that opens it.
    """
    with _Child("check", str(directory), str(entries)) as child:
        return _try_canaries(child, canaries)


def tidy(directory: Path, current: str | None) -> None:
    """Delete what killed runs left and all generations but the current one and the one before it."""
    existing = list(_existing(directory))
    whole = [number for number, path in existing if not path.name.endswith(_BUILDING)]
    now = _number(current)
    kept = {now, max((number for number in whole if number < now), default=now)}
    for number, path in existing:
        if number not in kept or path.name.endswith(_BUILDING):
            shutil.rmtree(path)


@contextmanager
def _aside(directory: Path, newer_than: str | None) -> Iterator[Path]:
    """Give an empty folder to build the next generation in; put it in place at the end, or delete it after an error."""
    # Numbers are not used twice: Chroma keeps what it has open by its path.
    last = max(_number(newer_than), *(number for number, _ in _existing(directory)), 0)
    name = f"gen-{last + 1:05d}"
    building = directory / (name + _BUILDING)
    building.mkdir()
    try:
        yield building
        to_disk(building)
        building.rename(directory / name)
        entry_to_disk(directory)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def _copy(generation: Path, building: Path) -> None:
    shutil.copytree(generation, building, ignore=shutil.ignore_patterns(f"{_DATABASE}*"), dirs_exist_ok=True)
    # Not as a file: Chroma writes to it even in those who only read, and they may be doing so.
    database = generation / _DATABASE
    with _opened(database, mode="ro") as source:
        source.execute("VACUUM INTO ?", (str(building / _DATABASE),))


def _compact(database: Path) -> None:
    """Give back the room in which Chroma queued the vectors: nine tenths of the file."""
    with _opened(database, mode="rw") as connection:
        connection.execute("VACUUM")


@contextmanager
def _opened(database: Path, *, mode: str) -> Iterator[sqlite3.Connection]:
    address = f"{database.absolute().as_uri()}?mode={mode}"
    try:
        with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
            yield connection
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise
        raise RuntimeError(f"the database of the vector index is damaged: {error}") from error


def _write(how: str, building: Path, batches: Iterable[Batch], number: int) -> list[NDArray[np.float32]]:
    """Send the batches to the process that writes them; return every so manieth vector as a canary."""
    step = max(1, number // _CANARIES)
    canaries: list[NDArray[np.float32]] = []
    done = 0
    with _Child("build", how, str(building), str(number)) as child:
        with suppress(BrokenPipeError):
            for ids, vectors in batches:
                if vectors.shape[1]:
                    canaries.extend(vectors[-done % step :: step])
                    done += len(vectors)
                write_frame(child.input, ids, vectors)
            write_end(child.input)
        if problem := child.problem():
            if "disk is full" in problem or "No space left" in problem:
                raise OwnerError(f"no room left on the disk of {building.parent}; make room and run again")
            raise RuntimeError(f"the vector index could not be built: {problem}")
    return canaries


def _try_canaries(checker: "_Child", canaries: NDArray[np.float32]) -> str | None:
    with suppress(BrokenPipeError):
        write_frame(checker.input, [""] * len(canaries), canaries)
        write_end(checker.input)
    return checker.problem(_CHECK_SECONDS)


class _Child:
    """One of our modules in a process of its own, which is gone when the block ends."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__; a pipe could fill up and block
        package = str(Path(__file__).parents[1])
        self._process = subprocess.Popen(
            # -P: a json.py in the folder where the user stands must not be run.
            [sys.executable, "-P", "-m", f"vectorstore.{module}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [package, os.getenv("PYTHONPATH")]))},
        )

    def __enter__(self) -> "_Child":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):
            self.input.close()
        self._errors.close()

    @property
    def input(self) -> IO[bytes]:
        """What the process reads; whoever writes to it after its end gets a BrokenPipeError."""
        if self._process.stdin is None:
            raise ValueError("the process was started without an input")
        return self._process.stdin

    def problem(self, seconds: float | None = None) -> str | None:
        """Wait for the end and return what went wrong, or None; by default without a time limit."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return f"there was no answer within {seconds} seconds"
        if status == 0:
            return None
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"the process ended with status {status}"


def _number(name: str | None) -> int:
    return int(name.removeprefix("gen-")) if name else 0


def _existing(directory: Path) -> Iterator[tuple[int, Path]]:
    for path in sorted(directory.glob("gen-*")):
        if match := _NAME.fullmatch(path.name):
            yield int(match.group(1)), path


def _need_room(directory: Path, size: int) -> None:
    free = shutil.disk_usage(directory).free
    if free < size:
        raise OwnerError(
            f"{directory} has {free / 1e6:,.0f} MB free and the new index needs {size / 1e6:,.0f} MB while it is "
            "built; make room, or choose another place with --library"
        )
