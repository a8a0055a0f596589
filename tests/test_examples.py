import functools
import math

from scripted import scripted_assistant

from assistant import examples as made
from assistant.examples import WANTED
from assistant.reported import LONGEST, reported
from assistant.types import Draft, Ended
from vectorstore.sentences import split_sentences
from vectorstore.types import Document

# However slow the machine is: what is tested is what is found, not how soon.
examples = functools.partial(made.examples, patience=math.inf)


def documents():
    said = (
        "Anna Berg said on Monday that Lisbon would build an airport. “Lisbon needs it,” Anna Berg told The Wire.",
        "“We shall see what Lisbon wants,” said Piet Jansen. Piet Jansen said that Porto had not been asked.",
        "Nobody asked Porto. Lisbon is a city. Nobody said a word.",
    )
    return [Document(f"{number}.md", f"Report {number}", text) for number, text in enumerate(said)]


class Quoting:
    """An answerer that quotes all that a document says in the words of somebody whom the question names."""

    kind = "extractive"
    model = prompt = None

    async def answer(self, request, evidence):
        for one in evidence:
            if one.speaker and one.speaker in request.question:
                yield Draft(one.text, (one,))
        yield Ended()


class Refusing:
    """An answerer that finds nothing."""

    kind = "extractive"
    model = prompt = None

    async def answer(self, request, evidence):
        yield Ended("abstained", "No.")


def quoting_assistant(*documents):
    assistant = scripted_assistant(*documents)
    assistant.answerer = Quoting()
    return assistant


def questions(*texts):
    read = [Document(f"{number}.md", "Report", text) for number, text in enumerate(texts)]
    return [one.question for one in reported((document, split_sentences(document)) for document in read)]


def test_examples_ask_what_the_documents_report():
    found = examples(quoting_assistant(*documents()))
    assert "What did Anna Berg say about Lisbon?" in found
    assert any(question.startswith("What did Piet Jansen say about") for question in found)
    assert "The Wire" not in "".join(found)


def test_examples_are_few_short_and_the_same_each_time():
    found = examples(quoting_assistant())
    assert 0 < len(found) <= WANTED
    assert len(set(found)) == len(found)
    assert all(len(question) <= LONGEST for question in found)
    assert found == examples(quoting_assistant())


def test_a_question_that_cannot_be_answered_is_no_example():
    assistant = scripted_assistant(*documents())
    assistant.answerer = Refusing()
    assert examples(assistant) == ()


def test_documents_that_quote_nobody_give_no_examples():
    assert examples(quoting_assistant(Document("a.md", "A", "It rained. Nothing happened in Porto."))) == ()


def test_a_chat_model_is_not_asked_because_asking_it_costs_money():
    assistant = scripted_assistant(*documents())
    assistant.answerer = Refusing()
    assistant.answerer.kind = "model"
    assert examples(assistant)


def test_examples_of_a_chat_model_are_tried_with_the_answerer_that_takes_its_place():
    assistant = scripted_assistant(*documents(), kind="model")
    assistant.fallback = Quoting()
    assert examples(assistant) == examples(quoting_assistant(*documents()))
    assistant.fallback = Refusing()
    assert examples(assistant) == ()


def test_a_name_keeps_the_article_that_the_documents_give_it():
    found = questions(
        "The Harbour Club is old. “We need the Harbour Club,” said Anna Berg. She likes the Harbour Club."
    )
    assert found == ["What did Anna Berg say about the Harbour Club?"]


def test_a_body_that_speaks_is_named_with_its_article():
    found = questions(
        "The Lund Harbour Commission said that Porto was far. Porto is near, the Lund Harbour Commission said."
    )
    assert found == ["What did the Lund Harbour Commission say about Porto?"]


def test_whom_a_speaker_works_for_is_not_what_is_spoken_of():
    assert (
        questions("Norsk is old. Anna Berg, head of Norsk, said the rain had stopped. Norsk director Anna Berg left.")
        == []
    )


def test_what_a_reported_clause_is_about_can_be_asked_for():
    found = questions("Anna Berg said the harbour tax would rise. The harbour tax is hated. Phone companies hate it.")
    assert found == ["What did Anna Berg say about the harbour tax?"]


def test_what_is_spoken_of_once_is_not_asked_for():
    assert questions("Anna Berg said the harbour tax would rise. Nobody knew.") == []
