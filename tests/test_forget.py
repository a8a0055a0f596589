"""Deleting what is kept of people: all of one of them, and what is older than it may be."""

import datetime
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.feedback import FeedbackStore
from assistant.forgetting import Forgotten, expire, forget_user
from assistant.history import History
from evals.command import run
from vectorstore.errors import UserError
from vectorstore.types import Filters

HOUSE = Path(__file__).parent.parent
ANN = "user:ann\ud800"


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A library in which two people asked, and ann judged."""
    for name in list(os.environ):
        if name.startswith("FOOTNOTE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".footnote"
    folder.mkdir()
    for user in (ANN, "user:bob", ANN):
        History(folder).begin(user, "How many days?", Filters())
    for user in (ANN, "", "user:bob"):
        FeedbackStore(folder).add("up", {"text": "28"}, user=user)
    return folder


def kept(library):
    """Return of whom something is kept, and how much."""
    conversations = {user: len(History(library).conversations(user)) for user in (ANN, "user:bob")}
    return conversations, sorted(one.user for one in FeedbackStore(library).all())


def aged(library, user, days):
    """Let the conversations of a user have been written so many days ago."""
    then = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)).isoformat(timespec="microseconds")
    history = History(library)
    ids = [(then, one.id) for one in history.conversations(user)]
    with history._database.writing() as connection:
        connection.executemany("UPDATE conversations SET updated = ? WHERE id = ?", ids)


def test_all_of_one_user_goes_and_nothing_of_another(library):
    assert forget_user(library, ANN) == Forgotten(conversations=2, feedback=1)
    assert kept(library) == ({ANN: 0, "user:bob": 1}, ["", "user:bob"])
    assert forget_user(library, ANN) == Forgotten(0, 0)


def test_an_answer_to_somebody_who_was_forgotten_meanwhile_is_not_kept(library):
    begun = History(library).begin(ANN, "And then?", Filters())
    forget_user(library, ANN)
    assert not History(library).fail(begun, "Late.")
    assert kept(library)[0][ANN] == 0


def test_the_empty_name_is_refused_for_it_is_that_of_all_who_gave_none(library):
    before = kept(library)
    with pytest.raises(UserError, match="empty name"):
        forget_user(library, "")
    assert kept(library) == before


def test_forgetting_makes_no_files(tmp_path):
    assert forget_user(tmp_path, ANN) == Forgotten(0, 0)
    assert expire(tmp_path, 30) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("days", "gone"), [(1, 2), (29, 2), (31, 0), (10**6, 0), (10**12, 0)])
def test_what_was_not_written_in_for_so_many_days_goes_whoever_wrote_it(library, days, gone):
    aged(library, ANN, 30)
    assert expire(library, days) == gone
    assert kept(library)[0] == {ANN: 2 - gone, "user:bob": 1}


def test_less_than_a_day_is_no_age(library):
    with pytest.raises(ValueError, match="at least one day"):
        expire(library, 0)
    assert kept(library)[0] == {ANN: 2, "user:bob": 1}


def test_the_command_says_what_it_deleted(library, capsys):
    assert run(["forget", "user:bob", "--yes"]) == 0
    assert capsys.readouterr().out == "user:bob: 1 conversations and 1 feedback entries deleted.\n"
    assert run(["forget", ANN, "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"user": ANN, "conversations": 2, "feedback": 1}


def test_a_library_that_is_not_there_is_a_mistake_and_not_an_empty_one(library, capsys):
    assert run(["--library", "nowhere", "forget", ANN, "--yes"]) == 1
    assert "There is no library in nowhere" in capsys.readouterr().err


def forget(*arguments, **streams):
    program = [sys.executable, "-c", "from evals.command import main; main()", "forget", "user:bob", *arguments]
    environment = os.environ | {"PYTHONPATH": str(HOUSE)}
    return subprocess.run(program, capture_output="stderr" not in streams, text=True, env=environment, **streams)


def test_where_nobody_can_be_asked_nothing_is_deleted_without_yes(library):
    before = kept(library)
    done = forget(stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, "add --yes" in done.stderr) == (1, "", True)
    assert kept(library) == before


@pytest.mark.parametrize(("typed", "status", "left"), [(b"y\n", 0, 0), (b"n\n", 1, 1), (b"\n", 1, 1), (b"\x04", 1, 1)])
def test_on_a_terminal_a_person_is_asked_first(library, typed, status, left):
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed)
        done = forget(stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "Delete all conversations and feedback of user:bob, for ever?" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == status
    assert kept(library)[0] == {ANN: 2, "user:bob": left}
