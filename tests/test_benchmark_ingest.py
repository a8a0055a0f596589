"""The benchmark of indexing beside others: what it draws, how it runs a peer, and what it prints."""

import subprocess
import sys

import pytest

from evals.benchmarks import ingest, ingest_peers
from evals.benchmarks.ingest import Taken, index_ourselves, run
from evals.benchmarks.ingest_peers import cpu_seconds


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for number, word in enumerate(("cats", "dogs", "cats")):
        (folder / f"{number}.txt").write_text(f"Many people like {word}.", encoding="utf-8")
    return folder


def test_we_count_every_passage_and_read_equal_texts_once(folder):
    taken = index_ourselves(folder)
    assert (taken.passages, taken.cut) == (3, 0)
    assert taken.characters == len("Many people like cats.Many people like dogs.")
    assert taken.seconds > 0
    assert taken.cpu > 0
    assert taken.peak > 1e6


def test_a_peer_that_is_not_installed_is_no_failure(folder):
    assert run("langchain", folder, sys.executable) is None


def test_a_peer_that_fails_is_told(folder):
    with pytest.raises(subprocess.CalledProcessError):
        run("langchain", folder, "false")


def test_files_are_drawn_evenly(tmp_path):
    many, into = tmp_path / "many", tmp_path / "into"
    many.mkdir()
    into.mkdir()
    for number in range(10):
        (many / f"{number}.txt").write_text(str(number), encoding="utf-8")
    ingest._drawn(many, 5, into)
    assert sorted(path.read_text(encoding="utf-8") for path in into.iterdir()) == ["0", "2", "4", "6", "8"]


def test_a_row_has_a_cell_for_each_column():
    taken = Taken(seconds=2.0, cpu=4.0, passages=10, characters=800, cut=3, peak=5_000_000)
    row = ingest._row("us", [taken], 1000)
    cells = row.strip("| ").split(" | ")
    assert cells == ["us", "2.0", "4.0", "500", "250", "10", "5.0", "400", "3", "5"]
    assert len(cells) == len(ingest.COLUMNS)


def test_the_recipes_import_nothing_of_ours():
    program = f"import runpy, sys; runpy.run_path({ingest_peers.__file__!r}); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True).stdout
    assert not {"vectorstore", "assistant", "evals", "prompts"} & {name.split(".")[0] for name in loaded.split()}


def test_the_work_of_the_cores_is_counted():
    before = cpu_seconds()
    while cpu_seconds() == before:
        pass
    assert cpu_seconds() > before
