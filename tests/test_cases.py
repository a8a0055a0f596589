"""The questions that the house is measured by: the shared cases, judged by their own judge, and ours on the samples."""

import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.contract import answer_json
from assistant.open import open_assistant
from assistant.settings import Settings
from assistant.types import Turn
from vectorstore.library import Library
from vectorstore.sync import sync

SHARED = Path(__file__).parents[2] / "shared"
CASES = 15
RIGHT = 10  # of CASES, at least


@dataclass(frozen=True, slots=True)
class Judged:
    """A shared case with its answer in the JSON contract, and what the judge finds wrong with it."""

    case: dict
    answer: dict
    faults: list


@pytest.fixture(scope="module")
def judged(tmp_path_factory, embedder):
    if not (SHARED / "cases" / "seed_cases.jsonl").is_file():
        pytest.skip(f"{CASES} cases not judged: ../shared/cases is not here")
    loaded = importlib.util.spec_from_file_location("judge", SHARED / "cases" / "judge.py")
    judge = importlib.util.module_from_spec(loaded)
    loaded.loader.exec_module(judge)
    cases = [json.loads(line) for line in (SHARED / "cases" / "seed_cases.jsonl").read_text("utf-8").splitlines()]
    directory = tmp_path_factory.mktemp("cases") / "library"
    sync([SHARED / "articles"], Library.create(directory), embedder, passage_tokens=200)
    assistant = open_assistant(Settings(_env_file=None, library=directory, embedding="bundled", model=None))
    sources = {path.name: judge.fold(path.read_text("utf-8")) for path in (SHARED / "articles").iterdir()}
    found = []
    for case in cases:
        history = [Turn(turn["role"], turn["content"]) for turn in case["history"]]
        answer = answer_json(assistant.ask(case["question"], history))
        texts = {document.id: document.text for document in assistant.library.documents()}
        for citation in answer["citations"]:
            assert texts[citation["document_id"]][citation["start"] : citation["end"]] == citation["quote"]
        found.append(Judged(case, answer, judge.judge(case, answer, sources)))
    return found


def test_every_shared_case_is_judged(judged):
    assert len(judged) == CASES


def test_no_citation_of_a_shared_case_is_missing_from_its_source(judged):
    faults = {one.case["id"]: [fault for fault in one.faults if " is not in " in fault] for one in judged}
    assert {id: found for id, found in faults.items() if found} == {}


def test_every_shared_case_without_an_answer_abstains(judged):
    unanswerable = [one for one in judged if one.case["expected_behavior"] == "abstain"]
    assert unanswerable
    assert {one.case["id"]: one.answer["text"] for one in unanswerable if one.answer["state"] != "abstained"} == {}


def test_most_shared_cases_are_right(judged):
    wrong = {one.case["id"]: one.faults for one in judged if one.faults}
    assert len(judged) - len(wrong) >= RIGHT, wrong


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer from the sample articles must hold: patterns of its text, and documents among those it cites."""

    question: str
    facts: tuple[str, ...]
    documents: tuple[str, ...] = ()
    speaker: str | None = None
    at_least: int = 1  # documents cited


ANSWERED = (
    Expected(
        "What did Russia say about NATO troops?",
        (r"Foreign Ministry", r"reject", r"categorical", r"NATO"),
        ("russia-denial",),
        "Foreign Ministry",
        at_least=2,
    ),
    Expected("How did Macron respond to the whisper?", (r"great news",), (), "Macron"),
    Expected("What exactly did Trump whisper to Macron?", (r"“I think he wants to make a deal",), (), "Donald Trump"),
    Expected("What did Rutte say about Trump’s offer?", (r"breakthrough|big step",), (), "Mark Rutte"),
    Expected("What did Rubio tell ABC News?", (r"still a long ways off",), (), "Marco Rubio"),
    Expected("How much would Ukraine spend on American weapons?", (r"\$90 billion",)),
    Expected("When did Russia annex Crimea?", (r"2014",)),
    Expected("Who is the chancellor of Germany?", (r"Friedrich Merz",), ("leaders-in-washington",)),
    Expected("Why can’t Ukraine give up the Donbas?", (r"constitution",)),
    Expected("How soon might Putin and Zelensky meet?", (r"within two weeks|not clear when",)),
)


@pytest.mark.parametrize("expected", ANSWERED, ids=lambda expected: expected.question)
def test_a_question_that_the_sample_articles_answer_gets_its_facts_with_their_sources(sample_assistant, expected):
    answer = sample_assistant.ask(expected.question)
    assert answer.state == "complete", answer.text
    assert [fact for fact in expected.facts if not re.search(fact, answer.text)] == [], answer.text
    cited = {Path(one.document.source).stem for one in answer.citations}
    assert set(expected.documents) <= cited
    assert len(cited) >= expected.at_least
    for claim in answer.claims:
        assert claim.citations, claim
        assert claim.judgement.verdict == "supported", claim
    if expected.speaker:
        assert any(expected.speaker in (one.speaker or "") for one in answer.citations)
