"""What does not hold is written anew once, by the model that wrote it; what then fails is marked or withheld."""

import asyncio
import re
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback_model import LoopbackModel, Reply
from scripted import Everything, Shelf
from shipped import VERIFIER

from assistant.hearing import Prices
from assistant.model import ModelAnswerer
from assistant.pipeline import Assistant
from assistant.providers import open_chat_model
from assistant.repair import mended
from assistant.settings import Settings
from assistant.types import Claimed, Delta, Draft, Failed, Finished, Judgement, Rewritten
from vectorstore.types import Document

BRIDGE = Document(
    "bridge.md", "Bridge closed", "The old bridge was closed on Monday. It carried 900 cars a day. The mayor slept."
)
FERRY = Document("ferry.md", "The ferry", "A ferry replaces the bridge. It sails at noon.")
RIGHT = "The old bridge was closed on Monday [S1]."
WRONG = "It carried 9,000 cars a day [S2]."
BETTER = "It carried 900 cars a day [S2]."


def first(request):
    return "Each sentence to mend" not in request["messages"][0]["content"]


@pytest.fixture(scope="module")
def running():
    with LoopbackModel(lambda _request: Reply()) as server:
        yield server


@pytest.fixture
def ask(running):
    """Ask a model that replies with one text, then with another one when it is to mend."""

    def asked(reply, repair, *, strict=False, prices=None, question="When was the old bridge closed?"):
        running.requests.clear()
        running.script = lambda request: Reply([reply if first(request) else repair], usage=(1000, 100))
        settings = Settings(_env_file=None, model="local", base_url=running.base_url)
        model = ModelAnswerer(open_chat_model(settings), model="local", prices=prices)
        shelf = Shelf((BRIDGE, FERRY))
        assistant = Assistant(
            shelf, Everything(shelf), answerer=model, repairer=model, verifier=VERIFIER, strict=strict
        )

        async def collect():
            async with aclosing(assistant.stream(question)) as events:
                return [event async for event in events]

        events = asyncio.run(collect())
        assert isinstance(events[-1], Finished)
        return events[-1].answer, events

    return asked


def said(answer):
    return [(claim.text, claim.judgement.verdict) for claim in answer.claims]


def appended(events):
    """Return what a page that follows the events shows in the end."""
    shown = []
    for event in events:
        if isinstance(event, Claimed):
            shown.append(event)
        elif isinstance(event, Rewritten):
            shown = list(event.claimed)
    return shown


def test_a_failed_sentence_is_written_anew_and_takes_its_place(ask, running):
    answer, events = ask(f"{RIGHT} {WRONG} It sails at noon [S5].", f"1: {BETTER}")
    assert said(answer) == [
        ("The old bridge was closed on Monday.", "supported"),
        ("It carried 900 cars a day.", "supported"),
        ("It sails at noon.", "supported"),
    ]
    shown = appended(events)
    assert "".join(one.lead + one.claim.text + one.markers for one in shown) == answer.text
    assert tuple(one.claim for one in shown) == answer.claims
    assert tuple(citation for one in shown for citation in one.citations) == answer.citations
    assert len(running.requests) == 2


def test_only_what_failed_is_asked_for_and_with_its_reason(ask, running):
    ask(f"{RIGHT} {WRONG}", "1: NOT_IN_DOCUMENTS")
    request = running.requests[1]["messages"][-1]["content"]
    listed = request.rsplit("Question:", 1)[1]
    assert "1: It carried 9,000 cars a day." in listed
    assert "number: 9,000" in listed
    assert "closed on Monday" not in listed


@pytest.mark.parametrize(
    "repair",
    ["1: NOT_IN_DOCUMENTS", "", "I cannot help with that.", "7: It carried 900 cars a day [S2].", "1: It flew [S2]."],
)
def test_what_is_not_mended_stays_visible_with_its_reason(ask, repair):
    answer, events = ask(f"{RIGHT} {WRONG}", repair)
    assert said(answer)[1] == ("It carried 9,000 cars a day.", "unsupported")
    assert any("9,000" in reason for reason in answer.claims[1].judgement.reasons)
    assert not any(isinstance(event, Rewritten) for event in events)
    assert answer.notice is None


def test_an_answer_that_holds_is_not_asked_for_again(ask, running):
    answer, _ = ask(RIGHT, "0: Nonsense.")
    assert [verdict for _, verdict in said(answer)] == ["supported"]
    assert len(running.requests) == 1


def test_a_strict_page_shows_nothing_unchecked_and_nothing_that_failed(ask):
    answer, events = ask(f"{RIGHT} {WRONG}", "1: NOT_IN_DOCUMENTS", strict=True)
    assert said(answer) == [("The old bridge was closed on Monday.", "supported")]
    assert answer.notice == "One sentence that the documents do not bear out was withheld."
    assert not any(isinstance(event, Delta) for event in events)
    assert all(event.claim.judgement.verdict == "supported" for event in events if isinstance(event, Claimed))


def test_a_strict_page_shows_what_was_mended(ask):
    answer, events = ask(f"{WRONG} {RIGHT}", f"0: {BETTER}", strict=True)
    assert [text for text, _ in said(answer)] == ["It carried 900 cars a day.", "The old bridge was closed on Monday."]
    assert tuple(one.claim for one in appended(events)) == answer.claims
    assert answer.notice is None


def test_a_strict_page_with_nothing_to_show_says_so(ask):
    answer, _ = ask(WRONG, "", strict=True)
    assert (answer.state, answer.claims, answer.citations) == ("abstained", (), ())
    assert "borne out" in answer.text
    assert "withheld" in answer.notice
    assert answer.searched.nearest


def test_a_sentence_without_a_citation_is_given_one_that_bears_it_out(ask, running):
    answer, _ = ask("The old bridge was closed on Monday. The bridge is painted green and gold.", "")
    assert [(text, verdict) for text, verdict in said(answer)] == [
        ("The old bridge was closed on Monday.", "supported"),
        ("The bridge is painted green and gold.", "uncited"),
    ]
    assert [citation.quote for citation in answer.citations] == ["The old bridge was closed on Monday."]


def test_both_replies_are_paid_for(ask):
    answer, _ = ask(WRONG, "", prices=Prices(2.0, 10.0))
    assert answer.usage.prompt_tokens == 2000
    assert answer.usage.completion_tokens == 200
    assert answer.usage.cost_usd == pytest.approx((2000 * 2 + 200 * 10) / 1e6)
    unpriced, _ = ask(WRONG, "")
    assert unpriced.usage.cost_usd is None


FAILED = tuple(Failed(number, Draft(f"Sentence {number}.", (), " "), Judgement("unsupported")) for number in (1, 4))


@given(st.text(st.sampled_from("14 :.)S[]\nab-"), max_size=80))
def test_a_reply_of_any_shape_mends_only_what_failed_and_each_once(reply):
    found = list(mended(reply, (), FAILED))
    numbers = [number for number, _ in found]
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) <= {1, 4}
    for _, drafts in found:
        assert drafts[0].lead == " "
        assert all(draft.text in re.sub(r"\[[^\]]*\]", "", reply) or "[" in reply for draft in drafts)


@pytest.mark.parametrize(
    "line", ["1: It rained.", " 1. It rained.", "- 1) It rained.", "**1**: It rained.", "> 1: It rained."]
)
def test_a_numbered_line_is_read_as_models_write_it(line):
    read = [(number, [draft.text for draft in drafts]) for number, drafts in mended(line, (), FAILED)]
    assert read == ([] if line.startswith("**") else [(1, ["It rained."])])
