"""The server: our own application that owns headers, limits and the JSON API, with the chat page mounted in it."""

import datetime
import logging
import socket
from collections.abc import Sequence
from contextlib import aclosing
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.contract import Json, answer_json
from assistant.feedback import LONGEST, FeedbackStore, Reason, Vote
from assistant.settings import Settings
from assistant.types import Finished, Role, State, Turn
from assistant.web.page import build_page, import_gradio
from vectorstore.errors import UserError
from vectorstore.types import Filters

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

STATIC = Path(__file__).parent / "static"
HOSTS = ("localhost", "127.0.0.1", "[::1]", "::1")
BODY = 1_000_000  # bytes: a question with its conversation is far below, a flood is not read
TOO_LARGE = f"A request may have at most {BODY:,} bytes."
ASKED_AT_ONCE, WAITING = 32, 64
GOODBYE = 2  # seconds: an open page keeps a connection open for ever

# Measured: Gradio's chat works under this policy; 'unsafe-inline' is for its own inline scripts and styles.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-src 'none'",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# Everything that is served. The rest of what Gradio brings (uploads, a proxy, files by path or by address, tools,
# recordings, run history, a code editor, its API by name) is not: what is not on these lists is not found.
PATHS = ("/", "/healthz", "/config", "/theme.css", "/favicon.ico", "/manifest.json")
FOLDERS = ("/api/", "/footnote/", "/assets/", "/static/")
GRADIO_API = ("queue/join", "queue/data", "heartbeat/", "cancel", "reset", "startup-events")

_log = logging.getLogger(__name__)


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


def create_app(assistant: "Assistant", settings: Settings, examples: Sequence[str] = ()) -> FastAPI:
    """Return the whole application: `/` the chat page, `POST /api/ask` the answer as JSON, `POST /api/feedback`."""
    gradio = import_gradio()
    app = FastAPI(title="Footnote", docs_url=None, redoc_url=None, openapi_url=None)
    _add_api(app, assistant, FeedbackStore(settings.library))
    app.get("/favicon.ico", include_in_schema=False)(lambda: FileResponse(STATIC / "mark.svg"))
    app.mount("/footnote", StaticFiles(directory=STATIC))
    app.add_middleware(CORSMiddleware, allow_origins=[])  # its presence stops Gradio from reflecting every origin
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)
    app.add_middleware(Door)

    page = build_page(assistant, examples)
    page.queue(default_concurrency_limit=ASKED_AT_ONCE, max_size=WAITING, api_open=False)
    mounted: FastAPI = gradio.mount_gradio_app(
        app,
        page,
        path="/",
        theme=gradio.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        head=(STATIC / "head.html").read_text(encoding="utf-8"),
        footer_links=[],
        run_history=False,
        show_error=False,
        allowed_paths=[],
        max_file_size=BODY,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        ssr_mode=False,
    )
    return mounted


def run(app: FastAPI, settings: Settings) -> None:
    """Serve app in this process until it is interrupted.

    Raises:
        UserError: if the address is not this machine's own, or somebody else listens there.
    """
    import uvicorn

    if not _loopback(settings.host):
        raise UserError(
            f"{settings.host} can be reached from other machines and there is no sign-in yet; "
            "leave FOOTNOTE_HOST at 127.0.0.1."
        )
    try:
        listener = socket.create_server((settings.host, settings.port), family=_family(settings.host))
    except OSError as error:
        raise UserError(
            f"Cannot listen on {settings.host}, port {settings.port} ({error.strerror or error}); "
            "choose another with --port."
        ) from error
    with listener:
        config = uvicorn.Config(app, server_header=False, log_level=settings.log_level)
        uvicorn.Server(config).run(sockets=[listener])


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _add_api(app: FastAPI, assistant: "Assistant", store: FeedbackStore) -> None:
    @app.post("/api/ask")
    async def ask(body: Ask) -> JSONResponse:
        history = [Turn(turn.role, turn.content) for turn in body.history]
        filters = Filters(**body.filters.model_dump())
        async with aclosing(assistant.stream(body.question, history, filters)) as events:
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
        return _problem(422, "user_error", str(error), request.scope["request_id"])

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        return _problem(error.status_code, code, str(error.detail), request.scope["request_id"])

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        # Where and what, never the value: it may hold anything, even characters that JSON cannot carry.
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
        return _problem(422, "invalid_request", f"{where}: {first['msg']}", request.scope["request_id"])


class Door:
    """What is decided before a request reaches the application, and the headers of everything that leaves it.

    A request from another origin that could change something, a body over the limit, and the parts of Gradio that the
    page does not use are turned away here. Plain ASGI, because a wrapper around the response would hold a stream back.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or turn it away."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # no part of the application speaks WebSocket
        request_id = scope["request_id"] = uuid4().hex
        started = False

        async def leave(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers.update({**HEADERS, "x-request-id": request_id})
            await send(message)

        refusal = _refusal(scope)
        if refusal:
            await refusal(scope, receive, leave)
            return
        try:
            await self.app(scope, _limited(receive), leave)
        except Exception:  # BLE001 does not see the raise below as handling: the caller gets a number, the log the rest
            _log.exception("request %s failed", request_id)
            if started:
                raise
            problem = _problem(500, "internal_error", "Something went wrong on the server.", request_id)
            await problem(scope, receive, leave)


def _refusal(scope: Scope) -> JSONResponse | None:
    headers, request_id = Headers(scope=scope), scope["request_id"]
    if scope["method"] not in ("GET", "HEAD", "OPTIONS") and _foreign(headers):
        return _problem(403, "foreign_origin", "Requests from other sites are refused.", request_id)
    if not _is_served(scope["path"]):
        return _problem(404, "not_found", "There is nothing here.", request_id)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > BODY:
        return _problem(413, "content_too_large", TOO_LARGE, request_id)
    return None


def _is_served(path: str) -> bool:
    return path in PATHS or path.startswith((*FOLDERS, *(f"/gradio_api/{name}" for name in GRADIO_API)))


def _foreign(headers: Headers) -> bool:
    """Return whether a browser says that another site made the request; a program says nothing and is let in."""
    origin = headers.get("origin")
    if origin is not None and origin.split("://")[-1] != headers.get("host"):
        return True
    return headers.get("sec-fetch-site", "none") not in ("same-origin", "none")


def _limited(receive: Receive) -> Receive:
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > BODY:
            raise HTTPException(413, TOO_LARGE)
        return message

    return limited


def _problem(status: int, code: str, message: str, request_id: str) -> JSONResponse:
    return JSONResponse({"code": code, "message": message, "request_id": request_id}, status)
