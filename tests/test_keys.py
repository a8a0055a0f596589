"""API keys: what is kept of them, whom they let in, and the commands that add, list and revoke them."""

import datetime
import json
import logging
import os
import sqlite3
import threading
import unicodedata
from contextlib import closing

import pytest
from drawn import TEXT
from hypothesis import given
from hypothesis import strategies as st

from assistant import database
from assistant.access import SCOPES
from assistant.cli import run
from assistant.keys import LONGEST_NAME, Key, Keys, key_json, person_of, plain
from vectorstore.errors import UserError

NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,59}", fullmatch=True)
LOOKS_LIKE_A_SECRET = f"fn_{'a' * 43}"


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path / "library")


def last_used(keys, name, *, ago):
    """Let a key have been used last some time ago."""
    at = datetime.datetime.now(datetime.UTC) - ago
    with closing(sqlite3.connect(keys.path)) as connection:
        connection.execute("UPDATE keys SET last_used = ? WHERE name = ?", (at.isoformat(), name))
        connection.commit()
    return at


def test_a_key_is_found_by_its_secret_with_all_that_was_given(keys):
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    secret = keys.add("ci", ["ask", "read", "ask"], {"editors", "staff"})
    found = keys.find(secret)
    assert (found.name, found.scopes, found.groups) == ("ci", {"ask", "read"}, {"editors", "staff"})
    assert before <= found.created <= datetime.datetime.now(datetime.UTC)
    assert (found.last_used, found.revoked) == (None, False)


def test_every_key_has_a_secret_of_its_own(keys):
    secrets = [keys.add(f"key-{number}", ["ask"]) for number in range(20)]
    assert len(set(secrets)) == 20
    assert [keys.find(secret).name for secret in secrets] == [f"key-{number}" for number in range(20)]


def test_no_file_holds_a_secret(keys):
    secret = keys.add("ci", ["ask"])
    keys.find(secret)
    held = b"".join(path.read_bytes() for path in keys.path.parent.iterdir())
    assert b"ci" in held
    assert secret.encode() not in held
    assert secret.removeprefix("fn_").encode() not in held


@given(presented=TEXT | st.sampled_from([LOOKS_LIKE_A_SECRET, f"{LOOKS_LIKE_A_SECRET}\n", "fn_", "a" * 10**6]))
def test_whatever_is_presented_that_is_no_secret_finds_nobody(tmp_path_factory, presented):
    keys = Keys(tmp_path_factory.mktemp("keys"))
    assert keys.find(presented) is None
    keys.add("ci", ["ask"])
    assert keys.find(presented) is None


@given(position=st.integers(0, 45), other=st.sampled_from("aB0-_") | st.characters(exclude_categories=()))
def test_a_secret_with_one_other_character_finds_nobody(tmp_path_factory, position, other):
    keys = Keys(tmp_path_factory.mktemp("keys"))
    secret = keys.add("ci", ["ask"])
    if other != secret[position]:
        assert keys.find(secret[:position] + other + secret[position + 1 :]) is None
    assert keys.find(secret[:position] + secret[position + 1 :]) is None
    assert keys.find(secret[:position] + other + secret[position:]) is None


def test_before_the_first_key_there_is_no_file_and_nobody(keys):
    assert (keys.find(LOOKS_LIKE_A_SECRET), keys.named("ci"), keys.all()) == (None, None, ())
    assert not keys.path.parent.exists()


def test_a_revoked_key_lets_nobody_in_and_is_still_known(keys):
    secret = keys.add("ci", ["ask"])
    other = keys.add("other", ["ask"])
    keys.revoke("ci")
    assert keys.find(secret) is None
    assert keys.named("ci").revoked
    assert keys.find(other).name == "other"
    assert [(key.name, key.revoked) for key in keys.all()] == [("ci", True), ("other", False)]


def test_another_process_that_is_open_already_refuses_a_revoked_key(keys):
    secret = keys.add("ci", ["ask"])
    server = Keys(keys.path.parent)
    assert server.find(secret)
    keys.revoke("ci")
    assert server.find(secret) is None


def test_a_name_is_taken_for_ever(keys):
    secret = keys.add("ci", ["ask"])
    with pytest.raises(UserError, match="There is or was a key 'ci' already; take another name"):
        keys.add("ci", ["admin"])
    keys.revoke("ci")
    with pytest.raises(UserError, match="There is or was a key 'ci' already; take another name"):
        keys.add("ci", ["ask"])
    assert keys.find(secret) is None


def test_of_all_who_take_a_name_at_once_one_gets_it(keys):
    begin, got, refused = threading.Barrier(8), [], []

    def take():
        begin.wait()
        try:
            got.append(Keys(keys.path.parent).add("ci", ["ask"]))
        except UserError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keys.find(*got).name == "ci"
    assert len(refused) == 7
    assert all("already" in sentence for sentence in refused)


@given(name=NAMES)
def test_small_letters_digits_and_hyphens_name_a_key(tmp_path_factory, name):
    keys = Keys(tmp_path_factory.mktemp("keys"))
    assert keys.find(keys.add(name, ["ask"])).name == keys.named(name).name == name


@pytest.mark.parametrize("name", ["", "-a", "A", "a" * 61, "a b", "a\n", "a:b", "ä", "a\0", "\ud800", "../a", "٣"])
def test_another_name_is_refused_and_names_nobody(keys, name):
    with pytest.raises(UserError, match="cannot name a key; write 1 to 60 small letters"):
        keys.add(name, ["ask"])
    assert keys.named(name) is None
    assert keys.all() == ()


@pytest.mark.parametrize("scopes", [["ask", "root"], ["Ask"], [""], ["ask read"], ["\ud800"]])
def test_what_is_no_scope_is_refused(keys, scopes):
    with pytest.raises(UserError, match="is no scope; the scopes are ask, read, write, metrics, admin"):
        keys.add("ci", scopes)
    assert keys.all() == ()


def test_a_key_needs_a_scope(keys):
    with pytest.raises(UserError, match="A key without a scope is good for nothing"):
        keys.add("ci", [])


@pytest.mark.parametrize("group", ["", " editors", "edi\ntors", "edi\u200btors", "e\0", "\ud800", "e" * 201])
def test_what_nobody_can_see_or_write_is_no_group(keys, group):
    with pytest.raises(UserError, match="cannot name a group"):
        keys.add("ci", ["ask"], ["staff", group])
    assert keys.all() == ()


@given(name=TEXT)
def test_a_plain_name_is_kept_but_for_its_composition_or_refused(name):
    try:
        kept = plain(name, "group")
    except UserError:
        return
    assert kept == unicodedata.normalize("NFC", name)
    assert 0 < len(kept) <= LONGEST_NAME
    assert plain(kept, "group") == kept
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in kept)


def test_a_name_as_people_write_it_is_plain():
    for name in ("Zoë O’Neil", "ann@corp.example", "cn=Editors,dc=corp", "می‌خواهم", "編集部", "👩‍👩‍👧"):
        assert plain(name, "user") == name
    assert plain("Zoe\u0308", "user") == "Zoë"


def test_a_use_is_kept_at_most_once_an_hour(keys):
    secret = keys.add("ci", ["ask"])
    begin = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    keys.find(secret)
    assert keys.named("ci").last_used >= begin
    recently = last_used(keys, "ci", ago=datetime.timedelta(minutes=59))
    assert keys.find(secret).last_used == recently
    assert keys.named("ci").last_used == recently
    last_used(keys, "ci", ago=datetime.timedelta(minutes=61))
    keys.find(secret)
    assert keys.named("ci").last_used >= begin


def test_a_clock_that_once_ran_ahead_does_not_stop_uses_from_being_kept(keys):
    secret = keys.add("ci", ["ask"])
    ahead = last_used(keys, "ci", ago=datetime.timedelta(days=-400))
    keys.find(secret)
    assert keys.named("ci").last_used < ahead


def test_the_use_of_one_key_is_not_that_of_another(keys):
    secret = keys.add("ci", ["ask"])
    keys.add("other", ["ask"])
    keys.find(secret)
    assert keys.named("other").last_used is None


def test_a_key_lets_in_while_its_use_cannot_be_kept_and_the_log_says_so(keys, monkeypatch, caplog):
    monkeypatch.setattr(database, "WAIT", 0.01)
    secret = keys.add("ci", ["ask"])
    with closing(sqlite3.connect(keys.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with caplog.at_level(logging.WARNING):
            assert keys.find(secret).name == "ci"
    assert "the last use of the key ci was not kept" in caplog.text
    assert secret not in caplog.text


def test_keys_that_cannot_be_read_are_one_sentence_and_not_nobody(keys):
    keys.path.parent.mkdir()
    keys.path.write_bytes(b"this is no database, only text" * 100)
    for use in (lambda: keys.find(LOOKS_LIKE_A_SECRET), lambda: keys.named("ci"), keys.all):
        with pytest.raises(UserError, match="cannot be used"):
            use()


def test_revoking_what_is_not_there_or_twice_is_one_sentence(keys):
    with pytest.raises(UserError, match="There is no key 'ci'; `footnote keys list` shows all"):
        keys.revoke("ci")
    keys.add("ci", ["ask"])
    keys.revoke("ci")
    with pytest.raises(UserError, match="The key 'ci' is revoked already"):
        keys.revoke("ci")


def test_a_person_with_a_key_is_the_key(keys):
    person = person_of(keys.find(keys.add("ci", ["ask", "metrics"], ["editors"])))
    assert (person.user, person.way, person.groups) == ("key:ci", "key", {"editors"})
    assert [scope for scope in SCOPES if person.may(scope)] == ["ask", "metrics"]
    assert not person.filters


def test_a_key_is_shown_in_json_with_its_scopes_in_their_order():
    at = datetime.datetime(2025, 8, 18, 9, 30, tzinfo=datetime.UTC)
    key = Key("ci", frozenset({"write", "ask", "read"}), frozenset({"b", "a"}), at, at)
    assert key_json(key) == {
        "name": "ci",
        "scopes": ["ask", "read", "write"],
        "groups": ["a", "b"],
        "created": "2025-08-18T09:30:00+00:00",
        "last_used": "2025-08-18T09:30:00+00:00",
        "revoked": False,
    }


@pytest.fixture
def footnote(capsys, tmp_path, monkeypatch):
    """Run a command on the library of `keys`; return its exit code, stdout and stderr."""
    for name in list(os.environ):
        if name.startswith("FOOTNOTE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def footnote(*arguments):
        capsys.readouterr()
        status = run([*arguments, "--library", str(tmp_path / "library")])
        return status, *capsys.readouterr()

    return footnote


def audited(keys):
    lines = keys.path.with_name("audit.jsonl").read_text(encoding="ascii").splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "time"} for line in lines]


def test_the_secret_stands_alone_on_stdout_and_what_was_made_on_stderr(footnote, keys):
    status, out, err = footnote("keys", "add", "ci", "--scope", "ask", "--scope", "read", "--group", "editors")
    assert status == 0
    secret = out.removesuffix("\n")
    assert keys.find(secret).name == "ci"
    assert err.startswith("ci: scopes ask, read; groups editors; added ")
    assert "shown this once" in err
    assert secret not in err


def test_the_commands_print_one_object_each(footnote, keys):
    status, out, err = footnote("keys", "add", "ci", "--scope", "ask", "--json")
    made = json.loads(out)
    assert (status, err) == (0, "")
    assert keys.find(made.pop("secret")).name == "ci"
    assert made == key_json(keys.named("ci")) | {"last_used": None}
    assert json.loads(footnote("keys", "list", "--json")[1]) == {"keys": [key_json(keys.named("ci"))]}
    assert json.loads(footnote("keys", "revoke", "ci", "--json")[1]) == {"revoked": "ci"}
    assert json.loads(footnote("keys", "list", "--json")[1])["keys"][0]["revoked"]


def test_the_list_says_in_words_what_a_key_is_good_for(footnote, keys):
    assert footnote("keys", "list") == (
        0, "", "There is no key; `footnote keys add NAME --scope ask` makes one.\n"
    )  # fmt: skip
    keys.find(keys.add("ci", ["read", "ask"], ["editors"]))
    keys.add("old", ["metrics"])
    keys.revoke("old")
    _, out, _ = footnote("keys", "list")
    first, second = out.splitlines()
    assert first.startswith("ci: scopes ask, read; groups editors; added ")
    assert "; last used " in first
    assert second.startswith("old: scopes metrics; added ")
    assert second.endswith("; never used; revoked")


def test_a_revoked_key_is_refused_from_then_on(footnote, keys):
    secret = keys.add("ci", ["ask"])
    assert footnote("keys", "revoke", "ci")[0] == 0
    assert keys.find(secret) is None
    assert footnote("keys", "revoke", "ci")[0] == 1


@pytest.mark.parametrize("arguments", [["Ci", "--scope", "ask"], ["ci", "--scope", "root"], ["ci"]])
def test_a_mistake_is_one_sentence_and_adds_no_key(footnote, keys, arguments):
    status, out, err = footnote("keys", "add", *arguments)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert keys.all() == ()


def test_what_the_commands_did_is_in_the_audit_without_the_secret(footnote, keys):
    _, secret, _ = footnote("keys", "add", "ci", "--scope", "read", "--scope", "ask", "--group", "editors")
    footnote("keys", "add", "ci", "--scope", "ask")  # a mistake, and nothing happens
    footnote("keys", "revoke", "ci")
    assert audited(keys) == [
        {"event": "key_added", "user": "command line", "key": "ci", "scopes": "ask, read", "groups": "editors"},
        {"event": "key_revoked", "user": "command line", "key": "ci"},
    ]
    assert secret.strip() not in keys.path.with_name("audit.jsonl").read_text(encoding="ascii")


def test_a_library_can_be_made_where_a_key_is_already(footnote, tmp_path):
    (tmp_path / "a.txt").write_text("The river rose by two metres.", encoding="utf-8")
    assert footnote("keys", "add", "ci", "--scope", "ask")[0] == 0
    assert footnote("index", "a.txt")[0] == 0
    assert len(json.loads(footnote("keys", "list", "--json")[1])["keys"]) == 1
