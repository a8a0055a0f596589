"""The JSON API: questions, searches, and what somebody thinks of an answer; and how all of it tells errors."""

import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.exceptions import HTTPException

from assistant.access import Person
from assistant.contract import Json, answer_json, hit_json
from assistant.feedback import LONGEST, FeedbackStore, Reason, Vote
from assistant.types import Role, State, Turn
from assistant.web.answered import answered
from assistant.web.asking import Asking, narrowed
from assistant.web.problems import Refused, as_refused, refusal
from assistant.web.streams import answering, interrupted, streamed
from vectorstore.errors import UserError
from vectorstore.types import Filters, notice_of

if TYPE_CHECKING:
    from assistant.holdings import Collections

EVENTS = "text/event-stream"
MOST_HITS = 50


class AskTurn(BaseModel):
    """One earlier message of the conversation."""

    model_config = ConfigDict(extra="forbid")
    role: Role
    content: str


class AskFilters(BaseModel):
    """Which documents may be used, as in vectorstore.types.Filters."""

    model_config = ConfigDict(extra="forbid")
    outlets: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    documents: Annotated[tuple[str, ...], Field(max_length=100)] = ()
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


class Search(BaseModel):
    """The body of POST /api/search; `k` is how many passages are wanted."""

    model_config = ConfigDict(extra="forbid")
    query: str
    k: int = Field(10, ge=1, le=MOST_HITS, strict=True)
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


def person_of(request: Request) -> Person:
    """Return who sends the request, as the door has found."""
    person: Person = request.scope["person"]
    return person


def add_api(app: FastAPI, asking: Asking, store: FeedbackStore, collections: "Collections") -> None:
    """Add the routes that no conversation is kept for to app."""
    assistant = asking.assistant

    @app.post("/api/ask", tags=["questions"])
    async def ask(
        request: Request,
        body: Ask,
        accept: Annotated[str, Header()] = "*/*",
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Response:
        """Answer a question: as one JSON object, or as events while it is written (`Accept: text/event-stream`).

        Two requests of one person with the same `Idempotency-Key` are one.
        """
        history = [Turn(turn.role, turn.content) for turn in body.history]
        filters = body.filters.filters()
        writing = asking.ask(person_of(request), body.question, history, filters, again=idempotency_key)
        if EVENTS in accept:
            return streamed(answering(writing.events(), request.scope), farewell=interrupted(request.scope))
        return await answered(request, writing, answer_json)

    @app.post("/api/search", tags=["documents"])
    async def search(request: Request, response: Response, body: Search) -> list[Json]:
        """Find the passages that are nearest to a query, best first.

        A header `Footnote-Notice` tells if more may have been missed than is usual.
        """
        person = person_of(request)
        allowed = narrowed(person, body.filters.filters(), collections.readable(person))
        query = assistant.checked(body.query)
        hits = await asking.search(query, k=body.k, filters=allowed)
        if notice := notice_of(hits):
            response.headers["Footnote-Notice"] = notice
        return [hit_json(hit) for hit in hits]

    @app.post("/api/feedback", status_code=201, tags=["questions"])
    def feedback(request: Request, body: Given) -> Json:  # no coroutine: it waits for a disk
        """Keep what somebody thinks of an answer."""
        history = tuple(Turn(turn.role, turn.content) for turn in body.history)
        answer = body.answer.model_dump(mode="json")
        user = person_of(request).user
        kept = store.add(body.vote, answer, reason=body.reason, words=body.words, history=history, user=user)
        return {"id": kept.id}


def add_problems(app: FastAPI) -> None:
    """Have app tell errors as problem does."""

    @app.exception_handler(UserError)
    async def mistake(request: Request, error: UserError) -> JSONResponse:
        return refusal(as_refused(error, request.scope.get("person")), request.scope)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        status = error.status_code
        # The phrase of 413 is not the same in all versions of Python.
        code = "content_too_large" if status == 413 else HTTPStatus(status).phrase.lower().replace(" ", "_")
        response = refusal(Refused(status, code, str(error.detail)), request.scope)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        # Where and what, never the value: it may hold anything, even characters that JSON cannot carry.
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            message = f"The body is not JSON as it is meant: {first['ctx']['error']}."
            return refusal(Refused(422, "invalid_request", message), request.scope)
        where = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
        where = where.encode("ascii", "backslashreplace").decode("ascii")[:100]
        return refusal(Refused(422, "invalid_request", f"{where}: {first['msg']}", field=where), request.scope)
