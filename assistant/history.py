"""Conversations, kept beside the library: each question before it is asked, each answer with all that it cites."""

import datetime
from dataclasses import dataclass

from assistant.types import Answer
from vectorstore.types import Filters


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation of one user. `title` is its first question until somebody renames it; times are in UTC."""

    id: str
    user: str
    title: str
    created: datetime.datetime
    updated: datetime.datetime


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and what became of it; `number` is its place in the conversation, from 1.

    `answer` is None while it is being written, after a failure, and where the server ended before it was finished;
    `error` is then the sentence that stands in its place, None if there is none. `next` are questions to go on with.
    """

    number: int
    question: str
    filters: Filters
    asked: datetime.datetime
    answer: Answer | None = None
    error: str | None = None
    next: tuple[str, ...] = ()
