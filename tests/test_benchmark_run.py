"""`footnote eval --benchmark`: what it prints, and how it ends."""

import json
from importlib import import_module

import pytest
from benchmark_data import write_lines

from evals.benchmarks.run import BENCHMARKS, Measured, run_benchmarks, show
from evals.benchmarks.table import Figure, Table
from evals.command import run
from vectorstore.errors import UserError

FULL = Measured("support", Table("Support", ("set", "n", "share"), (("a", 2, Figure(0.5, 0.25, 1.0)), ("b", 0, None))))
EMPTY = Measured("answers", Table("Answers", ("set",), (), skipped=("its data is absent (3 questions)",)))


@pytest.fixture
def data(tmp_path):
    pairs = [("The bridge fell.", 1), ("Cats purr.", 0)]
    rows = [{"premise": "The bridge fell.", "claim": claim, "label": label} for claim, label in pairs]
    write_lines(tmp_path / "support" / "dev" / "fm2_half.jsonl.gz", rows)
    return tmp_path


def test_every_benchmark_is_a_module_that_measures():
    assert all(callable(import_module(f"evals.benchmarks.{name}").measure) for name in BENCHMARKS)


def test_the_json_has_each_figure_with_its_interval(capsys):
    assert show((FULL, EMPTY), as_json=True) == 0
    out, err = capsys.readouterr()
    rows = [["a", 2, {"value": 0.5, "low": 0.25, "high": 1.0, "n": None}], ["b", 0, None]]
    about = {"settings": [], "published": [], "skipped": []}
    absent = {"name": "answers", "title": "Answers", "columns": ["set"], "rows": [], **about}
    assert json.loads(out) == {
        "measured": ["support"],
        "absent": ["answers"],
        "benchmarks": [
            {"name": "support", "title": "Support", "columns": ["set", "n", "share"], "rows": rows, **about},
            absent | {"skipped": ["its data is absent (3 questions)"]},
        ],
    }
    assert err == "1 of 2 benchmarks measured; without data: answers\n"


def test_markdown_has_the_tables_and_what_was_skipped(capsys):
    assert show((FULL, EMPTY), as_json=False) == 0
    out = capsys.readouterr().out
    assert "| a | 2 | 0.500 (0.250–1.000) |" in out
    assert "- Skipped: its data is absent (3 questions)" in out


def test_when_nothing_is_measured_it_ends_with_2(capsys):
    assert show((EMPTY,), as_json=False) == 2
    assert capsys.readouterr().err == "0 of 1 benchmarks measured; without data: answers\n"


def test_all_benchmarks_without_any_data_say_what_is_absent(tmp_path):
    measured = run_benchmarks("all", tmp_path)
    assert [one.name for one in measured] == list(BENCHMARKS)
    assert all(not one.table.rows and one.table.skipped for one in measured)


def test_the_command_runs_a_benchmark(data, capsys):
    assert run(["eval", "--benchmark", "support", "--data", str(data)]) == 0
    out, err = capsys.readouterr()
    assert "| FoolMeTwice half | 2 | 1.000" in out
    assert "support/dev/summac_factcc.jsonl.gz is absent (311 pairs)" in out
    assert err == "1 of 1 benchmarks measured\n"
    assert run(["eval", "--benchmark", "support", "--data", str(data), "--limit", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["benchmarks"][0]["rows"][0][:2] == ["FoolMeTwice half", 1]


def test_two_runs_print_the_same(data, capsys):
    printed = []
    for _ in range(2):
        run(["eval", "--benchmark", "support", "--data", str(data), "--json"])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--benchmark", "support"], "--data"),
        (["--benchmark", "support", "--data", "nowhere"], "nowhere is no folder"),
        (["--benchmark", "speed", "--data", "."], "retrieval, answers, support"),
        (["--benchmark", "support", "suite.jsonl", "--data", "."], "Both SUITE and --benchmark"),
        ([], "Neither SUITE nor --benchmark"),
    ],
)
def test_a_mistake_ends_with_2_and_says_what_to_do(tmp_path, monkeypatch, capsys, arguments, says):
    monkeypatch.chdir(tmp_path)
    assert run(["eval", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_an_unknown_name_is_a_mistake(tmp_path):
    with pytest.raises(UserError, match="'nothing'"):
        run_benchmarks("nothing", tmp_path)
