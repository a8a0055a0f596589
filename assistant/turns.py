"""Whose turn it is at the processor: of all answers that are written at once, the one that was begun first."""

import asyncio
import heapq
import itertools
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")


class Turns:
    """As many threads as there are cores, for work that keeps a core busy; of one event loop.

    Done in the order in which it comes, the work of all answers would be searching first and writing last, and all
    would be ready at the same late moment. Here a step of an older answer goes before any of a younger one. What only
    waits for a disk has threads of its own, and is not kept waiting by this.
    """

    def __init__(self, cores: int | None = None) -> None:
        """Use so many cores; without a number as many as this process may, and at least two."""
        self.cores = cores or max(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0)
        self._free = self.cores
        self._threads = ThreadPoolExecutor(self.cores, thread_name_prefix="answering")
        self._count = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def taken(self) -> Iterator["Turn"]:
        """Let all that is done in_turn in this block have one turn, after every turn that was taken before."""
        turn = Turn(self, next(self._count))
        token = _turn.set(turn)
        try:
            yield turn
        finally:
            _turn.reset(token)

    async def _run(self, turn: "Turn", work: Callable[[], Found]) -> Found:
        await self._wait_for(turn.number)
        began = time.monotonic()
        job = asyncio.wrap_future(self._threads.submit(copy_context().run, work))
        try:
            return await asyncio.shield(job)
        finally:
            turn.seconds += time.monotonic() - began
            if job.done():  # a moment later, so that the next step of the same answer is there to be compared
                asyncio.get_running_loop().call_soon(self._leave)
            else:  # nobody wants the result any more; the thread goes on, and its core is not free before it is done
                job.add_done_callback(lambda _: self._leave())

    async def _wait_for(self, turn: int) -> None:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # what a loop had not given back when it ended, nobody else would
            self._loop, self._free, self._waiting = loop, self.cores, []
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiting, (turn, next(self._count), place))
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it came at the same moment
                self._leave()
            raise

    def _leave(self) -> None:
        while self._waiting:
            *_, place = heapq.heappop(self._waiting)
            if not place.done():
                place.set_result(None)
                return
        self._free += 1


@dataclass(slots=True)
class Turn:
    """A turn that is taken, and for how many seconds it has kept a core busy."""

    turns: Turns
    number: int
    seconds: float = 0.0


_turn: ContextVar[Turn | None] = ContextVar("turn", default=None)


async def in_turn(work: Callable[Given, Found], *given: Given.args, **named: Given.kwargs) -> Found:
    """Return what work returns, in a thread: at the turn that was taken, at once if none was."""
    turn = _turn.get()
    if turn is None:
        return await asyncio.to_thread(work, *given, **named)
    return await turn.turns._run(turn, partial(work, *given, **named))
