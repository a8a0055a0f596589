"""An answer as one piece of JSON, for as long as somebody waits for it."""

import asyncio
from collections.abc import Callable

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from assistant.contract import Json
from assistant.types import Answer
from assistant.web.asking import Writing

LEFT = 499  # nginx's number for a caller who did not wait; nobody hears it but the log and the figures


async def answered(request: Request, writing: Writing, to_json: Callable[[Answer], Json]) -> Response:
    """Return the finished answer; if whoever asked leaves before, nobody listens to the writing any more.

    Raises:
        UserError: as Assistant.stream does.
    """
    finished = asyncio.ensure_future(writing.answer())
    left = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((finished, left), return_when=asyncio.FIRST_COMPLETED)
        if not finished.done():
            return Response(status_code=LEFT)
        return JSONResponse(to_json(finished.result()))
    finally:
        for task in (finished, left):
            task.cancel()
        await asyncio.wait((finished, left))


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
