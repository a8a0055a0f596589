"""A folder with a file of every format: all of it is read, found and cited with its place, by the real command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from formats import SAMPLES, SAYS

from vectorstore.library import Library
from vectorstore.loaders import SUFFIXES


def footnote(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", "from evals.command import main; main()", *map(str, arguments)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a sample of every format, indexed; the library and the report."""
    place = tmp_path_factory.mktemp("formats")
    for suffix, (raw, _) in SAMPLES.items():
        (place / "share").mkdir(exist_ok=True)
        (place / "share" / f"sample{suffix.replace('.', '-')}{suffix}").write_bytes(raw)
    return place / "library", footnote("--library", place / "library", "index", place / "share", "--json")


def test_every_format_has_a_sample():
    assert set(SAMPLES) == set(SUFFIXES)


def test_a_file_of_every_format_is_read_and_none_is_skipped(place):
    _, report = place
    assert report["skipped"] == []
    assert len(report["added"]) == len(SAMPLES)


@pytest.mark.parametrize("suffix", SAMPLES)
def test_what_a_file_says_stands_in_its_text_and_is_cited_with_its_place(place, suffix):
    library = Library.open(place[0])
    name = f"share/sample{suffix.replace('.', '-')}{suffix}"
    (document,) = [one for one in library.documents() if one.source.partition("#")[0] == name]
    (sentence,) = [one for one in library.sentences(document.id) if SAYS in one.span.of(document.text)]
    assert document.place(document.text.index(SAYS)) == SAMPLES[suffix][1]
    assert any(sentence in passage.sentences for passage in library.passages_of(document.id))


def test_the_second_run_reads_nothing_again(place):
    library, report = place
    again = footnote("--library", library, "index", library.parent / "share", "--json")
    assert sorted(again["unchanged"]) == sorted(report["added"])
    assert again["embedded"] == 0
