"""A Chroma server, spoken to over its HTTP interface (v2): what we send is here, and so is how long we wait.

Not with Chroma's own client: that one waits for ever (chromadb 1.5.9, and no setting bounds it), raises a bare
ValueError for a server that is not there, and fetches a model from the internet when it is handed text.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import httpx

from vectorstore.errors import IndexAway
from vectorstore.text import one_line

_CONNECT_SECONDS = 2.0
SEARCH_SECONDS = 5.0
CHECK_SECONDS = 60.0
# The server has filed a batch when it answers, and with the last one it writes the whole graph to disk.
BUILD_SECONDS = 300.0

# A server that hangs must not cost every search its SEARCH_SECONDS: after a failure it is left alone for so long.
_PAUSE_SECONDS = 2.0

_COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections"
_PAGE = 500  # collections listed at a time

_Read = TypeVar("_Read")


class Missing(IndexAway):
    """The server answers and has not what it was asked for."""


class ChromaServer:
    """Collections of ids and vectors on a server that several processes share; threads may share it, too.

    Nothing but ids, vectors and the names of collections is ever sent, and nothing before it is needed.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        """Speak to the server at url, "http://127.0.0.1:8000"; the token is for a proxy in front of it.

        The url is shown and logged, so no password stands in it.
        """
        self.url = url.rstrip("/")
        self._client = httpx.Client(headers={"Authorization": f"Bearer {token}"} if token else {})
        self._away_until = 0.0

    def close(self) -> None:
        """Close the connections; requests that are under way in other threads fail."""
        self._client.close()

    def largest_batch(self) -> int:
        """Return how many vectors may be added in one request."""
        return self._ask("GET", "/api/v2/pre-flight-checks", lambda found: int(found["max_batch_size"]))

    def names(self) -> list[str]:
        """Return the names of all collections, those of others included."""
        found: list[str] = []
        while True:
            path = f"{_COLLECTIONS}?limit={_PAGE}&offset={len(found)}"
            page = self._ask("GET", path, lambda page: [str(each["name"]) for each in page])
            found += page
            if len(page) < _PAGE:
                return found

    def create(self, name: str, graph: object) -> str:
        """Make an empty collection and return its id; graph is the configuration of its HNSW graph."""
        body = {"name": name, "configuration": {"hnsw": graph}, "get_or_create": False}
        return self._ask("POST", _COLLECTIONS, lambda found: str(found["id"]), body=body, seconds=BUILD_SECONDS)

    def find(self, name: str) -> tuple[str, str]:
        """Return the id of a collection and the space that its distances are measured in.

        Raises:
            Missing: if there is none of this name.
        """
        return self._ask("GET", f"{_COLLECTIONS}/{name}", lambda found: (str(found["id"]), _space(found)))

    def delete(self, name: str) -> None:
        """Delete a collection, if it is there."""
        with suppress(Missing):
            self._ask("DELETE", f"{_COLLECTIONS}/{name}", lambda found: None, seconds=BUILD_SECONDS)

    def add(self, collection: str, ids: list[str], vectors: list[list[float]]) -> None:
        """Add vectors to the collection with this id."""
        body = {"ids": ids, "embeddings": vectors}
        self._ask("POST", f"{_COLLECTIONS}/{collection}/add", lambda found: None, body=body, seconds=BUILD_SECONDS)

    def count(self, collection: str, *, seconds: float = SEARCH_SECONDS) -> int:
        """Return how many vectors the collection with this id holds."""
        return self._ask("GET", f"{_COLLECTIONS}/{collection}/count", int, seconds=seconds)

    def query(
        self, collection: str, vector: list[float], k: int, *, seconds: float = SEARCH_SECONDS
    ) -> tuple[list[str], list[float]]:
        """Return the ids of the k vectors nearest to this one, and their distances."""
        path = f"{_COLLECTIONS}/{collection}/query"
        body = {"query_embeddings": [vector], "n_results": k, "include": ["distances"]}
        return self._ask(
            "POST", path, lambda found: (found["ids"][0], found["distances"][0]), body=body, seconds=seconds
        )

    def _ask(
        self,
        method: str,
        path: str,
        read: Callable[[Any], _Read],
        *,
        body: object = None,
        seconds: float = SEARCH_SECONDS,
    ) -> _Read:
        """Return what is read in the answer of the server.

        Raises:
            IndexAway: if it does not answer, or not as a Chroma server that lets us in.
        """
        if time.monotonic() < self._away_until:
            raise IndexAway(f"the Chroma server at {self.url} did not answer just now; see that it runs")
        patience = httpx.Timeout(seconds, connect=_CONNECT_SECONDS)
        try:
            answer = self._client.request(method, self.url + path, json=body, timeout=patience)
        except httpx.HTTPError as error:
            self._rest()
            told = one_line(str(error), longest=100) or type(error).__name__
            raise IndexAway(
                f"the Chroma server at {self.url} does not answer ({told}); start it, or look at FOOTNOTE_CHROMA_URL"
            ) from error
        if answer.status_code in (401, 403):
            raise IndexAway(f"the Chroma server at {self.url} refuses us; look at FOOTNOTE_CHROMA_TOKEN")
        try:
            if answer.is_success:
                return read(answer.json())
            if answer.status_code == 404 and answer.json()["error"] == "NotFoundError":
                raise Missing(f"the Chroma server at {self.url} has not what it was asked for")
        except (ValueError, LookupError, TypeError) as error:
            raise IndexAway(
                f"what answers at {self.url} is no Chroma server of version 1; look at FOOTNOTE_CHROMA_URL"
            ) from error
        if answer.status_code >= 500:
            self._rest()
        told = one_line(answer.text, longest=200)
        raise IndexAway(f"the Chroma server at {self.url} answered {answer.status_code} ({told}); look at its log")

    def _rest(self) -> None:
        self._away_until = time.monotonic() + _PAUSE_SECONDS


def _space(collection: Any) -> str:  # noqa: ANN401 - JSON
    """A server of one node describes an HNSW graph, a cluster a SPANN index."""
    configuration = collection["configuration_json"]
    return str((configuration["hnsw"] or configuration["spann"])["space"])
