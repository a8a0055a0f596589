"""A SQLite file that many threads and processes use: made whole, one transaction a use, one sentence if it fails."""

import os
import sqlite3
import threading
from contextlib import closing

import pytest

from assistant import database
from assistant.database import Database
from vectorstore.errors import UserError

TABLES = "CREATE TABLE notes (note TEXT NOT NULL) STRICT;"


def opened(folder, version=1):
    return Database(folder / "notes.db", tables=TABLES, version=version)


def note(held, text):
    held.make()
    with held.writing() as connection:
        connection.execute("INSERT INTO notes VALUES (?)", (text,))


def notes(held):
    with held.reading() as connection:
        return [text for (text,) in connection.execute("SELECT note FROM notes ORDER BY rowid")]


def test_until_it_is_made_a_database_is_empty_and_no_file(tmp_path):
    held = opened(tmp_path)
    assert notes(held) == []
    with held.writing() as connection:
        connection.execute("INSERT INTO notes VALUES ('gone')")
    assert notes(held) == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_is_there_for_everybody_and_in_a_folder_of_any_name(tmp_path):
    folder = tmp_path / "50% #1? & ü"
    folder.mkdir()
    note(opened(folder), "one")
    note(opened(folder), "two")
    assert notes(opened(folder)) == ["one", "two"]


def test_an_exception_leaves_everything_as_it_was(tmp_path):
    held = opened(tmp_path)
    note(held, "one")
    with pytest.raises(ZeroDivisionError), held.writing() as connection:
        connection.execute("DELETE FROM notes WHERE note = ?", (connection.execute("DELETE FROM notes").rowcount / 0,))
    assert notes(held) == ["one"]


def test_a_reader_sees_one_state_while_another_writes(tmp_path):
    held = opened(tmp_path)
    note(held, "one")
    with held.reading() as connection:
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (1,)
        note(opened(tmp_path), "two")
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (1,)
    assert notes(held) == ["one", "two"]


def test_all_who_make_it_at_once_write_into_one_file(tmp_path):
    begin, failed = threading.Barrier(8), []

    def first(text):
        begin.wait()
        try:
            note(opened(tmp_path), text)
        except UserError as error:
            failed.append(error)

    threads = [threading.Thread(target=first, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(notes(opened(tmp_path))) == [str(number) for number in range(8)]


def test_what_a_deleted_file_left_beside_it_is_not_read_into_the_new_one(tmp_path):
    held = opened(tmp_path)
    held.make()
    with closing(sqlite3.connect(held.path)) as killed:
        killed.execute("INSERT INTO notes VALUES ('old')")
        killed.commit()
        left = held.path.with_name("notes.db-wal").read_bytes()
    held.path.unlink()
    held.path.with_name("notes.db-wal").write_bytes(left)
    note(held, "new")
    assert notes(held) == ["new"]


def test_a_file_of_another_version_is_left_alone(tmp_path):
    note(opened(tmp_path), "one")
    later = opened(tmp_path, version=2)
    with pytest.raises(UserError, match="tables of version 1, and this program knows version 2"):
        note(later, "two")
    assert notes(opened(tmp_path)) == ["one"]


@pytest.mark.parametrize("content", [b"", b"this is no database, only text" * 100], ids=["empty", "text"])
def test_a_file_that_is_none_of_ours_is_one_sentence(tmp_path, content):
    held = opened(tmp_path)
    held.path.write_bytes(content)
    for use in (notes, lambda held: note(held, "one")):
        with pytest.raises(UserError, match="move the file away"):
            use(held)
    assert held.path.read_bytes() == content


def test_a_file_that_another_keeps_for_itself_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "WAIT", 0.01)
    held = opened(tmp_path)
    note(held, "one")
    with closing(sqlite3.connect(held.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UserError, match="database is locked"):
            note(held, "two")
        assert notes(held) == ["one"]


def test_a_file_that_is_full_is_one_sentence_and_can_still_be_emptied(tmp_path, monkeypatch):
    held = opened(tmp_path)
    note(held, "one")
    monkeypatch.setattr(database, "MOST_PAGES", 10)
    with pytest.raises(UserError, match="is full"):
        note(held, "x" * 100_000)
    assert notes(held) == ["one"]
    with held.writing() as connection:
        connection.execute("DELETE FROM notes")
    assert notes(held) == []


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be used"):
        note(opened(tmp_path / "file"), "one")
    (tmp_path / "notes.db").mkdir()
    with pytest.raises(UserError, match="cannot be used"):
        note(opened(tmp_path), "one")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only for this user")
def test_a_file_that_may_not_be_written_is_one_sentence(tmp_path):
    held = opened(tmp_path)
    note(held, "one")
    held.path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UserError, match="cannot be used"):
            note(held, "two")
    finally:
        tmp_path.chmod(0o700)


def test_what_is_read_and_is_no_value_is_one_sentence(tmp_path):
    held = opened(tmp_path)
    note(held, "many")
    with pytest.raises(UserError, match="cannot be used"), held.reading() as connection:
        int(connection.execute("SELECT note FROM notes").fetchone()[0])
