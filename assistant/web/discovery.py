"""What an OpenID provider says of itself: where it signs people in, and how it is talked to."""

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict


def is_safe(address: str) -> bool:
    """Return whether nobody on the way can read or change what an address serves: https, or this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
        if not host or parts.scheme != "http":
            return bool(host) and parts.scheme == "https"
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _safe(address: str) -> str:
    if not is_safe(address):
        raise ValueError("an address that begins with https:// is needed")
    return address


class Discovered(BaseModel):
    """What we need of a discovery document. Source: OpenID Connect Discovery 1.0, section 3."""

    model_config = ConfigDict(frozen=True)
    issuer: str
    authorization_endpoint: Annotated[str, AfterValidator(_safe)]
    token_endpoint: Annotated[str, AfterValidator(_safe)]
    jwks_uri: Annotated[str, AfterValidator(_safe)]
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)

    @property
    def takes_secret_by(self) -> str:
        """How a client tells its secret: in a header, if the provider does not ask for the body."""
        ways = self.token_endpoint_auth_methods_supported
        only_post = "client_secret_post" in ways and "client_secret_basic" not in ways
        return "client_secret_post" if only_post else "client_secret_basic"
