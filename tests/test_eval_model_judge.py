"""A model as second judge: what it may reply, the cassette that replays it, and how agreement is measured."""

import json
import os
import re
from pathlib import Path

import pytest
from loopback_model import LoopbackModel, Reply

from assistant.commands.configured import read_settings
from assistant.types import Evidence
from evals.agreement import cohen_kappa
from evals.cassette import Cassette
from evals.chat import Chat
from evals.command import run
from evals.model_judge import ModelVerifier, parsed
from vectorstore.errors import UserError
from vectorstore.types import Document, Sentence, Span

RECORDED = Path(__file__).parent / "cassettes" / "judge.jsonl"
TEXT = "Every employee has 28 days of paid leave a year."
DOCUMENT = Document("leave.md", "Leave", TEXT)
EVIDENCE = (Evidence("S1", DOCUMENT, Sentence(DOCUMENT.id, 0, Span(0, len(TEXT)), 0), "Anna Berg"),)
SUITE = (
    {"documents": "handbook"},
    {
        "id": "leave",
        "category": "number",
        "question": "How many days of paid leave does an employee have?",
        "expected_behavior": "answer",
        "key_facts": [{"id": "f1", "fact": "28 days", "any_of": ["28 days"], "required": True}],
        "gold_quotes": [{"id": "q1", "doc": "leave.md", "quote": TEXT, "start": 7}],
        "reference_answer": "Each employee has 28 days of paid leave a year [q1].",
        "bad_answers": [{"answer": "Every employee has 30 days of paid leave a year [q1].", "error": "number"}],
    },
)


@pytest.fixture(autouse=True)
def _team(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("FOOTNOTE_") or name == "OPENAI_API_KEY":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook" / "leave.md").write_text(f"# Leave\n{TEXT}\n", encoding="utf-8")
    (tmp_path / "suite.jsonl").write_text("\n".join(map(json.dumps, SUITE)), encoding="utf-8")


def careful(request):
    """Reply as a model would that compares the numbers of claim and sentences."""
    sources, claim = re.findall(r"^<\w+ \w+>\n(.*?)\n</", request["messages"][-1]["content"], re.DOTALL | re.MULTILINE)
    found = set(re.findall(r"\d+", claim)) <= set(re.findall(r"\d+", sources))
    return Reply(["SUPPORTED: ", "the numbers are there"] if found else ["UNSUPPORTED: another number"])


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("SUPPORTED", "supported"),
        ("SUPPORTED: it says so", "supported"),
        ("**PARTLY**: not all", "partly_supported"),
        ("UNSUPPORTED - another number\n", "unsupported"),
        ("", "unchecked"),
        ("supported", "unchecked"),
        ("NOT SUPPORTED", "unchecked"),
        ("SUPPORTED or UNSUPPORTED", "unchecked"),
        ("The claim is SUPPORTED.", "unchecked"),
        ("SUPPORTED: yes\nUNSUPPORTED: no", "unchecked"),
    ],
)
def test_a_reply_is_read_as_it_was_asked_for_or_not_at_all(reply, verdict):
    assert parsed(reply).verdict == verdict


def settings(**given):
    return read_settings(model="openai:any", **given)


def test_what_a_model_said_is_replayed_without_it(tmp_path):
    cassette = tmp_path / "judge.jsonl"
    with LoopbackModel(careful) as server:
        recording = ModelVerifier(Chat(settings(base_url=server.base_url, api_key="none"), Cassette(cassette)))
        first = [recording.judge(claim, EVIDENCE) for claim in ("28 days", "30 days", "28 days")]
        assert len(server.requests) == 2
        assert "(spoken by Anna Berg)" in server.requests[0]["messages"][-1]["content"]
    replaying = ModelVerifier(Chat(settings(), Cassette(cassette)))
    assert [replaying.judge(claim, EVIDENCE) for claim in ("28 days", "30 days", "28 days")] == first
    assert [one.verdict for one in first] == ["supported", "unsupported", "supported"]


def test_what_is_not_on_the_cassette_cannot_be_judged_without_a_key(tmp_path):
    verifier = ModelVerifier(Chat(settings(), Cassette(tmp_path / "empty.jsonl")))
    with pytest.raises(UserError, match=r"does not hold this reply yet\. There is no key"):
        verifier.judge("28 days", EVIDENCE)


def test_another_model_or_another_claim_is_another_question(tmp_path):
    cassette = Cassette(tmp_path / "judge.jsonl")
    with LoopbackModel(careful) as server:
        ModelVerifier(Chat(settings(base_url=server.base_url, api_key="none"), cassette)).judge("28 days", EVIDENCE)
    other = read_settings(model="openai:other")
    for chat, claim in ((Chat(other, cassette), "28 days"), (Chat(settings(), cassette), "29 days")):
        with pytest.raises(UserError, match="does not hold"):
            ModelVerifier(chat).judge(claim, EVIDENCE)


def test_a_model_that_fails_is_one_sentence_without_what_it_said(tmp_path):
    with LoopbackModel(lambda request: Reply(status=500, body=b'{"error": "sk-secret"}')) as server:
        verifier = ModelVerifier(
            Chat(settings(base_url=server.base_url, api_key="none"), Cassette(tmp_path / "c.jsonl"))
        )
        with pytest.raises(UserError, match="openai:any did not answer") as caught:
            verifier.judge("28 days", EVIDENCE)
    assert "sk-secret" not in str(caught.value)
    assert not (tmp_path / "c.jsonl").exists()


def test_a_cassette_that_is_none_names_its_line(tmp_path):
    (tmp_path / "c.jsonl").write_text('\n{"key": "x"}\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"c\.jsonl, line 2 is no recorded reply"):
        Cassette(tmp_path / "c.jsonl")


def test_kappa_is_agreement_beyond_chance():
    # 20 both yes, 15 both no, 5 and 10 apart: po 0.7, pe 0.5 (the example of Cohen's kappa in Wikipedia).
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    assert cohen_kappa(pairs) == pytest.approx(0.4)
    assert cohen_kappa([(True, True), (False, False)]) == 1
    assert cohen_kappa([(True, False), (False, True)]) == -1
    assert cohen_kappa([(True, True)] * 5) is None
    assert cohen_kappa([(True, False)]) is None


def test_a_run_tells_how_far_the_model_agrees_and_lists_where_not(monkeypatch, tmp_path, capsys):
    def lenient(request):
        return careful(request) if "30 days" not in request["messages"][-1]["content"] else Reply(["SUPPORTED: leave"])

    with LoopbackModel(lenient) as server:
        monkeypatch.setenv("FOOTNOTE_BASE_URL", server.base_url)
        arguments = ["eval", "suite.jsonl", "--judge", "openai:any", "--cassette", "judge.jsonl", "--out", "out"]
        assert run(arguments) == 0, capsys.readouterr()
    out = " ".join(capsys.readouterr().out.split())
    assert "agrees with the verifier on 2 of 3 claims" in out
    assert "model: supported (judge: leave)" in out
    kept = json.loads((tmp_path / "out" / "judge.json").read_text("utf-8"))
    assert [one["claim"] for one in kept["disagreements"]] == ["Every employee has 30 days of paid leave a year"]
    monkeypatch.delenv("FOOTNOTE_BASE_URL")
    assert run([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["judge"] == kept


def test_the_recorded_cassette_replays_without_model_key_or_network(capsys):
    assert run(["eval", "suite.jsonl", "--judge", "openai:recorded", "--cassette", str(RECORDED), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["judge"]
    assert (told["claims"], told["agreed"], told["not_judged"]) == (2, 2, 1)
    assert told["kappa"] == 1


def test_a_missing_reply_is_no_wrong_answer_but_a_run_that_cannot_be_judged(capsys):
    assert run(["eval", "suite.jsonl", "--judge", "openai:any", "--cassette", "none.jsonl"]) == 2
    assert "none.jsonl does not hold this reply yet" in capsys.readouterr().err


def test_a_cassette_without_a_judge_is_a_mistake(capsys):
    assert run(["eval", "suite.jsonl", "--cassette", "c.jsonl"]) == 2
    assert "--judge" in capsys.readouterr().err
