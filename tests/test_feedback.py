"""Thumbs up and down: how they are kept, what the API takes, and the cases that are drafted from them."""

import datetime
import json
import os
import sqlite3
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scripted import scripted_assistant
from starlette.testclient import TestClient

from assistant import feedback
from assistant.commands.configured import read_settings
from assistant.commands.index import index_paths
from assistant.contract import answer_json
from assistant.feedback import FeedbackStore
from assistant.open import open_assistant
from assistant.settings import Settings
from assistant.types import Turn
from assistant.web.app import create_app
from evals.cases import load_suite
from evals.command import run
from vectorstore.errors import UserError

ANSWER = {
    "question": "Who?",
    "state": "complete",
    "text": "He did [1].",
    "claims": [],
    "citations": [],
    "later": {"x": 1},
}
DOCUMENT = "# Leave\n\nEvery employee has 28 days of paid leave a year.\n"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("FOOTNOTE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def team(tmp_path):
    """A folder with one document, indexed; return the assistant on it."""
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook" / "leave.md").write_text(DOCUMENT, encoding="utf-8")
    settings = read_settings(library=tmp_path / "library", model=None)
    index_paths([tmp_path / "handbook"], settings)
    return open_assistant(settings)


def test_what_is_kept_comes_back_whole_and_oldest_first(tmp_path):
    store = FeedbackStore(tmp_path)
    assert store.all() == ()
    assert not store.path.exists()
    noon = datetime.datetime(2025, 8, 18, 12, tzinfo=datetime.UTC)
    history = (Turn("user", "Hello"), Turn("assistant", "Yes?"))
    second = store.add("down", ANSWER, reason="wrong", words="No “\ud800” at all", history=history, at=noon)
    first = store.add("up", ANSWER, at=noon - datetime.timedelta(days=1))
    assert store.all() == (first, second)


def test_two_writers_lose_nothing(tmp_path):
    stores = [FeedbackStore(tmp_path) for _ in range(2)]
    threads = [threading.Thread(target=lambda one=one: [one.add("up", ANSWER) for _ in range(10)]) for one in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores[0].all()) == 20


def old_file(folder, *ids):
    """Make a file as it was before users were known, with an entry for each id."""
    entry = json.dumps({"reason": None, "words": "w", "history": [], "answer": ANSWER})
    with closing(sqlite3.connect(folder / "feedback.db")) as connection:
        connection.execute(
            "CREATE TABLE feedback "
            "(id TEXT PRIMARY KEY, at TEXT NOT NULL, vote TEXT NOT NULL, entry TEXT NOT NULL) STRICT"
        )
        rows = [(id, "2025-08-18T12:00:00+00:00", "down", entry) for id in ids]
        connection.executemany("INSERT INTO feedback VALUES (?, ?, ?, ?)", rows)
        connection.commit()


def test_a_file_from_before_users_were_known_goes_on_and_its_entries_are_nobodys(tmp_path):
    old_file(tmp_path, "a", "b")
    store = FeedbackStore(tmp_path)
    assert [(one.id, one.words, one.user) for one in store.all()] == [("a", "w", ""), ("b", "w", "")]
    mine = store.add("up", ANSWER, user="ann")
    assert store.all()[2] == mine
    assert store.forget("ann") == 1
    assert [one.id for one in FeedbackStore(tmp_path).all()] == ["a", "b"]


def test_all_who_open_an_old_file_at_once_can_use_it(tmp_path):
    old_file(tmp_path, "a")
    begin, failed = threading.Barrier(8), []

    def use(number):
        begin.wait()
        try:
            FeedbackStore(tmp_path).add("up", ANSWER, user=str(number))
        except UserError as error:
            failed.append(error)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(one.user for one in FeedbackStore(tmp_path).all()) == ["", *map(str, range(8))]


@given(st.lists(st.text(st.characters(exclude_categories=())), min_size=1, max_size=4), st.data())
@example(["\ud83d\ude00", "\U0001f600", "\0", ""], None)
def test_what_a_user_gave_is_forgotten_and_nothing_else_whatever_characters_name_them(users, data):
    with tempfile.TemporaryDirectory() as folder:
        store = FeedbackStore(Path(folder))
        for user in users:
            store.add("up", ANSWER, user=user)
        assert sorted(one.user for one in store.all()) == sorted(users)
        gone = data.draw(st.sampled_from(users)) if data else users[0]
        assert store.forget(gone) == users.count(gone)
        assert sorted(one.user for one in store.all()) == sorted(user for user in users if user != gone)


def test_what_is_forgotten_leaves_no_character_in_the_file(tmp_path):
    store = FeedbackStore(tmp_path)
    assert store.forget("ann") == 0
    assert not store.path.exists()
    for number in range(20):
        store.add("down", ANSWER | {"text": "Quokka " * 500}, words=f"Xylophon {number}", user="ann")
    store.add("up", ANSWER, user="bob")
    assert store.forget("ann") == 20
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [word for word in (b"Quokka", b"Xylophon", b'"ann"') if word in written] == []
    assert [one.user for one in store.all()] == ["bob"]


def test_a_store_that_is_full_says_so_and_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(feedback, "MOST", 1)
    store = FeedbackStore(tmp_path)
    store.add("up", ANSWER)
    with pytest.raises(UserError, match="is full with 1 entries"):
        store.add("up", ANSWER)
    assert len(store.all()) == 1


def test_a_file_that_is_no_store_is_one_sentence(tmp_path):
    (tmp_path / "feedback.db").write_text("this is no database, only text" * 100)
    with pytest.raises(UserError, match="cannot be used"):
        FeedbackStore(tmp_path).all()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return FeedbackStore(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def client(store):
    app = create_app(scripted_assistant(), Settings(_env_file=None, library=store.path.parent))
    with TestClient(app, base_url="http://127.0.0.1:7860", raise_server_exceptions=False) as client:
        yield client


def test_the_api_keeps_the_whole_answer(client, store):
    answer = client.post("/api/ask", json={"question": "quote categorical rejection"}).json()
    body = {"vote": "down", "reason": "incomplete", "words": "too short", "answer": answer}
    response = client.post("/api/feedback", json=body)
    assert response.status_code == 201, response.text
    kept = store.all()[-1]
    assert response.json() == {"id": kept.id}
    assert (kept.vote, kept.reason, kept.words, kept.answer) == ("down", "incomplete", "too short", answer)


@pytest.mark.parametrize(
    "wrong",
    [
        {"vote": "sideways"},
        {"reason": "dull"},
        {"words": "x" * 2001},
        {"answer": {"question": "Who?"}},
        {"answer": ANSWER | {"state": "fine"}},
        {"answer": ANSWER | {"citations": [{}] * 1001}},
        {"history": [{"role": "user", "content": "x"}] * 101},
        {"more": 1},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_the_api_takes_nothing_else(client, store, wrong):
    before = len(store.all())
    response = client.post("/api/feedback", json={"vote": "down", "answer": ANSWER} | wrong)
    assert response.status_code == 422
    assert len(store.all()) == before


def test_other_sites_cannot_vote(client, store):
    before = len(store.all())
    headers = {"origin": "https://elsewhere.example"}
    assert client.post("/api/feedback", json={"vote": "up", "answer": ANSWER}, headers=headers).status_code == 403
    assert len(store.all()) == before


def complain(assistant, question, **details):
    answer = json.loads(json.dumps(answer_json(assistant.ask(question))))
    return FeedbackStore(assistant.library.directory).add("down", answer, **details)


def test_a_thumb_down_becomes_a_draft_with_what_was_answered_and_cited(team, tmp_path, capsys):
    history = (Turn("user", "Tell me of leave"), Turn("assistant", "Ask."))
    complain(
        team, "How many days of paid leave does an employee have?", reason="wrong", words="It is 30!", history=history
    )
    assert run(["eval", "from-feedback", "bad.jsonl", "--library", "library"]) == 0
    assert "1 draft case added from 1 thumbs-down" in capsys.readouterr().out
    (case,) = load_suite(tmp_path / "bad.jsonl").cases
    assert case.draft
    assert case.history == history
    assert [gold.quote for gold in case.gold] == ["Every employee has 28 days of paid leave a year."]
    (wrong,) = case.wrong
    assert (wrong.answer, wrong.error) == ("Every employee has 28 days of paid leave a year. [q1]", "wrong")
    assert "It is 30!" in case.notes


def test_an_abstention_has_no_wrong_answer_but_what_was_nearest(team, tmp_path):
    complain(team, "What is the dress code of the opera?", reason="not_found")
    run(["eval", "from-feedback", "bad.yaml", "--library", "library"])
    (case,) = load_suite(tmp_path / "bad.yaml").cases
    assert case.wrong == ()
    assert case.gold
    assert "nearest" in case.notes


@pytest.mark.parametrize("name", ["bad.jsonl", "bad.yaml"])
def test_what_is_in_the_suite_already_is_left_alone_and_the_rest_is_added(team, tmp_path, capsys, name):
    complain(team, "How many days of paid leave does an employee have?")
    run(["eval", "from-feedback", name, "--library", "library"])
    mine = (tmp_path / name).read_text("utf-8").replace("feedback", "complaint", 1)
    (tmp_path / name).write_text(mine, encoding="utf-8")
    before = load_suite(tmp_path / name).cases
    complain(team, "What is the dress code of the opera?")
    run(["eval", "from-feedback", name, "--library", "library"])
    run(["eval", "from-feedback", name, "--library", "library"])
    after = load_suite(tmp_path / name).cases
    assert after[: len(before)] == before
    assert (tmp_path / name).read_text("utf-8").startswith(mine.rstrip())
    assert "0 draft cases added" in capsys.readouterr().out


def test_a_sentence_that_has_changed_is_no_gold_quote(team, tmp_path):
    complain(team, "How many days of paid leave does an employee have?")
    (tmp_path / "handbook" / "leave.md").write_text(DOCUMENT.replace("28", "30"), encoding="utf-8")
    index_paths([tmp_path / "handbook"], read_settings(library=tmp_path / "library"))
    run(["eval", "from-feedback", "bad.jsonl", "--library", "library"])
    (case,) = load_suite(tmp_path / "bad.jsonl").cases
    assert case.gold == ()
    assert "1 of the cited sentences no longer stand" in case.notes


def test_nothing_recorded_is_one_sentence_and_no_file(team, tmp_path, capsys):
    FeedbackStore(team.library.directory).add("up", ANSWER)
    assert run(["eval", "from-feedback", "bad.jsonl", "--library", "library"]) == 0
    assert "Nobody has marked an answer" in capsys.readouterr().out
    assert not (tmp_path / "bad.jsonl").exists()
