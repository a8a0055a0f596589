"""Serve the application in this process until it is interrupted."""

import socket
from typing import TYPE_CHECKING

from fastapi import FastAPI

from assistant.settings import Settings
from assistant.web.logs import set_up_logging
from assistant.web.safety import expect_safe
from vectorstore.errors import UserError

if TYPE_CHECKING:
    import uvicorn

GOODBYE = 5  # seconds that answers under way have to end; an open page keeps a connection open for ever
HEAD = 128_000  # bytes of a request's first line and headers; the door refuses a quarter of it, with a sentence


def run(app: FastAPI, settings: Settings) -> None:
    """Serve app until it is interrupted.

    Raises:
        UserError: if that is not safe, or somebody else listens there.
    """
    import uvicorn

    expect_safe(settings)
    set_up_logging(settings)
    try:
        listener = socket.create_server((settings.host, settings.port), family=_family(settings.host))
    except OSError as error:
        raise UserError(
            f"Cannot listen on {settings.host}, port {settings.port} ({error.strerror or error}); "
            "choose another with --port."
        ) from error
    with listener:
        uvicorn.Server(configured(app)).run(sockets=[listener])


def configured(app: FastAPI) -> "uvicorn.Config":
    """Return how uvicorn is to serve app."""
    import uvicorn

    return uvicorn.Config(
        app,
        http="h11",  # which refuses what can be read in two ways, and a head that is too long
        h11_max_incomplete_event_size=HEAD,
        server_header=False,
        proxy_headers=False,  # the door decides whom to believe
        access_log=False,  # the door writes a line that holds no address and no name
        log_config=None,
        timeout_graceful_shutdown=GOODBYE,
    )


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
