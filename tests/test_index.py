import shutil
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorstore import generations
from vectorstore.errors import UserError
from vectorstore.index import VectorIndex, change_index, write_index

ENTRIES, DIMENSION = 1200, 16


def unit_vectors():
    vectors = np.random.default_rng(0).normal(size=(ENTRIES, DIMENSION)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


VECTORS = unit_vectors()
IDS = [f"entry-{number:04d}" for number in range(ENTRIES)]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    directory = tmp_path_factory.mktemp("index")
    batches = [(IDS[start : start + 500], VECTORS[start : start + 500]) for start in range(0, ENTRIES, 500)]
    name = generations.build(directory, batches, entries=ENTRIES, dimension=DIMENSION, newer_than=None)
    assert [path.name for path in directory.iterdir()] == [name] == ["gen-00001"]
    return directory / name


@pytest.fixture
def generation(built, tmp_path):
    return shutil.copytree(built, tmp_path / "gen-00007")


def test_the_nearest_entries_come_first_with_their_cosine(built):
    index = VectorIndex.open(built)
    query = VECTORS[:20].mean(axis=0)
    query /= np.linalg.norm(query)
    cosines = VECTORS @ query
    expected = [(IDS[each], cosines[each]) for each in np.argsort(-cosines)[:50]]
    found = index.query(query, 50)
    assert [each for each, _ in found] == [each for each, _ in expected]
    assert np.allclose([cosine for _, cosine in found], [cosine for _, cosine in expected], atol=1e-5)


def test_asking_for_more_than_there_is_returns_everything(built):
    assert len(VectorIndex.open(built).query(VECTORS[0], 10 * ENTRIES)) == ENTRIES


def test_several_processes_search_one_generation_at_once(generation):
    search = (
        "import sys; from pathlib import Path; import numpy as np; from vectorstore.index import VectorIndex\n"
        "index = VectorIndex.open(Path(sys.argv[1]))\n"
        f"vector = np.eye(1, {DIMENSION}, dtype=np.float32)[0]\n"
        "print([[index.query(vector, 20) for _ in range(50)][-1]])"
    )
    command = [sys.executable, "-c", search, str(generation)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert len(answers) == 1
    assert "1199" in generations.check(generation, VECTORS[:20], entries=ENTRIES - 1)


def test_a_missing_generation_is_a_sentence_and_is_not_made(tmp_path):
    with pytest.raises(UserError, match="footnote index"):
        VectorIndex.open(tmp_path / "gen-00001")
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_is_gone_is_an_error_and_not_a_short_answer(generation):
    for folder in generation.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    with pytest.raises(UserError, match="damaged"):
        VectorIndex.open(generation).query(VECTORS[0], 10)


def test_the_check_tells_a_damaged_graph_and_a_damaged_database(generation, tmp_path):
    other = shutil.copytree(generation, tmp_path / "gen-00008")
    next(generation.glob("*/data_level0.bin")).write_bytes(b"")
    assert generations.check(generation, VECTORS[:20], entries=ENTRIES)
    database = bytearray((other / "chroma.sqlite3").read_bytes())
    database[4096:] = b"\xff" * (len(database) - 4096)
    (other / "chroma.sqlite3").write_bytes(database)
    assert generations.check(other, VECTORS[:20], entries=ENTRIES)


def test_a_build_that_fails_leaves_nothing(tmp_path):
    def batches():
        yield IDS[:2], VECTORS[:2]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        generations.build(tmp_path, batches(), entries=4, dimension=DIMENSION, newer_than=None)
    assert list(tmp_path.iterdir()) == []


def going(*ids):
    return ids, np.empty((len(ids), 0), dtype=np.float32)


def test_a_changed_generation_holds_what_stays_and_what_comes_and_the_old_one_is_as_it_was(generation):
    new = np.eye(3, DIMENSION, dtype=np.float32)
    batches = [going(*IDS[:200]), (["new-0", "new-1", "new-2"], new), going(*IDS[200:300])]
    name = generations.change(
        generation.parent, generation.name, batches, operations=303, entries=ENTRIES - 297, kept=VECTORS[300:320]
    )
    assert name == "gen-00008"
    changed = VectorIndex.open(generation.parent / name)
    everything = {each for each, _ in changed.query(VECTORS[0], ENTRIES)}
    assert everything == {*IDS[300:], "new-0", "new-1", "new-2"}
    assert [changed.query(vector, 1)[0][0] for vector in new] == ["new-0", "new-1", "new-2"]
    assert VectorIndex.open(generation).query(VECTORS[0], 1)[0][0] == IDS[0]


@pytest.mark.parametrize(
    ("batch", "operations", "entries"),
    [
        (going("never there"), 1, ENTRIES),
        (([IDS[5]], VECTORS[5:6]), 1, ENTRIES),
    ],
    ids=["what goes is not there", "what comes is there"],
)
def test_a_change_that_is_not_what_was_said_is_refused_and_leaves_nothing(generation, batch, operations, entries):
    with pytest.raises(RuntimeError):
        generations.change(
            generation.parent, generation.name, [batch], operations=operations, entries=entries, kept=VECTORS[300:320]
        )
    assert [path.name for path in generation.parent.iterdir()] == [generation.name]


def test_a_change_that_breaks_off_leaves_the_generation_it_began_with(generation):
    def batches():
        yield going(IDS[0])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        generations.change(
            generation.parent, generation.name, batches(), operations=2, entries=ENTRIES, kept=VECTORS[300:320]
        )
    assert [path.name for path in generation.parent.iterdir()] == [generation.name]
    assert VectorIndex.open(generation).query(VECTORS[0], 1)[0][0] == IDS[0]


def test_a_damaged_generation_cannot_be_changed(generation):
    next(generation.glob("*/data_level0.bin")).write_bytes(b"")
    with pytest.raises(RuntimeError):
        generations.change(
            generation.parent, generation.name, [going(IDS[0])], operations=1, entries=ENTRIES - 1, kept=VECTORS[1:20]
        )
    assert [path.name for path in generation.parent.iterdir()] == [generation.name]


@settings(max_examples=6, deadline=None)
@given(st.lists(st.sets(st.integers(0, 39), min_size=1), min_size=2, max_size=5))
def test_an_index_changed_step_by_step_answers_as_one_built_anew(tmp_path_factory, states):
    directory = tmp_path_factory.mktemp("steps")

    def batch(numbers):
        return [IDS[each] for each in sorted(numbers)], VECTORS[sorted(numbers)]

    write_index(directory / "0", [batch(states[0])], entries=len(states[0]))
    for step, (before, after) in enumerate(pairwise(states)):
        shutil.copytree(directory / f"{step}", directory / f"{step + 1}")
        batches = [going(*(IDS[each] for each in sorted(before - after))), batch(after - before)]
        change_index(directory / f"{step + 1}", [each for each in batches if each[0]], operations=len(before ^ after))
    write_index(directory / "anew", [batch(states[-1])], entries=len(states[-1]))
    changed, anew = VectorIndex.open(directory / f"{len(states) - 1}"), VectorIndex.open(directory / "anew")
    assert changed.entries == anew.entries == len(states[-1])
    for vector in VECTORS[:5]:
        found, expected = changed.query(vector, 40), anew.query(vector, 40)
        assert [each for each, _ in found] == [each for each, _ in expected]
        assert [cosine for _, cosine in found] == pytest.approx([cosine for _, cosine in expected], abs=1e-6)
    changed.close()
    anew.close()


def test_searching_leaves_the_fingerprint_and_damage_changes_it(generation):
    before = generations.fingerprint(generation)
    index = VectorIndex.open(generation)
    index.query(VECTORS[0], 10)
    assert generations.fingerprint(generation) == before
    index.close()
    assert generations.fingerprint(generation) == before
    next(generation.glob("*/link_lists.bin")).write_bytes(b"")
    assert generations.fingerprint(generation) != before


def test_only_the_current_generation_and_the_one_before_it_are_kept(tmp_path):
    for name in ("gen-00001", "gen-00003", "gen-00004", "gen-00005", "gen-00006.building", "notes"):
        (tmp_path / name).mkdir()
    generations.tidy(tmp_path, "gen-00004")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gen-00003", "gen-00004", "notes"]


def test_a_disk_without_room_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(UserError, match="make room"):
        generations.build(tmp_path, [], entries=10**12, dimension=DIMENSION, newer_than=None)
    assert list(tmp_path.iterdir()) == []
