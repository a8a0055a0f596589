"""Our own suite over the model path: an honest model passes its gates, and what others get wrong is caught."""

import asyncio
import json
import re
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from loopback_model import LoopbackModel
from scripted import Everything, Shelf
from scripted_models import AtRandom, Honest, Silent, fold, foreign, obedient
from shipped import VERIFIER

from assistant.contract import answer_json
from assistant.model import ModelAnswerer
from assistant.open import open_assistant
from assistant.pipeline import Assistant
from assistant.providers import open_chat_model
from assistant.settings import Settings
from assistant.types import Claimed, Delta, Finished
from evals.cases import load_suite
from evals.gates import gates_beside, read_gates
from evals.grade import grade
from evals.run import run
from prompts.load import load as load_prompt
from vectorstore.errors import SkippedFile
from vectorstore.library import Library
from vectorstore.loaders import load
from vectorstore.sync import sync

SUITE = Path(__file__).parent.parent / "evals" / "suites" / "articles.jsonl"
ATTACKS = Path(__file__).parent.parent.parent / "shared" / "cases" / "attacks.jsonl"


@pytest.fixture(scope="module")
def suite():
    return load_suite(SUITE)


@pytest.fixture(scope="module")
def library(tmp_path_factory, embedder, suite):
    directory = tmp_path_factory.mktemp("suite") / "library"
    sync(suite.documents, Library.create(directory), embedder, passage_tokens=200)
    return directory


@pytest.fixture
def assistant(library):
    """The assistant of the suite's documents with a scripted model, opened as the settings open it."""
    servers = []

    def opened(script):
        server = LoopbackModel(script)
        server.__enter__()
        servers.append(server)
        fields = {"model": "scripted", "base_url": server.base_url}
        return open_assistant(Settings(_env_file=None, library=library, **fields))

    yield opened
    for server in servers:
        server.__exit__(None, None, None)


def some(suite, every):
    return replace(suite, cases=suite.cases[::every])


def claims_of(outcomes, verdict):
    return [
        (outcome, claim)
        for outcome in outcomes
        if outcome.answer
        for claim in outcome.answer.claims
        if claim.judgement.verdict == verdict
    ]


def cited(answer, claim):
    return [citation.quote for citation in answer.citations if citation.number in claim.citations]


def test_an_honest_model_passes_the_gates_of_the_suite(suite, assistant):
    report = grade(suite, assistant(Honest(suite)), read_gates(gates_beside(SUITE)))
    right = sum(one.passed or False for one in report.judged)
    print(f"honest: {right} of {len(suite.cases)} right")
    assert report.exit_code == 0, [gate for gate in report.gates if not gate.passed]
    assert all(one.outcome.answer.answerer == "model" for one in report.judged)


def test_of_a_model_that_cites_at_random_what_is_shown_as_supported_is(suite, assistant):
    outcomes = run(suite, assistant(AtRandom(suite)))
    supported = claims_of(outcomes, "supported")
    wrong = [
        (outcome.case.id, claim.text, quote)
        for outcome, claim in supported
        for quote in cited(outcome.answer, claim)
        if not is_right(outcome.case, quote)
    ]
    total = sum(len(claim.citations) for _, claim in supported)
    written = sum(len(outcome.answer.claims) for outcome in outcomes if outcome.answer)
    print(f"random: {total} citations of {len(supported)} supported of {written} sentences; wrong {wrong}")
    assert total > 0
    assert len(wrong) <= 0.05 * total


def is_right(case, quote):
    """Return whether a cited sentence holds what the case rests on, or says one of its facts."""
    gold = any(fold(one.quote) in fold(quote) or fold(quote) in fold(one.quote) for one in case.gold)
    return gold or any(re.search(pattern, quote, re.IGNORECASE) for fact in case.facts for pattern in fact.any_of)


def test_a_model_that_never_cites_is_given_only_citations_that_bear_it_out(suite, assistant):
    outcomes = run(some(suite, 6), assistant(Silent(suite)))
    found = claims_of(outcomes, "supported")
    assert found
    assert all(claim.citations for _, claim in found)
    assert all(not claim.citations for _, claim in claims_of(outcomes, "uncited"))
    wrong = [
        (claim.text, cited(outcome.answer, claim))
        for outcome, claim in found
        if not any(is_right(outcome.case, quote) for quote in cited(outcome.answer, claim))
    ]
    print(f"silent: {len(found)} sentences were given a citation; wrong {wrong}")
    assert len(wrong) <= 0.05 * len(found)


def test_what_a_model_says_in_another_language_about_something_else_is_never_supported(suite, assistant):
    outcomes = run(some(suite, 12), assistant(foreign))
    assert all(outcome.answer.claims for outcome in outcomes)
    assert claims_of(outcomes, "supported") == []


def contained(events):
    """Check that a stream holds no address, picture, foreign citation or stretch of our rules; return its answer."""
    answer = events[-1].answer
    assert isinstance(events[-1], Finished)
    shown = [answer.text, answer.notice or "", *(claim.text for claim in answer.claims)]
    shown += ["".join(event.text for event in events if isinstance(event, Delta))]
    shown += [event.claim.text for event in events if isinstance(event, Claimed)]
    rules = fold(load_prompt("answer").text + load_prompt("repair").text)
    stretches = {rules[at : at + 40] for at in range(len(rules) - 39)}
    for text in shown:
        assert not re.search(r"//|!\[|\]\(|<a |<img|www\.|\[S\d+\]|【", text), text
        said = fold(text)
        assert not any(said[at : at + 40] in stretches for at in range(len(said) - 39)), text
    numbers = {citation.number for citation in answer.citations}
    assert {int(number) for number in re.findall(r"\[(\d{1,3})\]", answer.text)} <= numbers
    for citation in answer.citations:
        assert citation.quote == citation.document.text[citation.span.start : citation.span.end]
    json.dumps(answer_json(answer))
    return answer


@pytest.fixture(scope="module")
def obedient_stream():
    """Ask the obedient model about a few documents, all of them shown to it."""
    with LoopbackModel(obedient) as server:
        settings = Settings(_env_file=None, model="scripted", base_url=server.base_url)
        model = ModelAnswerer(open_chat_model(settings), model="scripted")

        def ask(question, documents):
            shelf = Shelf(documents)
            assistant = Assistant(shelf, Everything(shelf), answerer=model, repairer=model, verifier=VERIFIER)

            async def collect():
                async with aclosing(assistant.stream(question)) as events:
                    return [event async for event in events]

            return asyncio.run(collect())

        yield ask


def test_a_model_that_obeys_every_document_gets_nothing_past_us(obedient_stream, suite):
    documents = [load(path, source=path.name) for folder in suite.documents for path in sorted(folder.glob("*.md"))]
    answer = contained(obedient_stream("Who captains the Larkmoor ferry?", documents))
    assert answer.claims


def test_no_attack_by_a_document_gets_past_us_with_a_model_that_obeys(obedient_stream, tmp_path):
    if not ATTACKS.exists():
        pytest.skip("42 attacks by documents were not tried: the shared cases are not here")
    tried, unread = 0, []
    for attack in map(json.loads, ATTACKS.read_text(encoding="utf-8").splitlines()):
        if attack["surface"] != "document" or attack["kind"] != "literal":
            continue
        documents = []
        for number, text in enumerate(filter(None, (attack["payload"], attack.get("also_index")))):
            path = tmp_path / f"{attack['id']}-{number}.{attack.get('format', 'md')}"
            path.write_text(text, encoding="utf-8", errors="replace")
            try:
                documents.append(load(path, source=path.name))
            except SkippedFile:
                unread.append(attack["id"])
        documents = [one for one in documents if Shelf([one]).sentences(one.id)]
        if documents:
            contained(obedient_stream(attack.get("question") or "What does this say?", documents))
            tried += 1
    print(f"{tried} attacks by documents were tried; not readable: {unread}")
    assert tried
