"""What every exported format says alike: the footnotes of each answer, its blocks, the words for all around them."""

import datetime
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.history import Conversation, Exchange
from assistant.types import Answer, Citation, State, VerdictName
from assistant.web.cards import ABSTAINED
from assistant.web.sources import copied
from assistant.web.words import words_for
from vectorstore.types import Filters

EN = words_for(None, fixed="en")  # an archive is read by others than whoever asked
VERDICTS: dict[VerdictName, str] = {
    "partly_supported": "◐ Partly supported",
    "unsupported": "✕ Not supported",
    "uncited": "○ No source",
    "unchecked": "– Not checked",
}
STATES: dict[State, str] = {
    "complete": "Note",
    "partial": "Incomplete",
    "truncated": "Cut short",
    "stopped": "Stopped",
    "abstained": "Note",
    "error": "Error",
}
LOST = "this footnote was not kept"
UNANSWERED = "No answer was kept."
LEGEND = (
    "Every quotation is the source’s own, character for character. Its place counts the characters (Unicode code "
    "points) of the document’s text from 0; the SHA-256 tells which state of the document was read."
)

Shown = Callable[[str], str]  # how a format writes what is not ours: escaped

# Neither HTML nor UTF-8 can carry all of these, and none of them shows; no text that a loader made holds any.
_NOT_CARRIED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Footnote:
    """A footnote in the list of one answer.

    `name` is like no other's in the conversation: "3", and "3-2" where the number comes up a second time. `earlier` is
    the same footnote where it is written out, under an earlier question; None if that is to be here.
    """

    citation: Citation
    name: str
    question: int
    earlier: "Footnote | None" = None


def footnotes(exchanges: Sequence[Exchange]) -> list[tuple[Footnote, ...]]:
    """Return the footnotes of each exchange's answer, in the order and with the numbers of the answer.

    Each answer has its own complete list, so that a number is always looked up among the footnotes of its answer. One
    list for the whole conversation would be wrong as soon as a number meant two things, and it can: a document that
    was indexed anew in mid-conversation has another sentence at the old place. What an earlier answer cited, the
    same document in the same state, is written out there only, and named here.
    """
    told: dict[Citation, Footnote] = {}
    times: Counter[int] = Counter()
    lists = []
    for exchange in exchanges:
        notes = []
        for citation in exchange.answer.citations if exchange.answer else ():
            times[citation.number] += 1
            again = f"-{times[citation.number]}" if times[citation.number] > 1 else ""
            note = Footnote(citation, f"{citation.number}{again}", exchange.number, told.get(citation))
            told.setdefault(citation, note)
            notes.append(note)
        lists.append(tuple(notes))
    return lists


def heading(conversation: Conversation, exchanges: Sequence[Exchange]) -> str:
    """Return the title; the day instead, where the title only says what the first question says below it."""
    title = " ".join(conversation.title.split())
    first = " ".join(exchanges[0].question.split()) if exchanges else ""
    if title == first or (title.endswith("…") and first.startswith(title.rstrip("… "))):
        return f"Conversation of {EN.date(conversation.created)}"
    return conversation.title


def line(conversation: Conversation, exchanges: Sequence[Exchange]) -> str:
    """Return when a conversation was begun and how long it is."""
    return f"Begun {moment(conversation.created)} · {count(len(exchanges), 'question')}"


def moment(time: datetime.datetime) -> str:
    """Return a time of a conversation, to the minute."""
    return f"{EN.date(time)}, {time:%H:%M} UTC"


def count(number: int, noun: str) -> str:
    """Return how many there are of something."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def asked(exchange: Exchange, shown: Shown) -> str:
    """Return when a question was asked, and of which documents only."""
    return f"Asked {moment(exchange.asked)}{_narrowed(exchange.filters, shown)}"


def looked(answer: Answer, shown: Shown) -> str:
    """Return what was looked through for an answer that was not there."""
    searched = answer.searched
    narrowed = _narrowed(searched.filters, shown)
    return f"Looked through {count(searched.passages, 'passage')} for “{shown(searched.query)}”{narrowed}."


def _narrowed(filters: Filters, shown: Shown) -> str:
    names = ", ".join(map(shown, filters.outlets + filters.documents))
    parts = (
        f"only in {names}" if names else "",
        f"from {EN.date(filters.after)}" if filters.after else "",
        f"up to {EN.date(filters.before)}" if filters.before else "",
    )
    return "".join(f", {part}" for part in parts if part)


def is_abstention(answer: Answer) -> bool:
    """Return whether an answer is that the documents do not say."""
    return answer.state == "abstained" and not answer.claims


def why_abstained(answer: Answer) -> str:
    """Return what an abstention says besides that it is one."""
    return answer.text.removeprefix(f"{ABSTAINED}.").strip()


def notice(answer: Answer) -> tuple[str, str] | None:
    """Return the word for how an answer ended and what is to be known about it, None where there is nothing to say."""
    if answer.claims or is_abstention(answer):
        if answer.state in {"complete", "abstained"} and not answer.notice:
            return None
        return f"{STATES[answer.state]}.", answer.notice or ""
    said = " ".join(part for part in (answer.notice, answer.text) if part)
    return f"{STATES[answer.state]}: there is no answer.", said


def how(answer: Answer, shown: Shown) -> str:
    """Return who wrote an answer."""
    if answer.answerer == "extractive":
        return "Every sentence is quoted from the documents; no language model wrote any of it."
    return f"Written by {shown(answer.model or 'a language model')}, checked sentence by sentence."


def title(citation: Citation) -> str:
    """Return what a footnote's document is called."""
    return citation.document.title or citation.document.source


def origin(citation: Citation, shown: Shown) -> list[str]:
    """Return outlet, day, place and speaker, those that are known."""
    document = citation.document
    place = document.place(citation.span.start)
    parts = (
        shown(document.outlet) if document.outlet else "",
        EN.date(document.published) if document.published else "",
        f"under “{shown(place)}”" if place and place != document.title else "",
        f"said by {shown(citation.speaker)}" if citation.speaker else "",
    )
    return [part for part in parts if part]


def also(citation: Citation, shown: Shown) -> str:
    """Return which copies of the document hold the cited sentence too, or nothing if none does."""
    if not citation.also:
        return ""
    names = "; ".join(shown(copied(copy, EN)) for copy in citation.also)
    return EN("sources.also_in", count=len(citation.also), names=names)


def carried(text: str) -> str:
    """Return text with U+FFFD for the characters that no page can show and no file can hold."""
    return _NOT_CARRIED.sub("\ufffd", text)
