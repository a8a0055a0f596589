"""The laws of a stream of events, for any answerer: what it yields is drawn at random here."""

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import Everything, Marking, Shelf

from assistant.pipeline import NEAREST, Assistant
from assistant.types import Citation, Claimed, Delta, Draft, Ended, Finished, Retrieved, Turn
from vectorstore.errors import UserError
from vectorstore.types import Document, Filters, Span

DOCUMENTS = (
    Document("dam.md", "The dam", "A crack was found in the dam. 🙂 It will hold. The mayor slept."),
    Document("ferry.md", "The ferry", "The ferry sailed. It will hold. İt sank; e\u0301verybody swam."),
)


class Reciting:
    """An answerer that yields what it was given; evidence is given by its place among what was shown."""

    kind = "extractive"
    model = None
    prompt = None

    def __init__(self, *script):
        self.script = script
        self.shown = ()
        self.request = None
        self.closed = False

    async def answer(self, request, evidence):
        self.request, self.shown = request, evidence
        try:
            for one in self.script:
                if isinstance(one, tuple):
                    text, cited, lead, invented = one
                    one = Draft(text, tuple(evidence[place] for place in cited), lead, invented)
                yield one
        finally:
            self.closed = True


def assistant(*script):
    shelf = Shelf(DOCUMENTS)
    return Assistant(shelf, Everything(shelf), answerer=Reciting(*script), verifier=Marking(), longest_question=100)


def events_of(*script, question="What happened?", **asked):
    async def collect():
        async with aclosing(assistant(*script).stream(question, **asked)) as events:
            return [event async for event in events]

    return asyncio.run(collect())


def answer_of(*script, **asked):
    return events_of(*script, **asked)[-1].answer


SENTENCES = 6
drafts = st.tuples(
    st.sampled_from(["It will hold.", "The ferry sailed.", "It cost $9 billion.", "Nobody 🙂 said [1] so.", "e\u0301"])
    | st.text(min_size=1, max_size=20),
    st.lists(st.integers(0, SENTENCES - 1), max_size=4).map(tuple),
    st.sampled_from(["", " ", "\n\n", "\n- "]),
    st.lists(st.sampled_from(["S0", "S99", "S1000"]), max_size=2).map(tuple),
)
deltas = st.text(max_size=10).map(Delta)
endings = st.builds(
    Ended, st.sampled_from(["complete", "partial", "truncated", "stopped", "error"]), st.none() | st.text()
)
scripts = st.builds(lambda said, ending: [*said, ending], st.lists(drafts | deltas, max_size=8), endings)


@settings(max_examples=80, deadline=None)
@given(scripts)
def test_a_stream_obeys_its_laws_whatever_an_answerer_writes(script):
    events = events_of(*script)
    assert [isinstance(event, Retrieved) for event in events] == [True, *[False] * (len(events) - 1)]
    assert [isinstance(event, Finished) for event in events] == [*[False] * (len(events) - 1), True]
    answer = events[-1].answer
    claimed = [event for event in events if isinstance(event, Claimed)]
    assert len(claimed) == sum(isinstance(one, tuple) for one in script)

    rebuilt = "".join(event.lead + event.claim.text + event.markers for event in claimed)
    assert answer.text == (rebuilt if claimed else script[-1].notice or "")
    assert answer.claims == tuple(event.claim for event in claimed)
    assert answer.citations == tuple(citation for event in claimed for citation in event.citations)
    assert all(claim.span.of(answer.text) == claim.text for claim in answer.claims)

    numbers = [citation.number for citation in answer.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    used = dict.fromkeys(number for claim in answer.claims for number in claim.citations)
    assert list(used) == numbers
    assert len({(citation.document.id, citation.span) for citation in answer.citations}) == len(numbers)
    for citation in answer.citations:
        assert citation.quote == citation.document.text[citation.span.start : citation.span.end]
    for claim, (_, cited, _, invented) in zip(
        answer.claims, (one for one in script if isinstance(one, tuple)), strict=True
    ):
        assert (claim.judgement.verdict == "uncited") == (not claim.citations)
        assert claim.citations or not cited, "what an answerer cites is kept; what it forgot may be found"
        assert not (invented and claim.judgement.verdict == "supported")
        assert all(any(id in reason for reason in claim.judgement.reasons) for id in invented)


def test_the_markers_of_a_claim_stand_right_after_it():
    answer = answer_of(("One.", (0, 3, 0), "", ()), ("Two.", (3,), " ", ()), ("Three.", (), "\n", ()), Ended())
    assert answer.text == "One. [1][2] Two. [2]\nThree."


def test_an_answer_does_not_begin_with_white_space():
    assert answer_of(("One.", (0,), "\n\n", ()), Ended()).text == "One. [1]"


def test_a_sentence_of_the_evidence_is_supported_until_it_cites_an_id_that_was_never_shown():
    said = ("A crack was found in the dam.", (0,), "")
    assert answer_of((*said, ()), Ended()).claims[0].judgement.verdict == "supported"
    judgement = answer_of((*said, ("S99",)), Ended()).claims[0].judgement
    assert judgement.verdict == "partly_supported"
    assert judgement.reasons[0] == "citation: S99 was never shown"


def test_an_answerer_that_yields_nothing_ends_as_an_error_that_says_so():
    answer = answer_of()
    assert answer.state == "error"
    assert "stopped without saying why" in answer.text


def test_an_answerer_that_stops_halfway_keeps_what_was_written_and_ends_as_an_error():
    answer = answer_of(("The ferry sailed.", (3,), "", ()))
    assert (answer.state, answer.text) == ("error", "The ferry sailed. [1]")
    assert "stopped without saying why" in answer.notice


def test_an_abstention_says_so_in_its_text_and_shows_what_was_near():
    answer = answer_of(Ended("abstained", "The documents do not say."))
    assert (answer.state, answer.text, answer.claims, answer.notice) == (
        "abstained",
        "The documents do not say.",
        (),
        None,
    )
    assert answer.searched.passages == len(DOCUMENTS)
    assert [one.quote for one in answer.searched.nearest] == [document.text for document in DOCUMENTS][:NEAREST]


def test_a_failure_of_an_answerer_is_not_turned_into_an_answer():
    class Failing(Reciting):
        async def answer(self, request, evidence):
            yield Draft("One.", (evidence[0],))
            raise RuntimeError("broken")

    broken = assistant()
    broken.answerer = Failing()
    with pytest.raises(RuntimeError, match="broken"):
        broken.ask("What happened?")


def test_closing_the_stream_closes_the_answerer():
    stopped = assistant(Delta("This is "), Delta("being written"), Ended())

    async def leave_after_the_first_delta():
        async with aclosing(stopped.stream("What happened?")) as events:
            async for event in events:
                if isinstance(event, Delta):
                    assert not stopped.answerer.closed
                    return

    asyncio.run(leave_after_the_first_delta())
    assert stopped.answerer.closed


def test_cancelling_a_stream_that_waits_closes_the_answerer():
    class Waiting(Reciting):
        async def answer(self, request, evidence):
            try:
                yield Delta("This is ")
                await asyncio.Event().wait()
            finally:
                self.closed = True

    waiting = assistant()
    waiting.answerer = Waiting()

    async def cancel_after_the_first_delta():
        begun = asyncio.Event()

        async def follow():
            async with aclosing(waiting.stream("What happened?")) as events:
                async for event in events:
                    if isinstance(event, Delta):
                        begun.set()

        task = asyncio.create_task(follow())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_after_the_first_delta())
    assert waiting.answerer.closed


def test_ask_is_the_stream_s_last_event():
    script = (("The ferry sailed.", (3,), "", ()), Ended("truncated", "It was long."))
    asked, streamed = assistant(*script).ask("What happened?"), answer_of(*script)
    assert (asked.text, asked.claims, asked.state, asked.notice) == (
        streamed.text,
        streamed.claims,
        "truncated",
        "It was long.",
    )


def test_a_follow_up_is_searched_for_as_a_question_that_stands_alone_and_kept_as_it_was_asked():
    history = (Turn("user", "What did Anna Berg say?"), Turn("assistant", "Nothing."))
    following = assistant(Ended())
    answer = following.ask("And when did she say it?", history)
    assert (answer.question, answer.query) == ("And when did she say it?", "when did Anna Berg say it?")
    assert following.answerer.request.query == answer.query == answer.searched.query
    assert following.answerer.request.history == history


def test_a_question_is_normalised_before_anything_else():
    answer = answer_of(Ended(), question=" \tWho sank the e\u0301te\u0301? \n")
    assert answer.question == "Who sank the été?"


def test_evidence_is_numbered_and_filters_are_remembered():
    asked = assistant(Ended())
    filters = Filters(outlets=("The Herald",))
    assert asked.ask("What happened?", filters=filters).searched.filters == filters
    assert [one.id for one in asked.answerer.shown] == [f"S{number}" for number in range(1, SENTENCES + 1)]


@pytest.mark.parametrize("question", ["", " \n\t", "\u200b"])
def test_an_empty_question_is_a_mistake(question):
    with pytest.raises(UserError, match="empty"):
        events_of(Ended(), question=question)


def test_a_question_that_is_too_long_is_a_mistake_that_says_how_long():
    assert events_of(Ended(), question="a" * 100)
    with pytest.raises(UserError, match="101 characters; at most 100"):
        events_of(Ended(), question="a" * 101)


def test_time_is_told_for_each_stage_and_in_all():
    timings = dict(answer_of(("The ferry sailed.", (3,), "", ()), Ended()).timings_ms)
    assert list(timings) == ["retrieve", "read", "answer", "verify", "total"]
    assert all(spent >= 0 for spent in timings.values())


def test_a_sentence_keeps_its_number_through_a_conversation_and_new_ones_count_on():
    first = answer_of(("It will hold.", (1,), "", ()), ("The ferry sailed.", (3,), " ", ()), Ended())
    assert [citation.number for citation in first.citations] == [1, 2]
    history = (Turn("user", "What happened?"), Turn("assistant", first.text, first.citations))
    script = [("The mayor slept.", (2,), "", ()), ("The ferry sailed.", (3,), " ", ()), Ended()]
    second = answer_of(*script, question="And then?", history=history)
    assert [citation.number for citation in second.citations] == [3, 2]
    assert second.citations[1].quote == first.citations[1].quote
    assert second.text.endswith("[2]")


@pytest.mark.parametrize("question", ["Summarise that.", "tell me more", "in short"])
def test_what_the_last_answer_cited_is_read_again_for_a_question_about_it(question):
    first = answer_of(("The ferry sailed.", (3,), "", ()), Ended())
    history = (Turn("user", "What happened?"), Turn("assistant", first.text, first.citations))
    asked = assistant(Ended())
    asked.retriever.search = lambda *_, **__: ()
    asked.ask(question, history)
    assert [one.text for one in asked.answerer.shown] == ["The ferry sailed."]
    asked.ask("When did it sail?", history)
    assert asked.answerer.shown == ()


def test_a_cited_document_that_has_left_the_library_is_not_read_again():
    gone = Citation(1, Document("gone.md", "Gone", "It is gone."), Span(0, 11))
    asked = assistant(Ended())
    asked.ask("Summarise that.", (Turn("user", "What happened?"), Turn("assistant", "It is gone. [1]", (gone,))))
    assert "It is gone." not in [one.text for one in asked.answerer.shown]
