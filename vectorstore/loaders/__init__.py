"""From a file to a Document: read its bytes, decode them, and let the loader of its format make the text."""

import errno
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path

from vectorstore.errors import SkippedFile
from vectorstore.loaders.decode import decode
from vectorstore.types import Document

PLAIN = (".txt", ".text")
MARKDOWN = (".md", ".markdown")
HTML = (".html", ".htm", ".xhtml")
SUFFIXES = PLAIN + MARKDOWN + HTML
LARGEST_FILE = 20_000_000  # bytes


def load(path: Path, *, source: str, root: Path | None = None) -> Document:
    """Return the document in a file; `source` is the name it goes by, `root` the folder it must not lead out of.

    Raises:
        SkippedFile: if it cannot be used, with the reason.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise _unsupported(path.suffix)
    return load_bytes(read(path, root=root), suffix=path.suffix, source=source)


def load_bytes(raw: bytes, *, suffix: str, source: str, on_note: Callable[[str], None] = lambda note: None) -> Document:
    """Return the document in the bytes of a file with this suffix (".md").

    `on_note` hears a sentence about how it was decoded, if that was a guess or not all could be.

    Raises:
        SkippedFile: if they cannot be used, with the reason.
    """
    suffix = suffix.lower()
    if suffix not in SUFFIXES:
        raise _unsupported(suffix)
    if len(raw) > LARGEST_FILE:
        raise _too_large(len(raw))
    declared = None
    if suffix in HTML:
        from vectorstore.loaders.html import declared_encoding

        declared = declared_encoding(raw)
    decoded = decode(raw, declared=declared)
    if decoded.note:
        _log.info("%s: %s", source, decoded.note)
        on_note(f"{source}: {decoded.note}")
    if suffix in HTML:
        from vectorstore.loaders.html import load_html

        return load_html(decoded.text, source=source)
    if suffix in MARKDOWN:
        from vectorstore.loaders.markdown import load_markdown

        return load_markdown(decoded.text, source=source)
    from vectorstore.loaders.plain import load_plain

    return load_plain(decoded.text, source=source)


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


_log = logging.getLogger(__name__)
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
            raise _too_large(before.st_size)
        raw = file.read(LARGEST_FILE + 1)
        after = os.fstat(descriptor)
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return raw if same and len(raw) == after.st_size else None


def _too_large(size: int) -> SkippedFile:
    return SkippedFile("too_large", f"{size / 1e6:,.0f} MB; split it into files of {LARGEST_FILE // 10**6} MB or less")


def _unsupported(suffix: str) -> SkippedFile:
    return SkippedFile("unsupported_format", f"{suffix or 'a name without an ending'} is none of {', '.join(SUFFIXES)}")
