"""The chat page for several people at once: what Gradio carries for one never reaches, asks or stops for another."""

import json
import logging
import re

import httpx
import pytest
from entering import Building
from scripted import scripted_assistant
from serving import serving

from assistant.web import pages as open_pages
from assistant.web.pages import Pages
from vectorstore.errors import NotFound
from vectorstore.types import Document

LOAD, ASK = "load", "submit"


@pytest.fixture(scope="module")
def building(tmp_path_factory):
    open_to_all = Document(source="open/x.md", title="The square", text="The square is open to all.")
    closed = Document(source="red/x.md", title="Crimson", text="The lantern is for a few. The lantern is red.")
    folder = tmp_path_factory.mktemp("pages")
    (folder / "collections.yaml").write_text(
        'red: {documents: ["red/*"], read: [red]}\nopen: {documents: ["open/*"], read: [everybody]}\n', encoding="utf-8"
    )
    built = Building(folder, assistant=scripted_assistant(open_to_all, closed), collections=folder / "collections.yaml")
    built.key("anna", "ask", groups=["red"])
    built.key("ben", "ask")
    return built


@pytest.fixture(scope="module")
def address(building):
    with serving(building.app("key")) as address:
        yield address


@pytest.fixture
def anna(building, address):
    with httpx.Client(base_url=address, headers=building.signed_in_with("anna").headers, timeout=60) as client:
        yield client


@pytest.fixture
def ben(building, address):
    with httpx.Client(base_url=address, headers=building.signed_in_with("ben").headers, timeout=60) as client:
        yield client


def event(client, target):
    """Return Gradio's number for what the page does."""
    for one in client.get("/config").json()["dependencies"]:
        if any(kind == target for _, kind in one["targets"]):
            return one["id"]
    raise LookupError(target)


def join(client, session, target, data=(), conversation=None):
    body = {"data": list(data), "fn_index": event(client, target), "session_hash": session}
    query = f"?c={conversation}" if conversation else ""
    return client.post(f"/gradio_api/queue/join{query}", json=body)


def heard(client, session):
    """Return all that Gradio tells an open page until nothing more is under way."""
    with client.stream("GET", f"/gradio_api/queue/data?session_hash={session}") as stream:
        return "\n".join(stream.iter_lines())


def opened(client, session, conversation=None):
    join(client, session, LOAD, conversation=conversation).raise_for_status()
    return heard(client, session)


def asked(client, session, question, **context):
    join(client, session, ASK, [question, json.dumps(context)]).raise_for_status()
    return heard(client, session)


def latest(client):
    return client.get("/api/conversations").json()[0]["id"]


def test_a_page_asks_as_whoever_has_opened_it(anna, ben):
    assert "The lantern is red." in asked(anna, "anna-asks", "quote lantern")
    assert "lantern is red" not in asked(ben, "ben-asks", "quote lantern")
    assert [one["title"] for one in ben.get("/api/conversations").json()] == ["quote lantern"]
    assert latest(anna) != latest(ben)


def test_the_welcome_counts_what_its_reader_may_read(anna, ben):
    assert "2 documents" in opened(anna, "anna-opens")
    told = opened(ben, "ben-opens")
    assert "1 document" in told
    assert "2 documents" not in told
    assert not re.search(r"\d document", json.dumps(ben.get("/config").json()["components"]))


def test_a_page_with_somebody_elses_conversation_shows_what_one_with_none_shows(anna, ben):
    asked(anna, "anna-first", "quote lantern")
    conversation = latest(anna)
    assert "The lantern is red." in opened(anna, "anna-again", conversation)

    def shown(session, named):
        told = opened(ben, session, named)
        assert "lantern" not in told
        messages = [json.loads(line.removeprefix("data: ")) for line in told.splitlines() if line.startswith("data: ")]
        return [one["output"]["data"] for one in messages if one["msg"] == "process_completed"]

    assert shown("ben-looks", conversation) == shown("ben-guesses", "0" * 32)


def test_a_page_neither_asks_in_nor_stops_a_conversation_of_somebody_else(anna, ben):
    join(anna, "anna-hangs", ASK, ["hang on", "{}"]).raise_for_status()
    with anna.stream("GET", "/gradio_api/queue/data?session_hash=anna-hangs") as stream:
        next(line for line in stream.iter_lines() if "This is being" in line)
        conversation = latest(anna)
        told = asked(ben, "ben-intrudes", "quote square", conversation=conversation)
        assert "no such conversation" in told
        told = asked(ben, "ben-replaces", "quote square", conversation=conversation, replaces=1)
        assert "no such conversation" in told
        join(ben, "ben-stops", "stop", [json.dumps({"conversation": conversation})]).raise_for_status()
        heard(ben, "ben-stops")
        kept = anna.get(f"/api/conversations/{conversation}").json()["exchanges"]
        assert [(one["question"], one["answer"]) for one in kept] == [("hang on", None)]
    anna.post(f"/api/conversations/{conversation}/stop").raise_for_status()


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/queue/data?session_hash=anna-page",
        "/gradio_api/heartbeat/anna-page",
        "/gradio_api/queue/data?session_hash=ben-page&session_hash=anna-page",
        "/gradio_api/queue/data?session_hash=anna-page&session_hash=anna-page",
        "/gradio_api/queue/data?session%5Fhash=anna-page",
        "/gradio_api/queue/data?x;session_hash=y&session_hash=anna%2Dpage",
        "/gradio_api/queue/data%0A?session_hash=anna-page",
        "/gradio_api/queue/data/?session_hash=anna-page",
        "/gradio_api/heartbeat/anna%2Dpage",
    ],
)
def test_nobody_hears_a_page_of_somebody_else_however_they_ask(anna, ben, path):
    join(anna, "anna-page", LOAD).raise_for_status()
    heard(anna, "anna-page")
    with ben.stream("GET", path) as response:
        assert response.status_code == 404


def test_what_is_asked_under_the_number_of_somebody_elses_page_is_not_asked(anna, ben):
    opened(anna, "anna-open")
    before = [len(client.get("/api/conversations").json()) for client in (anna, ben)]
    join(ben, "anna-open", ASK, ["quote square", "{}"]).raise_for_status()
    opened(anna, "anna-open")
    assert [len(client.get("/api/conversations").json()) for client in (anna, ben)] == before


def test_a_page_belongs_to_the_first_who_used_it_until_it_is_long_forgotten(monkeypatch):
    monkeypatch.setattr(open_pages, "MOST", 3)
    pages = Pages()
    pages.claim("1", "anna")
    with pytest.raises(NotFound):
        pages.claim("1", "ben")
    pages.claim("1", "anna")
    for number in ("2", "3", "4"):
        pages.claim(number, "ben")
    pages.claim("1", "ben")


def test_what_is_logged_of_a_question_on_the_page_names_its_own_request(anna, ben, caplog):
    opened(ben, "ben-earlier")
    numbers = []
    record = logging.getLogRecordFactory()

    def numbered(*args, **more):
        from assistant.web.request_id import request_id

        one = record(*args, **more)
        if one.name == "assistant.web.desk":
            numbers.append(request_id.get())
        return one

    logging.setLogRecordFactory(numbered)
    try:
        joined = join(anna, "anna-fails", ASK, ["fail now", "{}"])
        heard(anna, "anna-fails")
    finally:
        logging.setLogRecordFactory(record)
    assert numbers == [joined.headers["x-request-id"]]
