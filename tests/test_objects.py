"""Whose is what: nobody reads, changes or notices what is somebody else's, by whatever way both come in (API-02)."""

import json
import re
from uuid import uuid4

import pytest
from entering import Building, code_of, told
from scripted import Marking, Script
from stand_ins import WordEmbedder

from assistant.open import open_assistant
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.uploads import Uploads
from vectorstore.library import Library
from vectorstore.retrieve import Retriever
from vectorstore.sync import sync
from vectorstore.types import Filters

COLLECTIONS = """
red: {documents: ["red/*"], read: [red], write: [red]}
blue: {documents: ["blue/*"], read: [blue], write: [blue]}
open: {documents: ["open/*"], read: [everybody]}
"""
FARAWAY = "The password of the archive is kumquat."
DOCUMENTS = {
    "red/plan.md": "# Crimson Lantern\n\nRuth Amber said that the Crimson Lantern opens on Monday. "
    "Nobody else was told about the opening of the Lantern. " * 9 + "The weather was mild. " * 50 + FARAWAY,
    "blue/plan.md": "# Azure Harbour\n\nSaul Boyer said that the Azure Harbour opens on Friday. Everybody was told.",
    "open/plan.md": "# The square\n\nIna Calder said that the square opens on Sunday. Everybody was told of it.",
}
SECRET = re.compile("crimson|lantern|ruth|amber|ruby|red/|kumquat|monday", re.IGNORECASE)


def indexed(folder, embedder):
    """Return a library of the documents, with their sources as named."""
    library = Library.create(folder / "library")
    for source, text in DOCUMENTS.items():
        path = folder / source
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sync([path.parent], library, embedder, passage_tokens=60)
    assert {document.source for document in library.documents()} == set(DOCUMENTS)
    (folder / "collections.yaml").write_text(COLLECTIONS, encoding="utf-8")
    return library


@pytest.fixture(scope="module")
def building(tmp_path_factory):
    """A real library with collections and uploads; answers are scripted, so that they can hang."""
    folder, embedder = tmp_path_factory.mktemp("objects"), WordEmbedder()
    library = indexed(folder, embedder)
    assistant = Assistant(library, Retriever(library, embedder, None), answerer=Script(), verifier=Marking())
    uploads = Uploads(library, embedder, folder / "uploads", passage_tokens=60, limit=100_000)
    built = Building(folder / "library", assistant=assistant, uploads=uploads, collections=folder / "collections.yaml")
    for name in ("anna", "ben"):
        built.key(name, "ask", "read", "write", groups=["red" if name == "anna" else "blue"])
    return built


def pairs(building):
    """Return A, who may read red, and B, who may read blue, of every kind; both on one server."""
    key = {name: {"authorization": f"Bearer {building.keys.add(name, SCOPES, [group])}"} for name, group in GROUPS}
    token = building.embedded
    return {
        "two keys": ("key", key["a"], key["b"]),
        "a key and a token of another": ("key", key["a"], token("b", "a", ["blue"]).headers),
        "a key and its own token": ("key", key["a"], token("a", "a", ["red"]).headers),
        "two people of one page": ("key", token("a", "x", ["red"]).headers, token("a", "y", []).headers),
        "one name of two pages": ("key", token("a", "x", ["red"]).headers, token("b", "x", ["blue"]).headers),
        "a session and a key": ("key", building.signed_in_with("a").headers, key["b"]),
        "two sessions": (
            "oidc",
            building.signed_in("x", *SCOPES, groups=["red"]).headers,
            building.signed_in("y", *SCOPES, groups=["blue"]).headers,
        ),
        "a person and a key of that name": (
            "oidc",
            building.signed_in("key:b", *SCOPES, groups=["red"]).headers,
            key["b"],
        ),
        "two people of a proxy": (
            "proxy",
            building.proxied("x", "red,editors").headers,
            building.proxied("y", "blue,editors").headers,
        ),
        "a person and an admin": (
            "proxy",
            building.proxied("x", "red").headers,
            building.proxied("eva", "bosses").headers,
        ),
        "whoever sits here and a key": ("none", {}, key["b"]),
    }


SCOPES = ("ask", "read", "write")
GROUPS = (("a", "red"), ("b", "blue"))
PAIRS = (
    "two keys",
    "a key and a token of another",
    "a key and its own token",
    "two people of one page",
    "one name of two pages",
    "a session and a key",
    "two sessions",
    "a person and a key of that name",
    "two people of a proxy",
    "a person and an admin",
    "whoever sits here and a key",
)


@pytest.fixture(scope="module")
def people(building):
    made = pairs(building)
    assert tuple(made) == PAIRS
    return made


def of_a_conversation(conversation, exchange, number=1):
    """Yield every request that names a conversation, as httpx takes it."""
    one = f"/api/conversations/{conversation}"
    thumb = {"exchange": exchange, "vote": "down"}
    yield "GET", one, {}
    yield "PATCH", one, {"json": {"title": "mine now"}}
    for form in ("markdown", "html", "json", "print"):
        yield "GET", f"{one}/export?form={form}", {}
    yield "POST", f"{one}/stop", {}
    yield "POST", f"{one}/exchanges", {"json": {"question": "quote square"}}
    yield "POST", f"{one}/exchanges", {"json": {"question": "quote square", "replaces": 1}}
    yield "GET", f"{one}/exchanges/{number}/live", {}
    yield "GET", f"{one}/exchanges/{number}/next", {}
    yield "POST", f"{one}/exchanges/{number}/feedback", {"json": thumb}
    yield "GET", f"{one}/exchanges/{number}/sources/1", {}
    yield "GET", f"{one}/exchanges/{number}/nearest/1", {}
    yield "DELETE", one, {}


def answered(client, headers, question, **body):
    """Ask in a conversation and return what was begun, once the answer is there."""
    begun = client.post("/api/conversations", headers=headers, json={"question": question, **body})
    begun.raise_for_status()
    assert "event: ended" in client.get(f"/{begun.json()['live']}", headers=headers).text
    return begun.json()


def entering(building, sign_in):
    """Return a client of a server that sends nothing of anybody's by itself, from the address of a proxy."""
    from entering import PROXY, Sender

    return building.client(Sender(sign_in, {}, PROXY if sign_in == "proxy" else "127.0.0.1"))


@pytest.mark.parametrize("pair", PAIRS)
def test_a_conversation_of_somebody_else_is_as_good_as_none(building, people, pair):
    sign_in, anna, ben = people[pair]
    with entering(building, sign_in) as client:
        begun = answered(client, anna, "quote square")
        conversation = begun["conversation"]
        before = client.get(f"/api/conversations/{conversation}", headers=anna).json()
        assert before["exchanges"][0]["answer"]["citations"]
        feedback = len(building_feedback(building))
        theirs = of_a_conversation(conversation, begun["exchange"])
        nobodys = of_a_conversation(uuid4().hex, uuid4().hex)
        for (method, path, more), (_, other, _) in zip(theirs, nobodys, strict=True):
            found = told(client.request(method, path, headers=ben, **more))
            assert found == told(client.request(method, other, headers=ben, **more)), (method, path)
            assert found[:2] == (404, "not_found"), (method, path)
        assert client.get(f"/api/conversations/{conversation}", headers=anna).json() == before
        assert len(building_feedback(building)) == feedback
        listed = client.get("/api/conversations", headers=ben).json()
        found = client.get("/api/conversations?search=square", headers=ben).json()
        assert conversation not in {one["id"] for one in (*listed, *found)}


def building_feedback(building):
    from assistant.feedback import FeedbackStore

    return FeedbackStore(building.folder).all()


@pytest.mark.parametrize("pair", PAIRS)
def test_an_answer_under_way_is_neither_followed_nor_stopped_by_somebody_else(building, people, pair):
    sign_in, anna, ben = people[pair]
    with entering(building, sign_in) as client:
        begun = client.post("/api/conversations", headers=anna, json={"question": "hang on"}).json()
        conversation = begun["conversation"]
        for (method, path, more), (_, other, _) in zip(
            of_a_conversation(conversation, begun["exchange"]), of_a_conversation(uuid4().hex, ""), strict=True
        ):
            found = told(client.request(method, path, headers=ben, **more))
            assert found == told(client.request(method, other, headers=ben, **more)), (method, path)
            assert found[0] == 404
        kept = client.get(f"/api/conversations/{conversation}", headers=anna).json()["exchanges"]
        assert [(one["question"], one["answer"]) for one in kept] == [("hang on", None)]
        assert client.post(f"/api/conversations/{conversation}/stop", headers=anna).status_code == 204
        kept = client.get(f"/api/conversations/{conversation}", headers=anna).json()["exchanges"]
        assert [one["answer"]["state"] for one in kept] == ["stopped"]


def test_an_idempotency_key_of_somebody_else_is_not_heard(building, people):
    sign_in, anna, ben = people["two keys"]
    with entering(building, sign_in) as client:
        again = {"idempotency-key": "the same"}
        mine = client.post("/api/ask", headers=anna | again, json={"question": "quote opens"}).json()
        theirs = client.post("/api/ask", headers=ben | again, json={"question": "quote opens"}).json()
        assert {one["source"] for one in mine["citations"]} == {"red/plan.md", "open/plan.md"}
        assert {one["source"] for one in theirs["citations"]} == {"blue/plan.md", "open/plan.md"}
        begun = [
            client.post("/api/conversations", headers=who | again, json={"question": "quote opens"}).json()
            for who in (anna, ben)
        ]
        assert begun[0]["conversation"] != begun[1]["conversation"]


def test_forgetting_oneself_forgets_nobody_else(building, people):
    sign_in, anna, ben = people["one name of two pages"]
    with entering(building, sign_in) as client:
        conversation = answered(client, anna, "quote square")["conversation"]
        answered(client, ben, "quote square")
        assert client.delete("/api/me", headers=ben).json()["conversations"] >= 1
        assert client.get("/api/conversations", headers=ben).json() == []
        assert client.get(f"/api/conversations/{conversation}", headers=anna).status_code == 200


def test_exchanges_and_sources_that_are_not_there_are_not_found(building, people):
    sign_in, anna, _ = people["two keys"]
    with entering(building, sign_in) as client:
        begun = answered(client, anna, "quote square")
        one = f"/api/conversations/{begun['conversation']}"
        for method, path, more in of_a_conversation(begun["conversation"], begun["exchange"], number=7):
            if "/exchanges/7/" in path and not path.endswith("/next"):
                assert client.request(method, path, headers=anna, **more).status_code == 404, path
        replacing = client.post(f"{one}/exchanges", headers=anna, json={"question": "quote square", "replaces": 7})
        assert code_of(replacing) == (404, "not_found")
        assert client.get(f"{one}/exchanges/1/sources/99", headers=anna).status_code == 404


# Documents of a collection that somebody may not read


def document_of(building, source):
    return building.assistant.library.find(source)


@pytest.mark.parametrize("pair", ["two keys", "two sessions", "two people of a proxy"])
def test_a_document_that_somebody_may_not_read_is_as_good_as_none(building, people, pair):
    sign_in, anna, ben = people[pair]
    with entering(building, sign_in) as client:
        body = {"files": {"file": ("handed in.md", b"# Crimson\n\nRuth Amber was here.")}}
        handed_in = client.post("/api/documents?collection=red", headers=anna, **body).json()
        for id in (document_of(building, "red/plan.md").id, handed_in["document_id"]):
            for method in ("GET", "DELETE"):
                found = told(client.request(method, f"/api/documents/{id}", headers=ben))
                assert found == told(client.request(method, f"/api/documents/{uuid4().hex}", headers=ben))
                assert found[:2] == (404, "not_found")
        assert document_of(building, handed_in["source"]) is not None
        for collection in ("red", "open", "nowhere", "../red", ""):
            path = f"/api/documents?collection={collection}"
            assert code_of(client.post(path, headers=ben, **body)) == (403, "not_allowed")
        assert code_of(client.post("/api/documents", headers=ben, **body)) == (403, "not_allowed")
        removed = client.delete(f"/api/documents/{handed_in['document_id']}", headers=anna)
        assert removed.json()["outcome"] == "deleted"


def test_who_may_write_nowhere_is_offered_no_upload(building):
    for groups, writes in [(["red"], ["red"]), (["readers"], [])]:
        client = building.client(building.signed_in("somebody", *SCOPES, groups=groups))
        told = client.get("/api/library").json()
        assert (told["uploads"], told["collections"]) == (bool(writes), writes)


# What one may not read reaches one nowhere


@pytest.fixture(scope="module")
def real(tmp_path_factory, embedder):
    """Servers with the real assistant: its answers, its suggestions, its search."""
    folder = tmp_path_factory.mktemp("real")
    library = indexed(folder, embedder)
    library.close()
    assistant = open_assistant(Settings(_env_file=None, library=folder / "library", uploads=None))
    return Building(folder / "library", assistant=assistant, collections=folder / "collections.yaml")


QUESTIONS = (
    "What opens on which day?",
    "Who was told?",
    "What did they say about the opening?",
    "What is the password?",
)


def everything_about(client, headers, **body):
    """Yield all that somebody can be told without naming anything, as text."""
    for question in QUESTIONS:
        yield client.post("/api/ask", headers=headers, json={"question": question, **body}).text
        events = {**headers, "accept": "text/event-stream"}
        yield client.post("/api/ask", headers=events, json={"question": question, **body}).text
        begun = answered(client, headers, question, **body)
        one = f"/api/conversations/{begun['conversation']}"
        client.post(f"{one}/exchanges", headers=headers, json={"question": "And what else was said?", **body})
        yield client.get(f"{one}/exchanges/2/live", headers=headers).text
        yield client.get(f"{one}/exchanges/1/live", headers=headers).text
        yield client.get(f"{one}/exchanges/1/next", headers=headers).text
        yield client.get(one, headers=headers).text
        for form in ("markdown", "html", "json", "print"):
            yield client.get(f"{one}/export?form={form}", headers=headers).text
        for number in range(1, 9):
            for kind in ("sources", "nearest"):
                yield client.get(f"{one}/exchanges/1/{kind}/{number}", headers=headers).text
    yield client.get("/api/library", headers=headers).text
    yield client.get("/", headers=headers).text
    yield client.get("/config", headers=headers).text


def searched(client, headers):
    for query in (*QUESTIONS, "Crimson Lantern", "kumquat"):
        yield client.post("/api/search", headers=headers, json={"query": query, "k": 50}).text
    for words in ("", "plan", "a", "Crimson", "red"):
        yield client.get(f"/api/documents?search={words}&limit=100", headers=headers).text


@pytest.mark.parametrize("way", ["key", "embed", "session", "proxy"])
def test_no_word_of_what_somebody_may_not_read_reaches_them(real, way):
    name = f"ben-{way}"
    key = real.key(name, "ask", "read", groups=["blue"])
    senders = {
        "key": key,
        "embed": real.embedded(name, "ben", ["blue"]),
        "session": real.signed_in("ben", "ask", "read", groups=["blue"]),
        "proxy": real.proxied("ben", "blue"),
    }
    sender = senders[way]
    with real.client(sender) as client:
        texts = [
            *everything_about(client, sender.headers),
            *(searched(client, sender.headers) if way != "embed" else ()),
        ]
        assert any("Azure Harbour" in text for text in texts)  # they do read what they may
        assert [text for text in texts if SECRET.search(text)] == []
        library = client.get("/api/library").json()
        assert (library["documents"], library["outlets"]) == (2, [])


def test_a_filter_that_names_what_somebody_may_not_read_finds_nothing(real):
    ben = real.signed_in("ben", "ask", "read", groups=["blue"])
    with real.client(ben) as client:
        for named in ("red/plan.md", document_of(real, "red/plan.md").id, "red/*", "RED/PLAN.MD"):
            for body in ({"documents": [named]}, {"outlets": ["Ruby Gazette"]}):
                hits = client.post("/api/search", json={"query": "opens on", "filters": body}).json()
                answer = client.post("/api/ask", json={"question": "What opens on which day?", "filters": body}).json()
                assert hits == []
                assert (answer["state"], answer["citations"], answer["searched"]["nearest"]) == ("abstained", [], [])


def test_a_token_reads_no_more_than_its_key_and_its_groups(real):
    real.key("both", "ask", "read", groups=["red", "blue"])
    held = Filters(documents=("red/plan.md",))
    for groups, documents in [(["red"], 1), (["blue"], 0), ([], 0)]:
        with real.client(real.embedded("both", "x", groups, held)) as client:
            assert client.get("/api/library").json()["documents"] == documents
            answer = client.post("/api/ask", json={"question": "What opens on Monday?"}).json()
            assert {one["source"] for one in answer["citations"]} == ({"red/plan.md"} if documents else set())


def test_with_the_right_to_read_goes_the_text_and_what_was_quoted_stays(real):
    before, after = (real.signed_in("ruth", "ask", "read", groups=[group]) for group in ("red", "blue"))
    with real.client(before) as client:
        begun = answered(client, before.headers, "What did Ruth Amber say about the Crimson Lantern?")
        one = f"/api/conversations/{begun['conversation']}"
        quote = client.get(one).json()["exchanges"][0]["answer"]["citations"][0]["quote"]
        assert "Crimson Lantern" in quote
        assert FARAWAY in client.get(f"{one}/exchanges/1/sources/1").text
    with real.client(after) as client:
        assert client.get(one).json()["exchanges"][0]["answer"]["citations"][0]["quote"] == quote
        for path in (f"{one}/exchanges/1/sources/1", f"{one}/exchanges/1/nearest/1"):
            assert told(client.get(path))[:2] == (404, "not_found")
        assert client.get(f"/api/documents/{document_of(real, 'red/plan.md').id}").status_code == 404
        shown = [client.get(f"{one}/export?form={form}").text for form in ("markdown", "html", "json", "print")]
        shown += [client.get(f"{one}/exchanges/1/live").text, client.get(one).text]
        assert not [text for text in shown if "kumquat" in text]
        assert not SECRET.search(client.get(f"{one}/exchanges/1/next").text)
        client.post(f"{one}/exchanges", json={"question": "And what else did she say?"})
        assert "event: ended" in client.get(f"{one}/exchanges/2/live").text
        latest = client.get(one).json()["exchanges"][1]["answer"]
        assert not {cited["source"] for cited in (*latest["citations"], *latest["searched"]["nearest"])} & {
            "red/plan.md"
        }
        assert not re.search("Monday|kumquat", json.dumps(latest["text"]))
