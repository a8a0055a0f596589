"""Generations of the vector index: each is built aside, tried, and put in place by a rename, never changed after."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from vectorstore.disk import entry_to_disk, to_disk
from vectorstore.errors import OwnerError
from vectorstore.frames import write_end, write_frame

# Ids (an entry for each) and their vectors.
Batch = tuple[Sequence[str], NDArray[np.float32]]

_CANARIES = 50
_CHECK_SECONDS = 60
_NAME = re.compile(r"gen-(\d+)(\.building)?")


def build(directory: Path, batches: Iterable[Batch], *, entries: int, dimension: int, newer_than: str | None) -> str:
    """Write these vectors into a new generation under directory and return its name.

    `entries` is how many vectors the batches hold together. A generation whose canaries fail is deleted.

    Raises:
        OwnerError: if the disk has not three times the room it will take.
        RuntimeError: if Chroma cannot write it, or what it wrote cannot be searched.
    """
    directory.mkdir(exist_ok=True)
    _need_room(directory, entries * (dimension * 4 * 2 + 1000))  # Chroma queues each vector before it files it
    # Numbers are not used twice: Chroma keeps what it has open by its path.
    last = max(_number(newer_than), *(number for number, _ in _existing(directory)), 0)
    name = f"gen-{last + 1:05d}"
    building = directory / f"{name}.building"
    building.mkdir()
    try:
        # Started before it is needed: loading Chroma takes longer than most indexes take to build.
        with _Child("check", str(building), str(entries)) as checker:
            canaries = _write(building, batches, entries)
            if problem := _try_canaries(checker, canaries):
                raise RuntimeError(f"the vector index that was just built cannot be searched: {problem}")
        to_disk(building)
        building.rename(directory / name)
        entry_to_disk(directory)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return name


def check(directory: Path, canaries: NDArray[np.float32], *, entries: int) -> str | None:
    """Return what is wrong with a generation, or None: its entries are counted and the canaries must find themselves.

    Done in another process with a time limit, because a damaged index can crash or hang the one that opens it.
    """
    with _Child("check", str(directory), str(entries)) as child:
        return _try_canaries(child, canaries)


def tidy(directory: Path, current: str | None) -> None:
    """Delete what killed runs left and all generations but the current one and the one before it."""
    existing = list(_existing(directory))
    whole = [number for number, path in existing if not path.name.endswith(".building")]
    now = _number(current)
    kept = {now, max((number for number in whole if number < now), default=now)}
    for number, path in existing:
        if number not in kept or path.name.endswith(".building"):
            shutil.rmtree(path)


def _write(building: Path, batches: Iterable[Batch], entries: int) -> NDArray[np.float32]:
    """Send the batches to the process that writes them; return every so manieth vector as a canary."""
    step = max(1, entries // _CANARIES)
    canaries: list[NDArray[np.float32]] = []
    done = 0
    with _Child("build", str(building), str(entries)) as child:
        with suppress(BrokenPipeError):
            for ids, vectors in batches:
                canaries.extend(vectors[-done % step :: step])
                done += len(vectors)
                write_frame(child.input, ids, vectors)
            write_end(child.input)
        if problem := child.problem():
            if "disk is full" in problem or "No space left" in problem:
                raise OwnerError(f"no room left on the disk of {building.parent}; make room and run again")
            raise RuntimeError(f"the vector index could not be built: {problem}")
    return np.stack(canaries)


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
    if free < 3 * size:
        raise OwnerError(
            f"{directory} has {free / 1e6:,.0f} MB free and the new index needs {3 * size / 1e6:,.0f} MB while it is "
            "built; make room, or choose another place with --library"
        )
