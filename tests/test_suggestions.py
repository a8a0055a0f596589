import functools
import math
from dataclasses import replace

import pytest
from scripted import scripted_assistant

from assistant import suggestions as made
from assistant.conversation import stand_alone
from assistant.suggestions import AROUND, WANTED
from assistant.types import Draft, Ended, Turn
from vectorstore.types import Document, Filters

# However slow the machine is: what is tested is what is found, not how soon.
suggestions = functools.partial(made.suggestions, patience=math.inf, readable=None)

QUESTIONS = (
    "What did Russia say about NATO troops?",
    "Did Russia accept NATO forces in Ukraine?",
    "Where did Trump and Putin meet?",
    "What did Keir Starmer say about the guarantees?",  # abstained
)
REPORT = (
    "Anna Berg said on Monday that Lisbon would build an airport. “Lisbon needs it,” Anna Berg said. "
    "Anna Berg said that Porto was too small. Porto has no harbour. "
    "“We shall see what Lisbon wants,” said Piet Jansen. Piet Jansen said that Lisbon could wait."
)


class Quoting:
    """An answerer that quotes the sentences of whom the question names that hold its last word."""

    kind = "extractive"
    model = prompt = None

    async def answer(self, request, evidence):
        topic = request.query.rstrip("?").split()[-1]
        found = [one for one in evidence if one.speaker and one.speaker in request.query and topic in one.text]
        for one in found:
            yield Draft(one.text, (one,))
        yield Ended() if found else Ended("abstained", "No sentence answers this.")


class Refusing:
    """An answerer that nobody should ask."""

    kind = "model"
    model = prompt = None

    async def answer(self, request, evidence):
        raise AssertionError("a chat model was asked")
        yield


def quoting_assistant(*documents):
    assistant = scripted_assistant(*(documents or [Document("report.md", "Report", REPORT)]))
    assistant.answerer = Quoting()
    return assistant


@pytest.fixture(scope="module")
def suggested(sample_assistant):
    """Each question of the sample articles with its answer and what is suggested after it."""
    answers = [sample_assistant.ask(question) for question in QUESTIONS]
    return [(answer, suggestions(sample_assistant, answer, [answer.question])) for answer in answers]


def places(answer):
    return {(one.document.id, one.span) for one in answer.citations}


def test_something_is_suggested_after_most_answers(suggested):
    assert sum(bool(found) for _, found in suggested) > len(suggested) / 2
    assert all(len(found) <= WANTED for _, found in suggested)


def test_every_suggestion_is_answered_with_supported_sentences_and_something_new(suggested, sample_assistant):
    for before, found in suggested:
        for question in found:
            answer = sample_assistant.ask(question)
            assert answer.state == "complete"
            assert all(claim.judgement.verdict == "supported" for claim in answer.claims)
            assert places(answer) - places(before)


def test_every_suggestion_means_the_same_within_the_conversation(suggested):
    for answer, found in suggested:
        turns = [Turn("user", answer.question), Turn("assistant", answer.text, answer.citations)]
        assert all(stand_alone(question, turns) == question for question in found)


def test_two_runs_suggest_the_same_in_the_same_order(suggested, sample_assistant):
    answer, found = suggested[1]
    assert suggestions(sample_assistant, answer, [answer.question]) == found


def test_others_on_the_same_topic_and_the_same_speaker_on_others_are_suggested():
    assistant = quoting_assistant()
    answer = assistant.ask("What did Anna Berg say about Lisbon?")
    found = suggestions(assistant, answer, [answer.question])
    assert found == ("What did Piet Jansen say about Lisbon?", "What did Anna Berg say about Porto?")


@pytest.mark.parametrize(
    "asked",
    [
        "What did Anna Berg say about Porto?",
        "WHAT DID ANNA BERG SAY ABOUT PORTO?",
        "  what did  anna berg say\nabout porto",
        "What did Berg say about Porto’s size?",
        "Why is Porto too small for Anna Berg?",
    ],
)
def test_what_was_asked_before_in_whatever_spelling_is_not_suggested(asked):
    assistant = quoting_assistant()
    answer = assistant.ask("What did Piet Jansen say about Lisbon?")
    assert "What did Anna Berg say about Porto?" in suggestions(assistant, answer, [])
    assert "What did Anna Berg say about Porto?" not in suggestions(assistant, answer, [asked])


def test_what_the_answer_showed_is_not_suggested():
    assistant = quoting_assistant()
    answer = assistant.ask("What did Piet Jansen say about Lisbon?")
    shown = assistant.ask("What did Anna Berg say about Lisbon?").citations
    both = replace(answer, citations=(*answer.citations, *shown))
    assert suggestions(assistant, both, []) == ("What did Anna Berg say about Porto?",)


def test_after_an_abstention_the_nearest_documents_are_what_can_be_asked():
    assistant = quoting_assistant()
    answer = assistant.ask("What did Maria Lund say about Lisbon?")
    assert answer.state == "abstained"
    assert "What did Anna Berg say about Lisbon?" in suggestions(assistant, answer, [])


def test_an_empty_library_suggests_nothing():
    assistant = quoting_assistant()
    answer = assistant.ask("What did Anna Berg say about Lisbon?")
    assistant.library.all.clear()
    assert suggestions(assistant, answer, []) == ()


def test_without_patience_nothing_is_tried():
    assistant = quoting_assistant()
    answer = assistant.ask("What did Anna Berg say about Lisbon?")
    assert made.suggestions(assistant, answer, [], patience=0, readable=None) == ()


def test_a_question_that_the_assistant_refuses_is_not_suggested():
    assistant = quoting_assistant()
    answer = assistant.ask("What did Anna Berg say about Lisbon?")
    assistant.longest_question = 5
    assert suggestions(assistant, answer, []) == ()


def test_a_chat_model_is_never_asked():
    assistant = quoting_assistant()
    answer = assistant.ask("What did Anna Berg say about Lisbon?")
    found = suggestions(assistant, answer, [])
    assistant.answerer = Refusing()
    assert suggestions(assistant, answer, []) == found  # untried: there is nobody who could answer at no cost
    assistant.fallback = Quoting()
    assert suggestions(assistant, answer, []) == found


def test_suggestions_are_answered_under_the_filters_of_the_answer(sample_assistant):
    filters = Filters(outlets=("Castle Row Chronicle",))
    answer = sample_assistant.ask("What did Trump say about Crimea?", filters=filters)
    found = suggestions(sample_assistant, answer, [])
    assert found
    for question in found:
        again = sample_assistant.ask(question, filters=filters)
        assert again.state == "complete"
        assert {one.document.outlet for one in again.citations} == {"Castle Row Chronicle"}


def test_of_a_document_as_long_as_a_book_only_what_surrounds_a_citation_is_read():
    far = " ".join(["It rained in the town all day."] * (2 * AROUND))
    assistant = quoting_assistant(Document("book.md", "Book", f"{REPORT} {far} Maria Lund said that Porto was big."))
    answer = assistant.ask("What did Piet Jansen say about Lisbon?")
    found = suggestions(assistant, answer, [])
    assert "What did Anna Berg say about Porto?" in found
    assert "Maria Lund" not in "".join(found)
