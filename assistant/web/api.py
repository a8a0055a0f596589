"""The JSON API: an answer, and what somebody thinks of one."""

import datetime
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.exceptions import HTTPException

from assistant.contract import Json, answer_json
from assistant.feedback import LONGEST, FeedbackStore, Reason, Vote
from assistant.types import Finished, Role, State, Turn
from assistant.web.door import problem
from vectorstore.errors import UserError
from vectorstore.types import Filters

if TYPE_CHECKING:
    from assistant.pipeline import Assistant


class AskTurn(BaseModel):
    """One earlier message of the conversation."""

    model_config = ConfigDict(extra="forbid")
    role: Role
    content: str


class AskFilters(BaseModel):
    """Which documents may be used, as in vectorstore.types.Filters."""

    model_config = ConfigDict(extra="forbid")
    outlets: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    after: datetime.date | None = None
    before: datetime.date | None = None

    def filters(self) -> Filters:
        """Return them as the pipeline takes them."""
        return Filters(self.outlets, self.documents, self.after, self.before)


class Ask(BaseModel):
    """The body of POST /api/ask."""

    model_config = ConfigDict(extra="forbid")
    question: str
    history: tuple[AskTurn, ...] = Field((), max_length=100)
    filters: AskFilters = AskFilters()


class GivenAnswer(BaseModel):
    """What feedback needs of an answer; its other fields are kept as they came (a request has at most BODY bytes)."""

    model_config = ConfigDict(extra="allow")
    question: str = Field(min_length=1, max_length=20_000)
    state: State
    text: str
    claims: tuple[dict[str, JsonValue], ...] = Field(max_length=1000)
    citations: tuple[dict[str, JsonValue], ...] = Field(max_length=1000)


class Given(BaseModel):
    """The body of POST /api/feedback; `answer` is an answer as POST /api/ask gave it, whole."""

    model_config = ConfigDict(extra="forbid")
    vote: Vote
    answer: GivenAnswer
    reason: Reason | None = None
    words: str = Field("", max_length=LONGEST)
    history: tuple[AskTurn, ...] = Field((), max_length=100)


def add_api(app: FastAPI, assistant: "Assistant", store: FeedbackStore) -> None:
    """Add the routes of the API to app, and how it tells errors."""

    @app.post("/api/ask")
    async def ask(body: Ask) -> JSONResponse:
        history = [Turn(turn.role, turn.content) for turn in body.history]
        async with aclosing(assistant.stream(body.question, history, body.filters.filters())) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return JSONResponse(answer_json(event.answer))
        raise RuntimeError("a stream ends with Finished")

    @app.post("/api/feedback", status_code=201)
    def feedback(body: Given) -> Json:  # no coroutine: it waits for a disk
        history = tuple(Turn(turn.role, turn.content) for turn in body.history)
        answer = body.answer.model_dump(mode="json")
        return {"id": store.add(body.vote, answer, reason=body.reason, words=body.words, history=history).id}

    @app.get("/healthz")
    def healthz() -> Json:
        return {"status": "ok"}

    @app.exception_handler(UserError)
    async def mistake(request: Request, error: UserError) -> JSONResponse:
        return problem(422, "user_error", str(error), request.scope["request_id"])

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        return problem(error.status_code, code, str(error.detail), request.scope["request_id"])

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        # Where and what, never the value: it may hold anything, even characters that JSON cannot carry.
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
        return problem(422, "invalid_request", f"{where}: {first['msg']}", request.scope["request_id"])
