"""Signing in at an OpenID provider: the authorization code flow with PKCE."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pydantic import ValidationError

from assistant.settings import Settings
from assistant.web.discovery import Discovered, is_safe
from assistant.web.id_token import SignInRefused, UnknownKey, groups_in, name_in, verified
from vectorstore.errors import UserError

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import (  # type: ignore[import-untyped]  # it ships no types
        AsyncOAuth2Client,
    )
    from joserfc.jwk import KeySet

SECONDS = 10  # that the provider has for one step of ours
KEPT = 3600  # seconds that its discovery document and its keys are believed
NEEDED = ("authlib", "httpx2", "joserfc")  # of the extra
DISCOVERY = "/.well-known/openid-configuration"


class ProviderFailed(Exception):  # noqa: N818 - what happened, and no mistake of ours
    """The provider cannot be reached, or says what no provider should; the message is for the log."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What has to be remembered of one sign-in from its beginning to its end."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """The OpenID provider that the settings name; it is asked for nothing before somebody signs in."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings that begin with `oidc_`; without a secret we are a public client, and PKCE protects alone.

        Raises:
            UserError: if some are missing, the issuer has no safe address, or the extra is not installed.
        """
        missing = [name for name in NEEDED if find_spec(name) is None]
        if missing:
            raise UserError(
                f"FOOTNOTE_SIGN_IN is oidc, which needs {missing[0]}, which is not installed; "
                "pip install 'footnote[oidc]'."
            )
        if not settings.oidc_issuer or not settings.oidc_client_id:
            raise UserError(
                "FOOTNOTE_SIGN_IN is oidc, which needs FOOTNOTE_OIDC_ISSUER and FOOTNOTE_OIDC_CLIENT_ID too; set both."
            )
        if not is_safe(settings.oidc_issuer):
            raise UserError(
                f"FOOTNOTE_OIDC_ISSUER is {settings.oidc_issuer!a}, where others could listen in; "
                "give the address of the provider that begins with https://."
            )
        if "openid" not in settings.oidc_scopes.split():
            raise UserError(
                f"FOOTNOTE_OIDC_SCOPES is {settings.oidc_scopes!a}, for which no provider says who signs in; "
                "add openid to it."
            )
        self._settings = settings
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._discovered: Discovered | None = None
        self._keys: KeySet | None = None
        self._until = 0.0

    async def begin(self, redirect_uri: str) -> tuple[str, Attempt]:
        """Return the address to send somebody to, and what to remember until they come back to redirect_uri.

        Raises:
            ProviderFailed: see there.
        """
        attempt = Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
        async with self._client() as client:
            discovered = await self._discover(client)
            address, _ = client.create_authorization_url(
                discovered.authorization_endpoint,
                redirect_uri=redirect_uri,
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(address), attempt

    async def finish(self, attempt: Attempt, redirect_uri: str, code: str) -> tuple[str, frozenset[str]]:
        """Return the name and the groups of the person for whom the provider gave this code.

        Raises:
            ProviderFailed: see there.
            SignInRefused: see there.
        """
        async with self._client() as client:
            discovered = await self._discover(client)
            id_token, access_token = await self._redeem(client, discovered, attempt, redirect_uri, code)
            verify = partial(
                verified,
                id_token,
                issuer=discovered.issuer,
                client_id=self._client_id,
                nonce=attempt.nonce,
                access_token=access_token,
            )
            try:
                claims = verify(self._keys or await self._fetch_keys(client, discovered))
            except UnknownKey:  # the provider may have new ones
                claims = verify(await self._fetch_keys(client, discovered))
        settings = self._settings
        return name_in(claims, settings.oidc_user_claim), groups_in(claims, settings.oidc_groups_claim)

    @asynccontextmanager
    async def _client(self) -> AsyncIterator["AsyncOAuth2Client"]:
        """Yield a client of the provider for one step; what keeps an answer from it is ProviderFailed."""
        import httpx2
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        secret = self._settings.oidc_client_secret
        try:
            async with (
                asyncio.timeout(SECONDS),  # the client's own runs from one byte to the next
                AsyncOAuth2Client(
                    self._client_id,
                    secret.get_secret_value() if secret else None,
                    scope=self._settings.oidc_scopes,
                    code_challenge_method="S256",
                    timeout=SECONDS,
                ) as client,
            ):
                yield client
        except (httpx2.HTTPError, TimeoutError) as error:
            raise ProviderFailed(f"the provider gives no answer: {error!r}") from error

    async def _discover(self, client: "AsyncOAuth2Client") -> Discovered:
        if self._discovered is None or time.monotonic() > self._until:
            told = await _get(client, self._issuer.rstrip("/") + DISCOVERY)
            self._discovered = self._its_own(told)
            self._keys = None
            self._until = time.monotonic() + KEPT
        return self._discovered

    def _its_own(self, told: object) -> Discovered:
        """Return the discovery document, if it is of the issuer that was asked.

        Source: OpenID Connect Discovery 1.0, section 4.3; but a slash at the end is no difference between settings.
        """
        try:
            discovered = Discovered.model_validate(told)
        except ValidationError as error:
            raise ProviderFailed(f"the provider's discovery document cannot be used: {error}") from error
        if discovered.issuer.rstrip("/") != self._issuer.rstrip("/"):
            raise ProviderFailed(f"FOOTNOTE_OIDC_ISSUER is {self._issuer!a}, but there is {discovered.issuer!a}")
        return discovered

    async def _redeem(
        self, client: "AsyncOAuth2Client", discovered: Discovered, attempt: Attempt, redirect_uri: str, code: str
    ) -> tuple[object, object]:
        """Return the ID token and the access token that the provider gives for a code."""
        from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]  # it ships no types

        if self._settings.oidc_client_secret:
            client.token_endpoint_auth_method = discovered.takes_secret_by
        try:
            token = await client.fetch_token(
                discovered.token_endpoint,
                grant_type="authorization_code",
                code=code,
                redirect_uri=redirect_uri,
                code_verifier=attempt.verifier,
            )
        except OAuthError as error:
            raise SignInRefused(f"the provider does not take the code: {str(error)[:200]!r}") from error
        except ValueError as error:
            raise ProviderFailed(f"the provider's token endpoint gives no token: {error!r}") from error
        return token.get("id_token"), token.get("access_token")

    async def _fetch_keys(self, client: "AsyncOAuth2Client", discovered: Discovered) -> "KeySet":
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        told = await _get(client, discovered.jwks_uri)
        try:
            self._keys = KeySet.import_key_set(told)  # type: ignore[arg-type]  # it sees for itself what it was given
        except (JoseError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise ProviderFailed(f"the provider's keys cannot be read: {error!r}") from error
        return self._keys


async def _get(client: "AsyncOAuth2Client", address: str) -> object:
    """Return the JSON at an address; redirects are not followed."""
    response = await client.request("GET", address, withhold_token=True)
    response.raise_for_status()
    try:
        told: object = response.json()
    except ValueError as error:
        raise ProviderFailed(f"the provider gives no JSON at {address!r}") from error
    return told
