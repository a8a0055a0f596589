"""Who sends a request: told by an API key, an embed token, a proxy, a session, or by being on this machine."""

import logging
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from assistant.access import LOCAL, Person
from assistant.embed_tokens import PREFIX as TOKEN
from assistant.embed_tokens import EmbedTokens
from assistant.keys import Keys, person_of
from assistant.web.problems import Refused
from assistant.web.roles import person_of as person_with_role
from assistant.web.sessions import Sessions
from vectorstore.errors import UserError

if TYPE_CHECKING:
    from assistant.settings import Settings

_log = logging.getLogger(__name__)

KEY = "fn_"
FORWARDED = frozenset({"forwarded", "via", "x-real-ip"})  # and all that begin with x-forwarded-


class Identity:
    """Tells who sends a request, by the one way in that the settings choose, by key or by token."""

    def __init__(self, settings: "Settings", keys: Keys, tokens: EmbedTokens, sessions: Sessions) -> None:
        """Use these ways in.

        Raises:
            UserError: if a network of the proxies is none.
        """
        self._settings = settings
        self._keys = keys
        self._tokens = tokens
        self._sessions = sessions
        self._proxies = Networks(settings.proxies)

    def person(self, scope: Scope) -> Person | None:
        """Return who sends the request, None if nobody has said.

        Raises:
            Refused: if what they say of themselves does not hold.
        """
        headers = Headers(scope=scope)
        if credential := credential_of(headers):
            return self._bearer(credential)
        match self._settings.sign_in:
            case "none":
                return self._local(headers)
            case "proxy":
                return self._proxied(scope, headers)
            case "key" | "oidc":
                return self._in_session(scope)

    def _bearer(self, credential: str) -> Person:
        if credential.startswith(TOKEN):
            person = self._tokens.person(credential)
        else:
            key = self._keys.find(credential)
            person = person_of(key) if key else None
        if person is None:
            raise Refused(401, "bad_credential", "This key or token is not known, or no longer good; get a new one.")
        return person

    def _local(self, headers: Headers) -> Person:
        if not self._settings.insecure and any(map(is_forwarded, headers)):
            # Everybody behind a proxy on this machine would be taken for the one who sits here.
            raise Refused(
                403,
                "no_sign_in",
                "A proxy forwards this request, and there is no sign-in; the owner of this server must choose one.",
            )
        return LOCAL

    def _proxied(self, scope: Scope, headers: Headers) -> Person | None:
        named = headers.getlist(self._settings.user_header)
        if not named:
            return None
        if not self._proxies.hold(scope["peer"]):
            _log.warning("%s names a user, but is none of FOOTNOTE_PROXIES; it is not believed", scope["peer"])
            return None
        grouped = headers.getlist(self._settings.groups_header)
        if len(named) > 1 or len(grouped) > 1:  # one of them may be the person's own
            _log.warning("the proxy %s sends two headers of one name; neither is believed", scope["peer"])
            return None
        if not named[0].strip():  # so some proxies say that nobody has signed in
            return None
        try:
            name, groups = _utf8(named[0]), _utf8(",".join(grouped)).split(",")
            return person_with_role(self._settings, name, [one.strip() for one in groups if one.strip()], way="proxy")
        except UnicodeDecodeError as error:
            raise Refused(
                401, "bad_credential", "The proxy sends a name that is not in UTF-8; change it there."
            ) from error
        except UserError as error:
            raise Refused(401, "bad_credential", str(error)) from error

    def _in_session(self, scope: Scope) -> Person | None:
        opened = self._sessions.person(Request(scope))
        if opened is None:
            return None
        person, name = opened
        if name is None:
            return person
        key = self._keys.named(name)  # what it may do now, whatever it could when somebody signed in with it
        return None if key is None or key.revoked else replace(person_of(key), way="session")


def credential_of(headers: Headers) -> str | None:
    """Return the API key or embed token that a request brings; None if it brings something else, or nothing."""
    kind, _, credential = headers.get("authorization", "").partition(" ")
    credential = credential.strip()
    return credential if kind.lower() == "bearer" and credential.startswith((KEY, TOKEN)) else None


def is_forwarded(header: str) -> bool:
    """Return whether a header tells that a proxy stands between us and the person."""
    return header in FORWARDED or header.startswith("x-forwarded-")


def plain_address(address: str) -> str:
    """Return an IPv4 address that is written as one of IPv6 as what it is; anything else as it is."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(getattr(found, "ipv4_mapped", None) or found)


def _utf8(value: str) -> str:
    """Return a header as proxies mean it, not as HTTP reads it.

    Nothing takes the place of what is not UTF-8: two people would come to have one name.
    """
    return value.encode("latin-1").decode("utf-8").strip(" \t")


class Networks:
    """Some networks, and whether an address is in one of them."""

    def __init__(self, written: tuple[str, ...]) -> None:
        """Take them as they are written, "10.1.0.0/16" or "::1".

        Raises:
            UserError: if one is none.
        """
        try:
            self._networks = [ip_network(one) for one in written]
        except ValueError as error:
            raise UserError(f"FOOTNOTE_PROXIES: {error}; write networks as 10.1.0.0/16.") from error

    def hold(self, address: str) -> bool:
        """Return whether address is in one of them."""
        try:
            found = ip_address(plain_address(address))
        except ValueError:
            return False
        return any(found in network for network in self._networks)
