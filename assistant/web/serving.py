"""Serve the application in this process until it is interrupted."""

import asyncio
import logging
import socket

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from assistant.settings import Settings
from assistant.web.logs import set_up_logging
from assistant.web.safety import expect_safe
from vectorstore.errors import UserError

GOODBYE = 5  # seconds that answers under way have to end; an open page keeps a connection open for ever
HEAD = 128_000  # bytes of a request's first line and headers; the door refuses a quarter of it, with a sentence
STALL = 30.0  # seconds that what is sent may find no reader

_log = logging.getLogger(__name__)


def run(app: FastAPI, settings: Settings) -> None:
    """Serve app until it is interrupted.

    Raises:
        UserError: if that is not safe, or somebody else listens there.
    """
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
    return uvicorn.Config(
        app,
        http=Connection,  # by h11, which refuses what can be read in two ways, and a head that is too long
        h11_max_incomplete_event_size=HEAD,
        server_header=False,
        proxy_headers=False,  # the door decides whom to believe
        access_log=False,  # the door writes a line that holds no address and no name
        log_config=None,
        timeout_graceful_shutdown=GOODBYE,
    )


class Connection(H11Protocol):
    """A connection that ends when its reader does not take what is sent: what waits for one, waits in our memory.

    An exception of the application would not end it: what is left to send would still wait to be taken.
    """

    stall = STALL
    _patience: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """Take note that as much waits to be sent as may."""
        super().pause_writing()
        self._patience = self.loop.call_later(self.stall, self._hang_up)

    def resume_writing(self) -> None:
        """Take note that the reader goes on, or has left."""
        super().resume_writing()
        if self._patience:
            self._patience.cancel()

    def _hang_up(self) -> None:
        _log.warning("a reader took nothing for %.0f seconds and is disconnected", self.stall)
        self.transport.abort()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
