"""Sessions that live in a signed cookie alone: who signed in, and until when."""

import hashlib
from typing import get_args

from fastapi import Response
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import HTTPConnection

from assistant.access import SCOPES, Person, Way
from assistant.contract import Json, filters_json, read_filters
from vectorstore.errors import UserError

COOKIE = "footnote_session"
SALT = "footnote session"
LONGEST = 8192  # characters of a cookie that are looked at
FITS = 3900  # characters: a browser keeps 4096 of a cookie with its name, and drops a larger one without a word


class Sessions:
    """Seals people into cookies and takes them out again; nothing is kept on the server.

    So a session ends when its hours are over, or with the cookie; what a person may do is what they might at sign-in.
    """

    def __init__(self, secret: str, hours: float) -> None:
        """Sign with `secret`; a session is good for `hours`."""
        self._serializer = serializer(secret, SALT)
        self._seconds = int(hours * 3600)

    def seal(self, person: Person, key: str | None = None) -> str:
        """Return the cookie of somebody who signed in; `key` names the API key that was used.

        20 groups of 100 letters and a name of 200 fit, in Latin or Cyrillic; more do if they are shorter.

        Raises:
            UserError: if there are too many groups, or too long ones, for a cookie.
        """
        cookie = self._serializer.dumps(_fields(person, key))
        if len(cookie) > FITS:
            raise UserError(
                f"Somebody with {len(person.groups)} groups cannot be signed in, because they do not fit in a cookie; "
                "let the provider send only the groups that Footnote's settings and collections name."
            )
        return cookie

    def open(self, cookie: str) -> tuple[Person, str | None] | None:
        """Return whom seal was given and the name of their key; None if the cookie is not one of ours, or too old."""
        if len(cookie) > LONGEST:
            return None
        try:
            return _read(self._serializer.loads(cookie, max_age=self._seconds))
        except (
            BadData,
            AttributeError,
            KeyError,
            TypeError,
            ValueError,
        ):
            return None  # not ours; or sealed by a version that had other fields

    def person(self, request: HTTPConnection) -> tuple[Person, str | None] | None:
        """Return who sends a request, by their cookie.

        Of several cookies with our name the first good one counts: a second server on this host, under another path,
        sets its own, and a browser sends both.
        """
        for header in request.headers.getlist("cookie"):
            for cookie in header.split(";"):
                name, _, value = cookie.partition("=")
                found = self.open(value.strip()) if name.strip() == COOKIE else None
                if found:
                    return found
        return None

    def set(self, response: Response, request: HTTPConnection, value: str) -> None:
        """Let response set the cookie to what seal returned."""
        set_cookie(response, request, COOKIE, value, seconds=self._seconds)

    def clear(self, response: Response, request: HTTPConnection) -> None:
        """Let response delete the cookie."""
        set_cookie(response, request, COOKIE, "", seconds=0)


def serializer(secret: str, salt: str) -> URLSafeTimedSerializer:
    """Return what signs values with a secret and the time, for one purpose: `salt`."""
    return URLSafeTimedSerializer(
        secret, salt=salt, signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
    )


def set_cookie(
    response: Response, request: HTTPConnection, name: str, value: str, *, seconds: int, below: str = "/"
) -> None:
    """Let response set a cookie that no script reads and no other site sends along; 0 seconds delete it.

    It is sent back to the paths that begin with `below`, under the path that the application is served at.
    """
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=request.scope.get("root_path", "") + below,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def _fields(person: Person, key: str | None) -> Json:
    return {
        "user": person.user,
        "scopes": sorted(person.scopes),
        "groups": sorted(person.groups),
        "way": person.way,
        "filters": filters_json(person.filters),
        "key": key,
    }


def _read(fields: Json) -> tuple[Person, str | None]:
    user, key, way = fields["user"], fields["key"], fields["way"]
    scopes, groups = frozenset(fields["scopes"]), frozenset(fields["groups"])
    is_whole = isinstance(user, str) and isinstance(key, str | None) and way in get_args(Way)
    if not is_whole or not scopes <= frozenset(SCOPES) or not all(isinstance(group, str) for group in groups):
        raise ValueError("these are not the fields of a session")
    return Person(user, scopes, groups, way, read_filters(fields["filters"])), key
