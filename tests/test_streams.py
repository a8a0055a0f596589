"""Streams of answers over real connections: left early, not read, asked twice, continued by others, and cut short."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import httpx
import pytest
from desks import somebody
from loopback_model import LoopbackModel, Reply, honest
from scripted import Everything, Marking, Shelf, scripted_assistant
from serving import serving

from assistant.history import History
from assistant.holdings import Collections
from assistant.keys import Keys
from assistant.model import ModelAnswerer
from assistant.pipeline import Assistant
from assistant.providers import open_chat_model
from assistant.settings import Settings
from assistant.types import Delta, Ended, Finished, Retrieved
from assistant.web.admission import Admission
from assistant.web.app import create_app
from assistant.web.asking import Asking
from assistant.web.metrics import Metrics
from assistant.web.outcomes import Outcomes
from assistant.web.serving import Connection
from vectorstore.types import Document

BRIDGE = Document(
    "articles/bridge.md",
    "Bridge closed",
    "The old bridge was closed on Monday. It carried 900 cars a day. Mayor Ann Lee said it would reopen in May.",
)
QUESTION = "When was the old bridge closed?"
STREAM = {"accept": "text/event-stream"}
BOUND = 60  # seconds after which a test fails instead of waiting for ever


def settings_of(folder, **given):
    many = {"questions_per_minute": 10_000, "requests_per_minute": 1_000_000}
    return Settings(_env_file=None, library=folder, **many | given)


def written_by(server):
    """Return an assistant over one document whose answers a model on loopback writes."""
    settings = Settings(_env_file=None, model="openai:m", base_url=server.base_url)
    shelf = Shelf([BRIDGE])
    answerer = ModelAnswerer(open_chat_model(settings), model="openai:m")
    return Assistant(shelf, Everything(shelf), answerer=answerer, verifier=Marking())


def events(response):
    """Yield the events of a stream, as (name, data)."""
    name = None
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def asking(client, question=QUESTION, **headers):
    return client.stream("POST", "/api/ask", json={"question": question}, headers=STREAM | headers)


def figure(client, name):
    lines = client.get("/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def at_rest(client):
    return (figure(client, "footnote_answers_under_way"), figure(client, "footnote_answers_waiting")) == (0, 0)


def until(holds):
    """Look until something holds; each look is a request or a moment, so that nothing is kept busy by it."""
    moment = threading.Event()
    for _ in range(BOUND * 20):
        if holds():
            return
        moment.wait(0.05)
    raise AssertionError("it never came to hold")


class Observed:
    """An application, and the event loop that serves it."""

    def __init__(self, app):
        self.app = app
        self.loop = None

    async def __call__(self, scope, receive, send):
        self.loop = asyncio.get_running_loop()
        await self.app(scope, receive, send)

    def tasks(self):
        async def count():
            return len(asyncio.all_tasks())

        return asyncio.run_coroutine_threadsafe(count(), self.loop).result(BOUND)


def test_a_hundred_readers_who_leave_end_the_call_to_the_model_and_leave_nothing_behind(tmp_path):
    def leave(client, server):
        server.hung_up.clear()
        with asking(client) as response:
            told = events(response)
            assert [next(told)[0] for _ in range(2)] == ["retrieved", "delta"]
        assert server.hung_up.wait(BOUND)

    with LoopbackModel(lambda request: Reply(["It was closed ", None])) as server:
        app = Observed(create_app(written_by(server), settings_of(tmp_path)))
        with serving(app) as address, httpx.Client(base_url=address, timeout=BOUND) as client:
            for _ in range(10):
                leave(client, server)
            until(lambda: at_rest(client))
            tasks, threads = app.tasks(), threading.active_count()
            for _ in range(100):
                leave(client, server)
            assert len(server.requests) == 110
            until(lambda: at_rest(client))
            # A pool may still have grown by a few threads; one left by each reader would be a hundred.
            until(lambda: app.tasks() <= tasks + 2)
            until(lambda: threading.active_count() <= threads + 20)


class Flood:
    """Writes more than any connection holds, and then waits for ever; "short" is answered at once."""

    kind, model, prompt = "model", "flood", None
    pieces, piece = 400, "x" * 65_536

    async def answer(self, request, evidence):
        if request.question != "short":
            for _ in range(self.pieces):
                yield Delta(self.piece)
            await asyncio.Event().wait()
        yield Ended("abstained", "That was short.")


def test_a_reader_who_takes_nothing_is_dropped_and_holds_up_nobody(tmp_path):
    held, dropped, goes_on = [], threading.Event(), threading.Event()

    class Hasty(Connection):
        stall = 0.05

        def pause_writing(self):
            super().pause_writing()
            held.append(self.transport.get_write_buffer_size())

        def _hang_up(self):
            if not goes_on.is_set():  # only once others have been served beside it
                self._patience = self.loop.call_later(self.stall, self._hang_up)
                return
            held.append(self.transport.get_write_buffer_size())
            super()._hang_up()
            dropped.set()

    shelf = Shelf([BRIDGE])
    flood = Assistant(shelf, Everything(shelf), answerer=Flood(), verifier=Marking())
    app = create_app(flood, settings_of(tmp_path))
    with (
        serving(app, connection=Hasty) as address,
        httpx.Client(base_url=address, timeout=BOUND) as client,
        socket.socket() as slow,
    ):
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = address.removeprefix("http://").split(":")
        slow.settimeout(BOUND)
        slow.connect((host, int(port)))
        body = b'{"question": "long"}'
        slow.sendall(
            b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Accept: text/event-stream\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        until(lambda: held)
        for _ in range(5):
            assert client.post("/api/ask", json={"question": "short"}).json()["state"] == "abstained"
        assert figure(client, "footnote_answers_under_way") == 1
        goes_on.set()
        assert dropped.wait(BOUND)
        until(lambda: at_rest(client))
        taken = 0
        with suppress(ConnectionResetError):
            while piece := slow.recv(1_000_000):  # what the system still holds
                taken += len(piece)
        assert taken < Flood.pieces * len(Flood.piece)
    assert max(held) < 1_000_000


def test_a_reader_who_is_slower_than_the_writer_hears_everything():
    """Events that are told while one is being sent come after it, the last of them too."""

    class Pieces:
        kind, model, prompt = "model", "pieces", None

        async def answer(self, request, evidence):
            for number in range(50):
                yield Delta(f"{number} ")
                await asyncio.sleep(0)
            yield Ended("abstained", "That was all.")

    shelf = Shelf([BRIDGE])
    assistant = Assistant(shelf, Everything(shelf), answerer=Pieces(), verifier=Marking())

    async def listen(pauses):
        admission = Admission(at_once=1, waiting=1, per_minute=10)
        asking = Asking(assistant, admission, Collections(None, None), Outcomes(Metrics()))
        heard = []
        async for event in asking.ask(somebody("ann"), QUESTION).events():
            heard.append(event)
            for _ in range(pauses):
                await asyncio.sleep(0)
        return heard

    for pauses in (0, 1, 2, 3, 5, 8, 100):
        first, *deltas, last = asyncio.run(listen(pauses))
        assert isinstance(first, Retrieved)
        assert [one.text for one in deltas] == [f"{number} " for number in range(50)]
        assert isinstance(last, Finished)


def test_a_request_that_is_sent_twice_is_one_call_to_the_model(tmp_path):
    both = threading.Event()

    def script(request):
        both.wait(BOUND)
        return honest(request)

    with LoopbackModel(script) as server:
        app = create_app(written_by(server), settings_of(tmp_path))
        with serving(app) as address, httpx.Client(base_url=address, timeout=BOUND) as client:

            def ask(_=None):
                return client.post("/api/ask", json={"question": QUESTION}, headers={"idempotency-key": "one"})

            with ThreadPoolExecutor(2) as at_once:
                first, second = at_once.submit(ask), at_once.submit(ask)
                until(lambda: figure(client, "footnote_answers_under_way") == 1)
                both.set()
                answers = [first.result(), second.result(), ask()]
            assert [answer.status_code for answer in answers] == [200] * 3
            assert answers[0].json()["claims"]
            assert answers[0].json() == answers[1].json() == answers[2].json()
            assert len(server.requests) == 1


def test_an_answer_that_is_asked_for_again_after_the_connection_broke_is_not_written_twice(tmp_path):
    broke = threading.Event()

    def pieces():
        yield "The old bridge was closed on Monday [S1]. "
        broke.wait(BOUND)
        yield "It carried 900 cars a day [S2]."

    with LoopbackModel(lambda request: Reply(pieces())) as server:
        app = create_app(written_by(server), settings_of(tmp_path))
        with serving(app) as address, httpx.Client(base_url=address, timeout=BOUND) as client:
            again = {"idempotency-key": "one"}
            with asking(client, **again) as response:
                before = next(events(response))
            broke.set()
            with asking(client, **again) as response:
                after = list(events(response))
            assert after[0] == before
            name, answer = after[-1]
            assert (name, answer["state"], len(answer["claims"])) == ("finished", "complete", 2)
            assert len(server.requests) == 1


def test_a_question_of_a_conversation_that_is_sent_twice_at_once_is_kept_and_answered_once(tmp_path):
    with LoopbackModel(honest) as server:
        app = create_app(written_by(server), settings_of(tmp_path))
        with serving(app) as address, httpx.Client(base_url=address, timeout=BOUND) as client:

            def begin(_):
                again = {"idempotency-key": "one"}
                return client.post("/api/conversations", json={"question": QUESTION}, headers=again).json()

            with ThreadPoolExecutor(8) as at_once:
                begun = list(at_once.map(begin, range(8)))
            assert all(one == begun[0] for one in begun)
            with client.stream("GET", f"/{begun[0]['live']}") as response:
                assert [name for name, _ in events(response)][-1] == "ended"
            assert len(client.get("/api/conversations").json()) == 1
            assert len(server.requests) == 1


def test_an_event_number_opens_nobodys_stream(tmp_path):
    keys = Keys(tmp_path)
    ann, eve = ({"authorization": f"Bearer {keys.add(name, ['ask', 'read'])}"} for name in ("ann", "eve"))
    app = create_app(scripted_assistant(), settings_of(tmp_path, sign_in="key"))
    with serving(app) as address, httpx.Client(base_url=address, timeout=BOUND) as client:
        begun = client.post("/api/conversations", json={"question": "hang on"}, headers=ann).json()
        for number in ("99999999", "1", f"{begun['exchange']}", "0:1"):
            foreign = client.get(f"/{begun['live']}", headers=eve | {"last-event-id": number})
            assert foreign.status_code in (404, 422)  # there is no such conversation of hers
            assert set(foreign.json()) == {"code", "message", "request_id"}
            with asking(client, "quote categorical rejection", **eve, **{"last-event-id": number}) as response:
                told = list(events(response))
            assert told[0][0] == "retrieved"
            assert told[-1][1]["question"] == "quote categorical rejection"
        assert client.post(f"/api/conversations/{begun['conversation']}/stop", headers=ann).status_code == 204
        with client.stream("GET", f"/{begun['live']}", headers=ann | {"last-event-id": "99999999"}) as response:
            own = list(events(response))
        assert [name for name, _ in own] == ["ended"]
        assert own[0][1]["answer"]["question"] == "hang on"


def test_where_too_many_wait_a_question_is_refused_and_not_kept(tmp_path):
    app = create_app(scripted_assistant(), settings_of(tmp_path, answers_at_once=1, answers_waiting=1))
    with serving(app) as address, httpx.Client(base_url=address, timeout=BOUND) as client:
        with asking(client, "hang on") as first, asking(client, "quote categorical rejection") as second:
            assert (first.status_code, second.status_code) == (200, 200)
            for path, headers in (("/api/ask", {}), ("/api/ask", STREAM), ("/api/conversations", {})):
                refused = client.post(path, json={"question": "one too many"}, headers=headers)
                assert refused.status_code == 503
                assert refused.json()["code"] == "busy"
                assert int(refused.headers["retry-after"]) >= 1
            assert client.get("/api/conversations").json() == []
            first.close()
            assert [name for name, _ in events(second)][-1] == "finished"
        until(lambda: at_rest(client))


def test_whoever_asks_too_often_is_told_when_to_ask_again_and_nothing_is_kept(tmp_path):
    app = create_app(scripted_assistant(), settings_of(tmp_path, questions_per_minute=2))
    with serving(app) as address, httpx.Client(base_url=address, timeout=BOUND) as client:
        for _ in range(2):
            assert client.post("/api/ask", json={"question": "abstain"}).status_code == 200
        for path in ("/api/ask", "/api/conversations"):
            refused = client.post(path, json={"question": "abstain"})
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
            assert 1 <= int(refused.headers["retry-after"]) <= 61
        assert client.get("/api/conversations").json() == []


@contextmanager
def real_server(library, model):
    """Run `footnote serve` in a process of its own; yields it and its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FOOTNOTE_")}
    command = ["--library", str(library), "serve", "--port", str(port), "--no-uploads", "--json"]
    with subprocess.Popen(
        [sys.executable, "-c", "from evals.command import main; main()", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=kept | {"FOOTNOTE_MODEL": "openai:m", "FOOTNOTE_BASE_URL": model.base_url},
    ) as process:
        try:
            yield process, json.loads(process.stdout.readline())["address"]
        finally:
            process.kill()


@pytest.fixture
def own_library(sample_library, tmp_path):
    """A copy of the sample library, for keeping conversations beside."""
    return shutil.copytree(sample_library, tmp_path / "library")


def test_an_answer_that_ends_soon_after_the_server_is_stopped_is_still_told_whole(own_library):
    stopped = threading.Event()

    def pieces():
        yield "Rutte praised the offer [S1]. "
        stopped.wait(BOUND)
        yield "Then the answer was over [S2]."

    with (
        LoopbackModel(lambda request: Reply(pieces())) as model,
        real_server(own_library, model) as (process, address),
        httpx.Client(base_url=address, timeout=BOUND) as client,
    ):
        with asking(client, "What did Rutte say about the offer of NATO?") as response:
            told = events(response)
            assert next(told)[0] == "retrieved"
            process.send_signal(signal.SIGTERM)
            until(lambda: refuses(address))
            stopped.set()
            name, answer = list(told)[-1]
        assert (name, answer["state"]) == ("finished", "complete")
        process.wait(BOUND)


def test_an_answer_that_does_not_is_ended_in_order_and_its_question_can_be_asked_again(own_library):
    with LoopbackModel(lambda request: Reply(["Rutte praised the offer [S1]. And ", None])) as model:
        with (
            real_server(own_library, model) as (process, address),
            httpx.Client(base_url=address, timeout=BOUND) as client,
        ):
            me = client.get("/api/me").json()["user"]
            begun = client.post("/api/conversations", json={"question": "What did Rutte say of NATO?"}).json()
            with (
                client.stream("GET", f"/{begun['live']}") as live,
                asking(client, "What did Rutte say about the offer of NATO?") as response,
            ):
                told = events(response)
                assert next(told)[0] == "retrieved"
                process.send_signal(signal.SIGTERM)
                name, problem = list(told)[-1]
                assert "ended" not in [name for name, _ in events(live)]
            assert (name, problem["code"]) == ("error", "stopping")
            assert process.wait(BOUND) is not None
        (kept,) = History(own_library).exchanges(me, begun["conversation"])
        assert (kept.question, kept.answer, kept.error) == ("What did Rutte say of NATO?", None, None)

    app = create_app(scripted_assistant(), settings_of(own_library))
    with serving(app) as address, httpx.Client(base_url=address, timeout=BOUND) as client:
        again = {"question": "quote categorical rejection", "replaces": 1}
        begun = client.post(f"/api/conversations/{begun['conversation']}/exchanges", json=again).json()
        with client.stream("GET", f"/{begun['live']}") as live:
            assert list(events(live))[-1][1]["answer"]["state"] == "complete"
        (kept,) = History(own_library).exchanges(me, begun["conversation"])
        assert kept.answer.state == "complete"


def refuses(address):
    try:
        httpx.get(f"{address}healthz")
    except httpx.TransportError:
        return True
    return False
