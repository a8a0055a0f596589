"""Server-sent events: what a program hears while an answer is written, the same events that the page is drawn from."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Scope

from assistant.contract import Json, event_json
from assistant.types import Event
from assistant.web.problems import Refused, as_refused, refusal_json
from vectorstore.errors import UserError

PING = 10  # seconds between signs of life, for whatever stands between us and the reader
# Seconds that an answer under way has left when the server is told to end, and until its stream is cut off; both end
# before serving.GOODBYE, when everything is cancelled.
LEFT, CUT = 3.0, 4.0

_log = logging.getLogger(__name__)


def streamed(
    events: AsyncGenerator[ServerSentEvent, None], *, farewell: ServerSentEvent | None = None
) -> EventSourceResponse:
    """Return the response that sends events as they come; their generator is closed when nobody reads any more.

    When the server ends, and they do not within LEFT seconds, `farewell` is the last.
    """
    ending = anyio.Event()
    return EventSourceResponse(
        _until(ending, events, farewell), ping=PING, shutdown_event=ending, shutdown_grace_period=CUT
    )


def sent(name: str, data: Json) -> ServerSentEvent:
    """Return one event; JSON in ASCII, because a line must not end where a document has a line separator."""
    return ServerSentEvent(json.dumps(data), event=name)


def interrupted(scope: Scope) -> ServerSentEvent:
    """Return the last event of an answer that the end of the server has cut short."""
    stopping = Refused(503, "stopping", "The server is being stopped; ask again in a minute.")
    return sent("error", refusal_json(stopping, scope))


async def answering(events: AsyncGenerator[Event, None], scope: Scope) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield the events of an answer; the last is "finished", or "error" in its place."""
    try:
        async with aclosing(events):
            async for event in events:
                yield sent(*event_json(event))
    except Exception as error:
        yield sent("error", refusal_json(as_refused(error, scope["person"]), scope))
        if not isinstance(error, UserError):
            raise


async def _until(
    ending: anyio.Event, events: AsyncGenerator[ServerSentEvent, None], farewell: ServerSentEvent | None
) -> AsyncGenerator[ServerSentEvent, None]:
    over = asyncio.create_task(_later(ending))
    following: asyncio.Task[ServerSentEvent | None] | None = None
    try:
        while True:
            following = asyncio.create_task(_next(events))
            await asyncio.wait([following, over], return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                break
            if (event := following.result()) is None:
                return
            yield event
        if farewell:
            yield farewell
    finally:
        over.cancel()
        if following and not following.done():
            following.cancel()  # which closes events
        else:
            await events.aclose()


async def _next(events: AsyncGenerator[ServerSentEvent, None]) -> ServerSentEvent | None:
    return await anext(events, None)


async def _later(ending: anyio.Event) -> None:
    await ending.wait()
    await asyncio.sleep(LEFT)
