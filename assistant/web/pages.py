"""Whose open page is whose: what Gradio sends to one must not be heard by somebody else who knows its number."""

from starlette.datastructures import QueryParams
from starlette.types import Scope

from vectorstore.errors import NotFound

MOST = 10_000  # open pages that are remembered
DATA, HEARTBEAT = "/gradio_api/queue/data", "/gradio_api/heartbeat/"


class Pages:
    """The open pages by Gradio's number for them; each belongs to the first who used it."""

    def __init__(self) -> None:
        self._users: dict[str, str] = {}

    def claim(self, number: str, user: str) -> None:
        """Make sure that an open page is this user's.

        Raises:
            NotFound: if it is somebody else's.
        """
        owner = self._users.pop(number, user)
        self._users[number] = owner  # the last used stand last
        if owner != user:
            raise NotFound("There is no such page.")
        while len(self._users) > MOST:
            self._users.pop(next(iter(self._users)))


def page_of(scope: Scope) -> str | None:
    """Return the number of the open page that a request listens for, None if it listens for none."""
    path: str = scope["inner_path"]
    if path == DATA:
        # Read as Gradio reads it: of two numbers, we must not check one while it takes the other.
        return QueryParams(scope["query_string"]).get("session_hash", "")
    return path.removeprefix(HEARTBEAT) if path.startswith(HEARTBEAT) else None
