"""The flow, top to bottom: a question comes in, events go out, the last of them a finished answer."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, Protocol

from assistant.conversation import stand_alone
from assistant.reading import read
from assistant.types import (
    Answer,
    Citation,
    Claim,
    Claimed,
    Delta,
    Disagreement,
    Dispute,
    Draft,
    Drafted,
    Ended,
    Event,
    Evidence,
    Finished,
    Judgement,
    Retrieved,
    Searched,
    Turn,
)
from assistant.verify import Verifier
from vectorstore.errors import UserError
from vectorstore.library import Library
from vectorstore.retrieve import Retriever
from vectorstore.text import normalise
from vectorstore.types import Filters, Hit, Span

NEAREST = 3  # passages shown beside an abstention: enough to see what was looked at, few enough to read


@dataclass(frozen=True, slots=True)
class Request:
    """What an answerer is asked: the person's words, the query made from them, and the conversation before."""

    question: str
    query: str
    history: tuple[Turn, ...] = ()


class Answerer(Protocol):
    """Writes an answer from numbered sentences; what is supported is not for it to decide."""

    kind: Literal["extractive", "model"]
    model: str | None
    prompt: str | None

    def answer(self, request: Request, evidence: Sequence[Evidence]) -> AsyncGenerator[Drafted, None]:
        """Yield drafts as they are finished, and exactly one Ended, last. Closing the iterator cancels the work."""


class Comparer(Protocol):
    """Finds where documents disagree."""

    def compare(self, cited: Sequence[Evidence], found: Sequence[Evidence]) -> Sequence[Dispute]:
        """Return where cited sentences contradict each other, or what else was found and is worth adding."""


class Assistant:
    """Answers questions from one library."""

    def __init__(
        self,
        library: Library,
        retriever: Retriever,
        *,
        answerer: Answerer,
        verifier: Verifier,
        comparer: Comparer | None = None,
        passages: int = 20,
        longest_question: int = 2000,
    ) -> None:
        self.library = library
        self.retriever = retriever
        self.answerer = answerer
        self.verifier = verifier
        self.comparer = comparer
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
        """Yield Retrieved first, Claimed and Delta while the answer grows, Finished last.

        Raises:
            UserError: if the question is empty or longer than allowed, or the library cannot answer anything yet.
        """
        filters = filters or Filters()
        clock = _Clock()
        question = self._checked(question)
        query = stand_alone(question, history)
        hits = await asyncio.to_thread(self.retriever.search, query, k=self.passages, filters=filters)
        clock.lap("retrieve")
        yield Retrieved(query, hits)

        evidence = await asyncio.to_thread(read, hits, self.library)
        clock.lap("read")
        page = _Page()
        ended = Ended(state="error", notice="The answerer stopped without saying why.")
        request = Request(question, query, tuple(history))
        async with aclosing(self.answerer.answer(request, evidence)) as drafts:
            async for draft in drafts:
                if isinstance(draft, Draft):
                    clock.lap("answer")
                    judgement = await asyncio.to_thread(self._judge, draft)
                    clock.lap("verify")
                    yield page.write(draft, judgement)
                elif isinstance(draft, Delta):
                    yield draft
                else:
                    ended = draft
        clock.lap("answer")
        disputes: Sequence[Dispute] = ()
        if self.comparer and ended.state == "complete" and page.cited:
            disputes = await asyncio.to_thread(self.comparer.compare, tuple(page.cited), evidence)
            for draft in (draft for dispute in disputes for draft in dispute.drafts):
                yield page.write(draft, await asyncio.to_thread(self._judge, draft))
            clock.lap("compare")
        yield Finished(
            Answer(
                state=ended.state,
                question=question,
                query=query,
                text=page.text or (ended.notice or ""),
                claims=tuple(page.claims),
                citations=tuple(page.citations),
                searched=Searched(query, filters, len(hits), _nearest(hits)),
                answerer=self.answerer.kind,
                disagreements=page.disagreements(disputes),
                model=self.answerer.model,
                prompt=self.answerer.prompt,
                usage=ended.usage,
                timings_ms=clock.laps(),
                notice=ended.notice if page.text else None,
            )
        )

    def _checked(self, question: str) -> str:
        question = normalise(question).strip()
        if not question:
            raise UserError("The question is empty; write what you would like to know.")
        if len(question) > self.longest_question:
            raise UserError(
                f"The question has {len(question):,} characters; at most {self.longest_question:,} fit. Shorten it."
            )
        return question

    def _judge(self, draft: Draft) -> Judgement:
        """Return the verifier's judgement; a claim with an invented id is never plainly supported."""
        reasons = tuple(f"citation: {one} was never shown" for one in draft.invented)
        if not draft.evidence:
            return Judgement("uncited", None, (*reasons, "citation: the sentence cites nothing"))
        judgement = self.verifier.judge(draft.text, draft.evidence)
        if not reasons:
            return judgement
        verdict = "partly_supported" if judgement.verdict == "supported" else judgement.verdict
        return Judgement(verdict, judgement.score, (*reasons, *judgement.reasons))


class _Page:
    """The answer as it is being written: its text, claims and footnotes, always in step with each other."""

    def __init__(self) -> None:
        self.text = ""
        self.claims: list[Claim] = []
        self.citations: list[Citation] = []
        self.cited: list[Evidence] = []  # what the citations are made from
        self._numbers: dict[tuple[str, Span], int] = {}

    def write(self, draft: Draft, judgement: Judgement) -> Claimed:
        """Append a verified draft; return the event that lets others append the same."""
        known = len(self.citations)
        numbers = tuple(dict.fromkeys(self._number(one) for one in draft.evidence))
        lead = draft.lead if self.text else draft.lead.lstrip()
        start = len(self.text) + len(lead)
        claim = Claim(draft.text, Span(start, start + len(draft.text)), numbers, judgement)
        markers = " " + "".join(f"[{number}]" for number in numbers) if numbers else ""
        self.text += lead + draft.text + markers
        self.claims.append(claim)
        return Claimed(lead, claim, markers, tuple(self.citations[known:]))

    def disagreements(self, disputes: Sequence[Dispute]) -> tuple[Disagreement, ...]:
        """Return the disputes by the numbers of their footnotes; each of their sentences has one by now."""
        return tuple(
            Disagreement(tuple(sorted({self._number(one) for one in dispute.evidence})), dispute.about)
            for dispute in disputes
        )

    def _number(self, evidence: Evidence) -> int:
        key = (evidence.document.id, evidence.sentence.span)
        if key not in self._numbers:
            number = self._numbers[key] = len(self.citations) + 1
            self.citations.append(Citation(number, evidence.document, evidence.sentence.span, evidence.speaker))
            self.cited.append(evidence)
        return self._numbers[key]


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
