"""The assistant as programs know it that were written for OpenAI's chat completions; the footnotes come with it."""

import json
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated

from fastapi import FastAPI, Header, Request
from fastapi.responses import Response
from sse_starlette import ServerSentEvent
from starlette.types import Scope

from assistant.contract import Json, answer_json
from assistant.types import Answer, Event, Finished
from assistant.web.answered import answered
from assistant.web.api import person_of
from assistant.web.asking import Asking
from assistant.web.completions import MODEL, Completion, expect_model, read_asked
from assistant.web.problems import as_refused, refusal_json
from assistant.web.replies import Reply, expect_said, finish_reason, usage
from assistant.web.settling import Settling
from assistant.web.streams import streamed
from vectorstore.errors import UserError


def add_compatible(app: FastAPI, asking: Asking) -> None:
    """Add the routes that clients of OpenAI's API call to app."""
    about = {"id": MODEL, "object": "model", "created": int(time.time()), "owned_by": MODEL}

    @app.get("/v1/models", tags=["compatible with OpenAI"])
    async def models() -> Json:
        """List the one model that there is."""
        return {"object": "list", "data": [about]}

    @app.get("/v1/models/{model}", tags=["compatible with OpenAI"])
    async def one(model: str) -> Json:
        """Tell that it is there."""
        expect_model(model)
        return about

    @app.post("/v1/chat/completions", tags=["compatible with OpenAI"])
    async def complete(
        request: Request,
        body: Completion,
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Response:
        """Answer the last message: as one JSON object, or as events while it is written (`"stream": true`)."""
        asked = read_asked(body)
        writing = asking.ask(person_of(request), asked.question, asked.history, again=idempotency_key)
        reply = Reply(f"chatcmpl-{request.scope['request_id']}", int(time.time()), str(request.base_url))
        if not body.stream:
            return await answered(request, writing, reply.whole)
        options = body.stream_options
        chunks = Chunks(reply, counted=bool(options and options.include_usage))
        return streamed(chunks.of(writing.events(), Settling(asking.assistant), request.scope))


@dataclass(frozen=True, slots=True)
class Chunks:
    """A reply in pieces; `counted` ones end with what the answer took."""

    reply: Reply
    counted: bool

    async def of(
        self, events: AsyncGenerator[Event, None], settling: Settling, scope: Scope
    ) -> AsyncGenerator[ServerSentEvent, None]:
        """Yield what of an answer is final while it is written, how it ended, and its footnotes."""
        yield self._chunk({"role": "assistant", "content": ""})
        try:
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, Finished):
                        expect_said(event.answer)
                    if text := settling.hear(event):
                        yield self._chunk({"content": text})
                    if isinstance(event, Finished):
                        for last in self._end(event.answer):
                            yield last
            yield ServerSentEvent("[DONE]")
        except Exception as error:
            yield _sent(refusal_json(as_refused(error, scope["person"]), scope))
            if not isinstance(error, UserError):
                raise

    def _end(self, answer: Answer) -> Iterator[ServerSentEvent]:
        delta = {"annotations": self.reply.annotations(answer)}
        yield self._chunk(delta, finish_reason(answer), {"footnote": answer_json(answer)})
        if self.counted:
            yield _sent(self.reply.named("chat.completion.chunk", []) | {"usage": usage(answer)})

    def _chunk(self, delta: Json, finish: str | None = None, beside: Json | None = None) -> ServerSentEvent:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        uncounted = {"usage": None} if self.counted else {}
        return _sent(self.reply.named("chat.completion.chunk", [choice]) | uncounted | (beside or {}))


def _sent(data: Json) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(data))
