"""Many clients of one server at the same moment, and one that never tires: what each of them got, and how soon."""

import asyncio
import http.client
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection

import httpx

HUNG = 120.0  # seconds from which a request is given up
PATIENCE = 600.0  # seconds for which a question that is refused is asked again
PROBE = 0.05  # seconds between two looks whether the server is alive

_STREAM = {"accept": "text/event-stream"}


@dataclass
class Tried:
    """How one request ended, and the seconds from its beginning to what came back."""

    ended: str = "hung"  # "answer", "503" with Retry-After, or what else happened
    first_byte: float | None = None
    first_event: float | None = None
    first_sentence: float | None = None
    whole: float | None = None
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Client:
    """One of the crowd: its first try, and the seconds after which it had its answer, however many tries that took."""

    first: Tried
    tries: int
    answered: float | None


async def ask_at_once(address: str, questions: Sequence[str]) -> list[Client]:
    """Ask all questions at the same moment; one that is refused is asked again after Retry-After."""
    async with _connected(address, len(questions)) as http:
        return await asyncio.gather(*[_client(http, question) for question in questions])


async def ask_in_a_row(address: str, questions: Sequence[str]) -> list[Tried]:
    """Ask one question after the other."""
    async with _connected(address, 1) as http:
        return [await _try(http, question) for question in questions]


def _connected(address: str, number: int) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=number, max_keepalive_connections=number)
    return httpx.AsyncClient(base_url=address, limits=limits, timeout=HUNG, trust_env=False)


async def _client(http: httpx.AsyncClient, question: str) -> Client:
    began = time.perf_counter()
    first = tried = await _try(http, question)
    tries = 1
    while tried.ended == "503" and time.perf_counter() - began < PATIENCE:
        await asyncio.sleep(tried.retry_after)
        tried = await _try(http, question)
        tries += 1
    return Client(first, tries, time.perf_counter() - began if tried.ended == "answer" else None)


async def _try(http: httpx.AsyncClient, question: str) -> Tried:
    tried = Tried()
    began = time.perf_counter()
    try:
        async with (
            asyncio.timeout(HUNG),
            http.stream("POST", "/api/ask", json={"question": question}, headers=_STREAM) as r,
        ):
            tried.first_byte = time.perf_counter() - began
            if r.status_code == 200:
                tried.ended = await _listen(r, tried, began)
            elif r.status_code == 503 and "retry-after" in r.headers:
                tried.ended, tried.retry_after = "503", float(r.headers["retry-after"])
            else:
                tried.ended = f"status {r.status_code}"
    except httpx.HTTPError as error:
        tried.ended = type(error).__name__
    except TimeoutError:
        tried.ended = "hung"
    tried.whole = time.perf_counter() - began
    return tried


async def _listen(response: httpx.Response, tried: Tried, began: float) -> str:
    """Return how the stream ended, by its last event."""
    name = ""
    async for line in response.aiter_lines():
        if not line.startswith("event:"):
            continue
        name = line.removeprefix("event:").strip()
        tried.first_event = tried.first_event or time.perf_counter() - began
        if name == "claimed":
            tried.first_sentence = tried.first_sentence or time.perf_counter() - began
    return {"finished": "answer", "error": "error event"}.get(name, "broken off")


@contextmanager
def looking(host: str, port: int) -> Iterator[list[float]]:
    """Ask GET /healthz again and again from a process of its own; the list holds the seconds once the block is over.

    From this process it would show how busy this one is.
    """
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_look, args=(host, port, there))
    process.start()
    here.recv()  # it has begun
    seconds: list[float] = []
    try:
        yield seconds
        here.send(None)
        seconds += here.recv()
    finally:
        process.terminate()
        process.join()


def _look(host: str, port: int, told: Connection) -> None:
    connection = http.client.HTTPConnection(host, port, timeout=HUNG)
    seconds: list[float] = []
    told.send(None)
    while not told.poll(PROBE):
        began = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        seconds.append(time.perf_counter() - began)
    told.send(seconds)
