"""The ways in and out for people: a page that asks for an API key, or an OpenID provider that vouches for somebody."""

import hmac
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import RedirectResponse
from itsdangerous import BadData

from assistant.access import Person
from assistant.secret import read_secret
from assistant.settings import Settings
from assistant.web.brand import Brand
from assistant.web.roles import person_of
from assistant.web.sessions import Sessions, serializer, set_cookie
from assistant.web.sign_in_page import SignInPage
from assistant.web.visitor import COOKIE as LANGUAGE
from assistant.web.words import words_for
from vectorstore.errors import UserError

SIGN_IN, CALLBACK, SIGN_OUT = "/sign-in", "/sign-in/callback", "/sign-out"
ATTEMPT = "footnote_sign_in"  # the cookie of a sign-in that was begun at a provider
ATTEMPT_SALT = "footnote sign-in"
ATTEMPT_SECONDS = 600
LONGEST = 500  # characters of an address that is gone back to: with it, an attempt still fits in a cookie
LONGEST_KEY = 1000

_log = logging.getLogger(__name__)


def add_sign_in(
    app: FastAPI,
    settings: Settings,
    sessions: Sessions,
    *,
    find_key: Callable[[str], Person | None],
    note: Callable[..., None],
) -> None:
    """Add the routes of signing in and out to app, if people sign in here: with a key or at a provider.

    `find_key` returns the person "key:NAME" that an API key stands for. `note` hears what happened, for the audit:
    `note("signed_in" | "sign_in_refused" | "signed_out", user=…, request_id=…, address=…)`; who was refused has no
    user.

    Raises:
        UserError: if settings lack something that an OpenID provider needs.
    """
    if settings.sign_in == "key":
        entrance = _Entrance(settings, sessions, Brand.read(settings), note)
        _add_key(app, entrance, find_key)
        _add_sign_out(app, entrance)
    elif settings.sign_in == "oidc":
        entrance = _Entrance(settings, sessions, Brand.read(settings), note)
        _add_provider(app, entrance)
        _add_sign_out(app, entrance)


def way_in(root_path: str, wanted: str = "/") -> str:
    """Return the address that signs somebody in and then takes them to `wanted`, a path below root_path."""
    wanted = local_path(wanted)
    return f"{root_path}{SIGN_IN}" + (f"?next={quote(wanted, safe='/')}" if wanted != "/" else "")


def local_path(wanted: str) -> str:
    """Return wanted, if it is a path of this application and can be taken for nothing else, or "/".

    A browser takes a backslash for a slash, skips tabs and line ends, and follows dots upwards; and what is encoded may
    be decoded on the way, even twice.
    """
    if len(wanted) > LONGEST:
        return "/"
    read, before = wanted, None
    while read != before:
        if not _is_plain(read):
            return "/"
        read, before = unquote(read), read
    return wanted


def _is_plain(path: str) -> bool:
    if not path.startswith("/") or path.startswith("//"):
        return False
    folders = path.partition("?")[0].split("/")
    return path.isprintable() and "\\" not in path and not {".", ".."}.intersection(folders)


@dataclass(frozen=True, slots=True)
class _Entrance:
    """What all ways in and out have in common."""

    settings: Settings
    sessions: Sessions
    brand: Brand
    note: Callable[..., None]

    def page(self, request: Request) -> SignInPage:
        """Return the page as this reader wants it."""
        accepted, chosen = request.headers.get("accept-language"), request.cookies.get(LANGUAGE)
        return SignInPage(self.brand, words_for(accepted, chosen, self.settings.language), _root(request))

    def welcome(self, request: Request, person: Person, wanted: str, *, key: str | None = None) -> Response:
        """Return the way to what was wanted, with a session.

        Raises:
            UserError: as Sessions.seal.
        """
        response = RedirectResponse(_root(request) + local_path(wanted), 303, {"cache-control": "no-store"})
        self.sessions.set(response, request, self.sessions.seal(person, key))
        self.heard("signed_in", request, person.user)
        return response

    def failed(self, request: Request, reason: Exception | str, wanted: str, *, status: int = 401) -> Response:
        """Return the page that says so, and tell the log why."""
        _log.warning("sign-in %s failed: %s", request.scope["request_id"], reason)
        if status == 401:
            self.heard("sign_in_refused", request, None)
        said = "sign_in.refused" if status == 401 else "sign_in.unreachable"
        again = way_in(_root(request), wanted)
        return self.page(request).failed(said, status, request.scope["request_id"], again)

    def heard(self, event: str, request: Request, user: str | None) -> None:
        """Tell the audit."""
        address = request.client.host if request.client else None
        self.note(event, user=user, request_id=request.scope["request_id"], address=address)


def _add_key(app: FastAPI, entrance: _Entrance, find_key: Callable[[str], Person | None]) -> None:
    @app.get(SIGN_IN, include_in_schema=False)
    def ask(request: Request) -> Response:
        query = request.query_params
        return entrance.page(request).form(local_path(query.get("next", "/")), signed_out="signed-out" in query)

    @app.post(SIGN_IN, include_in_schema=False)
    def answer(
        request: Request,
        key: Annotated[str, Form()] = "",
        wanted: Annotated[str, Form(alias="next")] = "/",
    ) -> Response:  # no coroutine: finding a key waits for a disk
        person = find_key(key.strip()) if len(key) <= LONGEST_KEY else None
        if person is None:
            entrance.heard("sign_in_refused", request, None)
            return entrance.page(request).form(local_path(wanted), wrong=True)
        name = person.user.removeprefix("key:")
        return entrance.welcome(request, replace(person, way="session"), wanted, key=name)


def _add_provider(app: FastAPI, entrance: _Entrance) -> None:
    from assistant.web.id_token import SignInRefused
    from assistant.web.oidc import Attempt, Provider, ProviderFailed

    settings = entrance.settings
    provider = Provider(settings)
    attempts = serializer(read_secret(settings), ATTEMPT_SALT)

    @app.get(SIGN_IN, include_in_schema=False)
    async def begin(request: Request) -> Response:
        wanted = local_path(request.query_params.get("next", "/"))
        if "signed-out" in request.query_params:
            return entrance.page(request).signed_out(way_in(_root(request)))
        try:
            address, attempt = await provider.begin(_callback(request))
        except ProviderFailed as error:
            return entrance.failed(request, error, wanted, status=502)
        response = RedirectResponse(address, 303, {"cache-control": "no-store"})
        sealed = attempts.dumps({**asdict(attempt), "wanted": wanted})
        set_cookie(response, request, ATTEMPT, sealed, seconds=ATTEMPT_SECONDS, below=SIGN_IN)
        return response

    @app.get(CALLBACK, include_in_schema=False)
    async def come_back(request: Request) -> Response:
        response = await finish(request)
        set_cookie(response, request, ATTEMPT, "", seconds=0, below=SIGN_IN)  # good for one time, well or ill
        return response

    async def finish(request: Request) -> Response:
        try:
            begun = attempts.loads(request.cookies.get(ATTEMPT, ""), max_age=ATTEMPT_SECONDS)
        except (BadData, UnicodeError):
            return entrance.failed(request, "no sign-in was begun in this browser, or too long ago", "/")
        wanted, query = begun.pop("wanted"), request.query_params
        attempt = Attempt(**begun)
        if not hmac.compare_digest(query.get("state", "").encode(), attempt.state.encode()):
            return entrance.failed(request, "the state is not that of the sign-in begun in this browser", wanted)
        if "code" not in query:
            return entrance.failed(request, f"the provider says {query.get('error', 'nothing')[:200]!a}", wanted)
        try:
            name, groups = await provider.finish(attempt, _callback(request), query["code"])
            return entrance.welcome(request, person_of(settings, name, groups), wanted)
        except (SignInRefused, UserError) as error:
            return entrance.failed(request, error, wanted)
        except ProviderFailed as error:
            return entrance.failed(request, error, wanted, status=502)


def _add_sign_out(app: FastAPI, entrance: _Entrance) -> None:
    @app.post(SIGN_OUT, include_in_schema=False)
    def leave(request: Request) -> Response:
        response = RedirectResponse(f"{_root(request)}{SIGN_IN}?signed-out", 303, {"cache-control": "no-store"})
        entrance.sessions.clear(response, request)
        known = entrance.sessions.person(request)
        if known:
            entrance.heard("signed_out", request, known[0].user)
        return response


def _callback(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{_root(request)}{CALLBACK}"


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))
