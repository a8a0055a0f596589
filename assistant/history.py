"""Conversations, kept beside the library: each question before it is asked, each answer with all that it cites."""

import datetime
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from assistant.contract import (
    Json,
    answer_json,
    document_json,
    filters_json,
    read_answer,
    read_document,
    read_filters,
)
from assistant.database import Database, packed, unpacked
from assistant.types import Answer
from vectorstore.errors import NotFound, UserError
from vectorstore.text import normalise, one_line
from vectorstore.types import Document, Filters

FILE = "conversations.db"
VERSION = 1  # of the tables

# Whoever floods the store fills no disk.
MOST = 10_000  # conversations of one user
MOST_EXCHANGES = 1_000  # of one conversation
LONGEST_QUESTION = 20_000  # characters; no setting allows more
LONGEST_TITLE = 200  # characters, of a title and of what is searched for
FIRST_TITLE = 80  # characters of the first question that name a conversation

# What people send is packed; `folded` is only searched. Titles are normalised. A document is kept once, for as long as
# an answer cites it.
_TABLES = """
CREATE TABLE conversations (
    id TEXT PRIMARY KEY, user BLOB NOT NULL, title TEXT NOT NULL, folded TEXT NOT NULL,
    named INTEGER NOT NULL,  -- whether somebody gave the title
    created TEXT NOT NULL, updated TEXT NOT NULL
) STRICT;
CREATE INDEX conversations_by_user ON conversations (user, updated);

CREATE TABLE exchanges (
    id TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
    number INTEGER NOT NULL, asked TEXT NOT NULL, folded TEXT NOT NULL,
    question BLOB NOT NULL, filters BLOB NOT NULL, answer BLOB, error BLOB, next BLOB NOT NULL,
    UNIQUE (conversation, number)
) STRICT;

CREATE TABLE documents (hash TEXT PRIMARY KEY, document BLOB NOT NULL) STRICT;

CREATE TABLE cited (
    exchange TEXT REFERENCES exchanges ON DELETE CASCADE, document TEXT REFERENCES documents,
    PRIMARY KEY (exchange, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX cited_by_document ON cited (document);
CREATE TRIGGER forget_document AFTER DELETE ON cited BEGIN
    DELETE FROM documents WHERE hash = old.document AND NOT EXISTS (SELECT 1 FROM cited WHERE document = old.document);
END;
"""
_CONVERSATION = "id, title, created, updated"
_NO_WORD_IS_MISSING = """
NOT EXISTS (
    SELECT 1 FROM json_each(?) AS word WHERE instr(c.folded, word.value) = 0 AND NOT EXISTS (
        SELECT 1 FROM exchanges e WHERE e.conversation = c.id AND instr(e.folded, word.value) > 0
    )
)
"""


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
    `error` is then the sentence that stands in its place, None if there is none. `next` are questions to go on with,
    None while nobody has looked for any. `id` is that of Begun.
    """

    number: int
    question: str
    filters: Filters
    asked: datetime.datetime
    answer: Answer | None = None
    error: str | None = None
    next: tuple[str, ...] | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """An exchange whose question is kept: where its answer belongs.

    `id` is its own for ever, while another question may take its number: a late answer must not land under that one.
    """

    conversation: str
    number: int
    id: str


class History:
    """The conversations about one library; any number of threads and processes may read and write them.

    Nobody sees or changes a conversation of another user. Every method raises UserError if the file cannot be used.
    """

    def __init__(self, library: Path) -> None:
        """Use the store in a library's directory; nothing is made before the first entry."""
        self.path = library / FILE
        self._database = Database(self.path, tables=_TABLES, version=VERSION)

    def begin(
        self,
        user: str,
        question: str,
        filters: Filters,
        *,
        conversation: str | None = None,
        replaces: int | None = None,
    ) -> Begun:
        """Keep a question before anything is asked of a model, in a new conversation if none is given.

        With `replaces` the exchange of that number and all after it go, and this one takes the number.

        Raises:
            UserError: if this user has no such conversation, or it no such exchange, or if too much is kept already.
        """
        if len(question) > LONGEST_QUESTION:
            raise UserError(
                f"The question has {len(question):,} characters; at most {LONGEST_QUESTION:,} fit. Shorten it."
            )
        if conversation is None:
            self._database.make()
        now, title = _now(), one_line(question, longest=FIRST_TITLE) or "…"
        with self._database.writing() as connection:
            if conversation is None:
                conversation = _new_conversation(connection, user, title, now)
            else:
                _row(connection, user, conversation)
            if replaces == 1:
                values = (title, _folded(title), conversation)
                connection.execute("UPDATE conversations SET title = ?, folded = ? WHERE id = ? AND NOT named", values)
            begun = Begun(conversation, _free_number(connection, conversation, replaces), uuid4().hex)
            kept = (_folded(question), packed(question), packed(filters_json(filters)), packed(None))
            connection.execute(
                "INSERT INTO exchanges (id, conversation, number, asked, folded, question, filters, next) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (begun.id, conversation, begun.number, now, *kept),
            )
            connection.execute("UPDATE conversations SET updated = ? WHERE id = ?", (now, conversation))
        return begun

    def finish(self, begun: Begun, answer: Answer) -> bool:
        """Keep an answer with the documents it shows; return False if its exchange is gone or has ended already."""
        with self._database.writing() as connection:
            ended = _end(connection, begun, answer=answer_json(answer), words=answer.text)
            if ended:
                _keep_documents(connection, begun, answer)
            return ended

    def fail(self, begun: Begun, sentence: str) -> bool:
        """Keep the sentence that stands for an answer; return False if its exchange is gone or has ended already."""
        with self._database.writing() as connection:
            return _end(connection, begun, error=sentence)

    def suggest(self, begun: Begun, questions: Sequence[str]) -> bool:
        """Keep questions to go on with; return False if their exchange is gone."""
        with self._database.writing() as connection:
            values = (packed(list(questions)), begun.id)
            return connection.execute("UPDATE exchanges SET next = ? WHERE id = ?", values).rowcount == 1

    def conversations(self, user: str, search: str = "") -> tuple[Conversation, ...]:
        """Return the user's conversations, the one last written in first.

        With `search` only those in whose title, questions or answers each of its words stands, whole or as a part of
        another, in whatever case.

        Raises:
            UserError: if the search is too long.
        """
        if len(search) > LONGEST_TITLE:
            raise UserError(f"Search for at most {LONGEST_TITLE} characters.")
        words = json.dumps(_folded(search).split(), ensure_ascii=False)
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT {_CONVERSATION} FROM conversations c WHERE user = ? AND {_NO_WORD_IS_MISSING} "
                "ORDER BY updated DESC, rowid DESC",
                (packed(user), words),
            )
            return tuple(_conversation(user, row) for row in rows)

    def conversation(self, user: str, id: str) -> Conversation:
        """Return one conversation.

        Raises:
            UserError: if this user has none with this id.
        """
        with self._database.reading() as connection:
            return _conversation(user, _row(connection, user, id))

    def exchanges(self, user: str, id: str) -> tuple[Exchange, ...]:
        """Return what was asked and answered in a conversation, in order.

        Raises:
            UserError: if this user has no conversation with this id.
        """
        with self._database.reading() as connection:
            _row(connection, user, id)
            rows = connection.execute(
                "SELECT DISTINCT d.hash, d.document FROM exchanges e JOIN cited c ON c.exchange = e.id "
                "JOIN documents d ON d.hash = c.document WHERE e.conversation = ?",
                (id,),
            )
            documents = {hash: read_document(unpacked(document)) for hash, document in rows}
            rows = connection.execute(
                "SELECT number, question, filters, asked, answer, error, next, id FROM exchanges "
                "WHERE conversation = ? ORDER BY number",
                (id,),
            )
            return tuple(_exchange(row, documents) for row in rows)

    def rename(self, user: str, id: str, title: str) -> None:
        """Give a conversation another title.

        Raises:
            UserError: if the title is empty or too long, or this user has no conversation with this id.
        """
        title = " ".join(normalise(title).split())
        if not 0 < len(title) <= LONGEST_TITLE:
            raise UserError(f"A title has 1 to {LONGEST_TITLE} characters, not {len(title):,}.")
        with self._database.writing() as connection:
            _row(connection, user, id)
            values = (title, _folded(title), id)
            connection.execute("UPDATE conversations SET title = ?, folded = ?, named = 1 WHERE id = ?", values)

    def delete(self, user: str, id: str) -> None:
        """Remove a conversation, and the documents that no other shows.

        Raises:
            UserError: if this user has none with this id.
        """
        with self._database.writing() as connection:
            _row(connection, user, id)
            connection.execute("DELETE FROM conversations WHERE id = ?", (id,))

    def forget(self, user: str) -> int:
        """Remove all that is kept of a user, and return how many conversations that were."""
        with self._database.writing() as connection:
            return connection.execute("DELETE FROM conversations WHERE user = ?", (packed(user),)).rowcount

    def expire(self, before: datetime.datetime) -> int:
        """Remove the conversations of all users in which nothing was written since then; return how many.

        Raises:
            ValueError: if the time does not say its zone.
        """
        if before.tzinfo is None:
            raise ValueError(f"{before} is no moment without its time zone")
        with self._database.writing() as connection:
            return connection.execute("DELETE FROM conversations WHERE updated < ?", (_written(before),)).rowcount


def _new_conversation(connection: sqlite3.Connection, user: str, title: str, now: str) -> str:
    id, owner = uuid4().hex, packed(user)
    (held,) = connection.execute("SELECT count(*) FROM conversations WHERE user = ?", (owner,)).fetchone()
    if held >= MOST:
        raise UserError(f"{held:,} conversations of yours are kept, and no more fit; delete some.")
    values = (id, owner, title, _folded(title), now, now)
    connection.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, 0, ?, ?)", values)
    return id


def _free_number(connection: sqlite3.Connection, conversation: str, replaces: int | None) -> int:
    """Return the number of the next exchange, after removing those that it replaces."""
    (last,) = connection.execute(
        "SELECT coalesce(max(number), 0) FROM exchanges WHERE conversation = ?", (conversation,)
    ).fetchone()
    if replaces is None:
        if last >= MOST_EXCHANGES:
            raise UserError(f"This conversation has {last:,} questions, and no more fit; begin a new one.")
        return int(last) + 1
    if not 1 <= replaces <= last:
        raise NotFound(f"This conversation has no question {replaces:,}; load it again.")
    connection.execute("DELETE FROM exchanges WHERE conversation = ? AND number >= ?", (conversation, replaces))
    return replaces


def _end(
    connection: sqlite3.Connection,
    begun: Begun,
    *,
    answer: Json | None = None,
    error: str | None = None,
    words: str = "",
) -> bool:
    """Write how an exchange ended, once: what a reader has seen stays."""
    outcome = (None if answer is None else packed(answer), None if error is None else packed(error))
    ended = connection.execute(
        "UPDATE exchanges SET answer = ?, error = ?, folded = folded || char(10) || ? "
        "WHERE id = ? AND answer IS NULL AND error IS NULL",
        (*outcome, _folded(words), begun.id),
    )
    if ended.rowcount:
        connection.execute("UPDATE conversations SET updated = ? WHERE id = ?", (_now(), begun.conversation))
    return ended.rowcount == 1


def _keep_documents(connection: sqlite3.Connection, begun: Begun, answer: Answer) -> None:
    shown = {one.document.hash: one.document for one in (*answer.citations, *answer.searched.nearest)}
    for hash, document in shown.items():
        if not connection.execute("SELECT 1 FROM documents WHERE hash = ?", (hash,)).fetchone():
            connection.execute("INSERT INTO documents VALUES (?, ?)", (hash, packed(document_json(document))))
        connection.execute("INSERT INTO cited VALUES (?, ?)", (begun.id, hash))


def _row(connection: sqlite3.Connection, user: str, id: str) -> tuple[Any, ...]:
    """Return the columns _CONVERSATION of a conversation, only to the user whose it is."""
    plain = id.encode("ascii", "replace").decode()  # ids come from addresses, and SQLite takes no lone surrogate
    query = f"SELECT {_CONVERSATION} FROM conversations WHERE id = ? AND user = ?"
    row = connection.execute(query, (plain, packed(user))).fetchone()
    if row is None:
        raise NotFound("There is no such conversation of yours; it may have been deleted. Begin a new one.")
    return row  # type: ignore[no-any-return]  # sqlite3 does not say what a row holds


def _conversation(user: str, row: tuple[Any, ...]) -> Conversation:
    id, title, created, updated = row
    return Conversation(id, user, title, _read_time(created), _read_time(updated))


def _exchange(row: tuple[Any, ...], documents: Mapping[str, Document]) -> Exchange:
    number, question, filters, asked, answer, error, following, id = row
    return Exchange(
        number,
        unpacked(question),
        read_filters(unpacked(filters)),
        _read_time(asked),
        None if answer is None else read_answer(unpacked(answer), documents),
        None if error is None else unpacked(error),
        None if (questions := unpacked(following)) is None else tuple(questions),
        id,
    )


def _folded(text: str) -> str:
    """Return text as it is searched: canonically composed after case folding too, and without NUL and surrogates."""
    return normalise(normalise(text).casefold())


def _now() -> str:
    return _written(datetime.datetime.now(datetime.UTC))


def _written(time: datetime.datetime) -> str:
    return time.astimezone(datetime.UTC).isoformat(timespec="microseconds")  # as text in the order of time


def _read_time(time: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(time)
