"""Find the files under a path, in an order that is always the same."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vectorstore.errors import SkippedFile
from vectorstore.loaders import suffix_of
from vectorstore.loaders.read import read


@dataclass(frozen=True, slots=True)
class Found:
    """A file, or a folder that could not be opened.

    `path` is resolved: however a file was reached, it is one file. `name` is what people should see. `problem` says
    why it cannot be read.
    """

    path: bytes
    name: str
    root: bytes
    problem: SkippedFile | None = None

    def read(self) -> bytes:
        """Return the file's bytes.

        Raises:
            SkippedFile: if it cannot be read.
        """
        if self.problem:
            raise self.problem
        return read(Path(os.fsdecode(self.path)), root=Path(os.fsdecode(self.root)))


def walk(root: Path, *, leave_out: Path, top: Path | None = None) -> Iterator[Found]:
    """Yield the files under root (or root itself, if it is a file), sorted by path; nothing if there is no root.

    Names begin with that of the folder `top`; without one, with that of root, or of the folder that the file lies in.
    Hidden files and folders and the folder `leave_out` are passed over; links to folders are not followed.
    """
    start = os.fsencode(os.path.realpath(root))
    folder = start if os.path.isdir(start) else os.path.dirname(start)
    holder = os.path.dirname(os.fsencode(os.path.realpath(top)) if top else folder)
    if folder == start:
        yield from _walk(start, start, os.fsencode(os.path.realpath(leave_out)), holder)
    elif os.path.lexists(start):
        yield _file(start, os.lstat(start).st_mode, root=folder, holder=holder)


def is_under(path: bytes, root: bytes) -> bool:
    """Return whether path is root or lies somewhere in it; both are resolved."""
    return path == root or path.startswith(root.rstrip(_SEPARATOR) + _SEPARATOR)


def shown(path: bytes) -> str:
    """Return a path as people can read it: what cannot be seen, or turns lines and words around, is written out."""
    letters = path.decode("utf-8", "backslashreplace")
    if letters.isprintable():
        return letters
    return "".join(one if one.isprintable() or one in _JOINERS else ascii(one)[1:-1] for one in letters)


_JOINERS = "\u200c\u200d"  # some scripts need them, and emoji
_SEPARATOR = os.fsencode(os.sep)


def _walk(folder: bytes, root: bytes, leave_out: bytes, holder: bytes) -> Iterator[Found]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Found(folder, _name(folder, holder), root, SkippedFile("unreadable", f"the folder: {error.strerror}"))
        return
    for entry in entries:
        if entry.name.startswith(b".") or entry.path == leave_out:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, root, leave_out, holder)
        elif not (entry.is_symlink() and os.path.isdir(entry.path)):  # is_dir() of an entry fails on a link to itself
            try:
                mode = entry.stat(follow_symlinks=False).st_mode
            except FileNotFoundError:
                continue  # it has gone since the folder was read
            yield _file(entry.path, mode, root=root, holder=holder)


def _file(path: bytes, mode: int, *, root: bytes, holder: bytes) -> Found:
    problem = None
    if stat.S_IFMT(mode) not in (stat.S_IFREG, stat.S_IFLNK):
        problem = SkippedFile("not_a_file", "this is no regular file")
    else:
        try:
            suffix_of(shown(os.path.basename(path)))
        except SkippedFile as unsupported:
            problem = unsupported
    resolved = os.path.realpath(path)
    return Found(resolved if is_under(resolved, root) else path, _name(path, holder), root, problem)


def _name(path: bytes, holder: bytes) -> str:
    return shown(os.path.relpath(path, holder)).replace(os.sep, "/")
