"""HTTP as nobody's library would send it: bytes out, and whatever comes back until the server is done."""

import contextlib
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

PATIENCE = 20.0  # seconds without a byte after which a connection is called open


@dataclass
class Heard:
    """What a server sent on one connection, and whether it hung up afterwards."""

    raw: bytes
    closed: bool

    @property
    def statuses(self):
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", self.raw)]


def tell(address, *pieces, patience=PATIENCE):
    """Send pieces on one connection; return what comes back until the server hangs up or says nothing for so long."""
    parts = urlsplit(address)
    heard = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=patience) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            while received := connection.recv(65_536):
                heard += received
            return Heard(heard, closed=True)
        except TimeoutError:
            return Heard(heard, closed=False)
        except (BrokenPipeError, ConnectionResetError):  # it hung up in the middle of what we said
            with contextlib.suppress(OSError):
                while received := connection.recv(65_536):
                    heard += received
            return Heard(heard, closed=True)


def head(address, *lines, first="POST /api/ask HTTP/1.1"):
    """Return the head of a request to a server at this address, with these lines beside its name."""
    return "\r\n".join((first, f"Host: {urlsplit(address).netloc}", *lines, "", "")).encode("latin-1")
