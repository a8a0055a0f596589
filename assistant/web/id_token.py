"""What an ID token has to prove before it is believed, and who it says somebody is."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

LEEWAY = 60  # seconds that two clocks may differ
# Signed with a key that the provider alone has: "none" proves nothing, and HS256 is signed with what its clients know.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")

Claims = Mapping[str, Any]  # whatever a provider says of a person


class SignInRefused(Exception):  # noqa: N818 - what happened, and no mistake of ours
    """The provider did not sign somebody in, or does not prove that it did; the message is for the log."""


class UnknownKey(SignInRefused):
    """The ID token is signed with a key that is not among those of the provider."""


def verified(
    id_token: object, keys: "KeySet", *, issuer: str, client_id: str, nonce: str, access_token: object
) -> Claims:
    """Return the claims of an ID token that was signed by one of keys, for us, now, and for this very sign-in.

    Raises:
        SignInRefused: if it was not.
        UnknownKey: if it names a key that is not among keys.
    Source: OpenID Connect Core 1.0, sections 3.1.3.7 and 3.1.3.8.
    """
    from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]  # it ships no types
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError, JoseError
    from joserfc.jws import JWSRegistry

    if not isinstance(id_token, str):
        raise SignInRefused("the provider gave no ID token")
    try:
        token = jwt.decode(id_token, keys, registry=JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False))
        claims = CodeIDToken(
            token.claims,
            token.header,
            {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
            {"client_id": client_id, "nonce": nonce, "access_token": access_token},
        )
        claims.validate(leeway=LEEWAY)
    except InvalidKeyIdError as error:
        raise UnknownKey(f"the ID token is not proven: {error!r}") from error
    except (JoseError, TypeError, ValueError) as error:
        raise SignInRefused(f"the ID token is not proven: {error!r}") from error
    return dict(claims)


def name_in(claims: Claims, claim: str) -> str:
    """Return what a claim names the person.

    Raises:
        SignInRefused: if it does not, or names an e-mail address that the provider says it has not verified.
    """
    name = claims.get(claim)
    if not isinstance(name, str):
        raise SignInRefused(f"the ID token holds no name in {claim!r}; set FOOTNOTE_OIDC_USER_CLAIM to one that does")
    if claim == "email" and claims.get("email_verified", True) is not True:
        raise SignInRefused("the provider has not verified the e-mail address that names this person")
    return name


def groups_in(claims: Claims, claim: str) -> frozenset[str]:
    """Return the groups that a claim lists, or holds as a string with spaces or commas between them; none without it.

    Raises:
        SignInRefused: if it holds anything else.
    """
    groups = claims.get(claim, [])
    if isinstance(groups, str):
        groups = re.split(r"[\s,]+", groups)
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise SignInRefused(f"the ID token holds no list of groups in {claim!r}")
    return frozenset(filter(None, groups))
