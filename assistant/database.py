"""One SQLite file beside the library for many threads and processes: made whole, and opened anew for each use."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

from vectorstore.errors import OwnerError

WAIT = 30.0  # seconds for another writer
MOST_PAGES = 5_000_000  # of 4 KiB each; whoever floods a file fills no disk


class Database:
    """A file with the tables that the SQL of `tables` makes; `version` is theirs, kept in the file.

    Until it is made it is read as an empty one. Every method raises OwnerError if the file cannot be used.
    """

    def __init__(self, path: Path, *, tables: str, version: int) -> None:
        """Use the file at path; nothing is made yet."""
        self.path = path
        self._tables = tables
        self._version = version

    def make(self) -> None:
        """Make the file if there is none, whole before it stands in its place.

        Turned to WAL where it stands, it fails for one of two who do so at once: SQLite does not wait there.
        """
        from filelock import FileLock

        if self.path.exists():
            return
        try:
            with FileLock(f"{self.path}.lock", timeout=WAIT):
                if not self.path.exists():
                    self._put_in_place()
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in one transaction that is alone to write; an exception leaves everything as it was."""
        with self._opened("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that sees one state of the file; what is read from it may turn out not to be values."""
        try:
            with self._opened("BEGIN") as connection:
                yield connection
        except (KeyError, TypeError, ValueError) as error:
            raise self._unusable(error) from error

    def _put_in_place(self) -> None:
        new = self.path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with closing(sqlite3.connect(new)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(self._tables)
            connection.execute(f"PRAGMA user_version = {self._version}")
        for left in ("-wal", "-shm"):  # by a file that somebody deleted: they would be read into this one
            Path(f"{self.path}{left}").unlink(missing_ok=True)
        new.replace(self.path)

    @contextmanager
    def _opened(self, begin: Literal["BEGIN", "BEGIN IMMEDIATE"]) -> Iterator[sqlite3.Connection]:
        is_there = self.path.exists()
        address = f"{self.path.absolute().as_uri()}?mode=rw" if is_there else ":memory:"
        try:
            with closing(sqlite3.connect(address, timeout=WAIT, isolation_level=None, uri=True)) as connection:
                if is_there:
                    self._check(connection)
                else:
                    connection.executescript(self._tables)
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA secure_delete = ON")  # what is deleted does not stay in free pages
                connection.execute(f"PRAGMA max_page_count = {MOST_PAGES}")
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _check(self, connection: sqlite3.Connection) -> None:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found != self._version:
            raise OwnerError(
                f"{self.path} has tables of version {found}, and this program knows version {self._version}; "
                "use the program that made it, or move the file away."
            )

    def _unusable(self, error: Exception) -> OwnerError:
        return OwnerError(
            f"{self.path} cannot be used ({error}); "
            "look who may write it and whether the disk is full, or move the file away."
        )


def packed(value: object) -> bytes:
    """Return a value as JSON in bytes: people can send what SQLite's text cannot hold, lone surrogates and NUL.

    Not JSON in ASCII: that would read two lone surrogates back as one character, and shift every position after.
    """
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def unpacked(kept: bytes) -> Any:  # noqa: ANN401 - whatever packed was given
    """Return the value that packed was given."""
    return json.loads(str(kept, "utf-8", "surrogatepass"))
