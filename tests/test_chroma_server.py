"""Vectors on a Chroma server: the laws of the folder hold, and a server that is away takes nothing down."""

import asyncio
import json
import logging
import os
import re
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from stand_ins import WordEmbedder
from starlette.testclient import TestClient

from assistant.backup import back_up
from assistant.check import check_text
from assistant.commands.configured import read_settings
from assistant.contract import hits_json
from assistant.doctor import examine
from assistant.open import open_assistant
from assistant.plain import hits_text
from assistant.restore import restore
from assistant.settings import Settings
from assistant.terminal import Terminal, show_hits
from assistant.web.app import create_app
from assistant.web.readiness import Readiness
from assistant.web.schema import Ready
from vectorstore import places
from vectorstore.chroma_server import ChromaServer
from vectorstore.errors import IndexAway, OwnerError, UserError
from vectorstore.library import Library
from vectorstore.retrieve import Retriever
from vectorstore.sync import sync
from vectorstore.types import ByWords, Filters, notice_of

DATABASE = "/api/v2/tenants/default_tenant/databases/default_database/collections"
TEXTS = {
    "ant.txt": "The ant is small.\n\nIt carries leaves.",
    "bee.txt": "The bee is busy.\n\nIt carries pollen.",
    "cat.md": "# Felines\n\nThe cat sleeps.\n\nIt carries nothing.",
    "twin.txt": "The ant is small.\n\nIt carries leaves.",
}
QUERIES = ("small ant", "who carries pollen", "sleeping felines", "nothing that is there", "Wolke")


class Running:
    """A `chroma run` of our own on a free port of this machine."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        run = "import sys; from chromadb.cli.cli import app; sys.exit(app())"
        given = ["run", "--path", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", run, *given], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        eventually(lambda: self.process.poll() is not None or self.answers())
        assert self.process.poll() is None

    def answers(self):
        try:
            return bool(self.ask("/api/v2/heartbeat"))
        except OSError:
            return False

    def stop(self):
        self.process.kill()
        self.process.wait()

    def ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        with urlopen(request) as answer:
            return json.load(answer)

    def names(self):
        return sorted(each["name"] for each in self.ask(DATABASE))


def eventually(holds):
    """Wait until something holds; that it never does is the failure, however slow the machine."""
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end
        threading.Event().wait(0.05)


@pytest.fixture(scope="module")
def chroma(tmp_path_factory):
    running = Running(tmp_path_factory.mktemp("chroma"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def away():
    """An address of this machine where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def zoo(tmp_path):
    folder = tmp_path / "zoo"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    return folder


def opened(directory, url=None):
    return Library.create(directory, ChromaServer(url) if url else None)


def run(library, folder, **more):
    return sync([folder], library, WordEmbedder(), passage_tokens=8, **more)


def found(library, query, **more):
    return Retriever(library, WordEmbedder()).search(query, k=5, **more)


def ours(chroma, library):
    (prefix,) = re.findall("footnote-[0-9a-f]{32}-", library.manifest().generation)
    return [name.removeprefix(prefix) for name in chroma.names() if name.startswith(prefix)]


def indexed_by_another_process(zoo, directory, url, kill=False):
    """Index in a process of its own, which can be killed when the vectors are on the server and nobody knows."""
    script = f"""
import os
from pathlib import Path
from stand_ins import WordEmbedder
from vectorstore.chroma_server import ChromaServer
from vectorstore.library import Library
from vectorstore.sync import sync

def watch(progress):
    if {kill} and progress.stage == "building" and progress.done:
        os.kill(os.getpid(), 9)

library = Library.create(Path({str(directory)!r}), ChromaServer({url!r}))
sync([Path({str(zoo)!r})], library, WordEmbedder(), passage_tokens=8, on_progress=watch)
"""
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": path}, check=False)
    assert done.returncode == (-9 if kill else 0)


def test_the_server_holds_keys_and_vectors_and_no_word_of_a_document(chroma, zoo, tmp_path):
    library = opened(tmp_path / "library", chroma.url)
    run(library, zoo)
    name = library.manifest().generation
    collection = chroma.ask(f"{DATABASE}/{name}")
    everything = {"include": ["documents", "metadatas", "uris"]}
    held = chroma.ask(f"{DATABASE}/{collection['id']}/get", everything)
    assert collection["metadata"] is None
    assert not any([*held["documents"], *held["metadatas"], *held["uris"]])
    assert set(held["ids"]) == set(library.embedding_keys())
    kept = b"".join(path.read_bytes() for path in chroma.folder.rglob("*") if path.is_file())
    assert name.encode() in kept
    for word in (b"pollen", b"leaves", b"Felines", b"ant.txt", b"zoo/", str(tmp_path).encode()):
        assert word not in kept


def test_a_reader_sees_what_another_process_indexed_and_the_generation_before_it_stays(chroma, zoo, tmp_path):
    directory = tmp_path / "library"
    library = opened(directory, chroma.url)
    run(library, zoo)
    readers = [Retriever(library, WordEmbedder()) for _ in range(2)]
    assert all("dog" not in reader.search("dog", k=1)[0].text for reader in readers)
    for day in range(3):
        (zoo / "dog.txt").write_text(f"The dog barks on day {day}.")
        if day == 0:
            indexed_by_another_process(zoo, directory, chroma.url)
        else:
            run(opened(directory, chroma.url), zoo)
        for reader in readers:
            (hit,) = reader.search(f"dog barks day {day}", k=1)
            assert hit.text == f"The dog barks on day {day}."
    assert ours(chroma, library) == ["gen-00003", "gen-00004"]
    assert library.manifest().generation.endswith("gen-00004")


def test_a_killed_run_leaves_the_old_state_and_the_next_one_deletes_what_it_left(chroma, zoo, tmp_path):
    library = opened(tmp_path / "library", chroma.url)
    run(library, zoo)
    before = library.manifest()
    (zoo / "dog.txt").write_text("The dog barks.")
    indexed_by_another_process(zoo, tmp_path / "library", chroma.url, kill=True)
    assert library.manifest() == before
    assert ours(chroma, library) == ["gen-00001", "gen-00002"]
    half = chroma.ask(f"{DATABASE}/{before.generation[:-1]}2")["id"]
    assert found(library, "dog barks")[0].text != "The dog barks."
    run(library, zoo)
    assert found(library, "dog barks")[0].text == "The dog barks."
    assert ours(chroma, library) == ["gen-00001", "gen-00002"]
    assert chroma.ask(f"{DATABASE}/{library.manifest().generation}")["id"] != half


def test_libraries_on_one_server_leave_each_other_alone(chroma, zoo, tmp_path):
    one, other = opened(tmp_path / "one", chroma.url), opened(tmp_path / "other", chroma.url)
    chroma.ask(DATABASE, {"name": "somebody-elses"})
    run(one, zoo)
    for day in range(3):
        (zoo / "dog.txt").write_text(f"The dog barks on day {day}.")
        run(other, zoo)
    assert ours(chroma, one) == ["gen-00001"]
    assert ours(chroma, other) == ["gen-00002", "gen-00003"]
    assert "somebody-elses" in chroma.names()
    assert places.examine(one) is None


def test_a_restored_library_is_another_one_than_that_in_the_backup(chroma, zoo, tmp_path):
    old = Settings(_env_file=None, library=tmp_path / "old", uploads=None, chroma_url=chroma.url)
    new = Settings(_env_file=None, library=tmp_path / "new", uploads=None, chroma_url=chroma.url)
    library = opened(old.library, chroma.url)
    run(library, zoo)
    back_up(old, tmp_path / "backup.tar")
    assert restore(new, tmp_path / "backup.tar").passages == library.manifest().passages
    restored = opened(new.library, chroma.url)
    assert ours(chroma, restored) == ["gen-00002"]
    assert ours(chroma, library) == ["gen-00001"]
    assert found(restored, "small ant") == found(library, "small ant")


def everything_found(library):
    two = Filters(documents=("zoo/ant.txt", "zoo/bee.txt"))
    return [found(library, query, filters=filters) for query in QUERIES for filters in (Filters(), two)]


def test_a_library_moves_to_a_server_and_back_finds_the_same_and_embeds_nothing_again(chroma, zoo, tmp_path):
    directory = tmp_path / "library"
    run(opened(directory), zoo)
    hits = everything_found(opened(directory))
    # Until it is indexed again, the folder is searched.
    assert everything_found(opened(directory, chroma.url)) == hits
    moved = run(opened(directory, chroma.url), zoo)
    assert (moved.embedded, moved.unchanged) == (0, tuple(f"zoo/{name}" for name in sorted(TEXTS)))
    assert moved.notes == (
        f"the vector index was built again, because it is to lie on the Chroma server at {chroma.url}",
    )
    assert everything_found(opened(directory, chroma.url)) == hits
    assert places.examine(opened(directory, chroma.url)) is None
    assert os.listdir(directory / "index") == ["gen-00001"]  # a reader may still have it open
    run(opened(directory, chroma.url), zoo)
    assert os.listdir(directory / "index") == []

    there = opened(directory, chroma.url).manifest().generation
    without = found(opened(directory), "busy bee")
    assert isinstance(without, ByWords)
    back = run(opened(directory), zoo)
    assert back.embedded == 0
    assert f"{there} stays there until it is deleted" in back.notes[0]
    assert opened(directory).manifest().generation == "gen-00003"
    assert everything_found(opened(directory)) == hits


@pytest.mark.parametrize("made_as", [None, {"hnsw": {"space": "l2"}}], ids=["gone", "of another kind"])
def test_a_collection_that_is_gone_or_none_of_ours_is_told_and_built_anew(chroma, zoo, tmp_path, made_as):
    library = opened(tmp_path / "library", chroma.url)
    run(library, zoo)
    name = library.manifest().generation
    chroma.ask(f"{DATABASE}/{name}", method="DELETE")
    if made_as:
        chroma.ask(DATABASE, {"name": name, "configuration": made_as})
    assert isinstance(found(library, "small ant"), ByWords)
    assert name in places.examine(library)
    report = run(library, zoo)
    assert (report.embedded, name in report.notes[0]) == (0, True)
    assert notice_of(found(library, "small ant")) is None


def test_indexing_without_the_server_says_one_sentence_and_changes_nothing(chroma, away, zoo, tmp_path):
    library = opened(tmp_path / "library", chroma.url)
    run(library, zoo)
    before = library.manifest(), list(library.documents())
    (zoo / "dog.txt").write_text("The dog barks.")
    library.server = ChromaServer(away)
    with pytest.raises(OwnerError, match=f"the Chroma server at {away} does not answer .*FOOTNOTE_CHROMA_URL"):
        run(library, zoo)
    assert (library.manifest(), list(library.documents())) == before


def test_a_server_that_comes_back_is_noticed_and_until_then_words_find(chroma, zoo, tmp_path, caplog):
    library = opened(tmp_path / "library", chroma.url)
    run(library, zoo)
    reader = Retriever(library, WordEmbedder())
    whole = reader.search("busy bee", k=5)
    chroma.stop()
    try:
        for _ in range(3):
            hits = reader.search("busy bee", k=5)
            assert notice_of(hits) == ByWords.notice
            assert hits[0] == whole[0]
            assert len(hits) < len(whole)
        assert reader.search("Wolke") == ()
    finally:
        chroma.start()
    eventually(lambda: notice_of(reader.search("busy bee", k=5)) is None)
    assert reader.search("busy bee", k=5) == whole
    logged = [record for record in caplog.records if record.name == "vectorstore.retrieve"]
    assert [chroma.url in record.getMessage() for record in logged] == [True, False]
    assert {record.levelno for record in logged} == {logging.WARNING}


@pytest.fixture(scope="module")
def news(chroma, tmp_path_factory, embedder):
    """Settings of a library of one article, as a person has them."""
    place = tmp_path_factory.mktemp("news")
    (place / "news").mkdir()
    (place / "news" / "a.txt").write_text("The bridge is green. It was painted on Monday by eleven volunteers.")
    sync([place / "news"], opened(place / "library", chroma.url), embedder, passage_tokens=200)
    return Settings(_env_file=None, library=place / "library", chroma_url=chroma.url, chroma_token="open-sesame")


def test_an_assistant_opens_answers_and_is_ready_without_the_server_and_says_so(news, away):
    assistant = open_assistant(news)
    assert asyncio.run(Readiness(assistant).check()) == (True, {"status": "ready"})
    assert assistant.ask("Who painted the bridge?").notice is None

    assistant = open_assistant(news.model_copy(update={"chroma_url": away}))
    answer = assistant.ask("Who painted the bridge?")
    assert (answer.state, answer.notice) == ("complete", ByWords.notice)
    assert assistant.ask("Wolkenkuckucksheim?").notice == ByWords.notice


def test_programs_are_told_that_words_alone_were_searched(news, away):
    settings = news.model_copy(update={"chroma_url": away})
    with TestClient(create_app(open_assistant(settings), settings, []), base_url="http://127.0.0.1:7860") as client:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["status"], answer.json()["limited"]) == (200, "ready", "words")
        assert Ready(**answer.json())
        found = client.post("/api/search", json={"query": "green bridge"})
        assert (len(found.json()), found.headers["Footnote-Notice"]) == (1, ByWords.notice)
        assert client.post("/api/ask", json={"question": "Who painted it?"}).json()["notice"] == ByWords.notice


def test_what_is_found_by_words_alone_is_told_wherever_hits_are_shown(news, away, capsys):
    hits = open_assistant(news.model_copy(update={"chroma_url": away})).retriever.search("green bridge")
    show_hits(hits, Terminal())
    told = " ".join(capsys.readouterr().out.split())
    assert len(hits) == 1
    assert ByWords.notice in told
    assert ByWords.notice in hits_text(hits)
    assert ByWords.notice in hits_text(ByWords())
    assert hits_json("green bridge", hits)["notice"] == ByWords.notice
    assert "notice" not in hits_json("green bridge", tuple(hits))


def test_a_text_is_not_called_unsupported_without_saying_how_it_was_looked_up(news, away):
    (checked,) = check_text("Nobody ever ate the moon.", open_assistant(news.model_copy(update={"chroma_url": away})))
    assert checked.judgement.verdict == "unsupported"
    assert f"search: {ByWords.notice}" in checked.judgement.reasons


def test_the_doctor_looks_at_the_server_and_hides_its_token(news, away):
    findings = examine(news)
    (index,) = (one for one in findings if one.name == "index")
    assert (index.state, news.chroma_url in index.detail) == ("ok", True)
    assert "open-sesame" not in str(findings)
    (index,) = (one for one in examine(news.model_copy(update={"chroma_url": away})) if one.name == "index")
    assert (index.state, away in index.detail) == ("broken", True)


class Answering:
    """A server that answers everything alike and remembers what it was asked."""

    def __init__(self, status, content):
        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(dict(self.headers))
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize(
    ("status", "content", "told"),
    [
        (200, b"<html>Welcome", "no Chroma server"),
        (200, b'{"hello": 1}', "no Chroma server"),
        (404, b"not found", "no Chroma server"),
        (401, b"", "FOOTNOTE_CHROMA_TOKEN"),
        (403, b"", "FOOTNOTE_CHROMA_TOKEN"),
        (302, b"", "302"),
        (502, b"Bad gateway", "502 .Bad gateway."),
    ],
)
def test_what_is_no_chroma_server_is_told_in_one_sentence_without_the_token(status, content, told):
    with Answering(status, content) as answering:
        server = ChromaServer(answering.url, "open-sesame")
        with pytest.raises(IndexAway, match=told) as raised:
            server.names()
        assert answering.url in str(raised.value)
        assert "open-sesame" not in str(raised.value)
        assert answering.asked[0]["Authorization"] == "Bearer open-sesame"


def test_a_server_that_hangs_costs_one_search_its_patience_and_not_the_next():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = ChromaServer(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(IndexAway, match="does not answer"):
            server.names()
        silent.accept()[0].close()
        silent.settimeout(0.2)
        with pytest.raises(IndexAway, match="did not answer just now"):
            server.names()
        with pytest.raises(TimeoutError):
            silent.accept()


@pytest.mark.parametrize(
    "url", ["http://me:open-sesame@host:8000", "host:8000", "file:///etc", "http://h/?a=b", "http://"]
)
def test_an_address_that_would_show_a_password_or_is_none_is_refused_and_not_repeated(url, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="FOOTNOTE_CHROMA_URL") as raised:
        read_settings(chroma_url=url)
    assert "open-sesame" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "https://chroma.corp.example/vectors/", "http://[::1]:8000"])
def test_addresses_of_servers_are_taken(url):
    assert Settings(_env_file=None, chroma_url=url).chroma_url == url
