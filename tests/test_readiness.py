import asyncio
import json
import threading
from dataclasses import replace

import pytest
from scripted import scripted_assistant

from assistant.open import open_assistant
from assistant.settings import Settings
from assistant.web import readiness
from assistant.web.readiness import Readiness
from vectorstore.library import Library
from vectorstore.sync import sync
from vectorstore.types import Document

SECRET = "/srv/secret/place"
EVENING = Document("evening.md", "Evening", "The bridge is green. It was painted on Monday by eleven volunteers.")


class Search:
    """A search that counts how often it is asked and then does as it is told."""

    def __init__(self, then):
        self.asked, self.then = 0, then

    def search(self, query, *, k, filters=None):
        self.asked += 1
        return self.then(query)


def assistant_with(search, *documents):
    assistant = scripted_assistant(*documents or (EVENING,))
    assistant.retriever = search
    return assistant


def check(assistant):
    return asyncio.run(Readiness(assistant).check())


def test_a_library_whose_sentences_are_found_is_ready(sample_assistant):
    assert check(sample_assistant) == (True, {"status": "ready"})


def test_an_empty_library_is_not_ready_because_nothing_is_indexed(tmp_path, embedder):
    (tmp_path / "empty").mkdir()
    sync([tmp_path / "empty"], Library.create(tmp_path / "library"), embedder, passage_tokens=200)
    settings = Settings(_env_file=None, library=tmp_path / "library", embedding="bundled", model=None)
    ready, told = check(open_assistant(settings))
    assert not ready
    assert told == {"status": "not ready", "failed": "empty", "message": "Nothing is indexed."}


def test_an_index_that_is_gone_is_a_failing_search(tmp_path, embedder):
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.txt").write_text(EVENING.text)
    library = Library.create(tmp_path / "library")
    sync([tmp_path / "documents"], library, embedder, passage_tokens=200)
    settings = Settings(_env_file=None, library=tmp_path / "library", embedding="bundled", model=None)
    assistant = open_assistant(settings)
    for path in library.index_directory().rglob("*.*"):
        path.unlink()
    ready, told = check(assistant)
    assert (ready, told["failed"]) == (False, "search")
    assert str(tmp_path) not in json.dumps(told)


def test_a_damaged_library_is_told_in_one_word(tmp_path, embedder):
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.txt").write_text(EVENING.text)
    library = Library.create(tmp_path / "library")
    sync([tmp_path / "documents"], library, embedder, passage_tokens=200)
    settings = Settings(_env_file=None, library=tmp_path / "library", embedding="bundled", model=None)
    assistant = open_assistant(settings)
    library.close()  # an open one would write what it knows over the damage
    assistant.library.close()
    for name in ("library.db-wal", "library.db-shm"):
        (tmp_path / "library" / name).unlink(missing_ok=True)
    (tmp_path / "library" / "library.db").write_bytes(b"not a database" * 1000)
    ready, told = check(assistant)
    assert (ready, told["failed"]) == (False, "library")
    assert str(tmp_path) not in json.dumps(told)


def test_a_search_that_finds_other_documents_is_not_ready():
    other = scripted_assistant(replace(EVENING, source="other.md", text="Nothing of it is here.")).retriever
    assert check(assistant_with(other))[1]["failed"] == "search"


def test_a_copy_under_another_name_is_as_good():
    copy = scripted_assistant(replace(EVENING, source="copy.md")).retriever
    assert check(assistant_with(copy))[0]


class Panic(BaseException):
    """As Rust code panics: no Exception."""


@pytest.mark.parametrize("error", [RuntimeError(SECRET), Panic(SECRET)])
def test_what_went_wrong_inside_is_not_told(error):
    def fail(query):
        raise error

    ready, told = check(assistant_with(Search(fail)))
    assert (ready, told["failed"]) == (False, "search")
    assert SECRET not in json.dumps(told)


def test_a_document_deleted_meanwhile_is_no_failure():
    assistant = scripted_assistant(EVENING)
    found = assistant.retriever.search("")
    assistant.retriever = Search(lambda query: () if assistant.retriever.asked == 1 else found)
    assert check(assistant)[0]


def test_many_who_ask_cause_one_search_until_ten_seconds_have_passed():
    search = Search(scripted_assistant(EVENING).retriever.search)
    checking = Readiness(assistant_with(search))

    async def many():
        return await asyncio.gather(*(checking.check() for _ in range(50)))

    assert all(ready for ready, _ in asyncio.run(many()))
    assert asyncio.run(checking.check())[0]  # in another loop, as test clients do
    assert search.asked == 1
    checking._begun -= readiness.EVERY
    assert all(ready for ready, _ in asyncio.run(many()))
    assert search.asked == 2


def test_a_search_that_hangs_is_told_and_no_other_is_begun_beside_it(monkeypatch):
    monkeypatch.setattr(readiness, "PATIENCE", 0.2)
    go_on = threading.Event()
    real = scripted_assistant(EVENING).retriever

    def hang(query):
        go_on.wait(60)
        return real.search(query)

    search = Search(hang)
    checking = Readiness(assistant_with(search))
    for _ in range(3):
        ready, told = asyncio.run(checking.check())
        assert (ready, told["failed"]) == (False, "timeout")
        checking._begun -= readiness.EVERY
    assert search.asked == 1
    look = checking._look
    go_on.set()
    look.result(timeout=60)
    checking._begun += 3 * readiness.EVERY
    assert asyncio.run(checking.check())[0]


def test_whoever_asks_and_goes_away_stops_nothing():
    go_on = threading.Event()
    real = scripted_assistant(EVENING).retriever

    def wait(query):
        go_on.wait(60)
        return real.search(query)

    search = Search(wait)
    checking = Readiness(assistant_with(search))

    async def leave():
        asking = asyncio.create_task(checking.check())
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        go_on.set()
        return await checking.check()

    assert asyncio.run(leave())[0]
    assert search.asked == 1
