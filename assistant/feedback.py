"""What people think of answers: thumbs up and down with the whole answer, kept beside the library."""

import datetime
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from uuid import uuid4

from assistant.contract import Json
from assistant.database import packed, unpacked
from assistant.types import Turn
from vectorstore.errors import OwnerError

Vote = Literal["up", "down"]
Reason = Literal["wrong", "unsupported", "incomplete", "not_found", "other"]
REASONS: tuple[Reason, ...] = get_args(Reason)

FILE = "feedback.db"
MOST = 10_000  # entries; whoever floods the store fills no disk
LONGEST = 2000  # characters of what a person writes

_TABLE = """
CREATE TABLE IF NOT EXISTS feedback (
    id TEXT PRIMARY KEY, at TEXT NOT NULL, vote TEXT NOT NULL, entry TEXT NOT NULL
) STRICT
"""
# The packed "": in files from before users were known nobody is named.
_USER = "ALTER TABLE feedback ADD COLUMN user BLOB NOT NULL DEFAULT x'2222'"
_HAS_USER = "SELECT 1 FROM pragma_table_info('feedback') WHERE name = 'user'"


@dataclass(frozen=True, slots=True)
class Feedback:
    """One thumb: `answer` is the answer in the JSON contract, `history` what was said before it.

    `reason` is None where the person gave none; `words` are the person's own. `at` is when it was given, in UTC.
    `user` is who gave it, "" where that is not known.
    """

    id: str
    at: datetime.datetime
    vote: Vote
    answer: Json
    reason: Reason | None = None
    words: str = ""
    history: tuple[Turn, ...] = ()
    user: str = ""


class FeedbackStore:
    """The feedback on the answers from one library; any number of processes may read and write it."""

    def __init__(self, library: Path) -> None:
        """Use the store in a library's directory; nothing is made before the first entry."""
        self.path = library / FILE

    def add(
        self,
        vote: Vote,
        answer: Json,
        *,
        reason: Reason | None = None,
        words: str = "",
        history: tuple[Turn, ...] = (),
        user: str = "",
        at: datetime.datetime | None = None,
    ) -> Feedback:
        """Keep one thumb and return it; `at` is now if it is not given.

        Raises:
            OwnerError: if the store is full or cannot be written.
        """
        now = datetime.datetime.now(datetime.UTC)
        one = Feedback(uuid4().hex, at or now, vote, answer, reason, words, history, user)
        turns = [{"role": turn.role, "content": turn.content} for turn in history]
        # JSON in ASCII, because people can send characters that SQLite's text cannot hold.
        entry = json.dumps({"reason": reason, "words": words, "history": turns, "answer": answer})
        with self._opened() as connection:
            connection.execute("BEGIN IMMEDIATE")
            (held,) = connection.execute("SELECT count(*) FROM feedback").fetchone()
            if held >= MOST:
                connection.execute("ROLLBACK")
                raise OwnerError(f"{self.path} is full with {MOST:,} entries; use it, then delete the file.")
            connection.execute(
                "INSERT INTO feedback (id, at, vote, entry, user) VALUES (?, ?, ?, ?, ?)",
                (one.id, one.at.isoformat(), vote, entry, packed(user)),
            )
            connection.execute("COMMIT")
        return one

    def all(self) -> tuple[Feedback, ...]:
        """Return all that is kept, the oldest first.

        Raises:
            OwnerError: if the file cannot be read.
        """
        if not self.path.exists():
            return ()
        with self._opened() as connection:
            rows = connection.execute("SELECT id, at, vote, entry, user FROM feedback ORDER BY at, id").fetchall()
        return tuple(_read(*row) for row in rows)

    def forget(self, user: str) -> int:
        """Remove all that is kept of a user, and return how many entries that were.

        Raises:
            OwnerError: if the file cannot be written.
        """
        if not self.path.exists():
            return 0
        with self._opened() as connection:
            return connection.execute("DELETE FROM feedback WHERE user = ?", (packed(user),)).rowcount

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection of its own for each use: requests come from many threads."""
        try:
            with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as connection:
                connection.execute("PRAGMA secure_delete = ON")  # what is deleted does not stay in free pages
                if not connection.execute(_HAS_USER).fetchone():
                    _make(connection)
                yield connection
        except sqlite3.Error as error:
            raise OwnerError(f"{self.path} cannot be used ({error}); look who may write it, or delete it.") from error


def _make(connection: sqlite3.Connection) -> None:
    """Make the table, or give the table of an older file its column; of two who do so at once, the second waits."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_TABLE)
    if not connection.execute(_HAS_USER).fetchone():
        connection.execute(_USER)
    connection.execute("COMMIT")


def _read(id: str, at: str, vote: Vote, entry: str, user: bytes) -> Feedback:
    fields = json.loads(entry)
    return Feedback(
        id,
        datetime.datetime.fromisoformat(at),
        vote,
        fields["answer"],
        fields["reason"],
        fields["words"],
        tuple(Turn(turn["role"], turn["content"]) for turn in fields["history"]),
        unpacked(user),
    )
