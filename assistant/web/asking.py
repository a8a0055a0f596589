"""Questions of programs: admitted, narrowed to what the person may read, answered, and told as they are written."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.access import Person
from assistant.turns import in_turn
from assistant.types import Answer, Event, Finished, Turn
from assistant.web.problems import Refused
from vectorstore.errors import UserError
from vectorstore.types import Filters, Hit, Readable

if TYPE_CHECKING:
    from assistant.holdings import Collections
    from assistant.pipeline import Assistant
    from assistant.web.admission import Admission, Ticket
    from assistant.web.outcomes import Outcomes

KEPT = 256  # answers that are kept for a request that is sent again


class Writing:
    """An answer that is being written for a program: what has been told so far, for any number of listeners.

    Unless it is `kept` for a request that may be sent again, it ends when the last listener leaves.
    """

    def __init__(self, ticket: "Ticket", events: AsyncGenerator[Event, None], *, kept: bool) -> None:
        self._told: list[Event] = []
        self._news = asyncio.Event()
        self._listeners = 0
        self._kept = kept
        self._task = asyncio.create_task(self._write(ticket, events))
        self._task.add_done_callback(lambda _: self._end(ticket))

    async def _write(self, ticket: "Ticket", events: AsyncGenerator[Event, None]) -> None:
        async with ticket.place(), aclosing(events):
            async for event in events:
                self._told.append(event)
                self._tell()

    def _end(self, ticket: "Ticket") -> None:
        ticket.give_back()  # a task that is cancelled before its first step never enters its place
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def events(self) -> AsyncGenerator[Event, None]:
        """Yield everything from the beginning, as it is told.

        Raises:
            UserError: as Assistant.stream does.
        """
        self._listeners += 1
        try:
            heard = 0
            while True:
                news = self._news
                for event in self._told[heard:]:
                    heard += 1
                    yield event
                if heard < len(self._told):
                    continue  # told while those before were sent
                if self._task.done():
                    break
                await news.wait()
            await self._task  # what went wrong is told to everybody
        finally:
            self._listeners -= 1
            if not self._listeners and not self._kept:
                self._task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([self._task])

    async def answer(self) -> Answer:
        """Return the finished answer.

        Raises:
            UserError: as Assistant.stream does.
        """
        async with aclosing(self.events()) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return event.answer
        raise RuntimeError("a stream ends with Finished")


class Asking:
    """Takes questions that no conversation is kept of."""

    def __init__(
        self, assistant: "Assistant", admission: "Admission", collections: "Collections", outcomes: "Outcomes"
    ) -> None:
        self.assistant = assistant
        self._admission = admission
        self._collections = collections
        self._outcomes = outcomes
        self._again: dict[tuple[str, str], tuple[object, Writing]] = {}

    def ask(
        self,
        person: Person,
        question: str,
        history: Sequence[Turn] = (),
        filters: Filters = Filters(),  # noqa: B008 - frozen
        *,
        again: str | None = None,
    ) -> Writing:
        """Begin to answer a person's question.

        Two requests with the same `again` are one: the second listens to the answer of the first.

        Raises:
            UserError: if the question cannot be asked; Refused if it is one too many.
        """
        asked = (question, tuple(history), filters)
        if again is not None and (known := self._again.get((person.user, again))):
            if known[0] != asked:
                raise Refused(422, "key_used", "This Idempotency-Key was sent with another question; use a new one.")
            return known[1]
        question = self.assistant.checked(question)
        allowed = narrowed(person, filters, self._collections.readable(person))
        ticket = self._admission.enter(person.user)
        writing = Writing(ticket, self._events(question, history, allowed), kept=again is not None)
        if again is not None:
            self._again[person.user, again] = asked, writing
            while len(self._again) > KEPT:
                self._again.pop(next(iter(self._again)))
        return writing

    async def search(self, query: str, *, k: int, filters: Filters) -> Sequence[Hit]:
        """Return the passages that are nearest to a query, at the turn of one who asks now.

        Raises:
            UserError: as Retriever.search does.
        """
        with self._admission.turns.taken():
            return await in_turn(self.assistant.retriever.search, query, k=k, filters=filters)

    async def _events(self, question: str, history: Sequence[Turn], filters: Filters) -> AsyncGenerator[Event, None]:
        began = time.monotonic()
        try:
            async with aclosing(self.assistant.stream(question, history, filters)) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        self._outcomes.answered(event.answer)
                    yield event
        except Exception:
            self._outcomes.failed(began)
            raise


def narrowed(person: Person, filters: Filters, readable: Readable | None) -> Filters:
    """Return the filters of a question together with those that the person is held to.

    Raises:
        UserError: if nothing passes both.
    """
    held = person.filters

    def both(asked: tuple[str, ...], allowed: tuple[str, ...], name: str) -> tuple[str, ...]:
        if not (asked and allowed):
            return asked or allowed
        folded = {one.casefold() for one in allowed}
        if common := tuple(one for one in asked if one.casefold() in folded):
            return common
        raise UserError(f"None of the {name} that you chose can be asked from here; choose others, or none.")

    after = max(filter(None, [filters.after, held.after]), default=None)
    before = min(filter(None, [filters.before, held.before]), default=None)
    return replace(
        filters,
        outlets=both(filters.outlets, held.outlets, "outlets"),
        documents=both(filters.documents, held.documents, "documents"),
        after=after,
        before=before,
        readable=readable,
    )
