import json
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from eval_values import ATTACK, ATTACKED, DOWN, FAILING, NASTY, PASSING, REPORTS, TROOPS, UNJUDGED, WHISPER, many
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.terminal import Terminal
from evals.reports.as_json import Recorded, baseline_json, json_text, read_baseline, recorded, report_json
from evals.reports.html import report_html
from evals.reports.junit import report_junit
from evals.reports.markdown import report_markdown
from evals.reports.phrases import interval, number, verdict
from evals.reports.terminal import show_report
from evals.reports.write import write_all
from evals.types import GateResult, Measure, Report, Score
from vectorstore.errors import UserError
from vectorstore.text import one_line

every_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
FILES = {"report.json", "timings.json", "junit.xml", "report.md", "report.html"}


def read_all(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def shown(report, capsys, monkeypatch, columns=100):
    monkeypatch.setenv("COLUMNS", str(columns))
    show_report(report, Terminal())
    return capsys.readouterr().out


# All of them


def test_two_processes_write_the_same_bytes(tmp_path):
    program = "import sys; from pathlib import Path; from eval_values import ATTACK, ATTACKED, many\n" + (
        "from evals.reports.write import write_all\n"
        "write_all(ATTACKED, Path(sys.argv[1], 'a')); write_all(many(20), Path(sys.argv[1], 'b'))"
    )
    house = Path(__file__).parent.parent
    for seed in ("1", "2"):
        paths = os.pathsep.join((str(house), str(house / "tests")))
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": paths}
        subprocess.run([sys.executable, "-c", program, tmp_path / seed], env=environment, check=True, cwd=tmp_path)
    for name in ("a", "b"):
        assert read_all(tmp_path / "1" / name) == read_all(tmp_path / "2" / name)


def test_a_slower_run_differs_in_its_timings_only(tmp_path):
    answer = replace(TROOPS.outcome.answer, timings_ms=(("retrieve", 999.0),))
    slow = replace(TROOPS, outcome=replace(TROOPS.outcome, answer=answer))
    write_all(PASSING, tmp_path / "fast")
    write_all(replace(PASSING, judged=(slow, *PASSING.judged[1:]), timings_ms=(("p50", 9.0),)), tmp_path / "slow")
    fast, slow = read_all(tmp_path / "fast"), read_all(tmp_path / "slow")
    assert {name for name in fast if fast[name] != slow[name]} == {"timings.json"}
    assert json.loads(slow["timings.json"])["cases_ms"]["denial-001"] == {"retrieve": 999.0}


@every_report
def test_every_report_is_written_and_nothing_else(report, tmp_path):
    write_all(PASSING, tmp_path / "a" / "b")
    paths = write_all(report, tmp_path / "a" / "b")
    assert {path.name for path in paths} == FILES == set(read_all(tmp_path / "a" / "b"))
    assert all(path.read_text(encoding="utf-8").endswith("\n") for path in paths)


def test_nothing_is_written_when_one_report_cannot_be_made(tmp_path):
    broken = replace(PASSING, measures=(Measure("faithfulness", math.nan, None, None, 1, 1),))
    with pytest.raises(ValueError):
        write_all(broken, tmp_path)
    assert read_all(tmp_path) == {}


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("here", encoding="utf-8")
    with pytest.raises(UserError, match=r"file.*name a folder"):
        write_all(PASSING, tmp_path / "file")


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (PASSING, "passed"),
        (FAILING, "failed: 2 gates"),
        (replace(PASSING, exit_code=1), "failed"),
        (UNJUDGED, "could not be judged: 1 case without an answer"),
        (replace(PASSING, exit_code=2), "could not be judged"),
    ],
)
def test_the_verdict_is_that_of_the_exit_code_and_every_report_has_it(report, said, capsys, monkeypatch):
    assert verdict(report) == said
    assert f"articles: {said}\n" in shown(report, capsys, monkeypatch)
    assert report_markdown(report).startswith(f"### <code>articles</code>: {said}\n")
    assert f">{said[0].upper()}{said[1:]}</h1>" in report_html(report)
    assert report_json(report)["verdict"] == said


def test_numbers_are_short_and_what_is_undefined_is_no_number():
    assert [number(value) for value in (None, 0.0, 1.0, 2 / 3, -0.05, 1234.0)] == [
        "–", "0.000", "1.000", "0.667", "−0.050", "1,234",
    ]  # fmt: skip
    assert number(0.0123, signed=True) == "+0.012"
    assert interval(0.9, 1.0) == "0.900–1.000"
    assert interval(-0.2, 0.1) == "−0.200 to 0.100"
    assert interval(None, None) == "–"


# JSON


def test_the_order_in_which_cases_end_does_not_matter_to_json():
    turned = replace(FAILING, judged=FAILING.judged[::-1])
    assert json_text(report_json(turned)) == json_text(report_json(FAILING))


def test_json_keeps_undefined_apart_from_zero_and_infrastructure_apart_from_failure():
    report = json.loads(json_text(report_json(replace(FAILING, judged=(*FAILING.judged, DOWN)))))
    cases = {case["id"]: case for case in report["cases"]}
    assert cases["denial-001"]["scores"] == {
        "faithfulness": 1.0, "citation_precision": 0.666667, "abstention_precision": None,
    }  # fmt: skip
    assert [cases[name]["passed"] for name in ("denial-001", "whisper/2 б", "down-1")] == [True, False, None]
    assert cases["down-1"]["error"] == DOWN.outcome.error
    assert [measure["value"] for measure in report["measures"]][3:5] == [None, 0.0]


def test_json_has_no_text_that_a_parser_could_refuse(tmp_path):
    write_all(ATTACKED, tmp_path)
    read = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert read["suite"] == NASTY.replace("\ud800", "\ufffd")


@every_report
def test_a_baseline_is_read_as_it_was_recorded_and_so_is_a_whole_report(report, tmp_path):
    plain = tuple(judged for judged in report.judged if judged is not ATTACK)
    path = tmp_path / "baseline.json"
    for fields in (baseline_json, report_json):
        path.write_text(json_text(fields(replace(report, judged=plain))), encoding="utf-8")
        assert read_baseline(path) == recorded(plain)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.none() | st.floats(-1, 1)))
def test_a_score_survives_a_baseline_without_any_difference(tmp_path_factory, scores):
    case = replace(TROOPS, scores=tuple(Score(name, value) for name, value in scores.items()))
    path = tmp_path_factory.mktemp("baseline") / "baseline.json"
    path.write_text(json_text(baseline_json(replace(PASSING, judged=(case,)))), encoding="utf-8")
    assert read_baseline(path) == recorded((case,)) == {"denial-001": Recorded("denial-001", True, {
        name: None if value is None else round(value, 6) for name, value in scores.items()
    })}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"cases": {}}',
        '{"cases": [{"id": "a", "passed": 1, "scores": {}}]}',
        '{"cases": [{"id": "a", "scores": {}}]}',
        '{"cases": [{"id": "a", "passed": true, "scores": {"f": NaN}}]}',
        '{"cases": [{"id": "a", "passed": true, "scores": {"f": "1"}}]}',
        '{"cases": [{"id": "a", "passed": true, "scores": {}}, {"id": "a", "passed": true, "scores": {}}]}',
    ],
)
def test_a_file_that_is_no_baseline_is_refused_in_a_sentence(tmp_path, text):
    path = tmp_path / "baseline.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"baseline\.json is not a baseline: .*--save-baseline"):
        read_baseline(path)


def test_a_baseline_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.json cannot be read"):
        read_baseline(tmp_path / "nowhere.json")


# The terminal


def test_the_table_has_each_measure_with_its_cases_and_fits_100_columns(capsys, monkeypatch):
    text = shown(FAILING, capsys, monkeypatch)
    assert max(map(len, text.splitlines())) <= 100
    rows = [re.split(r"  +", line.strip()) for line in text.splitlines()]
    assert ["faithfulness", "0.981", "2/3", "0.951–1.000", "0.991", "−0.010 (−0.019 to −0.001)", "✗"] in rows
    assert ["answer_correctness", "0.667", "3/3", "0.412–0.890", "0.667", "no change"] in rows
    assert ["abstention_precision", "–", "0/3", "–", "–", "–"] in rows
    assert ["forbidden_hits", "0", "3/3", "–", "–", "–", "✓"] in rows
    assert ["tokens", "1,234", "3/3", "–", "–", "–"] in rows


def test_no_number_of_the_table_is_cut_where_columns_are_few(capsys, monkeypatch):
    wide, narrow = (shown(FAILING, capsys, monkeypatch, columns) for columns in (100, 50))
    table = [line for line in wide.splitlines() if "/3 " in line or "n/cases" in line]
    assert len(table) == 7
    assert set(table) <= set(narrow.splitlines())


def test_without_a_baseline_nothing_is_said_of_one(capsys, monkeypatch):
    text = shown(PASSING, capsys, monkeypatch)
    assert "baseline" not in text
    assert "regressions" not in text


def test_the_terminal_says_what_flipped_which_gates_fail_and_why_cases_did(capsys, monkeypatch):
    text = " ".join(shown(replace(FAILING, judged=(*FAILING.judged, DOWN)), capsys, monkeypatch).split())
    assert "regressions 1, improvements 1, unchanged 1 (exact McNemar p = 1.000)" in text
    assert "✗ must_pass demands every such case passes, found 1 of 2 failed: whisper/2 б" in text
    assert "✓ 2 gates hold" in text
    assert "✗ whisper/2 б who said · must pass · regressed And what did Macron make of it? missing: He said" in text
    assert "! down-1 who said Who moderates the talks? no answer: the model at http://localhost:1 does not" in text
    assert "59 of 60 reference answers pass, 85 of 92 wrong answers are caught" in text
    assert "denial-001" not in text


def test_however_much_fails_the_terminal_shows_the_worst_and_the_verdict_last(capsys, monkeypatch):
    report = many(300)
    text = shown(replace(report, comparison=replace(report.comparison, regressions=("case-292",))), capsys, monkeypatch)
    assert len(text.splitlines()) < 100
    assert re.search(r"✗ (case-\d+)", text)[1] == "case-292"
    assert "and 23 more" in text
    assert text.endswith("\narticles: failed: 2 gates\n")


def test_no_text_of_a_report_commands_the_terminal(capsys, monkeypatch):
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", shown(ATTACKED, capsys, monkeypatch))


# JUnit


def junit(report):
    return ElementTree.fromstring(report_junit(report).encode("utf-8"))


@every_report
def test_junit_has_one_test_a_case_and_one_a_gate_and_counts_them(report):
    cases, gates = junit(report)
    outcomes = [[child.tag for child in test] for test in cases.iter("testcase")]
    expected = {True: [], False: ["failure"], None: ["error"]}
    assert outcomes == [expected[judged.passed] for judged in report.judged]
    assert [len(test) == 0 for test in gates.iter("testcase")] == [gate.passed for gate in report.gates]
    for suite in (cases, gates):
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors")) == len(suite.findall("testcase/error"))


def test_junit_says_what_was_wrong_and_how_the_measures_are():
    cases, _ = junit(replace(FAILING, judged=(WHISPER, DOWN)))
    whisper, down = cases.iter("testcase")
    assert (whisper.get("classname"), whisper.get("name")) == ("articles.who said", "whisper/2 б")
    assert whisper[0].get("message") == WHISPER.faults[0]
    assert all(fault in whisper[0].text for fault in WHISPER.faults)
    assert down[0].attrib == {"type": "infrastructure", "message": DOWN.outcome.error}
    properties = {one.get("name"): one.get("value") for one in cases.iter("property")}
    assert properties["verdict"] == "failed: 2 gates"
    assert properties["setting.answerer"] == "extractive"
    assert properties["measure.faithfulness"] == "0.981 (0.951–1.000), n = 2 of 3"
    assert properties["measure.abstention_precision"] == "–, n = 0 of 3"
    assert properties["measure.forbidden_hits"] == "0, n = 3 of 3"


@given(st.text(min_size=1))
def test_any_text_can_stand_in_junit(text):
    gate = GateResult(text, text, text, False)
    judged = replace(
        WHISPER, faults=(text,), outcome=replace(WHISPER.outcome, case=replace(WHISPER.outcome.case, id=text))
    )
    xml = report_junit(replace(FAILING, suite=text, judged=(judged,), gates=(gate,), settings=((text, text),)))
    root = ElementTree.fromstring(xml.encode("utf-8"))
    carried = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)
    assert next(root.iter("testcase")).get("name") == carried


# Markdown


class Elements(HTMLParser):
    """Collects the elements, attributes and text of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, *attribute) for attribute in attributes]

    def handle_data(self, data):
        self.text += data


def on_github(report):
    return Elements(
        MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(report_markdown(report))
    )


@every_report
def test_markdown_makes_only_the_elements_that_we_wrote(report):
    rendered = on_github(report)
    assert set(rendered.tags) <= {
        "h3", "p", "ul", "li", "code", "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
    }  # fmt: skip
    columns = 6 if report.comparison else 4
    assert rendered.tags.count("td") == columns * len(report.measures)
    assert rendered.tags.count("th") == columns


def test_hostile_text_in_markdown_stays_text_and_mentions_nobody():
    source, rendered = report_markdown(ATTACKED), on_github(ATTACKED)
    assert rendered.text.count(one_line(NASTY)) >= 10
    assert "@" not in source
    assert "](" not in source


def test_markdown_says_the_verdict_the_gates_the_flips_and_the_faults():
    text = on_github(FAILING).text
    assert text.startswith("articles: failed: 2 gates\n")
    assert "must_pass demands every such case passes, found 1 of 2 failed: whisper/2 б" in text
    assert "✗ Regressed: whisper/2 б" in text
    assert "✓ Improved: nothing-1" in text
    assert "missing: He said so on NBC News" in text


def test_markdown_stays_short_however_much_fails():
    report = many(300)
    long = GateResult("g" * 500, "d" * 500, "f" * 500, False)
    failing = tuple(replace(judged, passed=False, faults=("wrong " * 500,) * 50) for judged in report.judged)
    names = tuple(judged.outcome.case.id for judged in failing)
    comparison = replace(report.comparison, regressions=names)
    text = report_markdown(replace(report, judged=failing, gates=(long,) * 25, comparison=comparison))
    assert len(text) < 65_536  # the longest comment that GitHub takes
    assert "300 cases that did not pass, the first 10" in text
    assert text.count("wrong wrong") > 0
    assert "and 290 more" in text


def test_what_broke_since_the_baseline_comes_first_in_markdown():
    report = many(100)
    broken = replace(report, comparison=replace(report.comparison, regressions=("case-094",)))
    listed = report_markdown(broken).partition("<details>")[2]
    assert re.search(r"case-\d+", listed)[0] == "case-094"


# The page, as text; tests/test_eval_page.py opens it


@every_report
def test_the_page_holds_only_elements_and_addresses_that_we_wrote(report):
    page = Elements(report_html(report))
    assert set(page.tags).isdisjoint({"img", "iframe", "object", "embed", "base", "audio", "video"})
    assert page.tags.count("script") == page.tags.count("style") == page.tags.count("form") == 1
    assert {name for _, name, _ in page.attributes} <= {
        "lang", "charset", "http-equiv", "content", "name", "rel", "href", "class", "id", "dir", "title", "scope",
        "open", "hidden", "type", "value", "checked", "tabindex", "aria-hidden", "focusable", "height", "cx", "cy", "r",
        "x1", "x2", "y1", "y2", "data-state", "data-category", "data-flip",
    }  # fmt: skip
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    links = {value for _, name, value in page.attributes if name == "href"}
    assert links - {"data:,"} <= {f"#{name}" for name in ids}


@settings(deadline=None)
@given(st.text())
def test_any_text_can_stand_in_the_page(text):
    case = replace(WHISPER.outcome.case, question=text, category=text)
    page = Elements(
        report_html(
            replace(FAILING, judged=(replace(WHISPER, faults=(text,), outcome=replace(WHISPER.outcome, case=case)),))
        )
    )
    carried = re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text)
    assert ("article", "data-category", carried) in page.attributes
    assert page.text.count(carried) >= 2  # the question and the fault


def test_two_ids_never_share_a_place_in_the_page():
    names = ("a b", "a%20b", "a/b", "a%2Fb", "é", "e\u0301", "\ud800", "\ud801")
    judged = tuple(
        replace(TROOPS, outcome=replace(TROOPS.outcome, case=replace(TROOPS.outcome.case, id=name))) for name in names
    )
    page = Elements(report_html(replace(PASSING, judged=judged)))
    ids = [value for tag, name, value in page.attributes if (tag, name) == ("article", "id")]
    assert len(set(ids)) == len(names)


def test_an_empty_report_can_be_written_in_every_form(tmp_path, capsys, monkeypatch):
    empty = Report("nothing", (), (), (), (), REPORTS["empty"].meta, exit_code=1)
    assert len(write_all(empty, tmp_path)) == len(FILES)
    assert "0 of 0 cases passed" in shown(empty, capsys, monkeypatch)
