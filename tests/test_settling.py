"""What is sent of an answer that is being written is never taken back, whatever the pipeline goes on to tell."""

import asyncio
from contextlib import aclosing

from hypothesis import example, given
from hypothesis import strategies as st
from scripted import Everything, Marking, Shelf

from assistant.pipeline import Assistant
from assistant.types import Claimed, Delta, Dispute, Draft, Ended, Finished, Repaired, Rewritten
from assistant.web.settling import Settling
from vectorstore.types import Document

DAM = Document("dam.md", "The dam", "A crack was found. 🙂 It will hold. The mayor slept.")
TRUE = ["A crack was found.", "It will hold.", "The mayor slept."]
FALSE = ["It cost $9 billion.", "Nobody 🙂 said [1] so.", "e\u0301", " "]


class Reciting:
    """An answerer, a repairer and a comparer by script: drafts are (lead, text, the sentence that is cited)."""

    kind = "model"
    model = None
    prompt = None

    def __init__(self, script=(), repairs=None, added=()):
        self.script, self.repairs, self.added = script, repairs or {}, added

    async def answer(self, request, evidence):
        self.evidence = evidence
        for one in self.script:
            yield self.draft(one) if isinstance(one, tuple) else one

    async def repair(self, request, evidence, failed):
        mended = {one.number: self.repairs[one.number] for one in failed if one.number in self.repairs}
        return Repaired({number: tuple(map(self.draft, drafts)) for number, drafts in mended.items()})

    def compare(self, cited, found):
        return [Dispute(tuple(cited), "this", (self.draft(one),)) for one in self.added]

    def draft(self, one):
        lead, text, place = one
        return Draft(text, () if place is None else (self.evidence[place],), lead)


def events_of(writer, *, repaired=True, strict=False, fallback=None):
    shelf = Shelf([DAM])
    assistant = Assistant(
        shelf,
        Everything(shelf),
        answerer=writer,
        verifier=Marking(),
        fallback=fallback,
        repairer=writer if repaired else None,
        comparer=writer,
        strict=strict,
    )

    async def collect():
        async with aclosing(assistant.stream("What happened?")) as events:
            return [event async for event in events]

    return assistant, asyncio.run(collect())


drafts = st.tuples(
    st.sampled_from(["", " ", "\n\n- "]), st.sampled_from(TRUE + FALSE), st.none() | st.integers(0, len(TRUE) - 1)
)
endings = st.builds(
    Ended,
    st.sampled_from(["complete", "partial", "truncated", "abstained", "error"]),
    st.none() | st.text(max_size=9),
)


def scripts(most=6):
    said = st.lists(drafts | st.text(max_size=9).map(Delta), max_size=most)
    return st.builds(lambda said, ending: (*said, ending), said, endings)


writers = st.builds(
    Reciting,
    scripts(),
    st.dictionaries(st.integers(0, 5), st.lists(drafts, max_size=2), max_size=4),
    st.lists(drafts, max_size=2),
)
MENDED = Reciting(
    (("", TRUE[0], 0), (" ", FALSE[0], 1), (" ", TRUE[2], 2), Ended()), {1: [(" ", TRUE[1], 1)]}, [(" ", TRUE[1], 1)]
)


@given(writers, st.booleans(), st.booleans(), st.none() | st.builds(Reciting, scripts(2)))
@example(MENDED, True, False, None)
@example(MENDED, True, True, None)
def test_what_was_sent_is_the_answer_s_text_exactly_and_nothing_of_it_is_unverified(writer, repaired, strict, fallback):
    assistant, events = events_of(writer, repaired=repaired, strict=strict, fallback=fallback)
    settling, sent = Settling(assistant), ""
    answer = events[-1].answer
    for event in events:
        new = settling.hear(event)
        assert not (isinstance(event, Delta) and new)
        sent += new
        assert answer.text.startswith(sent)
    assert sent == answer.text


def sent_before(kind, writer, **given):
    """Return what was sent before the first event of a kind, of an answer that has one."""
    assistant, events = events_of(writer, **given)
    settling, sent = Settling(assistant), ""
    for event in events:
        if isinstance(event, kind):
            return sent
        sent += settling.hear(event)
    raise AssertionError("there was none")


def test_a_sentence_waits_for_nothing_while_all_before_it_and_itself_hold():
    assert sent_before(Rewritten, MENDED) == "A crack was found. [1]"


def test_where_failed_sentences_are_withheld_everything_waits_for_what_may_be_mended():
    assert sent_before(Rewritten, MENDED, strict=True) == ""


def test_nothing_waits_where_nothing_is_mended():
    whole = "A crack was found. [1] It cost $9 billion. [2] The mayor slept. [3]"
    assert sent_before(Finished, MENDED, repaired=False).startswith(whole)


def test_what_is_added_after_the_mending_waits_for_nothing():
    assistant, events = events_of(MENDED)
    settling = Settling(assistant)
    heard = [(type(event), settling.hear(event)) for event in events]
    assert heard[-3:] == [
        (Rewritten, " It will hold. [2] The mayor slept. [3]"),
        (Claimed, " It will hold. [2]"),
        (Finished, ""),
    ]
