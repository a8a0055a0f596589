import io
import json
import logging
import re
import socket
import sys
import threading
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from scripted import HOSTILE, scripted_assistant

from assistant.settings import Settings
from assistant.web.app import create_app
from assistant.web.logs import ACCESS, log_request, set_up_logging
from assistant.web.request_id import request_id
from vectorstore.types import Document

FORMATS = ("json", "text")
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error|critical) +[\w.]+ \[.*\] .*")
CANARY = "canary7c1f"
SENTENCE = f"The vault of {CANARY}doc holds eleven ledgers."


@contextmanager
def logging_to(log_format, level="debug"):
    """Log as the server does, into what is yielded, and put everything back as it was afterwards."""
    root = logging.root
    loggers = {name: one for name, one in root.manager.loggerDict.items() if isinstance(one, logging.Logger)}
    before = [(one, one.handlers[:], one.propagate, one.level) for one in (root, *loggers.values())]
    stream = io.StringIO()
    try:
        set_up_logging(Settings(_env_file=None, log_format=log_format, log_level=level), stream)
        yield stream
    finally:
        for one in root.manager.loggerDict.values():
            if isinstance(one, logging.Logger):
                one.setLevel(logging.NOTSET)
        for one, handlers, propagate, level in before:
            one.handlers[:], one.propagate = handlers, propagate
            one.setLevel(level)


def records(text, log_format):
    """Return the records of a log; a line that is none fails here."""
    if log_format == "json":
        return [json.loads(line) for line in text.splitlines()]
    lines = text.splitlines()
    assert all(LINE.fullmatch(line) or line.startswith("    ") for line in lines), text
    return [line for line in lines if not line.startswith("    ")]


def failing(words):
    try:
        try:
            raise ValueError(words)
        except ValueError as error:
            raise RuntimeError(words) from error
    except RuntimeError as error:
        return error


def test_a_line_of_json_has_the_time_in_utc_the_level_the_logger_the_message_and_the_request():
    with logging_to("json") as log:
        token = request_id.set("a1b2")
        try:
            logging.getLogger("assistant.web.door").warning("request %s failed", 7)
        finally:
            request_id.reset(token)
    (record,) = records(log.getvalue(), "json")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("time"))
    assert record == {
        "level": "warning",
        "logger": "assistant.web.door",
        "message": "request 7 failed",
        "request_id": "a1b2",
    }


def test_a_line_of_text_has_the_request_and_can_be_read():
    with logging_to("text") as log:
        token = request_id.set("a1b2")
        try:
            log_request("GET", "/api/documents/{document_id}", status=200, seconds=0.0123, way="key", sent=512)
        finally:
            request_id.reset(token)
    assert re.fullmatch(
        r"\S+Z info    footnote\.access \[a1b2\] request method=GET route=/api/documents/\{document_id\} "
        r"status=200 ms=12\.3 way=key bytes=512\n",
        log.getvalue(),
    )


def test_a_served_request_is_told_by_its_fields():
    with logging_to("json") as log:
        log_request("BREW", "/api/ask", status=503, seconds=1.5, way=None, sent=0)
    (record,) = records(log.getvalue(), "json")
    told = {name: record[name] for name in ("method", "route", "status", "ms", "way", "bytes")}
    assert told == {"method": "other", "route": "/api/ask", "status": 503, "ms": 1500.0, "way": "-", "bytes": 0}
    assert (record["logger"], record["request_id"]) == (ACCESS, "-")


@pytest.mark.parametrize("log_format", FORMATS)
@given(words=st.text(), route=st.text(), number=st.text())
def test_nothing_that_is_logged_can_begin_a_second_line(log_format, words, route, number):
    with logging_to(log_format) as log:
        token = request_id.set(number)
        try:
            logging.getLogger("assistant").error("%s", words)
            log_request("GET", route, status=200, seconds=0.0, way=None, sent=0)
        finally:
            request_id.reset(token)
    text = log.getvalue()
    assert len(text.splitlines()) == 2  # splitlines knows every line end of Unicode
    assert all(one == "\n" or one.isprintable() for one in text)
    records(text, log_format)


@pytest.mark.parametrize("log_format", FORMATS)
@pytest.mark.parametrize(
    "words",
    [
        "x\n2026-01-01T00:00:00.000Z error   assistant [-] forged",
        'x"}\r\n{"level": "error", "message": "forged"}',
        "\x1b[2J\x00\u2028\u2029\x85\u202etxt.exe",
        "\ud800 %s %d {0} ${x}",
    ],
)
def test_an_error_is_told_by_its_kind_and_place_and_not_by_its_words(log_format, words):
    with logging_to(log_format) as log:
        logging.getLogger("assistant.web.desk").error("answering failed", exc_info=failing(words))
    text = log.getvalue()
    assert len(records(text, log_format)) == 1
    assert "forged" not in text
    assert "txt.exe" not in text
    assert text.index("ValueError") < text.index("RuntimeError")
    assert re.search(r"at \S+test_logs\.py:\d+ in failing", text)


def test_an_error_tells_what_the_system_said_and_what_stood_behind_it():
    with logging_to("json") as log:
        group = ExceptionGroup(CANARY, [OSError(28, CANARY, CANARY), failing(CANARY)])
        group.__cause__ = group
        logging.getLogger("vectorstore").error("writing failed", exc_info=group)
    told = records(log.getvalue(), "json")[0]["error"]
    assert "builtins.OSError (No space left on device)" in told
    assert [one for one in told if not one.startswith("at ")][-3:] == [
        "builtins.ValueError",
        "builtins.RuntimeError",
        "builtins.ExceptionGroup",
    ]
    assert CANARY not in log.getvalue()


@pytest.mark.parametrize("log_format", FORMATS)
def test_what_libraries_say_is_left_out_whatever_they_hang_on_a_record(log_format):
    with logging_to(log_format) as log:
        logging.getLogger("httpx").debug(CANARY)
        logging.getLogger("httpx").info("HTTP Request: POST https://host/?q=%s", CANARY)
        logging.getLogger("asyncio").error(f"never retrieved: {CANARY}", extra={"route": CANARY, "document": CANARY})
        logging.getLogger("assistant").error("known", extra={"route": CANARY, "document": CANARY})
        logging.getLogger("some.library").error({"document": CANARY})
    text = log.getvalue()
    assert CANARY not in text
    assert len(records(text, log_format)) == 3
    assert "a library's words are left out; they come from test_logs.py, line " in text


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_line_that_cannot_be_written_tells_nothing_of_what_it_was(log_format, capsys):
    with logging_to(log_format) as log:
        logging.getLogger("assistant").error("%d of them", CANARY)
        logging.getLogger("httpx").error("%d of them", CANARY)
    assert CANARY not in log.getvalue() + "".join(capsys.readouterr())
    assert "a line of assistant could not be logged" in log.getvalue()


def test_the_level_counts_for_us_and_libraries_are_heard_from_warning_on():
    with logging_to("json", "info") as log:
        for name in ("assistant.pipeline", "vectorstore.loaders", "openai"):
            logging.getLogger(name).debug("debug")
            logging.getLogger(name).info("info")
            logging.getLogger(name).warning("warning")
    told = [(record["logger"], record["level"]) for record in records(log.getvalue(), "json")]
    assert told == [
        ("assistant.pipeline", "info"),
        ("assistant.pipeline", "warning"),
        ("vectorstore.loaders", "info"),
        ("vectorstore.loaders", "warning"),
        ("openai", "warning"),
    ]


def test_setting_it_up_twice_tells_nothing_twice_nor_does_a_library_with_a_handler_of_its_own(capsys):
    with logging_to("json"):
        own = logging.getLogger("a.library.with.handler")
        own.addHandler(logging.StreamHandler(sys.stderr))
        own.propagate = False
        log = io.StringIO()
        settings = Settings(_env_file=None, log_format="json")
        set_up_logging(settings, log)
        set_up_logging(settings, log)
        own.error(CANARY)
    assert len(records(log.getvalue(), "json")) == 1
    assert CANARY not in "".join(capsys.readouterr())


class Broken:
    """A fault outside of the door, which nobody but the server's own log hears of."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["path"] == "/broken":
            raise RuntimeError(scope["query_string"].decode())
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    documents = (Document(f"{CANARY}source.md", f"{CANARY}title", SENTENCE), HOSTILE)
    settings = Settings(_env_file=None, library=tmp_path_factory.mktemp("logs"))
    return create_app(scripted_assistant(*documents), settings)


@contextmanager
def served(app):
    """A real server that leaves logging as it is."""
    config = uvicorn.Config(app, port=0, log_config=None, log_level="debug", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.05)
            assert thread.is_alive()
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("log_format", FORMATS)
def test_real_requests_leave_no_word_of_anybody_in_the_log(log_format, application, capfd):
    with logging_to(log_format) as log, served(Broken(application)) as port:
        headers = {"authorization": f"Bearer {CANARY}key", "cookie": f"a={CANARY}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            answered = client.post(f"/api/ask?q={CANARY}query", json={"question": f"quote {CANARY}doc"})
            assert answered.json()["text"].startswith(SENTENCE)
            assert client.post("/api/ask", json={"question": f"fail {CANARY}"}).status_code == 500
            assert client.post("/api/ask", json={"question": f"{CANARY}\r\nX" * 2000}).status_code == 422
            assert client.post("/api/ask", json={f"{CANARY}": CANARY}).status_code == 422
            as_json = {"content-type": "application/json"}
            assert client.post("/api/ask", content=f"{CANARY}not json", headers=as_json).status_code == 422
            assert client.post("/api/ask", content=f"{CANARY}not json").status_code == 415
            assert client.get("/api/me", headers={"x-forwarded-user": f"{CANARY}user"}).status_code == 403
            assert client.get(f"/api/documents/{CANARY}?x={CANARY}").status_code == 404
            assert client.get(f"/{CANARY}%0a2026-01-01 forged").status_code == 404
            assert client.get(f"/broken?{CANARY}").status_code == 500
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(f"{CANARY} no HTTP {CANARY}\r\n\r\n".encode())
            assert b"400" in raw.recv(1000)
    text = log.getvalue()
    assert len(records(text, log_format)) >= 10
    assert text.count("footnote.access") == 9
    assert "builtins.RuntimeError" in text  # of the question that failed: its kind and place are told
    assert "tests/scripted.py" in text
    assert "uvicorn.error" in text
    assert "uvicorn.access" not in text
    for told in (text, "".join(capfd.readouterr())):
        assert CANARY not in told
        assert "sk-12345" not in told
        assert "forged" not in told
        assert "evil.example" not in told
