"""The flow, top to bottom: a question comes in, events go out, the last of them a finished answer."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from assistant.conversation import is_about_the_last_answer, stand_alone
from assistant.copied import with_origins
from assistant.instructions import orders
from assistant.judging import Judged, judged
from assistant.reading import read, recalled
from assistant.turns import in_turn
from assistant.types import (
    Answer,
    Citation,
    Claimed,
    Delta,
    Dispute,
    Draft,
    Drafted,
    Ended,
    Event,
    Evidence,
    Failed,
    Finished,
    Repaired,
    Retrieved,
    Rewritten,
    Searched,
    Turn,
    Usage,
)
from assistant.verify import Verifier
from assistant.writing import Writing
from vectorstore.errors import UserError
from vectorstore.library import Library
from vectorstore.retrieve import Retriever
from vectorstore.text import normalise
from vectorstore.types import Filters, Hit, notice_of

NEAREST = 3  # passages shown beside an abstention: enough to see what was looked at, few enough to read


@dataclass(frozen=True, slots=True)
class Request:
    """What an answerer is asked: the person's words, the query made from them, and the conversation before.

    `orders` are the ids of sentences that tell a machine what to answer; they are no evidence of anything.
    """

    question: str
    query: str
    history: tuple[Turn, ...] = ()
    orders: frozenset[str] = frozenset()


class Answerer(Protocol):
    """Writes an answer from numbered sentences; what is supported is not for it to decide."""

    kind: Literal["extractive", "model"]
    model: str | None
    prompt: str | None

    def answer(self, request: Request, evidence: Sequence[Evidence]) -> AsyncGenerator[Drafted, None]:
        """Yield drafts as they are finished, and exactly one Ended, last. Closing the iterator cancels the work."""


class Repairer(Protocol):
    """Writes failed sentences anew, once."""

    async def repair(self, request: Request, evidence: Sequence[Evidence], failed: Sequence[Failed]) -> Repaired:
        """Return what takes the place of failed sentences; those that cannot be mended are left out."""


class Rewriter(Protocol):
    """Makes a follow-up question stand alone."""

    async def rewrite(self, question: str, history: Sequence[Turn], by_rule: str) -> tuple[str, Usage]:
        """Return the query to search for, by_rule if nothing better is known, and what finding it took."""


class Comparer(Protocol):
    """Finds where documents disagree."""

    def compare(self, cited: Sequence[Evidence], found: Sequence[Evidence]) -> Sequence[Dispute]:
        """Return where cited sentences contradict each other, or what else was found and is worth adding."""


class Assistant:
    """Answers questions from one library.

    `rewriter` makes follow-ups stand alone, after the rules have. `fallback` answers where `answerer` failed before it
    said anything. `repairer` is given sentences that are not supported, once. What is still not supported then is
    marked, or withheld if `strict`. `comparer` looks for sentences that contradict what a complete answer cites.
    """

    def __init__(
        self,
        library: Library,
        retriever: Retriever,
        *,
        answerer: Answerer,
        verifier: Verifier,
        fallback: Answerer | None = None,
        rewriter: Rewriter | None = None,
        repairer: Repairer | None = None,
        comparer: Comparer | None = None,
        strict: bool = False,
        passages: int = 20,
        longest_question: int = 2000,
    ) -> None:
        self.library = library
        self.retriever = retriever
        self.answerer = answerer
        self.verifier = verifier
        self.fallback = fallback
        self.rewriter = rewriter
        self.repairer = repairer
        self.comparer = comparer
        self.strict = strict
        self.passages = passages
        self.longest_question = longest_question

    def ask(self, question: str, history: Sequence[Turn] = (), filters: Filters | None = None) -> Answer:
        """Return the finished answer; the synchronous face of stream.

        Raises:
            UserError: as stream does.
        """

        async def last() -> Answer:
            async with aclosing(self.stream(question, history, filters)) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        return event.answer
            raise RuntimeError("a stream ends with Finished")

        return asyncio.run(last())

    async def stream(
        self, question: str, history: Sequence[Turn] = (), filters: Filters | None = None
    ) -> AsyncGenerator[Event, None]:
        """Yield Retrieved first, Claimed, Delta and Rewritten while the answer grows, Finished last.

        Raises:
            UserError: if the question is empty or longer than allowed, or the library cannot answer anything yet.
        """
        filters = filters or Filters()
        clock = _Clock()
        question = self.checked(question)
        known = await in_turn(recalled, history, filters.readable)
        query, spent = stand_alone(question, known), Usage()
        if self.rewriter and known:
            query, spent = await self.rewriter.rewrite(question, known, query)
            clock.lap("rewrite")
        hits = await in_turn(self.retriever.search, query, k=self.passages, filters=filters)
        clock.lap("retrieve")
        yield Retrieved(query, hits)

        # "Summarise that" is about what the last answer rests on, whatever a search for it finds.
        kept = known[-1].citations if known and is_about_the_last_answer(question) else ()
        evidence = await in_turn(read, hits, self.library, kept)
        evidence = await in_turn(with_origins, evidence, self.library, filters)
        told = await in_turn(orders, evidence, self.library.sentences)
        clock.lap("read")
        request = Request(question, query, known, told)
        cited = [one for turn in history for one in turn.citations]
        writing = Writing(self.answerer.kind, cited)
        async with aclosing(self._write(self.answerer, writing, request, evidence, clock)) as events:
            async for event in events:
                yield event
        failure = None
        if self.fallback and writing.ended.state == "error" and not writing.judged:
            failure = writing.ended
            spent = spent.plus(failure.usage)
            writing = Writing(self.fallback.kind, cited)
            async with aclosing(self._write(self.fallback, writing, request, evidence, clock)) as events:
                async for event in events:
                    yield event
        if self.repairer and failure is None and writing.ended.state in {"complete", "truncated"} and writing.failed():
            mended = await self._mend(self.repairer, writing, request, evidence)
            clock.lap("repair")
            if mended:
                yield Rewritten(writing.rewrite(self._is_shown))
        if self.comparer and writing.ended.state == "complete" and writing.page.cited:
            found = [one for one in evidence if one.id not in request.orders]
            disputes = await in_turn(self.comparer.compare, tuple(writing.page.cited), found)
            for draft in (draft for dispute in disputes for draft in dispute.drafts):
                yield writing.page.write(*await in_turn(judged, draft, evidence, self.verifier))
            writing.disagreements = writing.page.disagreements(disputes)
            clock.lap("compare")
        yield Finished(self._finished(writing, failure, spent, request, filters, hits, clock))

    async def _write(
        self,
        answerer: Answerer,
        writing: Writing,
        request: Request,
        evidence: Sequence[Evidence],
        clock: "_Clock",
    ) -> AsyncGenerator[Claimed | Delta, None]:
        """Yield what an answerer writes, each sentence with its verdict; the whole of it is noted in writing."""
        async with aclosing(answerer.answer(request, evidence)) as drafts:
            async for draft in drafts:
                if isinstance(draft, Draft):
                    clock.lap("answer")
                    one = await in_turn(judged, draft, evidence, self.verifier)
                    clock.lap("verify")
                    writing.judged.append(one)
                    if self._is_shown(one):
                        yield writing.page.write(*one)
                elif isinstance(draft, Ended):
                    writing.ended = draft
                elif not self.strict:  # what nobody has checked is not for a strict page
                    yield draft
        clock.lap("answer")

    async def _mend(self, repairer: Repairer, writing: Writing, request: Request, evidence: Sequence[Evidence]) -> bool:
        """Have failed sentences written anew, and take over what is supported then; return whether anything is."""
        repaired = await repairer.repair(request, evidence, writing.failed())
        writing.ended = replace(writing.ended, usage=writing.ended.usage.plus(repaired.usage))
        mended = False
        for number, drafts in sorted(repaired.drafts.items(), reverse=True):  # from the end: numbers before stay
            anew = [await in_turn(judged, draft, evidence, self.verifier) for draft in drafts]
            if anew and all(judgement.verdict == "supported" for _, judgement in anew):
                writing.judged[number : number + 1] = anew
                mended = True
        return mended

    def _finished(
        self,
        writing: Writing,
        failure: Ended | None,
        spent: Usage,
        request: Request,
        filters: Filters,
        hits: Sequence[Hit],
        clock: "_Clock",
    ) -> Answer:
        """Return the answer; `failure` is how the answerer ended whose place another one took.

        `spent` is what was used beside the answer itself.
        """
        ended, page = writing.ended, writing.page
        withheld = sum(not self._is_shown(one) for one in writing.judged)
        notices = [notice_of(hits), failure.notice if failure else None, _withheld(withheld)]
        if failure and page.text:
            notices.append("The answer was put together from sentences of the documents instead.")
        state, text = ended.state, page.text or ended.notice or ""
        if page.text:
            notices.append(ended.notice)
        elif withheld:
            state, text = "abstained", "Nothing that the model wrote is borne out by the documents."
        return Answer(
            state=state,
            question=request.question,
            query=request.query,
            text=text,
            claims=tuple(page.claims),
            citations=tuple(page.citations),
            searched=Searched(request.query, replace(filters, readable=None), len(hits), _nearest(hits)),
            answerer=writing.by,
            disagreements=writing.disagreements,
            model=self.answerer.model,
            prompt=self.answerer.prompt,
            usage=ended.usage.plus(spent),
            timings_ms=clock.laps(),
            notice=" ".join(filter(None, notices)) or None,
        )

    def _is_shown(self, one: Judged) -> bool:
        return not self.strict or one[1].verdict == "supported"

    def checked(self, question: str) -> str:
        """Return a question as it is read.

        Raises:
            UserError: if it is empty, holds nothing but signs, or is longer than allowed.
        """
        question = normalise(question).strip()
        if not any(map(str.isalnum, question)):
            raise UserError("The question is empty; write what you would like to know.")
        if len(question) > self.longest_question:
            raise UserError(
                f"The question has {len(question):,} characters; at most {self.longest_question:,} fit. Shorten it."
            )
        return question


class _Clock:
    """Milliseconds by stage, measured with a clock that never jumps."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = {}
        self._start = self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._spent[stage] = self._spent.get(stage, 0.0) + (now - self._last) * 1000
        self._last = now

    def laps(self) -> tuple[tuple[str, float], ...]:
        total = (time.perf_counter() - self._start) * 1000
        return tuple((stage, round(spent, 1)) for stage, spent in [*self._spent.items(), ("total", total)])


def _nearest(hits: Sequence[Hit]) -> tuple[Citation, ...]:
    return tuple(Citation(number, hit.document, hit.passage.span) for number, hit in enumerate(hits[:NEAREST], start=1))


def _withheld(count: int) -> str | None:
    if not count:
        return None
    which = (
        "One sentence that the documents do not bear out was"
        if count == 1
        else (f"{count} sentences that the documents do not bear out were")
    )
    return f"{which} withheld."
