"""Hear a chat model's reply, piece by piece: within deadlines, and with one second try before its first word."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from assistant.budget import ChatMessage
from assistant.types import Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk

TRIES = 2
PAUSE = 0.5  # seconds before the second try, if the server does not say how many
LONGEST_PAUSE = 20.0  # seconds that a server may ask for; a person who waits longer has left

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a model may take to its first word, from one to the next, and in all.

    Only words count: what else keeps a connection alive (comments, empty pieces, thoughts) does not.
    """

    first: float = 30.0
    idle: float = 20.0
    total: float = 120.0


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens that a model reads and that it writes; None: not known."""

    reading: float | None = None
    writing: float | None = None

    def of(self, usage: Usage) -> Usage:
        """Return usage with its price in US dollars, where that is known."""
        if self.reading is None or self.writing is None:
            return usage
        cost = (self.reading * usage.prompt_tokens + self.writing * usage.completion_tokens) / 1e6
        return replace(usage, cost_usd=cost)


@dataclass(slots=True)
class Heard:
    """What is known of a reply: its text, why it ended according to the server, what it cost, what went wrong."""

    text: str = ""
    finish: str | None = None
    usage: Usage = field(default_factory=Usage)
    failure: Exception | None = None

    def note(self, chunk: "AIMessageChunk") -> None:
        """Take in what a chunk says."""
        self.text += chunk.text
        for key in ("finish_reason", "stop_reason", "done_reason", "status"):  # OpenAI, Anthropic, Ollama, Responses
            self.finish = chunk.response_metadata.get(key) or self.finish
        if told := chunk.usage_metadata:
            # Some servers send the sums so far with every chunk, others each number once.
            self.usage = Usage(
                max(self.usage.prompt_tokens, told["input_tokens"]),
                max(self.usage.completion_tokens, told["output_tokens"]),
            )

    @property
    def ended(self) -> Literal["complete", "truncated", "filtered", "broken"]:
        """How the reply ended."""
        finish = (self.finish or "").lower()
        if self.failure:
            return "broken"
        if finish in {"length", "max_tokens", "incomplete"}:
            return "truncated"
        if finish in {"content_filter", "safety", "refusal"}:
            return "filtered"
        return "complete" if finish else "broken"


async def hear(
    chat: "BaseChatModel", messages: Sequence[ChatMessage], heard: Heard, patience: Patience, *, longest: int
) -> AsyncGenerator[str, None]:
    """Yield the pieces of the model's reply, at most `longest` characters; how it ended is noted in heard.

    A server that failed or said nothing is asked once more, if that may help and nothing has been heard of it yet.
    Closing the iterator ends the call to the server.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + patience.total
    for left in reversed(range(TRIES)):
        async with aclosing(_listen(chat, messages, heard, patience, end, longest)) as pieces:
            async for piece in pieces:
                yield piece
        pause = _pause(heard) if left and not heard.text else None
        if pause is None or clock() + pause > end:
            return
        await asyncio.sleep(pause)
        heard.finish = heard.failure = None


async def _listen(
    chat: "BaseChatModel",
    messages: Sequence[ChatMessage],
    heard: Heard,
    patience: Patience,
    end: float,
    longest: int,
) -> AsyncGenerator[str, None]:
    """Yield the pieces of one try, which is over at `end` by the loop's clock."""
    chunks: asyncio.Queue[AIMessageChunk | None] = asyncio.Queue()

    async def call() -> None:
        try:
            async for chunk in chat.astream(list(messages)):
                chunks.put_nowait(chunk)
        finally:
            chunks.put_nowait(None)

    # Closing LangChain's iterator leaves the connection open and the model writing; cancelling a task that is
    # reading from it does not.
    clock = asyncio.get_running_loop().time
    task = asyncio.create_task(call())
    limit = clock() + patience.first
    try:
        while len(heard.text) < longest:
            # The client's own timeout takes the comments that keep a connection alive for an answer.
            async with asyncio.timeout_at(min(limit, end)):
                chunk = await chunks.get()
            if chunk is None:
                await task  # raises what went wrong
                return
            heard.note(chunk)
            if chunk.text:
                limit = clock() + patience.idle
                yield chunk.text
        heard.finish = "length"
    except Exception as error:  # noqa: BLE001 - providers raise what they like: JSONDecodeError, IndexError, …
        heard.failure = error
        _log.warning("the model failed: %s, status %s", type(error).__name__, status_of(error))
    finally:
        while not task.done():  # asyncio.wait_for, which libraries use, loses a cancellation that meets a result
            task.cancel()
            await asyncio.wait([task], timeout=0.1)


def _pause(heard: Heard) -> float | None:
    """Return how many seconds to wait before a second try; None where that would only end as the first did."""
    status = status_of(heard.failure)
    if status == 429:
        asked = _asked_for(heard.failure)
        return PAUSE if asked is None else asked if asked <= LONGEST_PAUSE else None
    if status is not None:
        return PAUSE if status >= 500 else None
    if heard.failure is not None and _in_vain(heard.failure):
        return None
    return PAUSE if heard.ended in {"complete", "broken"} else None


def _in_vain(failure: Exception) -> bool:
    """Return whether a second try would only take as long as the first, or meet as little."""
    import httpx

    return any(
        isinstance(one, TimeoutError | httpx.TimeoutException | httpx.ConnectError | ConnectionRefusedError)
        for one in causes(failure)
    )


def _asked_for(failure: Exception | None) -> float | None:
    """Return the seconds that a busy server's Retry-After asks for; it is a number or a date."""
    headers = (getattr(getattr(one, "response", None), "headers", None) for one in causes(failure))
    value = next((found.get("retry-after") for found in headers if found is not None), None)
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # TypeError: a date without a zone
        return None


def explained(failure: Exception, *, spoken: bool) -> str:
    """Return one sentence on what failed and what to do; nothing of what the server said, which may hold a key."""
    import httpx

    found = list(causes(failure))
    if any(isinstance(one, httpx.ConnectError | httpx.ConnectTimeout) for one in found):
        return "The model's server could not be reached; check that it runs, and FOOTNOTE_BASE_URL."
    if any(isinstance(one, TimeoutError | httpx.TimeoutException) for one in found):
        if spoken:
            return (
                "The model stopped writing or took too long; ask again, or raise FOOTNOTE_MODEL_IDLE_SECONDS or "
                "FOOTNOTE_MODEL_TOTAL_SECONDS."
            )
        return "The model stayed silent for too long; ask again, or raise FOOTNOTE_MODEL_FIRST_SECONDS."
    status = status_of(failure)
    if status in {401, 403}:
        return "The model's server refused the key; check FOOTNOTE_API_KEY."
    if status == 404:
        return "The model's server does not know this model or address; check FOOTNOTE_MODEL and FOOTNOTE_BASE_URL."
    if status == 429:
        return "The model's server is busy or a quota is used up; ask again later."
    if status in {400, 413, 422}:
        return "The model's server refused the request; check FOOTNOTE_MODEL, or lower FOOTNOTE_PROMPT_TOKENS."
    if status is not None and status >= 500:
        return "The model's server failed; ask again later."
    if spoken:
        return "The connection to the model broke before the answer was finished; ask again."
    if any(isinstance(one, httpx.TransportError | OSError) for one in found):
        return "The model's server could not be reached; check that it runs, and FOOTNOTE_BASE_URL."
    return "What the model's server sent is not an answer; check FOOTNOTE_BASE_URL, it often ends in /v1."


def status_of(failure: Exception | None) -> int | None:
    """Return the HTTP status that a provider's error carries."""
    found = (getattr(one, "status_code", None) for one in causes(failure))
    return next((status for status in found if isinstance(status, int)), None)


def causes(failure: BaseException | None) -> Iterator[BaseException]:
    """Yield failure and what caused it, from the outside in."""
    while failure is not None:
        yield failure
        failure = failure.__cause__
