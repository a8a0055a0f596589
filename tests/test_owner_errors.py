"""What only the owner can mend: whoever asks hears that it is so, the owner hears what and where."""

import json

import pytest
from entering import JSON, Building, knock
from scripted import scripted_assistant
from stand_ins import WordEmbedder

from assistant.feedback import FILE as FEEDBACK
from assistant.history import FILE as HISTORY
from assistant.keys import FILE as KEYS
from assistant.uploads import Uploads
from vectorstore.errors import OwnerError
from vectorstore.library import Library
from vectorstore.lock import only_writer
from vectorstore.sync import sync

HIDDEN = "Something that this server keeps cannot be used at the moment; its owner finds more in the log."
THUMB = {"vote": "up", "answer": {"question": "q", "state": "complete", "text": "t", "claims": [], "citations": []}}


@pytest.fixture
def building(tmp_path):
    return Building(tmp_path / "library")


@pytest.fixture
def senders(building):
    building.folder.mkdir()
    return {name: building.signed_in(name, "ask", "read", "write", *more) for name, more in PEOPLE.items()}


PEOPLE = {"anna": (), "owner": ("admin",)}


def damaged(path):
    path.write_bytes(b"This is no database." * 400)


def hears(response, building, name):
    """Whether somebody hears what they may of an error, and no more."""
    body = response.json()
    assert (response.status_code, body["code"]) == (503, "unavailable")
    assert set(body) == {"code", "message", "request_id"}
    if name == "owner":
        return str(building.folder) in body["message"]
    return body["message"] == HIDDEN


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/conversations", None),
        ("GET", "/api/conversations/x", None),
        ("GET", "/api/conversations/x/export", None),
        ("DELETE", "/api/conversations/x", None),
        ("DELETE", "/api/me", None),
        ("POST", "/api/conversations", {"question": "quote NATO"}),
        ("POST", "/api/conversations/x/exchanges", {"question": "quote NATO"}),
        ("GET", "/api/conversations/x/exchanges/1/live", None),
        ("GET", "/api/conversations/x/exchanges/1/next", None),
        ("POST", "/api/feedback", THUMB),
    ],
)
def test_a_file_that_is_damaged_is_the_owners_business(building, senders, name, method, path, body):
    damaged(building.folder / HISTORY)
    damaged(building.folder / FEEDBACK)
    assert hears(building.client(senders[name]).request(method, path, json=body), building, name)


def test_while_the_keys_cannot_be_read_nobody_is_let_in_and_nobody_told_why(building, senders):
    headers = building.key("one", "ask", "admin").headers
    damaged(building.folder / KEYS)
    for path in ("/api/me", "/", "/api/conversations"):
        found = knock(building.app("key"), "GET", path, headers)
        assert (found.status, found.json()["message"]) == (503, HIDDEN)


@pytest.mark.parametrize("name", PEOPLE)
def test_a_stream_tells_no_more_of_it_than_another_answer(building, senders, name):
    class Unreachable:
        def search(self, query, *, k, filters):
            raise OwnerError(f"{building.folder} is on fire")

    building.assistant.retriever = Unreachable()
    for accept in ("text/event-stream", JSON):
        client = building.client(senders[name])
        response = client.post("/api/ask", json={"question": "quote NATO"}, headers={"accept": accept})
        body = response.json() if accept == JSON else json.loads(response.text.partition("data: ")[2])
        assert body["code"] == "unavailable"
        assert (str(building.folder) in body["message"]) == (name == "owner")
        assert name == "owner" or body["message"] == HIDDEN


def test_what_is_kept_of_a_failed_answer_names_nothing_of_the_owners_even_for_the_owner(building, senders):
    class Unreachable:
        def search(self, query, *, k, filters):
            raise OwnerError(f"{building.folder} is on fire")

    building.assistant.retriever = Unreachable()
    with building.client(senders["owner"]) as client:
        begun = client.post("/api/conversations", json={"question": "quote NATO"}).json()
        assert str(building.folder) not in client.get(f"/{begun['live']}").text
        kept = client.get(f"/api/conversations/{begun['conversation']}").json()
        assert [one["error"] for one in kept["exchanges"]] == [HIDDEN]


@pytest.mark.parametrize("name", PEOPLE)
def test_a_library_that_somebody_else_writes_takes_no_upload_and_names_no_folder(tmp_path, name):
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "x.md").write_text("# Rain\n\nIt rained.", encoding="utf-8")
    library = Library.create(tmp_path / "library")
    sync([tmp_path / "news"], library, WordEmbedder(), passage_tokens=60)
    uploads = Uploads(library, WordEmbedder(), tmp_path / "uploads", passage_tokens=60, limit=1000)
    assistant = scripted_assistant()
    assistant.library = library
    building = Building(tmp_path / "library", assistant=assistant, uploads=uploads)
    client = building.client(building.signed_in(name, "ask", "read", "write", *PEOPLE[name]))
    with only_writer(tmp_path / "library"):
        assert hears(client.post("/api/documents", files={"file": ("y.md", b"# Y\n\nIt snowed.")}), building, name)
        (document,) = library.documents()
        told = client.delete(f"/api/documents/{document.id}").json()
    assert str(tmp_path) not in told["message"]
