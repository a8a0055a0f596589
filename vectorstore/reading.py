"""Take in what is new, changed, moved or gone in files and folders."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from vectorstore.entries import windows
from vectorstore.errors import SkippedFile, UserError
from vectorstore.intake import NOT_READ, Intake
from vectorstore.library import Skipped
from vectorstore.parsing import Parser
from vectorstore.walk import Found, is_under, shown, walk
from vectorstore.writer import Known

# Raised by whoever changes what comes out of the loaders: then all files are read again, those that were skipped too.
LOADERS = "1"


def read_files(
    intake: Intake, paths: Sequence[Path], *, parser: Parser, top: Path | None, allow_shrink: bool, retry: bool
) -> None:
    """Bring the documents under these paths up to date with the files there.

    A file that was skipped is read again once its bytes change; without `retry` also one whose parser did not come to
    an end.

    Raises:
        UserError: if a path does not exist, or as `Intake.settle`.
    """
    roots = [os.fsencode(os.path.realpath(path)) for path in paths]
    everything = intake.writer.known()
    known = {path: olds for path, olds in everything.items() if any(is_under(path, root) for root in roots)}
    _expect_there(zip(paths, roots, strict=True), known, allow_shrink=allow_shrink)
    left_out = intake.library.directory
    found = {each.path: each for given in paths for each in walk(given, leave_out=left_out, top=top)}
    closed = [each.path for each in found.values() if each.problem and each.problem.reason == "unreadable"]
    gone = {path for path in known if path not in found and not any(is_under(path, folder) for folder in closed)}
    sources = {old.file_source for path, olds in everything.items() if path not in gone for old in olds}
    remembered = _forget_skipped(intake, roots)
    reading = _Reading(intake, parser, known, remembered, sources, total=len(found), retry=retry)

    for path in known:
        if path in gone:
            intake.remove_gone(known[path])
    news = reading.without_known(found.values())
    with parser:
        for each in news:
            reading.take(each)
    intake.settle(sum(map(len, known.values())), whose=f"under {', '.join(map(str, paths))}", allow_shrink=allow_shrink)


def hash_of(raw: bytes, ocr_languages: Sequence[str] = ()) -> bytes:
    """Return what tells whether the bytes of a file, read by our loaders in these languages, are what they were."""
    return hashlib.sha256(" ".join([LOADERS, *ocr_languages]).encode() + b"\0" + raw).digest()


@dataclass
class _Reading:
    intake: Intake
    parser: Parser
    known: Mapping[bytes, Sequence[Known]]
    remembered: Mapping[bytes, tuple[Skipped, bytes]]
    sources: set[str]
    total: int
    retry: bool
    done: int = field(default=0, init=False)

    def without_known(self, found: Iterable[Found]) -> list[Found]:
        """Return the files that must be read because their bytes are not known; the others are dealt with."""
        files = list(found)
        settled = set[bytes]()
        old = (each for each in files if each.path in self.known or each.path in self.remembered)
        for each, file_hash in _hashed(old, self._ocr):
            if file_hash is not None and self._is_settled(each, file_hash):
                settled.add(each.path)
                self._count()
        return [each for each in files if each.path not in settled]

    def take(self, found: Found) -> None:
        """Bring the documents of one file up to date."""
        olds = self.known.get(found.path, [])
        source = olds[0].file_source if olds else None
        file_hash, heard = None, list[str]()
        try:
            raw = found.read()
            file_hash = hash_of(raw, self._ocr(found))
            source = source or _free_source(found, self.sources)
            documents = self.parser.documents(raw, name=shown(found.path), source=source, on_note=heard.append)
            self.intake.take(documents, olds, source=source, path=found.path, file_hash=file_hash)
            self.intake.notes += heard
            self.sources.add(source)
        except SkippedFile as skipped:
            name = olds[0].file_source if olds else found.name
            self.intake.leave_out(skipped, olds, source=name, path=found.path, file_hash=file_hash)
        self._count()

    def _is_settled(self, found: Found, file_hash: bytes) -> bool:
        olds = self.known.get(found.path)
        if olds and all(old.file_hash == file_hash for old in olds):
            self.intake.unchanged += [old.source for old in olds]
            return True
        skipped, then = self.remembered.get(found.path, (None, None))
        if skipped is None or then != file_hash or (self.retry and skipped.reason in NOT_READ):
            return False
        self.intake.note_skipped(skipped, path=found.path, file_hash=file_hash)
        return True

    def _ocr(self, found: Found) -> Sequence[str]:
        return self.parser.ocr_languages if found.path.lower().endswith(b".pdf") else ()

    def _count(self) -> None:
        self.done += 1
        self.intake.tell(self.done, self.total)


_THREADS = 4  # that read files; each may hold one of the largest


def _hashed(
    found: Iterable[Found], ocr_languages: Callable[[Found], Sequence[str]]
) -> Iterator[tuple[Found, bytes | None]]:
    """Yield the files with the hash of their bytes, None for one that cannot be read."""

    def hashed(each: Found) -> bytes | None:
        try:
            return hash_of(each.read(), ocr_languages(each))
        except SkippedFile:
            return None

    with ThreadPoolExecutor(_THREADS, "hashing") as pool:
        for some in windows(found):
            yield from zip(some, pool.map(hashed, some), strict=True)


def _expect_there(
    places: Iterable[tuple[Path, bytes]], known: Mapping[bytes, Sequence[Known]], *, allow_shrink: bool
) -> None:
    for given, root in places:
        if not os.path.lexists(root):
            if not any(is_under(path, root) for path in known):
                raise UserError(f"{given} does not exist; name a file or a folder that does")
            if not allow_shrink:
                raise UserError(f"{given} is not there any more; if its documents are to go, add --allow-shrink")


def _forget_skipped(intake: Intake, roots: Sequence[bytes]) -> dict[bytes, tuple[Skipped, bytes]]:
    """Forget which files under the roots were left out, and return those of them whose bytes were read."""
    read = {}
    for path, (skipped, file_hash) in intake.writer.skipped().items():
        if any(is_under(path, root) for root in roots):
            intake.writer.forget_skipped(path)
            if file_hash is not None:
                read[path] = (skipped, file_hash)
    return read


def _free_source(found: Found, sources: set[str]) -> str:
    return shown(found.path) if found.name in sources else found.name
