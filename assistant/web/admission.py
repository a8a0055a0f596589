"""Whose question is answered now, whose waits, and whose is refused: so many at once, in the order they came."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from assistant.turns import Turns
from assistant.web.problems import Refused
from assistant.web.rates import Rate

PATIENCE = 30  # seconds that a question may wait, as far as that can be told; who would wait longer comes back later


class Admission:
    """The places at which answers are written.

    `under_way` answers are being written, and `waiting` questions wait for a place. `turns` are what all of them, and
    searches, take at the processor.
    """

    def __init__(self, *, at_once: int, waiting: int, per_minute: int) -> None:
        self.under_way = 0
        self.waiting = 0
        self.turns = Turns()
        self._at_once = at_once
        self._most_waiting = waiting
        self._places = asyncio.Semaphore(at_once)
        self._questions = Rate("questions", per_minute)
        # Seconds that an answer lately held its place, and kept a core busy.
        self._held = self._busy = 1.0

    def enter(self, user: str) -> "Ticket":
        """Take a user's question in, to be answered at its turn.

        Raises:
            Refused: 429 if this user asks too often, 503 if too many wait already.
        """
        behind = self.under_way + self.waiting - self._at_once  # below zero while places are free
        wait = self._wait()
        if behind >= 0 and (behind >= self._most_waiting or wait > PATIENCE):
            raise Refused(
                503,
                "busy",
                "Too many questions are being answered at the moment; ask again in a minute.",
                min(max(math.ceil(wait / 2), 1), PATIENCE),  # half of those who wait have been answered by then
            )
        self._questions.count(user)  # not before: to come back as told is not to ask too often
        self.waiting += 1
        return Ticket(self)

    def _wait(self) -> float:
        """Return the seconds until one more question is answered, for want of a place or of a core."""
        number = self.under_way + self.waiting + 1
        return max(self._held * (number / self._at_once - 1), self._busy * number / self.turns.cores)

    @asynccontextmanager
    async def _place(self) -> AsyncGenerator[None, None]:
        async with self._places:
            self.under_way += 1
            began = time.monotonic()
            with self.turns.taken() as turn:
                try:
                    yield
                finally:
                    self.under_way -= 1
                    self._held += 0.1 * (time.monotonic() - began - self._held)
                    self._busy += 0.1 * (turn.seconds - self._busy)


class Ticket:
    """One question's turn: it waits from the moment it is taken in, until its place is entered or it is given back."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._waits = True

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None, None]:
        """Wait for a place, and hold it."""
        try:
            async with self._admission._place():
                self.give_back()
                yield
        finally:
            self.give_back()

    def give_back(self) -> None:
        """Wait no longer."""
        if self._waits:
            self._waits = False
            self._admission.waiting -= 1
