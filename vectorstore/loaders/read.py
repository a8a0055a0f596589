"""From a path to the bytes of a regular file, all of one version of it."""

import errno
import os
import stat
from pathlib import Path

from vectorstore.errors import SkippedFile

LARGEST_FILE = 100_000_000  # bytes; read whole, and once more by the parser


def read(path: Path, *, root: Path | None = None) -> bytes:
    """Return the bytes of a regular file, all of one version of it; a pipe or device is never waited for.

    A link to a regular file is followed, because people keep such links in their folders; a link that leads out of
    `root` is not, because it would publish what its maker may not even read.

    Raises:
        SkippedFile: "not_a_file", "too_large", "unreadable" or "changing".
    """
    try:
        if root is not None and not path.resolve().is_relative_to(root.resolve()):
            raise SkippedFile("not_a_file", "the link leads out of the folder; copy the file instead")
        if not stat.S_ISREG(path.stat().st_mode):  # before open, which may do things to a device
            raise SkippedFile("not_a_file", "this is no regular file")
        for _ in range(_TRIES):
            if (raw := _read_once(path)) is not None:
                return raw
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
        if isinstance(error, RuntimeError) or error.errno == errno.ELOOP:
            raise SkippedFile("not_a_file", "the link leads back to itself") from None
        raise SkippedFile("unreadable", f"{error.strerror or error}; check the file and its permissions") from None
    raise SkippedFile("changing", f"the file changed while it was read, {_TRIES} times; try again later")


def too_large(size: int, largest: int = LARGEST_FILE) -> SkippedFile:
    """Return what is wrong with a file of so many bytes."""
    return SkippedFile("too_large", f"{size / 1e6:,.0f} MB; split it into files of {largest // 10**6} MB or less")


_TRIES = 3


def _read_once(path: Path) -> bytes | None:
    """Return the file's bytes, or None if it changed in the meantime."""
    # Not blocking, as a pipe may have taken the file's place since stat; Windows has neither the flag nor the pipes.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as file:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise SkippedFile("not_a_file", "this is no regular file")
        if before.st_size > LARGEST_FILE:
            raise too_large(before.st_size)
        raw = file.read(LARGEST_FILE + 1)
        after = os.fstat(descriptor)
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return raw if same and len(raw) == after.st_size else None
