"""Can questions be answered at this moment? A sentence of a stored document must find its document again."""

import asyncio
import logging
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Literal

from assistant.contract import Json
from vectorstore.types import notice_of

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

EVERY = 10.0  # seconds that a finding is good for: asking often must not cost searches
PATIENCE = 5.0  # seconds that a search may take
CHARACTERS = 300  # of a sentence that are searched for

Problem = Literal["empty", "library", "search", "timeout"]
Limit = Literal["words"]
TOLD: dict[Problem | Limit, str] = {
    "empty": "Nothing is indexed.",
    "library": "The library cannot be read.",
    "search": "A sentence of a document did not find its document.",
    "timeout": f"A search takes longer than {PATIENCE:.0f} seconds.",
    "words": "The vector index is away: questions are answered from what is found by words alone.",
}

_log = logging.getLogger(__name__)


class Readiness:
    """Tells whether an assistant can answer, by searching as an answer does."""

    def __init__(self, assistant: "Assistant") -> None:
        self.assistant = assistant
        self._begun = 0.0
        self._look: Future[Problem | Limit | None] | None = None

    async def check(self) -> tuple[bool, Json]:
        """Return whether questions can be answered, and that as JSON with what is wrong in one word.

        While the vector index is away they can, from words: who takes all servers out of use for it has none.

        However many ask, there is one search at a time and at most one in EVERY seconds. One that hangs is waited for
        PATIENCE seconds and no other is begun beside it.
        """
        look = self._look
        if look is None or (look.done() and time.monotonic() - self._begun >= EVERY):
            self._begun = time.monotonic()
            look = self._look = self._start()
        if not look.done():
            patience = max(0.0, self._begun + PATIENCE - time.monotonic())
            await asyncio.wait([asyncio.wrap_future(look)], timeout=patience)
        problem = look.result() if look.done() else "timeout"
        if problem == "words":
            return True, {"status": "ready", "limited": problem, "message": TOLD[problem]}
        if problem is None:
            return True, {"status": "ready"}
        return False, {"status": "not ready", "failed": problem, "message": TOLD[problem]}

    def _start(self) -> "Future[Problem | Limit | None]":
        """Search in a thread of its own: one that hangs neither takes a place in a pool nor holds up the end."""
        look: Future[Problem | Limit | None] = Future()
        look.set_running_or_notify_cancel()  # who asks may go away; the search is not theirs to cancel
        threading.Thread(target=lambda: look.set_result(self._problem()), name="readiness", daemon=True).start()
        return look

    def _problem(self) -> Problem | Limit | None:
        return self._found() and self._found()  # the document may have been deleted before it was searched for

    def _found(self) -> Problem | Limit | None:
        """Return what is wrong or limited, None if a sentence finds its document or a copy of it."""
        failing: Problem = "library"
        try:
            if not self.assistant.library.manifest().passages:
                return "empty"
            canary = self._canary()
            failing = "search"
            hits = self.assistant.retriever.search(canary, k=self.assistant.passages)
        except BaseException:  # noqa: BLE001 - a damaged index panics in Rust, which is no Exception; nobody else is here
            _log.exception("not ready: %s", failing)
            return failing
        if not any(canary in hit.document.text for hit in hits):
            return "search"
        return "words" if notice_of(hits) else None

    def _canary(self) -> str:
        """Return the longest sentence of the first document that has any, or as much of it as is searched for."""
        library = self.assistant.library
        for document in library.documents():
            if sentences := library.sentences(document.id):
                return max((one.span.of(document.text) for one in sentences), key=len)[:CHARACTERS]
        raise LookupError("no document has a sentence")
