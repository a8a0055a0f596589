import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from taking import take_files

from vectorstore.errors import OwnerError
from vectorstore.library import Library, Skipped
from vectorstore.lock import only_writer
from vectorstore.watching import keep_up

PATIENCE = 120
HOUSE = Path(__file__).parents[1]
RUN = "import sys; from assistant.cli import run; sys.exit(run(sys.argv[1:]))"


def wait_for(condition, what):
    """Return what condition gives as soon as that is true."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {PATIENCE} seconds")


@pytest.fixture
def library(tmp_path):
    return Library.create(tmp_path / "library")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "zoo"
    folder.mkdir()
    (folder / "ant.txt").write_text("The ant sleeps.")
    return folder


@contextmanager
def watched(library, *paths, run=None):
    """Keep up with paths in another thread; give what is told, a list that grows."""
    told, failures, stop = [], [], threading.Event()

    def ours(retry):
        with only_writer(library.directory):
            return take_files(library, *paths, retry=retry)

    def keep():
        try:
            keep_up(paths, run or ours, leave_out=library.directory, tell=told.append, stop=stop)
        except BaseException as error:
            failures.append(error)
            raise

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert not failures
    assert not thread.is_alive()


def sources(library):
    return {document.source for document in library.documents()}


def test_what_changes_under_the_paths_is_taken_in_until_it_is_ended(library, folder):
    with watched(library, folder):
        wait_for(lambda: sources(library) == {"zoo/ant.txt"}, "the first run")
        (folder / "deep").mkdir()
        (folder / "deep" / "bee.txt").write_text("The bee sleeps.")
        wait_for(lambda: sources(library) == {"zoo/ant.txt", "zoo/deep/bee.txt"}, "the addition")
        (folder / "deep" / "bee.txt").rename(folder / "wasp.txt")
        wait_for(lambda: sources(library) == {"zoo/ant.txt", "zoo/wasp.txt"}, "the move")
        (folder / "ant.txt").write_text("The ant wakes.")
        wait_for(lambda: "wakes" in library.find("zoo/ant.txt").text, "the change")
    (folder / "late.txt").write_text("Too late.")
    assert "zoo/late.txt" not in sources(library)


def test_a_change_in_the_middle_of_a_run_is_seen_by_the_next(library, folder):
    runs = []

    def run(retry):
        if not runs:
            (folder / "bee.txt").write_text("The bee sleeps.")
        report = take_files(library, *([folder / "ant.txt"] if not runs else [folder]))
        runs.append(report)
        return report

    with watched(library, folder, run=run):
        wait_for(lambda: "zoo/bee.txt" in sources(library), "the second run")


def test_hidden_files_and_the_library_itself_start_no_run(folder):
    library = Library.create(folder / "library")
    with watched(library, folder) as told:
        wait_for(lambda: len(told) == 1, "the first run")
        (folder / ".hidden").write_text("Nothing.")
        (folder / "library" / "note.txt").write_text("Nothing.")
        (folder / "bee.txt").write_text("The bee sleeps.")
        wait_for(lambda: "zoo/bee.txt" in sources(library), "the addition")
    assert len([report for report in told if not report.added]) == 0


def test_a_run_that_is_refused_because_another_writes_is_told_once_and_tried_again(library, folder):
    with only_writer(library.directory):
        watching = watched(library, folder)
        told = watching.__enter__()
        wait_for(lambda: told, "the refusal")
    try:
        wait_for(lambda: sources(library) == {"zoo/ant.txt"}, "the second try")
        assert isinstance(told[0], OwnerError)
        assert "another run is writing" in str(told[0])
        assert sum(isinstance(each, OwnerError) for each in told) == 1
    finally:
        watching.__exit__(None, None, None)


def test_a_share_that_disappears_is_told_and_its_documents_stay_until_it_returns(library, folder, tmp_path):
    with watched(library, folder) as told:
        wait_for(lambda: sources(library) == {"zoo/ant.txt"}, "the first run")
        folder.rename(tmp_path / "unmounted")
        wait_for(lambda: "not there any more" in str(told[-1]), "the refusal")
        folder.mkdir()  # the empty place where it was mounted
        wait_for(lambda: "would leave the library" in str(told[-1]), "the other refusal")
        assert sources(library) == {"zoo/ant.txt"}
        folder.rmdir()
        (tmp_path / "unmounted").rename(folder)
        (folder / "bee.txt").write_text("The bee sleeps.")
        wait_for(lambda: sources(library) == {"zoo/ant.txt", "zoo/bee.txt"}, "the return")
        (folder / "cat.txt").write_text("The cat sleeps.")
        wait_for(lambda: "zoo/cat.txt" in sources(library), "a change after the return")


def test_a_fault_of_ours_keeps_its_traceback_and_does_not_end_the_watching(library, folder, caplog):
    tries = []

    def run(retry):
        tries.append(retry)
        if len(tries) == 1:
            raise ZeroDivisionError
        return take_files(library, folder)

    with watched(library, folder, run=run) as told:
        wait_for(lambda: len(told) == 2, "the second run")
    assert "ZeroDivisionError" in str(told[0])
    assert "Traceback" in caplog.text


def test_files_that_could_not_be_read_are_not_tried_again_at_every_change(library, folder):
    tries = []

    def run(retry):
        tries.append(retry)
        report = take_files(library, folder)
        report.skipped.append(Skipped("zoo/slow.txt", "parser_timeout", "it takes long"))
        return report

    with watched(library, folder, run=run) as told:
        wait_for(lambda: len(told) == 1, "the first run")
        (folder / "bee.txt").write_text("The bee sleeps.")
        wait_for(lambda: len(told) == 2, "the second run")
    assert tries == [True, False]


def test_the_command_watches_says_one_line_a_run_and_ends_well_with_ctrl_c(tmp_path, folder):
    command = ["--library", str(tmp_path / "library"), "index", "--watch", str(folder)]
    with subprocess.Popen(
        [sys.executable, "-c", RUN, *command],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(HOUSE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert re.search("1 added, 0 changed, 0 moved, 0 removed", process.stdout.readline())
        (folder / "bee.txt").write_text("The bee sleeps.")
        assert re.search("1 added, 0 changed, 0 moved, 0 removed, 1 unchanged", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (0, "The watching has ended; the library is as the last run left it.\n")
    assert sources(Library.open(tmp_path / "library")) == {"zoo/ant.txt", "zoo/bee.txt"}
