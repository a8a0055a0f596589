"""What the page asks for beside answers: kept conversations, the text behind a footnote, exports, thumbs."""

import asyncio
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

from fastapi import FastAPI, Header, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pathvalidate import sanitize_filename
from pydantic import BaseModel, ConfigDict, Field

from assistant.access import Person
from assistant.contract import Json, answer_json
from assistant.exporting import export_html, export_json, export_markdown
from assistant.feedback import LONGEST, FeedbackStore, Reason, Vote
from assistant.history import MOST, Begun, Conversation, Exchange
from assistant.suggestions import suggestions
from assistant.types import Answer, Citation
from assistant.web.api import AskFilters
from assistant.web.asking import narrowed
from assistant.web.desk import Desk, remembered
from assistant.web.live import following
from assistant.web.reader import reader_html
from assistant.web.streams import streamed
from assistant.web.visitor import visitor_of
from assistant.web.words import Words
from vectorstore.errors import NotFound, UserError

if TYPE_CHECKING:
    from vectorstore.types import Document

SHOWN = 100  # conversations in a list; older ones are found by searching, or further on
KEPT = 1000  # questions whose Idempotency-Key is remembered
Number = Annotated[int, Path(ge=1, le=1_000_000)]
Again = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]
PATIENCE = 5.0  # seconds for finding questions to go on with; nobody waits for them

# An exported page needs nothing but its own style.
_INERT = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}


class Question(BaseModel):
    """The body of a question of a conversation; `replaces` is the number of the exchange whose place it takes."""

    model_config = ConfigDict(extra="forbid")
    question: str
    filters: AskFilters = AskFilters()
    replaces: int | None = Field(None, ge=1, strict=True)


class Renaming(BaseModel):
    """The body of PATCH /api/conversations/{id}."""

    model_config = ConfigDict(extra="forbid")
    title: str


class Thumb(BaseModel):
    """The body of POST …/feedback: what a person thinks of one kept answer; `exchange` is its id, for ever its own."""

    model_config = ConfigDict(extra="forbid")
    exchange: str
    vote: Vote
    reason: Reason | None = None
    words: str = Field("", max_length=LONGEST)


def add_conversations(app: FastAPI, desk: Desk, store: FeedbackStore, language: str | None) -> None:
    """Add the routes of the kept conversations to app; each sees those of the person who asks, and no others."""
    history = desk.history
    markdown = desk.assistant.answerer.kind == "model"
    looking = threading.Lock()
    repeated: dict[tuple[str, str], asyncio.Task[Json]] = {}  # by Idempotency-Key

    def user(request: Request) -> str:
        return visitor_of(request, language).user

    def may_read(request: Request, citation: Citation) -> bool:
        """Return whether the whole text may be read today; the quotation was seen."""
        readable = desk.collections.readable(visitor_of(request, language).person)
        return readable is None or readable.holds(citation.document.source)

    def answered(request: Request, conversation: str, number: Number) -> tuple[tuple[Exchange, ...], Answer]:
        exchanges = history.exchanges(user(request), conversation)
        answer = next((one.answer for one in exchanges if one.number == number), None)
        if answer is None:
            raise NotFound("There is no such answer any more; load the page again.")
        return exchanges, answer

    @app.get("/api/conversations", tags=["conversations"])
    def conversations(
        request: Request,
        search: str = "",
        limit: Annotated[int, Query(ge=1, le=SHOWN)] = SHOWN,
        offset: Annotated[int, Query(ge=0, le=MOST)] = 0,
    ) -> list[Json]:
        """List one's conversations, the one last written in first."""
        found = history.conversations(user(request), search)[offset : offset + limit]
        return [_conversation_json(one) for one in found]

    @app.post("/api/conversations", status_code=202, tags=["conversations"])
    async def begin(request: Request, body: Question, idempotency_key: Again = None) -> Json:
        """Ask the first question of a conversation; its answer is at the address that `live` names."""
        return await asked(request, None, body, idempotency_key)

    @app.post("/api/conversations/{conversation}/exchanges", status_code=202, tags=["conversations"])
    async def go_on(request: Request, conversation: str, body: Question, idempotency_key: Again = None) -> Json:
        """Ask the next question of a conversation."""
        return await asked(request, conversation, body, idempotency_key)

    async def asked(request: Request, conversation: str | None, body: Question, again: str | None) -> Json:
        person = visitor_of(request, language).person
        if again is None:
            return await begun(person, conversation, body)
        key = person.user, again
        if key not in repeated:  # and at once: the second may come before the first is kept
            repeated[key] = asyncio.create_task(begun(person, conversation, body))
            while len(repeated) > KEPT:
                repeated.pop(next(iter(repeated)))
        try:
            return await asyncio.shield(repeated[key])
        except Exception:
            repeated.pop(key, None)  # nothing was asked: the same request may be in time later
            raise

    async def begun(person: Person, conversation: str | None, body: Question) -> Json:
        work = await desk.ask(
            person, body.question, body.filters.filters(), conversation=conversation, replaces=body.replaces
        )
        return _begun_json(work.begun)

    @app.post("/api/conversations/{conversation}/stop", status_code=204, tags=["conversations"])
    async def stop(request: Request, conversation: str) -> Response:
        """End the answer that is being written, and keep what there is of it."""
        await desk.stop(user(request), conversation)
        return Response(status_code=204)

    @app.get("/api/conversations/{conversation}/exchanges/{number}/live", tags=["conversations"])
    async def live(request: Request, conversation: str, number: Number) -> Response:
        """Follow an answer as events: "growing" when it has grown, then "ended" with the answer or an error."""
        visitor = visitor_of(request, language)
        # First the work, then what is kept: an answer that ends in between is in both, and not in neither.
        work = desk.at_work(conversation)
        exchanges = await asyncio.to_thread(history.exchanges, visitor.user, conversation)
        exchange = next((one for one in exchanges if one.number == number), None)
        if exchange is None:
            raise NotFound("There is no such question any more; load the conversation again.")
        followed = work if work and work.begun.number == number else None
        return streamed(following(followed, exchange, conversation, visitor.words, markdown=markdown))

    @app.get("/api/conversations/{conversation}", tags=["conversations"])
    def one(request: Request, conversation: str) -> Json:
        """Read a conversation."""
        who = user(request)
        return export_json(history.conversation(who, conversation), history.exchanges(who, conversation))

    @app.patch("/api/conversations/{conversation}")
    def rename(request: Request, conversation: str, body: Renaming) -> Json:
        history.rename(user(request), conversation, body.title)
        return _conversation_json(history.conversation(user(request), conversation))

    @app.delete("/api/conversations/{conversation}", status_code=204)
    async def delete(request: Request, conversation: str) -> Response:
        await desk.stop(user(request), conversation)
        await asyncio.to_thread(history.delete, user(request), conversation)
        return Response(status_code=204)

    @app.get("/api/conversations/{conversation}/export")
    def export(
        request: Request, conversation: str, form: Literal["markdown", "html", "json", "print"] = "html"
    ) -> Response:
        who = user(request)
        about, exchanges = history.conversation(who, conversation), history.exchanges(who, conversation)
        if form == "print":
            return HTMLResponse(export_html(about, exchanges), headers=_INERT)
        if form == "json":
            return JSONResponse(export_json(about, exchanges), headers=_saved_as(about.title, "json"))
        if form == "markdown":
            text, kind, suffix = export_markdown(about, exchanges), "text/markdown", "md"
        else:
            text, kind, suffix = export_html(about, exchanges), "text/html", "html"
        return Response(text, media_type=f"{kind}; charset=utf-8", headers=_saved_as(about.title, suffix))

    @app.get("/api/conversations/{conversation}/exchanges/{number}/{kind}/{source}")
    def read(
        request: Request, conversation: str, number: Number, kind: Literal["sources", "nearest"], source: Number
    ) -> HTMLResponse:
        """The whole text behind a footnote (or behind a nearest passage), as it was when it was cited."""
        _, answer = answered(request, conversation, number)
        citations = answer.citations if kind == "sources" else answer.searched.nearest
        chosen = next((one for one in citations if one.number == source), None)
        if chosen is None or not may_read(request, chosen):
            raise NotFound("There is no such source any more; load the page again.")
        same = [one for one in citations if one.document.hash == chosen.document.hash]
        words = visitor_of(request, language).words
        note = _now(desk, chosen, words)
        return HTMLResponse(reader_html(chosen.document, same, source, words, note))

    @app.get("/api/conversations/{conversation}/exchanges/{number}/next")
    def next_questions(request: Request, conversation: str, number: Number) -> Json:
        """Questions to go on with, found when they are first asked for."""
        exchanges = history.exchanges(user(request), conversation)
        exchange = next((one for one in exchanges if one.number == number), None)
        if exchange is None or exchange.answer is None:
            return {"questions": []}  # it was asked again meanwhile
        if exchange.next is not None:
            return {"questions": list(exchange.next)}
        if not looking.acquire(blocking=False):
            return {"questions": []}  # one such search at a time: the answers come first
        try:
            asked = [one.question for one in exchanges]
            person = visitor_of(request, language).person
            searched, readable = exchange.answer.searched, desk.collections.readable(person)
            # Under what the person is held to now, which an answer that was stopped, or of long ago, does not know.
            allowed = narrowed(person, searched.filters, readable)
            answer = replace(exchange.answer, searched=replace(searched, filters=allowed))
            questions = suggestions(desk.assistant, answer, asked, PATIENCE, readable=readable)
        finally:
            looking.release()
        if questions:  # a busy machine finds none in time: another look may
            history.suggest(Begun(conversation, number, exchange.id), questions)
        return {"questions": list(questions)}

    @app.post("/api/conversations/{conversation}/exchanges/{number}/feedback", status_code=201)
    def feedback(request: Request, conversation: str, number: Number, body: Thumb) -> Json:
        exchanges, answer = answered(request, conversation, number)
        if exchanges[number - 1].id != body.exchange:
            raise UserError("That answer has been replaced meanwhile; say what you think of the new one.")
        turns = remembered(exchanges[: number - 1])
        kept = store.add(
            body.vote, answer_json(answer), reason=body.reason, words=body.words, history=turns, user=user(request)
        )
        return {"id": kept.id}


def _begun_json(begun: Begun) -> Json:
    where = f"api/conversations/{begun.conversation}/exchanges/{begun.number}/live"
    return {"conversation": begun.conversation, "number": begun.number, "exchange": begun.id, "live": where}


def _conversation_json(one: Conversation) -> Json:
    return {
        "id": one.id,
        "title": one.title,
        "created": one.created.isoformat(),
        "updated": one.updated.isoformat(),
    }


def _saved_as(title: str, suffix: str) -> dict[str, str]:
    """Return the header that has a browser save a download under its conversation's title."""
    named = quote(sanitize_filename(f"{title[:60].strip()}.{suffix}", replacement_text=" "), safe="")
    return {"content-disposition": f"attachment; filename=\"conversation.{suffix}\"; filename*=UTF-8''{named}"}


def _now(desk: Desk, citation: Citation, words: Words) -> str | None:
    """Return what has become of a cited document since, None if it is as it was."""
    now: Document | None = desk.assistant.library.find(citation.document.id)
    if now is None:
        return words("reader.gone")
    return words("reader.changed") if now.hash != citation.document.hash else None
