"""Documents and answers as hypothesis draws them: any text, spans inside it, every state and verdict."""

from typing import get_args

from hypothesis import strategies as st

from assistant.types import (
    Answer,
    Citation,
    Claim,
    Disagreement,
    Judgement,
    Searched,
    State,
    Usage,
    VerdictName,
)
from vectorstore.originals import Copy, Reason
from vectorstore.types import Document, Filters, Landmark, Span

# Every code point, lone surrogates and NUL too; and two surrogates that JSON in ASCII would take for one character.
TEXT = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    ["\ud83d\ude00!", "a\0b", "İ ß e\u0301"]
)
MAYBE = st.none() | TEXT
SCORE = st.none() | st.floats(0, 1)
COUNT = st.integers(0, 10**6)


@st.composite
def spans(draw, text):
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    return Span(start, end)


@st.composite
def documents(draw):
    text = draw(TEXT)
    landmarks = draw(st.lists(st.builds(Landmark, st.just("heading"), TEXT, spans(text)), max_size=2))
    return Document(
        source=draw(st.text(max_size=20)),  # no lone surrogates: an id is made from it
        title=draw(TEXT),
        text=text,
        published=draw(st.none() | st.dates()),
        outlet=draw(MAYBE),
        author=draw(MAYBE),
        url=draw(MAYBE),
        landmarks=tuple(sorted(landmarks, key=lambda one: one.span)),
    )


FILTERS = st.builds(
    Filters,
    st.lists(TEXT, max_size=2).map(tuple),
    st.lists(TEXT, max_size=2).map(tuple),
    st.none() | st.dates(),
    st.none() | st.dates(),
)


REASON = st.none() | st.sampled_from(get_args(Reason))
COPIES = st.lists(st.builds(Copy, st.text(max_size=20), TEXT, MAYBE, st.none() | st.dates()), max_size=2).map(tuple)


@st.composite
def citations(draw, shelf):
    cited = draw(st.lists(st.sampled_from(shelf), max_size=4))
    return tuple(
        Citation(number, document, draw(spans(document.text)), draw(MAYBE), draw(COPIES), draw(REASON))
        for number, document in enumerate(cited, start=1)
    )


@st.composite
def answers(draw):
    """Draw an answer that cites a few documents, two of which may be the same in all but their source."""
    shelf = draw(st.lists(documents(), min_size=1, max_size=3))
    text = draw(TEXT)
    numbers = st.lists(COUNT, max_size=3).map(tuple)
    judgements = st.builds(
        Judgement, st.sampled_from(get_args(VerdictName)), SCORE, st.lists(TEXT, max_size=2).map(tuple)
    )
    return Answer(
        state=draw(st.sampled_from(get_args(State))),
        question=draw(TEXT),
        query=draw(TEXT),
        text=text,
        claims=tuple(draw(st.lists(st.builds(Claim, TEXT, spans(text), numbers, judgements), max_size=3))),
        citations=draw(citations(shelf)),
        searched=Searched(draw(TEXT), draw(FILTERS), draw(COUNT), draw(citations(shelf))),
        answerer=draw(st.sampled_from(["extractive", "model"])),
        disagreements=tuple(draw(st.lists(st.builds(Disagreement, numbers, TEXT), max_size=2))),
        model=draw(MAYBE),
        prompt=draw(MAYBE),
        usage=draw(st.builds(Usage, COUNT, COUNT, st.none() | st.floats(0, 100))),
        timings_ms=tuple(draw(st.dictionaries(TEXT, st.floats(0, 1e6), max_size=3)).items()),
        notice=draw(MAYBE),
    )


def shown(answer):
    return (*answer.citations, *answer.searched.nearest)
