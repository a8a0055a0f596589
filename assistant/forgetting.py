"""Delete what is kept of people: all of one of them, or what is older than it may be."""

import datetime
from dataclasses import dataclass
from pathlib import Path

from assistant.feedback import FeedbackStore
from assistant.history import History
from vectorstore.errors import UserError


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was deleted of one user."""

    conversations: int
    feedback: int


def forget_user(library: Path, user: str) -> Forgotten:
    """Delete the conversations and the feedback of a user, as assistant/access.py names users; a server may be running.

    Documents that somebody handed in are everybody's, and stay.

    Raises:
        UserError: if the name is empty, which is that of all whose feedback came without a name, or if a file cannot
            be used.
    """
    if not user:
        raise UserError("Nobody has an empty name; say whose conversations and feedback are to go.")
    return Forgotten(History(library).forget(user), FeedbackStore(library).forget(user))


def expire(library: Path, days: int) -> int:
    """Delete the conversations in which nothing was written for so many days; return how many.

    Raises:
        ValueError: if that is not at least one day.
        UserError: if their file cannot be used.
    """
    if days < 1:
        raise ValueError(f"conversations are kept for at least one day, not {days}")
    try:
        before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
    except OverflowError:  # before the year 1
        return 0
    return History(library).expire(before)
