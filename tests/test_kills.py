"""SIGKILL at random moments of a run, and runs in pairs; FOOTNOTE_KILLS says how many, with a pair for each four."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from formats import SAMPLES

from evals.benchmarks.crash import check_answers, contents_of, survive, wanted_of

KILLS = int(os.environ.get("FOOTNOTE_KILLS", "6"))
PAIRS = max(2, KILLS // 4)
STAND_IN = Path(__file__).with_name("stand_ins.py")
PLAIN = {".txt", ".text", ".md", ".markdown"}
DAMAGED = b"\x00damaged"


@pytest.fixture
def place(tmp_path):
    """A folder with a file of every format and more texts, a library beside it, and what brings that up to date."""
    folder, library = tmp_path / "folder", tmp_path / "library"
    folder.mkdir()
    for number in range(12):
        paragraphs = (f"Sentence {place} of article {number} says {number * place}." for place in range(12))
        (folder / f"{number}.txt").write_text("\n\n".join(paragraphs))
    for suffix, (raw, _) in SAMPLES.items():
        (folder / f"sample{suffix}").write_bytes(raw)
    return folder, library, [sys.executable, str(STAND_IN), str(folder), str(library)]


def edit(folder, chance):
    """Change, damage or mend, move, remove and add some files."""
    for number, path in enumerate(chance.sample(sorted(each for each in folder.rglob("*") if each.is_file()), 8)):
        token = f"{chance.getrandbits(64):x}"
        suffix = path.name[path.name.index(".") :]
        raw = path.read_bytes()
        news = raw + f"\n\nNews: {token}.\n".encode() if suffix in PLAIN else DAMAGED
        if number < 3:
            path.write_bytes(SAMPLES[suffix][0] if raw == DAMAGED else news)
        elif number < 5:
            (folder / f"deep-{token[0]}").mkdir(exist_ok=True)
            path.rename(folder / f"deep-{token[0]}" / f"{token}{suffix}")
        else:
            path.with_name(f"{token}{suffix}").write_bytes(news if suffix in PLAIN else raw)
            path.unlink()


def test_a_killed_run_leaves_the_old_library_or_the_new_one_and_the_next_run_completes(place):
    folder, library, command = place
    outcomes = list(survive(folder, library, command, kills=KILLS, recover_every=3, seed=KILLS, edit=edit))
    states = [outcome.state for outcome in outcomes]
    print({state: states.count(state) for state in sorted(set(states))})
    assert len(outcomes) == KILLS
    assert "old" in states


def test_of_two_runs_at_once_each_completes_or_is_told_that_another_writes(place):
    folder, library, command = place
    chance = random.Random(PAIRS)
    started = time.monotonic()
    subprocess.run(command, check=True)
    duration = time.monotonic() - started
    told = 0
    for _ in range(PAIRS):
        before = contents_of(library)
        edit(folder, chance)
        wanted = wanted_of(folder)
        first = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            first.wait(duration * chance.random() / 3)
        except subprocess.TimeoutExpired:
            assert contents_of(library) in (before, wanted)
        second = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        said = [each.communicate()[1] for each in (first, second)]
        codes = [first.returncode, second.returncode]
        assert 0 in codes
        for code, words in zip(codes, said, strict=True):
            assert code == 0 or "another run is writing" in words
        told += codes.count(1)
        check_answers(library)
        assert contents_of(library) == wanted
    print({"pairs": PAIRS, "told": told})
