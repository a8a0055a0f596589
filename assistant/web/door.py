"""What is decided before a request reaches the application, and the headers of everything that leaves it."""

import logging
from collections.abc import Mapping
from uuid import uuid4

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY = 1_000_000  # bytes: a question with its conversation is far below, a flood is not read

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


class Door:
    """What is decided before a request reaches the application, and the headers of everything that leaves it.

    A request from another origin that could change something, a body over the limit, and the parts of Gradio that the
    page does not use are turned away here. Plain ASGI, because a wrapper around the response would hold a stream back.
    """

    def __init__(self, app: ASGIApp, larger: Mapping[tuple[str, str], int]) -> None:
        """Guard app; `larger` says how many bytes a body may have that may be larger than BODY, by method and path."""
        self.app = app
        self.larger = larger

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
                headers["x-request-id"] = request_id
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)  # a response that is stricter with itself may be
            await send(message)

        limit = self.larger.get((scope["method"], scope["path"]), BODY)
        refusal = _refusal(scope, limit)
        if refusal:
            await refusal(scope, receive, leave)
            return
        try:
            await self.app(scope, _limited(receive, limit), leave)
        except Exception:  # BLE001 does not see the raise below as handling: the caller gets a number, the log the rest
            _log.exception("request %s failed", request_id)
            if started:
                raise
            answer = problem(500, "internal_error", "Something went wrong on the server.", request_id)
            await answer(scope, receive, leave)


def _refusal(scope: Scope, limit: int) -> JSONResponse | None:
    headers, request_id = Headers(scope=scope), scope["request_id"]
    if scope["method"] not in ("GET", "HEAD", "OPTIONS") and _foreign(headers):
        return problem(403, "foreign_origin", "Requests from other sites are refused.", request_id)
    if not _is_served(scope["path"]):
        return problem(404, "not_found", "There is nothing here.", request_id)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limit:
        return problem(413, "content_too_large", _too_large(limit), request_id)
    return None


def _is_served(path: str) -> bool:
    return path in PATHS or path.startswith((*FOLDERS, *(f"/gradio_api/{name}" for name in GRADIO_API)))


def _foreign(headers: Headers) -> bool:
    """Return whether a browser says that another site made the request; a program says nothing and is let in."""
    origin = headers.get("origin")
    if origin is not None and origin.split("://")[-1] != headers.get("host"):
        return True
    return headers.get("sec-fetch-site", "none") not in ("same-origin", "none")


def _limited(receive: Receive, limit: int) -> Receive:
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise HTTPException(413, _too_large(limit))
        return message

    return limited


def _too_large(limit: int) -> str:
    return f"A request may have at most {limit:,} bytes."


def problem(status: int, code: str, message: str, request_id: str) -> JSONResponse:
    """Return an error as programs read it: what kind, one sentence, and the number that the log knows it by."""
    return JSONResponse({"code": code, "message": message, "request_id": request_id}, status)
