"""Every route there is, and what it asks of whoever calls it; what is not on this list is not served."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from starlette.routing import compile_path

from assistant.access import Scope

BODY = 1_000_000  # bytes: a question with its conversation is far below, a flood is not read
LONGEST_NAME = 200  # characters of one part of a path; file systems fail on longer ones

Body = Literal["none", "json", "form", "file"]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path, written as Starlette writes it.

    Whoever calls it needs all `scopes`; none means that it is open to anybody. `body` is what it takes. `framed` pages
    may be shown inside pages of the origins that the settings name, `shared` files used by them.
    """

    method: str
    path: str
    scopes: tuple[Scope, ...]
    body: Body = "none"
    framed: bool = False
    shared: bool = False

    @property
    def media_type(self) -> str | None:
        """What a body must say it is, None where there is none."""
        types = {"json": "application/json", "form": "application/x-www-form-urlencoded", "file": "multipart/form-data"}
        return types.get(self.body)


def _routes() -> Iterator[Route]:
    opened: tuple[Scope, ...] = ()
    ask: tuple[Scope, ...] = ("ask",)
    read: tuple[Scope, ...] = ("read",)
    one, exchange = "/api/conversations/{conversation}", "/api/conversations/{conversation}/exchanges/{number}"

    # Files of the page, which are the same for everybody and hold nothing of anybody's.
    for path in ("/footnote/{path:path}", "/assets/{path:path}", "/static/{path:path}"):
        yield Route("GET", path, opened)
    for path in ("/theme.css", "/favicon.ico", "/manifest.json", "/healthz", "/readyz"):
        yield Route("GET", path, opened)

    # Coming in, and going.
    yield Route("GET", "/sign-in", opened)
    yield Route("POST", "/sign-in", opened, "form")
    yield Route("GET", "/sign-in/callback", opened)
    yield Route("POST", "/sign-out", opened, "form")
    yield Route("GET", "/embed", opened, framed=True)  # the frame is empty until a token or a session is there
    yield Route("GET", "/embed.js", opened, shared=True)
    yield Route("POST", "/api/embed/tokens", ask, "json")
    yield Route("GET", "/api/me", ask)
    yield Route("DELETE", "/api/me", ask)

    # The page. Of what Gradio brings, only what the page uses: no uploads, no proxy, no files by path or address, no
    # tools, recordings, run history, editor, and not its API by name.
    yield Route("GET", "/", ask)
    yield Route("GET", "/config", ask)
    yield Route("GET", "/gradio_api/startup-events", ask)
    yield Route("POST", "/gradio_api/queue/join", ask, "json")
    yield Route("GET", "/gradio_api/queue/data", ask)
    yield Route("GET", "/gradio_api/heartbeat/{session}", ask)

    # Questions and conversations.
    yield Route("POST", "/api/ask", ask, "json")
    yield Route("POST", "/v1/chat/completions", ask, "json")
    yield Route("GET", "/v1/models", ask)
    yield Route("GET", "/v1/models/{model}", ask)
    yield Route("POST", "/api/feedback", ask, "json")
    yield Route("GET", "/api/conversations", ask)
    yield Route("POST", "/api/conversations", ask, "json")
    yield Route("GET", one, ask)
    yield Route("PATCH", one, ask, "json")
    yield Route("DELETE", one, ask)
    yield Route("GET", f"{one}/export", ask)
    yield Route("POST", f"{one}/stop", ask)
    yield Route("POST", f"{one}/exchanges", ask, "json")
    yield Route("GET", f"{exchange}/live", ask)
    yield Route("GET", f"{exchange}/next", ask)
    yield Route("POST", f"{exchange}/feedback", ask, "json")
    yield Route("GET", f"{exchange}/{{kind}}/{{source}}", ask)

    # Documents.
    yield Route("GET", "/api/library", ask)
    yield Route("GET", "/api/openapi.json", ask)
    yield Route("POST", "/api/search", read, "json")
    yield Route("GET", "/api/documents", read)
    yield Route("GET", "/api/documents/{document}", read)
    yield Route("POST", "/api/documents", ("write",), "file")
    yield Route("DELETE", "/api/documents/{document}", ("write",))
    yield Route("POST", "/mcp", ("ask", "read"), "json")

    # For operators.
    yield Route("GET", "/metrics", ("metrics",))
    yield Route("DELETE", "/api/users/{user:path}", ("admin",))


ROUTES = tuple(_routes())


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Route], ...]:
    return tuple((compile_path(route.path)[0], route) for route in ROUTES)


def find_route(method: str, path: str) -> Route | tuple[str, ...]:
    """Return the route of a request, or the methods that its path does have: none where nothing is."""
    method = "GET" if method == "HEAD" else method
    # Starlette's patterns end with "$", which lets a line end through; nothing of ours has one.
    found = [r for pattern, r in _patterns() if pattern.fullmatch(path) and (r.scopes or _is_plain(path))]
    return next((route for route in found if route.method == method), tuple(route.method for route in found))


def _is_plain(path: str) -> bool:
    """Return whether a path names a file below its folder on every system: nothing else is even looked for."""
    parts = path.split("/")[1:]
    named = all(part.strip(".") and len(part) <= LONGEST_NAME for part in parts)
    return named and path.isprintable() and "\\" not in path
