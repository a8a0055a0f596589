"""Server-sent events: what a program hears while an answer is written, the same events that the page is drawn from."""

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from sse_starlette import EventSourceResponse, ServerSentEvent

from assistant.access import Person
from assistant.contract import Json, event_json
from assistant.types import Event
from assistant.web.problems import Refused, explained
from vectorstore.errors import OwnerError, UserError

PING = 10  # seconds between signs of life, for whatever stands between us and the reader

_log = logging.getLogger(__name__)


def streamed(events: AsyncGenerator[ServerSentEvent, None]) -> EventSourceResponse:
    """Return the response that sends events as they come; their generator is closed when nobody reads any more."""
    return EventSourceResponse(events, ping=PING)


def sent(name: str, data: Json) -> ServerSentEvent:
    """Return one event; JSON in ASCII, because a line must not end where a document has a line separator."""
    return ServerSentEvent(json.dumps(data), event=name)


async def answering(
    events: AsyncGenerator[Event, None], person: Person, request_id: str
) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield the events of an answer; the last is "finished", or "error" in its place."""
    try:
        async with aclosing(events):
            async for event in events:
                yield sent(*event_json(event))
    except OwnerError as error:
        _log.error("answering failed: %s", error)
        yield sent("error", {"code": "unavailable", "message": explained(error, person), "request_id": request_id})
    except UserError as error:
        code = error.code if isinstance(error, Refused) else "user_error"
        yield sent("error", {"code": code, "message": str(error), "request_id": request_id})
    except Exception:
        message = "Something went wrong on the server."
        yield sent("error", {"code": "internal_error", "message": message, "request_id": request_id})
        raise
