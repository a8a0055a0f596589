"""Whatever a model's server does, the person gets an answer, or what came of it, in time, and reads what went wrong."""

import socket
import time

import pytest
from fault_server import FAULTS, faults

from assistant.open import open_assistant
from assistant.settings import Settings

PATIENCE = {"model_first_seconds": 1.0, "model_idle_seconds": 1.0, "model_total_seconds": 4.0}
SLACK = 10.0  # seconds of a busy machine, for search, reading and verifying beside the model
QUESTION = "What did Macron say?"
WHOLE, HALF = "It was said in Berlin.", "It was sa"

# Fault → how often the server is asked, the state of the answer, its first sentences, and a word of its notice.
# "quoted": the model said nothing, and the documents' own sentences took its place.
TABLE = {
    "429": (2, "quoted", "busy"),
    "429 for an hour": (1, "quoted", "busy"),
    "500": (2, "quoted", "server failed"),
    "401": (1, "quoted", "FOOTNOTE_API_KEY"),
    "no answer": (1, "quoted", "silent"),
    "comments": (1, "quoted", "silent"),
    "dripping header": (1, "quoted", "silent"),
    "dropped": (1, "partial", "broke"),
    "closed early": (1, "partial", "ended the answer"),
    "reset": (1, "partial", "broke"),
    "bad JSON": (1, "partial", "broke"),
    "error event": (1, "partial", "broke"),
    "no choices": (2, "complete", None),  # the second request is the one that asks to mend what is not supported
    "null delta": (1, "partial", "ended the answer"),
    "HTML": (2, "quoted", "FOOTNOTE_BASE_URL"),
    "bad UTF-8": (1, "partial", "broke"),
    "torn UTF-8": (2, "complete", None),
    "empty": (2, "quoted", "nothing"),
    "length": (2, "truncated", "FOOTNOTE_ANSWER_TOKENS"),
    "filtered": (1, "quoted", "withheld"),
    "endless": (2, "truncated", "FOOTNOTE_ANSWER_TOKENS"),
    "redirect": (1, "quoted", "FOOTNOTE_BASE_URL"),
    "no stream": (2, "quoted", ""),
    "CRLF": (2, "complete", None),
    "no [DONE]": (2, "complete", None),
}


@pytest.fixture(scope="module")
def server():
    with faults() as running:
        yield running


@pytest.fixture
def assistant(sample_library):
    def opened(base_url, **more):
        fields = {"model": "local", "base_url": base_url, "api_key": "sk-secret", "answer_tokens": 50}
        return open_assistant(Settings(_env_file=None, library=sample_library, **fields, **PATIENCE, **more))

    return opened


def test_every_fault_has_a_row():
    assert set(TABLE) == set(FAULTS)


@pytest.mark.parametrize("fault", TABLE)
def test_a_server_at_fault_leaves_an_answer_in_time_that_says_what_went_wrong(server, assistant, fault):
    asked, state, hint = TABLE[fault]
    began = time.monotonic()
    answer = assistant(server.base_url(fault)).ask(QUESTION)
    assert time.monotonic() - began < 2 * PATIENCE["model_total_seconds"] + SLACK, "only a deadline ends some of these"

    assert server.asked[fault] == asked
    assert answer.model == "local"
    assert "sk-secret" not in f"{answer.text} {answer.notice}"
    if state == "quoted":
        assert (answer.state, answer.answerer) == ("complete", "extractive")
        assert answer.claims
        assert all(claim.judgement.verdict == "supported" for claim in answer.claims)
        assert "sentences of the documents instead" in answer.notice
    else:
        assert (answer.state, answer.answerer) == (state, "model")
        said = [claim.text for claim in answer.claims]
        assert said[:2] == ([WHOLE, HALF] if fault not in {"endless", "torn UTF-8"} else said[:2])
        assert all(claim.judgement.verdict != "supported" for claim in answer.claims), "nobody said so"
    assert hint in answer.notice if hint is not None else answer.notice is None


def test_a_letter_that_is_torn_in_transit_arrives_whole(server, assistant):
    answer = assistant(server.base_url("torn UTF-8")).ask(QUESTION)
    assert [claim.text for claim in answer.claims] == ["Zoë said “ï” in Berlin."]


def test_a_server_that_is_gone_leaves_the_documents_own_sentences(assistant):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    answer = assistant(f"http://127.0.0.1:{port}/v1").ask(QUESTION)
    assert (answer.state, answer.answerer) == ("complete", "extractive")
    assert "could not be reached" in answer.notice


def test_a_dead_model_and_a_question_without_an_answer_are_two_things(server, assistant):
    answer = assistant(server.base_url("500")).ask("What is the boiling point of zirconium?")
    assert (answer.state, answer.claims) == ("abstained", ())
    assert "server failed" in answer.notice
    assert answer.text
    assert "server" not in answer.text
