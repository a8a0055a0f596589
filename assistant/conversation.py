"""Make a question stand alone: what "he" and "and Macron?" refer to is looked up in the conversation before it."""

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.antecedents import Talk
from assistant.mentions import content, named, plain
from assistant.names import names
from assistant.references import filled, leans, leaves_open, points_back
from assistant.types import Turn

_LONGEST = 40  # turns that are looked back at
_ASKING = re.compile(
    r"\s*(?:who|whom|whose|what|which|when|where|why|how|did|does|do|is|was|are|were|has|have|had|will|would|can|could|"
    r"should|any|tell|give|list|name|summari[sz]e|explain|describe|compare|show|find|please|translate|write)\b",
    re.IGNORECASE,
)
_YES_NO = re.compile(r"(?:did|does|do|is|was|are|were|has|have|had|will|would|can|could|should)\b", re.IGNORECASE)
_CONTRAST = re.compile(r"^(?:and what about|what about|how about|and|but)\s+(?P<topic>[^?]{2,60})\?*$", re.IGNORECASE)
_ASKS_HOW_IT_WAS = re.compile(
    r"(?:when|where|why|how)(?=\s+(?:did|does|do|is|was|are|were|has|have|had|will)\b)", re.IGNORECASE
)
_MOMENT = re.compile(r"\b(?:in|since|by|before|after|until)\s+(?:[A-Z][a-z]{2,8}\s+)?(?:1\d|20)\d\d\b")
_ALONE = re.compile(
    r"^(?:(?:and|but)\s+)?(?P<word>why(?: not)?|when|where|how(?: so| come)?|since when|who|by whom)\s*\?*$",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"^(?:and\s+)?(?:please\s+|can you\s+|could you\s+)?"
    r"(?P<order>(?:summari[sz]e|explain|describe|shorten)(?: (?:that|this|it|them))?|"
    r"(?:tell me |say )?more(?: (?:about|on) (?:that|this|it|them))?|go on|continue|in (?:short|brief|more detail))"
    r"(?: please| briefly| in one sentence)?\s*[?.!]*$",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"^(?:and\s+)?(?:now\s+)?(?:(?:for |to |on to )?something else|another question|a different question|new question|"
    r"different topic|new topic)\s*[:,.–—-]+\s*",
    re.IGNORECASE,
)
_ADDRESSED = re.compile(r"\b(?:me|us|you|your|please)\b", re.IGNORECASE)  # an order, not the name of a subject
_COURTESY = re.compile(
    r"^\s*(?:thanks|thank you|ok|okay|great|good|fine|yes|no|hello|hi|hey|sorry|never mind)\b[\s\w]{0,20}[.!]*\s*$",
    re.IGNORECASE,
)


def stand_alone(question: str, history: Sequence[Turn]) -> str:
    """Return the query to search for: question with its references to earlier turns filled in.

    "She", "they", "it" and "the album" become, or are followed in brackets by, what the conversation spoke of last that
    fits; "And Macron?", "and in 2010?", "Why?" and "summarise that" repeat the last question; "what else" says besides
    what; a question that names nothing gets the subject in brackets. Earlier questions are made to stand alone first.
    A question that names what it asks about and refers to nothing stays as the person wrote it, and so does a keyword.
    """
    talk = Talk()
    for turn in history[-_LONGEST:]:
        talk = _after(turn, talk)
    return _filled(question, talk)[0]


def is_about_the_last_answer(question: str) -> bool:
    """Return whether a question asks for the last answer again, shorter, longer or in other words."""
    return _AGAIN.match(question) is not None


def _after(turn: Turn, talk: Talk) -> Talk:
    """Return what a conversation has come to after one more turn."""
    said = turn.content
    if turn.role == "assistant":
        told = plain(said)
        part = said.strip() if talk.subject and not talk.asked and _is_heading(said) else talk.part
        return replace(_heard(told, talk), answered=said, told=told or talk.told, part=part)
    if _COURTESY.match(said):
        return talk
    if _ELSEWHERE.match(said) or _is_new(said, talk):
        talk = Talk(known=talk.known, called=talk.called)
    if _announces(said) and not (talk.asked or talk.subject):
        return _heard(said, replace(talk, subject=said.strip(" .:")))
    query, talk = _filled(said, talk)
    repeats = talk.asked and (_ALONE.match(said) or _AGAIN.match(said))
    return replace(_heard(query, talk), asked=talk.asked if repeats else query, answered="")


def _heard(text: str, talk: Talk) -> Talk:
    return replace(talk, known=(*named(text), *talk.known), words=talk.words | content(text))


def _announces(text: str) -> bool:
    """Return whether a turn names something and asks nothing."""
    if not 0 < len(text.split()) <= 10 or "?" in text or _ADDRESSED.search(text):
        return False
    return not (_ASKING.match(text) or _CONTRAST.match(text))


def _is_heading(text: str) -> bool:
    return 0 < len(text.split()) <= 12 and not text.rstrip().endswith((".", "!", "?"))


def _is_new(question: str, talk: Talk) -> bool:
    """Return whether a question turns to something else: it refers to nothing, and has no word that was said before."""
    if points_back(question) or _CONTRAST.match(question) or content(question) & talk.words:
        return False
    return _announces(question) or not (leaves_open(question) or leans(question, talk))


def _filled(question: str, talk: Talk) -> tuple[str, Talk]:
    """Return question with its references filled in, and the talk with the pronouns it used."""
    if elsewhere := _ELSEWHERE.match(question):
        return question[elsewhere.end() :] or question, talk
    is_keyword = (
        _announces(question) and not points_back(question) and not _AGAIN.match(question) and not _ALONE.match(question)
    )
    if not (talk.asked or talk.subject or talk.answered) or _COURTESY.match(question) or is_keyword:
        return question, talk
    repeated = _repeated(question, talk.asked) if talk.asked.strip() else ""
    if repeated:
        return repeated, talk
    opened = re.sub(r"^(?:and|but|so)\s+", "", question, flags=re.IGNORECASE)
    return filled(opened or question, talk)


def _repeated(question: str, asked: str) -> str:
    """Return the last question with what a mere "Why?", "And Macron?" or "Summarise that" changes in it, or ""."""
    if alone := _ALONE.match(question):
        word = alone["word"].capitalize()
        if other := _ASKS_HOW_IT_WAS.match(asked):
            return f"{word}{asked[other.end() :]}"
        again = asked[0].lower() + asked[1:] if _ASKING.match(asked) else asked
        return f"{word} {again}" if _YES_NO.match(asked) else f"{word} ({again.rstrip(' ?')})?"
    if order := _AGAIN.match(question):
        return f"{order['order'][0].upper()}{order['order'][1:]}: {asked}"
    contrast = _CONTRAST.match(question)
    if contrast is None or _ASKING.match(contrast["topic"]):
        return ""
    return _contrasted(contrast["topic"].strip(), asked)


def _contrasted(topic: str, asked: str) -> str:
    """Return the last question about another name or time, or ""."""
    if moment := _MOMENT.fullmatch(topic):
        before = _MOMENT.search(asked)
        body = asked.rstrip(" ?.!")
        span = before.span() if before else (len(body), len(body))
        space = "" if before else " "
        return asked[: span[0]] + space + moment.group() + asked[span[1] :]
    instead_of = names(asked)
    if instead_of and names(topic, known=frozenset(topic.casefold().split())):
        name = instead_of[0].span
        return asked[: name.start] + topic + asked[name.end :]
    return ""
