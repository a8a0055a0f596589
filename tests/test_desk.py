import asyncio
import datetime

import pytest
from desks import desk_of, somebody
from scripted import scripted_assistant

from assistant.history import Begun, Exchange
from assistant.types import Answer, Citation, Delta, Searched
from assistant.web.desk import REMEMBERED, Work, remembered
from vectorstore.errors import UserError
from vectorstore.types import Document, Filters, Span

ANN = somebody("ann")
QUESTION = "quote categorical rejection"


@pytest.fixture
def desk(tmp_path):
    return desk_of(scripted_assistant(), tmp_path)


@pytest.fixture
def writing_desk(tmp_path):
    return desk_of(scripted_assistant(kind="model"), tmp_path)


async def ended(work):
    return [(frame.stage, frame.ended) async for frame in work.frames()][-1]


async def until(work, stage):
    async for frame in work.frames():
        if frame.stage == stage:
            return


def test_a_question_is_kept_before_anything_is_done_with_it(writing_desk):
    async def asked():
        work = await writing_desk.ask(ANN, "hang on", Filters())
        (kept,) = writing_desk.history.exchanges(ANN.user, work.begun.conversation)
        assert (kept.question, kept.answer, kept.error) == ("hang on", None, None)
        await writing_desk.stop(ANN.user, work.begun.conversation)

    asyncio.run(asked())


def test_an_answer_is_finished_and_kept_when_nobody_looks(desk):
    async def asked():
        work = await desk.ask(ANN, QUESTION, Filters())
        while desk.at_work(work.begun.conversation):
            await asyncio.sleep(0.01)
        return work

    work = asyncio.run(asked())
    (kept,) = desk.history.exchanges(ANN.user, work.begun.conversation)
    assert kept.answer == work.answer
    assert kept.answer.state == "complete"


def test_all_who_look_see_the_same_end(desk):
    async def asked():
        work = await desk.ask(ANN, QUESTION, Filters())
        return await asyncio.gather(*(ended(work) for _ in range(3)))

    assert asyncio.run(asked()) == [("writing", True)] * 3


def test_what_was_written_before_a_stop_is_kept(writing_desk):
    async def asked():
        work = await writing_desk.ask(ANN, "hang on", Filters())
        await until(work, "writing")
        await writing_desk.stop(ANN.user, work.begun.conversation)
        return work

    work = asyncio.run(asked())
    (kept,) = writing_desk.history.exchanges(ANN.user, work.begun.conversation)
    assert kept.answer.state == work.answer.state == "stopped"


def test_a_stop_before_the_first_step_ends_the_work(desk):
    async def asked():
        work = await desk.ask(ANN, QUESTION, Filters())
        await desk.stop(ANN.user, work.begun.conversation)
        await ended(work)
        return work

    work = asyncio.run(asked())
    assert work.ended
    (kept,) = desk.history.exchanges(ANN.user, work.begun.conversation)
    assert kept.answer == work.answer


def test_nobody_stops_the_answer_of_somebody_else(writing_desk):
    async def asked():
        work = await writing_desk.ask(ANN, "hang on", Filters())
        with pytest.raises(UserError):
            await writing_desk.stop("bob", work.begun.conversation)
        assert writing_desk.at_work(work.begun.conversation) is work
        await writing_desk.stop(ANN.user, work.begun.conversation)

    asyncio.run(asked())


def test_a_failure_is_kept_as_a_sentence_without_its_internals(desk):
    async def asked():
        work = await desk.ask(ANN, "fail now", Filters())
        await ended(work)
        return work

    work = asyncio.run(asked())
    (kept,) = desk.history.exchanges(ANN.user, work.begun.conversation)
    assert kept.error == work.error
    assert "Reference" in kept.error
    assert "sk-12345" not in kept.error


@pytest.mark.parametrize("question", [" ", "quote " + "x" * 3000])
def test_a_question_that_cannot_be_asked_is_told_before_anything_is_kept(desk, question):
    async def asked():
        with pytest.raises(UserError):
            await desk.ask(ANN, question, Filters())

    asyncio.run(asked())
    assert desk.history.conversations(ANN.user) == ()


def test_of_two_questions_asked_at_once_in_one_conversation_one_is_refused(desk):
    async def asked():
        first = await desk.ask(ANN, QUESTION, Filters())
        await ended(first)
        while desk.at_work(first.begun.conversation):
            await asyncio.sleep(0.01)
        both = [desk.ask(ANN, QUESTION, Filters(), conversation=first.begun.conversation) for _ in range(2)]
        outcomes = await asyncio.gather(*both, return_exceptions=True)
        second, refused = sorted(outcomes, key=lambda one: isinstance(one, Exception))
        assert isinstance(refused, UserError)
        await ended(second)
        return first.begun.conversation

    conversation = asyncio.run(asked())
    assert [one.number for one in desk.history.exchanges(ANN.user, conversation)] == [1, 2]


def test_a_server_that_ends_does_not_say_that_somebody_stopped_the_answer(writing_desk):
    async def asked():
        work = await writing_desk.ask(ANN, "hang on", Filters())
        await until(work, "writing")
        return work.begun.conversation  # and the loop ends, as a server's does

    (kept,) = writing_desk.history.exchanges(ANN.user, asyncio.run(asked()))
    assert (kept.answer, kept.error) == (None, None)


def test_a_conversation_answers_one_question_at_a_time(writing_desk):
    async def asked():
        work = await writing_desk.ask(ANN, "hang on", Filters())
        with pytest.raises(UserError, match="still being answered"):
            await writing_desk.ask(ANN, "abstain", Filters(), conversation=work.begun.conversation)
        await writing_desk.stop(ANN.user, work.begun.conversation)
        second = await writing_desk.ask(ANN, "abstain", Filters(), conversation=work.begun.conversation)
        await ended(second)
        return second.begun.number

    assert asyncio.run(asked()) == 2


def test_asking_again_takes_the_place_of_a_question_and_what_followed(desk):
    async def asked():
        first = await desk.ask(ANN, QUESTION, Filters())
        await ended(first)
        conversation = first.begun.conversation
        await ended(await desk.ask(ANN, "abstain", Filters(), conversation=conversation))
        again = await desk.ask(ANN, "abstain now", Filters(), conversation=conversation, replaces=1)
        await ended(again)
        return conversation

    conversation = asyncio.run(asked())
    assert [one.question for one in desk.history.exchanges(ANN.user, conversation)] == ["abstain now"]


def test_a_footnote_of_a_forgotten_turn_keeps_its_number_for_itself():
    document = Document("a.md", "A", "It rained. " * 40)
    now = datetime.datetime.now(datetime.UTC)
    exchanges = [
        Exchange(number, "Why?", Filters(), now, answer(Citation(number, document, Span(0, number))))
        for number in range(1, 2 * REMEMBERED)
    ]
    turns = remembered(exchanges)
    assert len(turns) == REMEMBERED
    assert [one.number for turn in turns for one in turn.citations] == list(range(1, 2 * REMEMBERED))
    assert [one.number for one in turns[-1].citations] == [2 * REMEMBERED - 1]


def answer(*citations):
    searched = Searched("Why?", Filters(), 0)
    return Answer("complete", "Why?", "Why?", "It rained.", (), citations, searched, "extractive")


def test_a_burst_of_words_is_shown_once_and_its_end_too():
    async def shown():
        work = Work(Begun("c", 1, "x"), "Why?", Filters())
        frames = []

        async def look():
            async for frame in work.frames():
                frames.append(frame.growing.unverified)

        onlooker = asyncio.create_task(look())
        await asyncio.sleep(0)
        for _ in range(500):
            work.note(Delta("a"))
        work.end(None, "It broke off.")
        await onlooker
        return frames

    assert asyncio.run(shown()) == ["", "a" * 500]
