"""What is decided before a request reaches the application, in one place and in this order."""

import logging
import re
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_plus
from uuid import uuid4

from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from assistant.access import Person
from assistant.web.headers import security_headers
from assistant.web.identity import Identity, credential_of, is_forwarded, plain_address
from assistant.web.logs import log_request
from assistant.web.pages import Pages, page_of
from assistant.web.problems import Refused, as_refused, fault, refusal
from assistant.web.rates import Rate, sender
from assistant.web.request_id import request_id as current_request
from assistant.web.routes import BODY, Route, find_route
from assistant.web.sign_in import way_in
from vectorstore.errors import NotFound, OwnerError

if TYPE_CHECKING:
    from assistant.settings import Settings
    from assistant.web.metrics import Metrics
    from assistant.web.tracing import Tracing

HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})  # names of this machine
HEAD = 32_000  # bytes of all headers
MOST_HEADERS = 100
TRIES = 20  # requests a minute of one address where nobody has to say who they are and something is tried
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5})?", re.ASCII | re.IGNORECASE)  # nothing else may stand in it
_CREDENTIAL = re.compile(r"(?<![A-Za-z0-9])f[en]_[A-Za-z0-9_.-]{40}")

_log = logging.getLogger(__name__)


class Door:
    """Lets a request in that names us, a route, somebody who may, and no more than is served; else says why not.

    Nothing of a body is read before that, and the application finds the Person in `scope["person"]`. Plain ASGI,
    because a wrapper around the response would hold a stream back.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: "Settings",
        identity: Identity,
        metrics: "Metrics",
        tracing: "Tracing | None",
        pages: Pages,
        larger: Mapping[tuple[str, str], int],
    ) -> None:
        """Guard app; `larger` says how many bytes a body may have that may be larger than BODY, by method and path."""
        self._app = app
        self._settings = settings
        self._identity = identity
        self._metrics = metrics
        self._tracing = tracing
        self._pages = pages
        self._larger = larger
        self._names = HERE | {one.lower() for one in settings.hosts}
        self._requests = Rate("requests", settings.requests_per_minute)
        self._tries = Rate("attempts", TRIES)
        self._behind_proxy = ProxyHeadersMiddleware(self._serve, list(settings.proxies))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or turn it away."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":  # no part of the application speaks WebSocket
            address, port = scope.get("client") or ("", 0)
            scope["peer"] = plain_address(address)
            scope["client"] = (scope["peer"], port)
            await self._behind_proxy(scope, receive, send)  # type: ignore[arg-type]

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - uvicorn has types of its own
        began = time.monotonic()
        request_id = scope["request_id"] = uuid4().hex
        current_request.set(request_id)
        route = self._find(scope)
        found = route if isinstance(route, Route) else None
        headers = security_headers(found, self._settings.origins)
        status, sent = 0, 0

        async def leave(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                response = MutableHeaders(scope=message)
                response["x-request-id"] = request_id
                for name, value in headers.items():
                    response.setdefault(name, value)  # a response that is stricter with itself may be
            sent += len(message.get("body", b""))
            await send(message)

        with self._tracing.request(scope["method"]) if self._tracing else nullcontext() as told:
            try:
                if answer := self._refusal(scope, route):
                    await answer(scope, receive, leave)
                else:
                    await self._app(scope, _limited(receive, self._limit(scope)), leave)
            except Exception:  # BLE001 does not see the raise as handling: the caller gets a number, the log the rest
                _log.exception("a request failed")
                if status:
                    raise
                answer = refusal(fault(), scope)
                await answer(scope, receive, leave)
            finally:
                person: Person | None = scope.get("person")
                name, way = found.path if found else "none", person.way if person else None
                seconds = time.monotonic() - began
                self._metrics.requested(scope["method"], name, status=status, seconds=seconds)
                log_request(scope["method"], name, status=status, seconds=seconds, way=way, sent=sent)
                if told:
                    told(name, status)

    def _find(self, scope: Scope) -> Route | tuple[str, ...]:
        """Return what the request is for, and put the path that a proxy serves us under where Starlette wants it."""
        root, path = self._settings.path, scope["path"]
        inner = path.removeprefix(root) if root and path.startswith(f"{root}/") else path
        if path == root:  # as far as links are concerned that is another folder: nothing is served there
            inner = ""
        scope["root_path"], scope["path"] = root, root + inner
        scope["raw_path"] = quote(scope["path"]).encode("ascii")
        scope["inner_path"] = inner
        return find_route(scope["method"], inner)

    def _limit(self, scope: Scope) -> int:
        return self._larger.get((scope["method"], scope["inner_path"]), BODY)

    def _refusal(self, scope: Scope, route: Route | tuple[str, ...]) -> Response | None:
        """Return the answer to a request that is turned away; None lets it in, with its Person."""
        headers = Headers(scope=scope)
        try:
            self._check_head(scope, headers)
            if not isinstance(route, Route):
                if scope["root_path"] and not scope["inner_path"] and scope["method"] in ("GET", "HEAD"):
                    return RedirectResponse(_with_query(f"{scope['root_path']}/", scope), 308)
                asked = {"origin", "access-control-request-method"} <= set(headers)
                if scope["method"] == "OPTIONS" and route and asked:
                    return None  # a browser asks what another origin may do: answered by the CORS middleware
                raise _nothing(scope, route)
            self._check_origin(scope, headers, route)
            person = self._identity.person(scope) if route.scopes else None
            self._check_scopes(route, person)
            self._count(scope, route, person)
            self._check_body(scope, headers, route)
            if person and (page := page_of(scope)) is not None:
                self._pages.claim(page, person.user)
        except (NotFound, OwnerError) as error:
            return refusal(as_refused(error, None), scope)
        except Refused as refused:
            self._metrics.refused(refused.code)
            if self._is_page(refused, headers):
                return self._to_sign_in(scope)
            return refusal(refused, scope)
        if person is not None:
            scope["person"] = person
        scope["headers"] = [one for one in scope["headers"] if not _misleads(one[0].decode("latin-1"))]
        return None

    def _check_head(self, scope: Scope, headers: Headers) -> None:
        raw = scope["headers"]
        if len(raw) > MOST_HEADERS or sum(len(name) + len(value) for name, value in raw) > HEAD:
            raise Refused(431, "headers_too_large", f"At most {MOST_HEADERS} headers of {HEAD:,} bytes are read.")
        if "transfer-encoding" in headers and "content-length" in headers:
            # A proxy in front that believes the other one would see two requests where we see one.
            raise Refused(400, "two_lengths", "Send a body in chunks or with its length, not both.")
        hosts = headers.getlist("host")
        host = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if host is None or host[1].lower() not in self._names:
            raise Refused(400, "unknown_host", "This server has no such name; its owner sets FOOTNOTE_HOSTS.")
        if _CREDENTIAL.search(unquote_plus(scope["query_string"].decode("latin-1"))):
            raise Refused(
                400,
                "credential_in_address",
                "A key or token has no place in an address, where logs and browsers keep it; send it as a header.",
            )

    def _check_origin(self, scope: Scope, headers: Headers, route: Route) -> None:
        """Make sure that no page of another site has a browser change something in somebody's name."""
        if scope["method"] in SAFE:
            return
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        # A proxy that ends TLS need not have told us that it did; a page from before it is another's.
        ours = {f"{scheme}://{headers['host']}" for scheme in (scope["scheme"], "https")}
        foreign = site not in ("same-origin", "none") or (origin is not None and origin not in ours)
        # Pages that may call us bring a token; without one a browser would send what it knows of the person.
        if foreign and not (origin in self._settings.origins and credential_of(headers)):
            raise Refused(403, "foreign_origin", "Requests from other sites are refused.")

    def _check_scopes(self, route: Route, person: Person | None) -> None:
        if not route.scopes:
            return
        if person is None:
            raise Refused(401, "not_signed_in", "Sign in, or send an API key as “Authorization: Bearer …”.")
        lacking = [scope for scope in route.scopes if not person.may(scope)]
        if lacking:
            raise Refused(403, "not_allowed", f"This needs the scope “{lacking[0]}”, which you do not have.")

    def _count(self, scope: Scope, route: Route, person: Person | None) -> None:
        if person is not None:
            self._requests.count(person.user)
        elif route.method == "POST":
            self._tries.count(sender(scope["client"][0]))

    def _check_body(self, scope: Scope, headers: Headers, route: Route) -> None:
        length, limit = headers.get("content-length", "0"), self._limit(scope)
        if not length.isdecimal() or int(length) > limit:
            raise Refused(413, "content_too_large", _too_large(limit))
        wanted, given = route.media_type, headers.get("content-type", "").partition(";")[0].strip().lower()
        if wanted and given != wanted:
            raise Refused(415, "unsupported_media_type", f"Send the body as {wanted}.")

    def _is_page(self, refused: Refused, headers: Headers) -> bool:
        """Return whether somebody opens a page who has yet to sign in, and can."""
        signs_in = self._settings.sign_in in ("key", "oidc")
        return signs_in and refused.code == "not_signed_in" and "text/html" in headers.get("accept", "")

    def _to_sign_in(self, scope: Scope) -> Response:
        return RedirectResponse(way_in(scope["root_path"], _with_query(scope["inner_path"], scope)), 303)


def _misleads(header: str) -> bool:
    """Return whether Gradio would build addresses from a header, whoever sent it."""
    return is_forwarded(header) or header == "x-gradio-server"


def _nothing(scope: Scope, methods: tuple[str, ...]) -> Refused:
    if not methods:
        return Refused(404, "not_found", "There is nothing here.")
    return Refused(405, "method_not_allowed", f"This takes {', '.join(sorted(set(methods)))}.")


def _with_query(path: str, scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _limited(receive: Receive, limit: int) -> Callable[[], Any]:
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(limit))
        return message

    return limited


def _too_large(limit: int) -> str:
    return f"A request may have at most {limit:,} bytes."
