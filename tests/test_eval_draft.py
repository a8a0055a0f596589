"""`footnote eval new`: what is asked of which sentence, what is held back, and that a drafted suite can be run."""

import json
import os

import pytest
import yaml
from loopback_model import LoopbackModel, Reply

from assistant.commands.configured import read_settings
from assistant.commands.index import index_paths
from assistant.open import open_assistant
from evals.cases import load_suite
from evals.chat import Chat
from evals.command import run
from evals.draft.clauses import clause_of, inverted, stands_alone
from evals.draft.corpus import Corpus
from evals.draft.disagreements import disagreements
from evals.draft.figures import figures
from evals.draft.speech import speech
from evals.draft.suite import draft
from evals.draft.verbs import base_of
from evals.draft.wording import Rewording, keeps

FILES = {
    "leave.md": """# Leave

Every employee has 28 days of paid leave a year. It is not paid out.

Anna Berg, head of people, said that unused days of leave expire on 31 March.
""",
    "travel.md": """# Travel

A night in a hotel in Paris may cost up to €140. The travel policy was revised on 1 May 2024.

Tom Hale said: “Nobody should pay for a hotel out of their own pocket.”
""",
    "office.md": """# Office

The Berlin office opened in 2019. The Berlin office has 45 desks for visitors.
""",
    "guide.md": """# Guide

The Berlin office has 30 desks for visitors. The canteen in Bonn serves soup.
""",
    "deal.txt": """The price of Telsim

Shares in Vodafone rose 4% to 140 pence. Vodafone bought the Turkish network Telsim for $4.5bn. Some 240 engineers were
sent to Ankara. Arun Sarin rejected the criticism of the price by investors in London, whose shares are worth more.
""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("team") / "handbook"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def assistant(folder):
    settings = read_settings(library=folder.parent / "library", model=None)
    index_paths([folder], settings)
    return open_assistant(settings)


@pytest.fixture(scope="module")
def corpus(assistant):
    return Corpus(assistant)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("FOOTNOTE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def asked(corpus, *makers):
    """Return, by question, the sentence it was made from."""
    return {
        found.question: found.gold[0].text for one in corpus.all for maker in makers for found in maker(one, corpus)
    }


def test_numbers_and_dates_are_asked_for_as_people_ask(corpus):
    leave, travel, office, _, deal = (text.partition("\n\n")[2] for text in FILES.values())
    expected = {
        "How many days of paid leave does every employee have a year?": leave,
        "How much may a night in a hotel in Paris cost?": travel,
        "When was the travel policy revised?": travel,
        "In which year did the Berlin office open?": office,
        "By how much did shares in Vodafone rise?": deal,
        "For how much did Vodafone buy the Turkish network Telsim?": deal,
        "How many engineers were sent to Ankara?": deal,
    }
    found = asked(corpus, figures)
    assert set(found) == set(expected)
    assert all(sentence in expected[question] for question, sentence in found.items())


def test_speech_is_asked_for_by_its_words_and_by_its_speaker(corpus):
    assert set(asked(corpus, speech)) == {
        "Who said that unused days of leave expire on 31 March?",
        "Who said “Nobody should pay for a hotel out of their own pocket”?",
        "Who rejected the criticism of the price by investors in London, whose shares are worth more?",
    }


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "Leave",
        "It is not paid out",
        "Is leave paid out?",
        "He said “no”.",
        "When it rains, the office closes.",
        "The man accused of theft left.",
        "The figures mean Sony is reaching the seven million barrier.",
        "The minister who resigned last year said that taxes would rise.",
    ],
)
def test_what_cannot_be_taken_apart_for_sure_is_left_alone(sentence):
    assert clause_of(sentence) is None


def test_a_clause_ends_where_the_next_one_begins(corpus):
    clause = clause_of("In 2003, Lennon (then 31) recorded an album at the studio, which closed as demand fell.")
    assert clause.adjunct.of(clause.text) == "In 2003"
    assert clause.subject.of(clause.text) == "Lennon"
    assert clause.verb.of(clause.text) == "recorded"
    assert clause.rest.of(clause.text) == " an album at the studio"


def test_a_verb_is_moved_not_changed_where_it_has_a_helper(corpus):
    clause = clause_of("The summit was held in Paris.")
    assert inverted(clause, clause.rest.of(clause.text), corpus, corpus.documents[0]) == "was the summit held in Paris"


@pytest.mark.parametrize(
    ("past", "base"),
    [("met", "meet"), ("announced", "announce"), ("visited", "visit"), ("stopped", "stop"), ("called", "call"),
     ("agreed", "agree"), ("carried", "carry"), ("passed", "pass"), ("costs", "cost"), ("zzqxed", None)],
)  # fmt: skip
def test_base_forms(past, base, corpus):
    assert base_of(past, corpus.is_word) == base


@pytest.mark.parametrize(
    "question", ["When did he resign?", "Who left yesterday?", "What did this cost?", "Who left last week?"]
)
def test_a_question_that_needs_its_text_does_not_stand_alone(question):
    assert not stands_alone(question)
    assert stands_alone("When did Anna Berg resign?")


def test_two_documents_that_differ_in_a_number_are_asked_for_both(corpus):
    (found,) = disagreements(corpus)
    assert found.question == "How many desks does the Berlin office have for visitors?"
    assert {one.document.source.rpartition("/")[2] for one in found.gold} == {"guide.md", "office.md"}
    assert {fact.fact for fact in found.facts} == {"30", "45"}


def test_what_only_a_held_back_document_says_is_asked_to_be_refused(assistant):
    drafted = draft(assistant, cases=10)
    refused = [case for case in drafted.cases if case.behaviour == "abstain"]
    assert refused
    assert drafted.held_back
    for case in refused:
        assert any(name in case.notes for name in drafted.held_back)
    for case in drafted.cases:
        assert not set(case.documents) & set(drafted.held_back)


def test_a_document_is_not_held_back_whose_content_another_one_has_as_well(tmp_path):
    said = "The Berlin office opened in 2019."
    for name in ("a.md", "b.md", "c.md"):
        (tmp_path / name).write_text(f"# Office\n\n{said}\n", encoding="utf-8")
    settings = read_settings(library=tmp_path / "library", model=None)
    index_paths([tmp_path / name for name in ("a.md", "b.md", "c.md")], settings)
    drafted = draft(open_assistant(settings), cases=5)
    assert drafted.held_back == ()
    (case,) = drafted.cases
    assert {gold.document for gold in case.gold} == {"a.md", "b.md", "c.md"}


def test_equal_input_gives_equal_drafts_and_every_one_is_marked(assistant):
    first, second = draft(assistant, cases=6, seed=3), draft(assistant, cases=6, seed=3)
    assert first == second
    assert len(first.cases) == 6
    assert all(case.draft for case in first.cases)


@pytest.mark.parametrize("name", ["suite.jsonl", "suite.yaml"])
def test_a_drafted_suite_can_be_run_and_says_that_nobody_confirmed_it(name, folder, tmp_path, capsys):
    assert run(["eval", "new", name, "--documents", str(folder)]) == 0
    assert "Held back: " in capsys.readouterr().out
    suite = load_suite(tmp_path / name)
    assert suite.cases
    assert {path.name for path in suite.documents} == set(FILES) - set(suite.held_back)
    assert run(["eval", name, "--out", "out"]) in (0, 1)
    told = " ".join(capsys.readouterr().out.split())
    assert f"{len(suite.cases)} of {len(suite.cases)} cases are drafts nobody confirmed" in told
    meta = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["meta"]
    assert meta["references"] == meta["references_passed"] > 0
    assert meta["wrong"] == meta["wrong_caught"] > 0


def test_a_suite_of_a_library_names_the_folder_that_was_indexed(assistant, folder, tmp_path):
    assert run(["eval", "new", "suite.yaml", "--library", str(assistant.library.directory)]) == 0
    header = yaml.safe_load((tmp_path / "suite.yaml").read_text("utf-8"))[0]
    assert (tmp_path / header["documents"]).resolve() == folder.resolve()


def test_a_library_that_holds_a_held_back_document_is_not_graded(assistant, tmp_path, capsys):
    library = str(assistant.library.directory)
    assert run(["eval", "new", "suite.jsonl", "--library", library]) == 0
    assert run(["eval", "suite.jsonl", "--library", library]) == 2
    assert "which the suite holds back" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["there.jsonl"], "there.jsonl exists"),
        (["suite.txt"], "no name for a suite"),
        (["suite.jsonl", "--documents", "nowhere"], "no folder nowhere"),
        (["suite.jsonl", "--library", "nowhere"], "no library in nowhere"),
        (["suite.jsonl", "--cases", "0"], "--cases"),
    ],
)
def test_a_mistake_is_one_sentence_and_writes_nothing(arguments, said, tmp_path, capsys):
    (tmp_path / "there.jsonl").write_text("mine", encoding="utf-8")
    assert run(["eval", "new", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert (tmp_path / "there.jsonl").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["there.jsonl"]


def test_a_suite_that_is_called_new_is_reached_by_its_path(capsys):
    assert run(["eval", "./new.jsonl"]) == 2
    assert "new.jsonl cannot be read" in capsys.readouterr().err


def number_candidate(corpus):
    return next(found for one in corpus.all for found in figures(one, corpus) if "Telsim" in found.question)


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        ("What did Vodafone pay for the Turkish network Telsim?", True),
        ("What did Vodafone pay for it?", False),
        ("Did Vodafone pay $4.5bn for the Turkish network Telsim?", False),
        ("Vodafone bought the Turkish network Telsim.", False),
        ("Sure!\nWhat did Vodafone pay for the Turkish network Telsim?", False),
        ("", False),
    ],
)
def test_a_models_words_are_kept_only_if_they_still_ask_for_the_same(reply, kept, corpus):
    assert keeps(number_candidate(corpus), reply) is kept


def test_a_model_words_questions_and_one_that_fails_is_not_asked_again(corpus, monkeypatch):
    one = number_candidate(corpus)
    better = "What did Vodafone pay for the Turkish network Telsim?"
    monkeypatch.setenv("FOOTNOTE_API_KEY", "none")
    with LoopbackModel(lambda request: Reply([better])) as server:
        good = Rewording(Chat(read_settings(model="openai:any", base_url=server.base_url)))
        assert good(one) == better
        assert "Telsim for $4.5bn" in server.requests[0]["messages"][-1]["content"]
    with LoopbackModel(lambda request: Reply(status=500, body=b"{}")) as server:
        bad = Rewording(Chat(read_settings(model="openai:any", base_url=server.base_url)))
        assert [bad(one), bad(one)] == [one.question, one.question]
        assert len(server.requests) == 1
    assert (good.reworded, bad.reworded) == (1, 0)
    assert "did not answer" in bad.failure


def test_a_held_back_document_that_is_not_there_is_a_mistake(folder, tmp_path, capsys):
    header = {"documents": str(folder), "held_back": ["gone.md"]}
    (tmp_path / "suite.jsonl").write_text(json.dumps(header), encoding="utf-8")
    assert run(["eval", "suite.jsonl"]) == 2
    assert "gone.md" in capsys.readouterr().err
