"""Whether a server may be started as its settings say: nobody is let in by mistake."""

from ipaddress import ip_address
from typing import TYPE_CHECKING

from vectorstore.errors import UserError

if TYPE_CHECKING:
    from assistant.settings import Settings


def expect_safe(settings: "Settings") -> None:
    """Make sure that nobody is let in who should have signed in.

    Raises:
        UserError: if the server can be reached from other machines and nobody has to sign in.
    """
    if settings.sign_in == "proxy" and not settings.proxies:
        raise UserError("FOOTNOTE_SIGN_IN=proxy needs FOOTNOTE_PROXIES, the networks whose header is believed.")
    if settings.sign_in != "none" or settings.insecure:
        return
    choose = "choose how people sign in with FOOTNOTE_SIGN_IN, or say --insecure if everybody may read everything"
    if not _loopback(settings.host):
        raise UserError(f"{settings.host} can be reached from other machines and there is no sign-in; {choose}.")
    if settings.hosts:
        raise UserError(f"FOOTNOTE_HOSTS names {settings.hosts[0]}, and there is no sign-in; {choose}.")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
