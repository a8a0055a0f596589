"""Whose question is answered now, whose waits, whose is refused, and whose work the processor does next."""

import asyncio
import threading
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.turns import Turns, in_turn
from assistant.web.admission import PATIENCE, Admission
from assistant.web.problems import Refused


def admission(*, at_once=1, waiting=100, per_minute=1000):
    return Admission(at_once=at_once, waiting=waiting, per_minute=per_minute)


def counts(one):
    return one.under_way, one.waiting


async def settled():
    """Let everything that can go on go on until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


@given(st.integers(1, 4), st.integers(1, 12))
def test_places_are_given_in_the_order_of_arrival(at_once, number):
    async def play():
        one, order, most = admission(at_once=at_once), [], 0

        async def answer(name, ticket):
            nonlocal most
            async with ticket.place():
                order.append(name)
                most = max(most, one.under_way)
                await asyncio.sleep(0)

        tickets = [one.enter("ann") for _ in range(number)]
        assert counts(one) == (0, number)
        async with asyncio.TaskGroup() as tasks:
            for name, ticket in enumerate(tickets):
                tasks.create_task(answer(name, ticket))
        assert order == list(range(number))
        assert most == min(at_once, number)
        assert counts(one) == (0, 0)

    asyncio.run(play())


def test_a_question_too_many_is_refused_with_when_to_come_back_and_takes_nothing():
    async def play():
        one = admission(waiting=1, per_minute=2)
        async with one.enter("ann").place():
            waits = one.enter("ann")
            for _ in range(5):
                with pytest.raises(Refused) as refused:
                    one.enter("ann")
                assert (refused.value.status, refused.value.code) == (503, "busy")
                assert 1 <= int(refused.value.headers["retry-after"]) <= PATIENCE
            assert counts(one) == (1, 1)
            waits.give_back()
            assert counts(one) == (1, 0)

    asyncio.run(play())


def test_to_be_refused_is_not_to_ask_too_often():
    async def play():
        one = admission(waiting=0, per_minute=2)
        async with one.enter("ann").place():
            for _ in range(5):
                with pytest.raises(Refused) as refused:
                    one.enter("ann")
                assert refused.value.status == 503
        one.enter("ann").give_back()

    asyncio.run(play())


def test_whoever_asks_too_often_is_told_when_to_come_back_and_others_are_not():
    one = admission(per_minute=2)
    for _ in range(2):
        one.enter("ann").give_back()
    with pytest.raises(Refused) as refused:
        one.enter("ann")
    assert (refused.value.status, refused.value.code) == (429, "too_many_requests")
    assert 1 <= int(refused.value.headers["retry-after"]) <= 61
    one.enter("bob").give_back()
    assert counts(one) == (0, 0)


def test_a_waiter_that_is_cancelled_gives_its_place_up():
    async def play():
        one, answered = admission(), []

        async def answer(name, ticket):
            async with ticket.place():
                answered.append(name)

        async with one.enter("ann").place():
            leaves, stays = [asyncio.create_task(answer(name, one.enter("ann"))) for name in ("leaves", "stays")]
            await settled()
            assert counts(one) == (1, 2)
            leaves.cancel()
            await settled()
            assert counts(one) == (1, 1)
        await stays
        assert answered == ["stays"]
        assert counts(one) == (0, 0)

    asyncio.run(play())


@pytest.mark.parametrize("failure", [ValueError, asyncio.CancelledError])
def test_an_answer_that_fails_gives_its_place_up(failure):
    async def play():
        one = admission()
        with pytest.raises(failure):
            async with one.enter("ann").place():
                raise failure
        assert counts(one) == (0, 0)
        async with one.enter("ann").place():
            assert counts(one) == (1, 0)

    asyncio.run(play())


def after_answers_of(seconds, monkeypatch, *, at_once, waiting):
    """Return an admission that has seen many answers of so many seconds, all of them waiting for a model."""
    now = 0.0
    monkeypatch.setattr("assistant.web.admission.time.monotonic", lambda: now)
    one = admission(at_once=at_once, waiting=waiting)

    async def play():
        nonlocal now
        for _ in range(100):
            async with one.enter("ann").place():
                now += seconds

    asyncio.run(play())
    return one


@pytest.mark.parametrize(("seconds", "taken"), [(1, 100), (6, 20), (20, 6), (125, 0)])
def test_as_many_wait_as_are_answered_within_patience(monkeypatch, seconds, taken):
    one = after_answers_of(seconds, monkeypatch, at_once=4, waiting=100)

    async def play():
        async with AsyncExitStack() as places:
            for _ in range(4):
                await places.enter_async_context(one.enter("bob").place())
            for _ in range(taken):
                one.enter("bob")
            with pytest.raises(Refused) as refused:
                one.enter("bob")
            assert refused.value.status == 503
            assert 1 <= refused.value.retry_after <= PATIENCE

    asyncio.run(play())


def test_while_places_are_free_nobody_is_refused_however_slow_answers_are(monkeypatch):
    one = after_answers_of(500, monkeypatch, at_once=2, waiting=0)
    one.enter("ann").give_back()


def test_the_work_of_an_older_answer_goes_before_that_of_younger_ones():
    async def play():
        turns, order, busy = Turns(1), [], threading.Event()

        async def answer(name):
            with turns.taken():
                for step in ("searches", "reads", "writes"):
                    await in_turn(order.append, f"{name} {step}")

        with turns.taken():
            first = asyncio.create_task(in_turn(busy.wait))
        answers = [asyncio.create_task(answer(name)) for name in "abc"]
        await settled()
        assert order == []
        busy.set()
        await asyncio.gather(first, *answers)
        assert order == [f"{name} {step}" for name in "abc" for step in ("searches", "reads", "writes")]

    asyncio.run(play())


def test_a_core_is_free_when_its_work_is_done_not_when_nobody_wants_it_any_more():
    async def play():
        turns, begun, goes_on, done = Turns(1), threading.Event(), threading.Event(), []

        def work():
            begun.set()
            goes_on.wait()
            done.append("the first")

        async def answer(work, *given):
            with turns.taken():
                await in_turn(work, *given)

        first = asyncio.create_task(answer(work))
        await asyncio.to_thread(begun.wait)
        left, stays = [asyncio.create_task(answer(done.append, name)) for name in ("nobody", "the second")]
        await settled()
        for task in (first, left):
            task.cancel()
        await asyncio.wait([first, left])
        assert (first.cancelled(), left.cancelled(), done) == (True, True, [])
        goes_on.set()
        await stays
        assert done == ["the first", "the second"]

    asyncio.run(play())


def test_work_that_fails_tells_so_and_frees_its_core():
    async def play():
        turns = Turns(1)
        with turns.taken():
            for _ in range(3):
                with pytest.raises(ZeroDivisionError):
                    await in_turn(lambda: 1 / 0)
            assert await in_turn(int, "7", base=8) == 7

    asyncio.run(play())


def test_without_a_turn_work_is_done_at_once():
    assert asyncio.run(in_turn(int, "7", base=8)) == 7


def test_a_loop_that_ended_in_the_middle_of_an_answer_keeps_no_core():
    turns, begun, goes_on = Turns(1), threading.Event(), threading.Event()

    def work():
        begun.set()
        goes_on.wait()

    async def left():
        with turns.taken():
            under_way = asyncio.create_task(in_turn(work))
        await asyncio.to_thread(begun.wait)
        assert not under_way.done()  # it is cancelled with the loop

    async def afterwards():
        with turns.taken():
            return await in_turn(lambda: "done")

    asyncio.run(left())
    goes_on.set()
    assert asyncio.run(asyncio.wait_for(afterwards(), 60)) == "done"
