"""Server-sent events: what a program hears while an answer is written, the same events that the page is drawn from."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Scope

from assistant.contract import Json, event_json
from assistant.types import Event
from assistant.web.problems import as_refused, refusal_json
from vectorstore.errors import UserError

PING = 10  # seconds between signs of life, for whatever stands between us and the reader


def streamed(events: AsyncGenerator[ServerSentEvent, None]) -> EventSourceResponse:
    """Return the response that sends events as they come; their generator is closed when nobody reads any more."""
    return EventSourceResponse(events, ping=PING)


def sent(name: str, data: Json) -> ServerSentEvent:
    """Return one event; JSON in ASCII, because a line must not end where a document has a line separator."""
    return ServerSentEvent(json.dumps(data), event=name)


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
