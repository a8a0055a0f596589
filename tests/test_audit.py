"""The audit: a line for each event, whoever writes at once and whatever a value holds; and loud when it cannot."""

import datetime
import json
import logging
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from drawn import TEXT
from hypothesis import given
from hypothesis import strategies as st

from assistant.audit import LONGEST, Audit

HOUSE = Path(__file__).parent.parent


def lines(library):
    return [json.loads(line) for line in (library / "audit.jsonl").read_bytes().split(b"\n") if line]


def test_an_event_is_one_line_with_its_time_in_utc(tmp_path):
    before = datetime.datetime.now(datetime.UTC)
    Audit(tmp_path).note("document_added", user="user:ann", request_id="r1", address="10.0.0.7", source="a.md", bytes=7)
    Audit(tmp_path).note("signed_out", user="user:ann")
    first, second = lines(tmp_path)
    time = datetime.datetime.fromisoformat(first.pop("time"))
    assert time.utcoffset() == datetime.timedelta(0)
    assert abs(time - before) < datetime.timedelta(minutes=1)
    assert first == {
        "event": "document_added",
        "user": "user:ann",
        "request_id": "r1",
        "address": "10.0.0.7",
        "source": "a.md",
        "bytes": 7,
    }
    assert second.keys() == {"time", "event", "user"}


@given(user=TEXT, address=st.none() | TEXT, source=TEXT, count=st.integers())
def test_no_value_breaks_a_line(tmp_path_factory, user, address, source, count):
    library = tmp_path_factory.mktemp("library")
    Audit(library).note("document_deleted", user=user, address=address, source=source, count=count)
    Audit(library).note("signed_in", user="ann")
    raw = (library / "audit.jsonl").read_bytes()
    assert raw.count(b"\n") == 2
    assert raw.isascii()
    assert set(raw) & set(range(32)) == {ord("\n")}
    first, second = lines(library)
    expected = {"user": user, "source": source, "count": count} | ({} if address is None else {"address": address})
    assert {name: first[name] for name in expected} == json.loads(json.dumps(expected))
    assert second["user"] == "ann"


def test_a_stranger_cannot_make_a_long_line(tmp_path):
    Audit(tmp_path).note("sign_in_refused", user="x" * 10**6, reason="y" * 10**6)
    (line,) = lines(tmp_path)
    assert (line["user"], line["reason"]) == ("x" * LONGEST, "y" * LONGEST)


def test_only_the_owner_can_read_it(tmp_path):
    before = os.umask(0)
    try:
        Audit(tmp_path).note("signed_in", user="ann")
    finally:
        os.umask(before)
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_lines_of_several_processes_are_all_there_and_whole(tmp_path):
    program = (
        "import sys; from pathlib import Path; from assistant.audit import Audit\n"
        "for number in range(200): Audit(Path(sys.argv[1])).note('signed_in', user=sys.argv[2] * 400, number=number)"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), who], cwd=HOUSE) for who in ("a", "b", "c", "d")
    ]
    assert [writer.wait() for writer in writers] == [0] * 4
    written = lines(tmp_path)
    for who in ("a", "b", "c", "d"):
        assert [line["number"] for line in written if line["user"] == who * 400] == list(range(200))


@pytest.mark.parametrize("make", [
    lambda path: path.mkdir(), lambda path: path.symlink_to("/dev/full"), lambda path: path.symlink_to(path)
], ids=["a folder", "a full disk", "a loop"])  # fmt: skip
def test_an_audit_that_cannot_be_written_is_an_error_in_the_log_and_stops_nobody(tmp_path, caplog, make):
    make(tmp_path / "audit.jsonl")
    with caplog.at_level(logging.ERROR):
        Audit(tmp_path).note("document_deleted", user="ann\nforged", source="a.md")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    message = record.getMessage()
    assert message.startswith("the audit could not be written (")
    assert '"event": "document_deleted", "user": "ann\\nforged", "source": "a.md"' in message
    assert "\n" not in message


def test_a_line_that_was_cut_is_loud_and_spoils_no_other(tmp_path):
    program = (
        "import sys; from pathlib import Path; from assistant.audit import Audit\n"
        "Audit(Path(sys.argv[1])).note('signed_in', user='a' * 300)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0
    assert "the audit could not be written (100 of " in done.stderr
    assert (tmp_path / "audit.jsonl").stat().st_size == 100
    Audit(tmp_path).note("signed_out", user="ann")
    torn, whole, end = (tmp_path / "audit.jsonl").read_bytes().split(b"\n")
    assert (len(torn), end) == (100, b"")
    assert json.loads(whole)["event"] == "signed_out"
