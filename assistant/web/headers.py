"""The headers of everything that leaves the server."""

from collections.abc import Sequence

from assistant.web.routes import Route


def security_headers(route: Route | None, origins: Sequence[str]) -> dict[str, str]:
    """Return the headers that keep a browser from doing what the page never asks for.

    Pages of the `origins` may frame the route that is meant for it, and no other.
    """
    framed, shared = bool(route and route.framed), bool(route and route.shared)
    headers = {
        "content-security-policy": _policy(origins, inline=False) if framed else _policy((), inline=True),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "cross-origin" if shared else "same-origin",
    }
    if route and route.scopes:  # what is one person's, also after they have signed out on a machine of several
        headers["cache-control"] = "no-store"
    if not framed:  # it knows one origin at most; frame-ancestors says all of them
        headers["x-frame-options"] = "SAMEORIGIN"
    return headers


def _policy(ancestors: Sequence[str], *, inline: bool) -> str:
    # Measured: Gradio's chat works under this policy; 'unsafe-inline' is for its own inline scripts and styles.
    unsafe = " 'unsafe-inline'" if inline else ""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self'{unsafe}",
            f"style-src 'self'{unsafe}",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "media-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "frame-src 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            " ".join(("frame-ancestors 'self'", *ancestors)),
        )
    )
