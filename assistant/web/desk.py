"""Where answers are written: each in a task of its own, kept whether or not somebody still looks at the page."""

import asyncio
import datetime
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from assistant.access import Person, explained
from assistant.history import Begun, Exchange, History
from assistant.types import Answer, Claimed, Delta, Finished, Retrieved, Rewritten, Searched, Turn
from assistant.web.asking import narrowed
from assistant.web.growing import Growing
from vectorstore.errors import OwnerError, UserError
from vectorstore.types import Filters

if TYPE_CHECKING:
    from assistant.holdings import Collections
    from assistant.pipeline import Assistant
    from assistant.web.admission import Admission, Ticket
    from assistant.web.outcomes import Outcomes

REMEMBERED = 20  # messages of a conversation that the next question is read with
FRAME = 0.1  # seconds between two looks at an answer that is being written
SIGN_OF_LIFE = 5.0  # seconds after which an onlooker is shown the same again: one who has left is noticed by that

_log = logging.getLogger(__name__)


class Work:
    """One answer under way: how far it is, for any number of onlookers, and how it ended.

    `answer` or `error` is set once it has ended; until then `stage` and `growing` say how far it is. `stopped` tells
    that a person wanted no more of it.
    """

    def __init__(self, begun: Begun, question: str, filters: Filters) -> None:
        self.begun = begun
        self.question = question
        self.filters = filters  # that the person chose
        self.asked = datetime.datetime.now(datetime.UTC)
        self.stage: Literal["searching", "reading", "writing"] = "searching"
        self.growing = Growing()
        self.answer: Answer | None = None
        self.error: str | None = None
        self.stopped = False
        self._version = 0
        self._news = asyncio.Event()

    @property
    def ended(self) -> bool:
        """Whether nothing more will change."""
        return self.answer is not None or self.error is not None

    async def frames(self) -> AsyncGenerator["Work", None]:
        """Yield this work now and after changes, at most every FRAME seconds, and once after it has ended.

        While nothing changes it is yielded every SIGN_OF_LIFE seconds.
        """
        while True:
            seen, last = self._version, self.ended
            yield self
            if last:
                return
            await asyncio.sleep(FRAME)
            if self._version == seen:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), SIGN_OF_LIFE)

    def note(self, event: Retrieved | Delta | Claimed | Rewritten) -> None:
        """Take in what the pipeline yields."""
        match event:
            case Retrieved():
                self.stage = "reading"
            case Claimed():
                self.stage, self.growing = "writing", self.growing.claimed(event)
            case Rewritten(claimed):
                self.growing = reduce(Growing.claimed, claimed, Growing())
            case Delta(text):
                self.stage, self.growing = "writing", self.growing.written(text)
        self._tell()

    def end(self, answer: Answer | None, error: str | None) -> None:
        """Say how it ended; what comes after the first time is not heard."""
        if not self.ended:
            self.answer, self.error = answer, error
            self._tell()

    def _tell(self) -> None:
        self._version += 1
        self._news.set()
        self._news = asyncio.Event()


class Desk:
    """Takes questions, has them answered, and keeps both.

    A question is kept before anything is done with it. Whoever looks at an answer looks through its Work; when
    nobody does, it is finished all the same, and is there when somebody comes back.
    """

    def __init__(
        self,
        assistant: "Assistant",
        history: History,
        admission: "Admission",
        collections: "Collections",
        outcomes: "Outcomes",
    ) -> None:
        self.assistant = assistant
        self.history = history
        self.collections = collections
        self._admission = admission
        self._outcomes = outcomes
        self._taken: set[str] = set()  # conversations that are being answered, from before their question is kept
        self._at_work: dict[str, tuple[Work, asyncio.Task[Answer], asyncio.Task[None]]] = {}

    async def ask(
        self,
        person: Person,
        question: str,
        filters: Filters,
        *,
        conversation: str | None = None,
        replaces: int | None = None,
    ) -> Work:
        """Begin to answer a question of this person's; `replaces` is the number of the exchange whose place it takes.

        Raises:
            UserError: if the question is empty, too long or one too many, or if the conversation is not this person's,
                is being answered already, or cannot be kept; nothing has been kept then.
        """
        self.assistant.checked(question)
        if conversation is not None:
            # First of all whose it is: whether it is being answered is nobody else's business.
            await asyncio.to_thread(self.history.conversation, person.user, conversation)
        if conversation in self._taken:
            raise UserError("The question before is still being answered; wait for it, or stop it.")
        allowed = narrowed(person, filters, self.collections.readable(person))
        ticket = self._admission.enter(person.user)
        if conversation is not None:
            self._taken.add(conversation)
        try:
            begun = await asyncio.to_thread(
                self.history.begin, person.user, question, filters, conversation=conversation, replaces=replaces
            )
        except BaseException:
            ticket.give_back()
            self._taken.discard(conversation or "")
            raise
        self._taken.add(begun.conversation)
        work = Work(begun, question, filters)
        writing = asyncio.create_task(self._write(person.user, work, allowed, ticket))
        writing.add_done_callback(lambda _: ticket.give_back())  # cancelled before its first step, it has not
        keeping = asyncio.create_task(self._keep(work, writing))
        self._at_work[begun.conversation] = work, writing, keeping
        keeping.add_done_callback(lambda _: self._leave(begun.conversation))
        return work

    def _leave(self, conversation: str) -> None:
        self._at_work.pop(conversation, None)
        self._taken.discard(conversation)

    def at_work(self, conversation: str) -> Work | None:
        """Return the answer that is being written in a conversation."""
        under_way = self._at_work.get(conversation)
        return under_way[0] if under_way else None

    async def stop(self, user: str, conversation: str) -> None:
        """End the answer that is being written there, and keep what there is of it; nothing if none is.

        Raises:
            UserError: if the conversation is not this user's.
        """
        await asyncio.to_thread(self.history.conversation, user, conversation)
        if under_way := self._at_work.get(conversation):
            work, writing, keeping = under_way
            work.stopped = True
            writing.cancel()
            await asyncio.wait([keeping])

    async def _write(self, user: str, work: Work, allowed: Filters, ticket: "Ticket") -> Answer:
        async with ticket.place():
            exchanges = await asyncio.to_thread(self.history.exchanges, user, work.begun.conversation)
            turns = remembered(exchanges[: work.begun.number - 1])
            async with aclosing(self.assistant.stream(work.question, turns, allowed)) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        return event.answer
                    work.note(event)
        raise RuntimeError("a stream ends with Finished")

    async def _keep(self, work: Work, writing: "asyncio.Task[Answer]") -> None:
        """Wait for the answer, keep it or what there is instead, and say that it has ended."""
        began, answer, error = time.monotonic(), None, None
        try:
            answer = await writing
        except asyncio.CancelledError:
            if not work.stopped:
                raise  # the server ends: the question is kept without an answer, and can be asked again
            answer = _stopped(work, self.assistant.answerer.kind)
        except UserError as problem:
            if isinstance(problem, OwnerError):
                _log.error("answering failed: %s", problem)
            error = explained(problem, None)  # it is kept, and shown to whoever this person is by then
        except Exception:  # noqa: BLE001 - the last place before a person, who gets a number; the log gets the rest
            reference = uuid4().hex[:12]
            _log.exception("answering failed, reference %s", reference)
            error = f"Something went wrong here, not in your question. Reference {reference}; the log has more."
        if answer:
            self._outcomes.answered(answer)
        else:
            self._outcomes.failed(began)
        try:
            if answer:
                await asyncio.to_thread(self.history.finish, work.begun, answer)
            else:
                await asyncio.to_thread(self.history.fail, work.begun, error or "")
        except Exception:  # noqa: BLE001 - the answer is right all the same: it is shown, and this is told
            _log.exception("an answer could not be kept")
            told = "This answer could not be kept; the log has more."
            if answer:
                answer = replace(answer, notice=" ".join(filter(None, [answer.notice, told])))
        finally:
            work.end(answer, error)


def remembered(exchanges: Sequence[Exchange]) -> tuple[Turn, ...]:
    """Return what the next question is read with: the last REMEMBERED messages that have text.

    Every footnote is remembered, also of turns that are forgotten: a number never comes to mean something else.
    """
    turns: list[Turn] = []
    for exchange in exchanges:
        if exchange.answer and exchange.answer.text:
            turns += [
                Turn("user", exchange.question),
                Turn("assistant", exchange.answer.text, exchange.answer.citations),
            ]
    if not turns:
        return ()
    forgotten = [one for turn in turns[:-REMEMBERED] for one in turn.citations]
    oldest, *others = turns[-REMEMBERED:]
    return (replace(oldest, citations=(*forgotten, *oldest.citations)), *others)


def _stopped(work: Work, answerer: Literal["extractive", "model"]) -> Answer:
    """Return what had been written and verified when the person stopped it."""
    growing = work.growing
    return Answer(
        state="stopped",
        question=work.question,
        query=work.question,
        text=growing.text,
        claims=growing.claims,
        citations=growing.citations,
        searched=Searched(work.question, work.filters, 0),
        answerer=answerer,
    )
