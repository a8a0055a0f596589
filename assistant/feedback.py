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
from assistant.types import Turn
from vectorstore.errors import UserError

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


@dataclass(frozen=True, slots=True)
class Feedback:
    """One thumb: `answer` is the answer in the JSON contract, `history` what was said before it.

    `reason` is None where the person gave none; `words` are the person's own. `at` is when it was given, in UTC.
    """

    id: str
    at: datetime.datetime
    vote: Vote
    answer: Json
    reason: Reason | None = None
    words: str = ""
    history: tuple[Turn, ...] = ()


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
        at: datetime.datetime | None = None,
    ) -> Feedback:
        """Keep one thumb and return it; `at` is now if it is not given.

        Raises:
            UserError: if the store is full or cannot be written.
        """
        one = Feedback(uuid4().hex, at or datetime.datetime.now(datetime.UTC), vote, answer, reason, words, history)
        turns = [{"role": turn.role, "content": turn.content} for turn in history]
        # JSON in ASCII, because people can send characters that SQLite's text cannot hold.
        entry = json.dumps({"reason": reason, "words": words, "history": turns, "answer": answer})
        with self._opened() as connection:
            connection.execute("BEGIN IMMEDIATE")
            (held,) = connection.execute("SELECT count(*) FROM feedback").fetchone()
            if held >= MOST:
                connection.execute("ROLLBACK")
                raise UserError(f"{self.path} is full with {MOST:,} entries; use it, then delete the file.")
            connection.execute("INSERT INTO feedback VALUES (?, ?, ?, ?)", (one.id, one.at.isoformat(), vote, entry))
            connection.execute("COMMIT")
        return one

    def all(self) -> tuple[Feedback, ...]:
        """Return all that is kept, the oldest first.

        Raises:
            UserError: if the file cannot be read.
        """
        if not self.path.exists():
            return ()
        with self._opened() as connection:
            rows = connection.execute("SELECT id, at, vote, entry FROM feedback ORDER BY at, id").fetchall()
        return tuple(_read(*row) for row in rows)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection of its own for each use: requests come from many threads."""
        try:
            with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as connection:
                connection.execute(_TABLE)
                yield connection
        except sqlite3.Error as error:
            raise UserError(f"{self.path} cannot be used ({error}); look who may write it, or delete it.") from error


def _read(id: str, at: str, vote: Vote, entry: str) -> Feedback:
    fields = json.loads(entry)
    return Feedback(
        id,
        datetime.datetime.fromisoformat(at),
        vote,
        fields["answer"],
        fields["reason"],
        fields["words"],
        tuple(Turn(turn["role"], turn["content"]) for turn in fields["history"]),
    )
