"""A backup: all of a library that cannot be made again, in one tar file with a manifest of what must be in it."""

import datetime
import hashlib
import os
import shutil
import sqlite3
import stat
import tarfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from assistant.manifest import DATABASES, FILES, LIBRARY, UPLOADS, Manifest, Member, manifest_files
from assistant.uploads import uploads_folder
from vectorstore.disk import entry_to_disk
from vectorstore.errors import UserError
from vectorstore.library import Library
from vectorstore.sync import lacks_embeddings

if TYPE_CHECKING:
    from assistant.settings import Settings

_WAIT = 30.0  # seconds for somebody who writes


@dataclass(frozen=True, slots=True)
class Backup:
    """What was backed up: `files` are those beside the library, `left_out` the uploads that are links or the like."""

    made: str
    size: int
    files: tuple[str, ...]
    uploads: int
    left_out: tuple[str, ...]


def back_up(settings: "Settings", file: Path) -> Backup:
    """Write a backup in the place of file, for its owner only; a server and a run that indexes may go on meanwhile.

    The databases are those of one moment. Handed-in files are read after it: what came since is found by
    `footnote index`.

    Raises:
        UserError: if there is nothing to back up, something is damaged, or the file cannot be written. What stood in
            its place stays then.
    """
    library, uploads = settings.library, uploads_folder(settings)
    for folder in (library, uploads):
        if folder and Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder)):
            raise UserError(f"{file} lies in {folder}, which is backed up itself; choose another folder for it.")
    try:
        with TemporaryDirectory(prefix=".footnote-", dir=file.parent) as temporary:
            copies, new = Path(temporary) / LIBRARY, Path(temporary) / "backup.tar"
            copies.mkdir()
            _copy_library(library, copies)
            backup = _write(new, copies, uploads, library=library)
            entry_to_disk(new)
            new.replace(file)
        entry_to_disk(file.parent)
    except (OSError, sqlite3.Error) as error:
        raise UserError(
            f"{library} cannot be backed up to {file} ({error}); look who may read and write there, and whether the "
            "disk is full."
        ) from error
    return backup


def _copy_library(library: Path, copies: Path) -> None:
    """Copy what is beside the index, the databases as they were at one moment.

    Raises:
        UserError: if there is nothing, or what there is could not be restored.
    """
    with ExitStack() as stack:
        held = {
            name: stack.enter_context(closing(_held(library / name)))
            for name in DATABASES
            if (library / name).is_file()
        }
        # The last first, and let go at once: to feedback.db, which is not in WAL, nobody can write meanwhile.
        for name, source in reversed(held.items()):
            with closing(sqlite3.connect(copies / name)) as copy:
                source.backup(copy)
                source.close()
                (health,) = copy.execute("PRAGMA quick_check(1)").fetchone()
            if health != "ok":
                raise UserError(f"{library / name} is damaged ({health}); restore an earlier backup, or move it away.")
    for name in FILES:
        with suppress(FileNotFoundError):
            shutil.copyfile(library / name, copies / name)
    if not any(copies.iterdir()):
        raise UserError(f"There is nothing to back up in {library}; name the folder of the library with --library.")
    if "library.db" in held:
        copied = Library.open(copies)
        lacking = lacks_embeddings(copied)
        copied.close()
        if lacking:
            raise UserError(
                f"{library} lacks embeddings of passages; run `footnote index` on its documents, then again."
            )


def _held(path: Path) -> sqlite3.Connection:
    """Return a connection that sees the file as it is now, whatever is written from now on."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(address, timeout=_WAIT, isolation_level=None, uri=True)
    connection.execute("BEGIN")
    connection.execute("SELECT 1 FROM sqlite_master").fetchone()  # SQLite takes its snapshot at the first read
    return connection


def _write(new: Path, copies: Path, uploads: Path | None, *, library: Path) -> Backup:
    made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    members: dict[str, Member] = {}
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw, tarfile.open(fileobj=raw, mode="w", encoding="utf-8") as tar:
        files = tuple(sorted(path.name for path in copies.iterdir()))
        for name in files:
            _add(tar, f"{LIBRARY}/{name}", copies / name, members)
        left_out = _add_uploads(tar, uploads, members, leave_out=library) if uploads else ()
        manifest = Manifest(made, version("footnote"), os.path.realpath(uploads) if uploads else None, members)
        for name, content in manifest_files(manifest).items():
            tar.addfile(_entry(name, len(content)), BytesIO(content))
    return Backup(made, new.stat().st_size, files, len(members) - len(files), left_out)


def _add_uploads(
    tar: tarfile.TarFile, uploads: Path, members: dict[str, Member], *, leave_out: Path
) -> tuple[str, ...]:
    """Add what lies in the folder of uploads; return what is no file and therefore left out."""
    left_out = []
    for path in _handed_in(uploads, leave_out=leave_out):
        name = path.relative_to(uploads).as_posix()
        with suppress(FileNotFoundError):  # it has been deleted since the folder was read
            if stat.S_ISREG(path.lstat().st_mode):
                _add(tar, f"{UPLOADS}/{name}", path, members)
            else:
                left_out.append(name)
    return tuple(left_out)


def _handed_in(folder: Path, *, leave_out: Path) -> Iterator[Path]:
    """Yield what lies in a folder and its folders, in an order that is always the same; without what is hidden."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(".") or os.path.realpath(path) == os.path.realpath(leave_out):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _handed_in(path, leave_out=leave_out)
        else:
            yield path


def _add(tar: tarfile.TarFile, name: str, path: Path, members: dict[str, Member]) -> None:
    """Add a file, and to members what was added: its hash is that of the very bytes that were written."""
    with path.open("rb") as file:
        reader = _Hashed(file)
        entry = _entry(name, os.fstat(file.fileno()).st_size)
        tar.addfile(entry, reader)
    members[name] = Member(entry.size, reader.hash.hexdigest())


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, int(time.time()), 0o600
    return entry


class _Hashed:
    """A file whose bytes are hashed while they are read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.hash = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Read from the file."""
        content = self._file.read(size)
        self.hash.update(content)
        return content
