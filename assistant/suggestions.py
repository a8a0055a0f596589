"""Questions to go on with after an answer, made from the documents that it cites."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from itertools import islice

from assistant.conversation import stand_alone
from assistant.examples import PATIENCE, answered, on_trial
from assistant.names import same_name
from assistant.pipeline import Assistant
from assistant.question import parts
from assistant.reported import Reported, reported
from assistant.types import Answer, Citation, Turn
from assistant.wording import content_of, holds, words_of
from vectorstore.library import Library
from vectorstore.types import Document, Filters, Readable, Sentence, Span

_Place = tuple[str, Span]  # a sentence: the id of its document, and where it stands there

WANTED = 3
ALIKE = 2  # suggestions about one speaker or one topic, at most
AROUND = 100  # sentences before and after a cited one that are read for them: a document can be a book


def suggestions(
    assistant: Assistant,
    answer: Answer,
    asked: Sequence[str],
    patience: float = PATIENCE,
    *,
    readable: Readable | None,
) -> tuple[str, ...]:
    """Return up to WANTED questions that assistant answers with supported sentences, at least half of them new.

    They ask for what the documents report that the answer cites, or that come nearest where it found nothing, and for
    nothing that was `asked` before: what others say about the same, what the same speaker says about something else,
    and the rest, in turns. They mean the same without the conversation. No further question is tried when `patience`
    seconds would not suffice. The order is fixed.

    They are made and answered under the filters of the answer and from what is `readable` now, None if everything is:
    an answer does not tell what was.

    A chat model is not asked, as examples tells; without a fallback in its place the questions come untried.
    """
    shown = {(one.document.id, one.span) for one in answer.citations}
    turns = [*(Turn("user", question) for question in asked), Turn("user", answer.question)]
    turns.append(Turn("assistant", answer.text, answer.citations))
    filters = replace(answer.searched.filters, readable=readable)
    candidates = [
        one
        for one in reported(_read(answer.citations or answer.searched.nearest, assistant.library, filters))
        if _is_new([(each.document_id, each.span) for each in one.sentences], shown)
        and not _was_asked(one, (*asked, answer.question, answer.query))
    ]
    found: list[Reported] = []
    pool = (
        one
        for one in _in_turns(candidates, answer)
        if _is_another(one, found) and stand_alone(one.question, turns) == one.question
    )
    trial = on_trial(assistant)
    if trial is None:
        found.extend(islice(pool, WANTED))
        return tuple(one.question for one in found)
    for one, tried in answered(pool, trial, patience, filters):
        cited = [(each.document.id, each.span) for each in tried.citations]
        if _is_new(cited, shown):
            found.append(one)
            shown.update(cited)  # two suggestions with one answer are one too many
        if len(found) == WANTED:
            break
    return tuple(one.question for one in found)


def _read(
    footnotes: Sequence[Citation], library: Library, filters: Filters
) -> Iterator[tuple[Document, Sequence[Sentence]]]:
    """Yield the documents of footnotes with the sentences around these; none that has left the library since."""
    among = frozenset(filters.documents)
    ids = tuple(
        dict.fromkeys(
            one.document.id
            for one in footnotes
            if not among or not among.isdisjoint((one.document.id, one.document.source))
        )
    )
    for document in library.documents(replace(filters, documents=ids)) if ids else ():
        spans = [one.span for one in footnotes if one.document.id == document.id]
        sentences = library.sentences(document.id)
        cited = [
            number
            for number, sentence in enumerate(sentences)
            if any(sentence.span.start < span.end and span.start < sentence.span.end for span in spans)
        ]
        near = {number for at in cited for number in range(at - AROUND, at + AROUND + 1)}
        yield document, [sentence for number, sentence in enumerate(sentences) if number in near]


def _was_asked(one: Reported, before: Iterable[str]) -> bool:
    """Return whether an earlier question names the speaker and holds all that this one asks about."""
    about = content_of(one.about)
    last = content_of(one.speaker.split()[-1])
    return any(
        all(holds(words_of(part.text), word) for word in about)
        and (same_name(part.speaker, one.speaker) if part.speaker else last <= words_of(part.text))
        for question in before
        for part in parts(question)
    )


def _in_turns(candidates: Iterable[Reported], answer: Answer) -> list[Reported]:
    """Return others on the topic asked about, the same speaker on other topics, and the rest, in turns."""
    asked = parts(answer.query)
    words = frozenset().union(*(part.words for part in asked))
    speakers = [part.speaker for part in asked if part.speaker] or [
        one.speaker for one in answer.citations if one.speaker
    ]
    turns = []
    taken: Counter[int] = Counter()
    for one in candidates:
        is_same = any(same_name(one.speaker, speaker) for speaker in speakers)
        is_near = any(holds(words, word) for word in content_of(one.about))
        kind = 1 if is_same else 0 if is_near else 2
        turns.append((taken[kind], kind, one))
        taken[kind] += 1
    return [one for *_, one in sorted(turns, key=lambda row: row[:2])]


def _is_another(one: Reported, found: Iterable[Reported]) -> bool:
    """Return whether a suggestion is not too much like those found before it."""
    speaker = [same_name(one.speaker, other.speaker) for other in found]
    topic = [same_name(one.about, other.about) for other in found]
    return sum(speaker) < ALIKE and sum(topic) < ALIKE and not any(map(all, zip(speaker, topic, strict=True)))


def _is_new(cited: Collection[_Place], shown: Set[_Place]) -> bool:
    """Return whether at least half of what is cited was not shown yet."""
    return 2 * sum(place in shown for place in cited) <= len(cited)
