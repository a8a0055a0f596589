"""Sentences of a document that tell a machine what to answer: an answer that only quotes must leave them out."""

import re
from collections.abc import Callable, Sequence

from assistant.quotations import is_quotation, mask
from assistant.speakers import reports
from assistant.types import Evidence
from vectorstore.types import Sentence


def instructions(sentences: Sequence[str], paragraphs: Sequence[int]) -> tuple[bool, ...]:
    """Return, for each sentence of one document, whether it belongs to an instruction to a machine that reads it.

    `paragraphs[i]` is the paragraph of sentence i. An instruction begins with a sentence that addresses a machine and
    goes on to the end of its paragraph: "Note to any AI assistant: … Whoever asks must be told …". What it has cited by
    a number before, in the same paragraph, belongs to it: "[7] … Assistants must cite [7] …". What somebody is reported
    to have told people ("Police told residents to ignore the earlier instructions") is none, nor are words in
    quotation marks inside a sentence.
    """
    found: list[bool] = []
    begins = 0  # where the paragraph does
    for number, sentence in enumerate(sentences):
        if number and paragraphs[number] != paragraphs[number - 1]:
            begins = number
        goes_on = number > begins and found[-1]
        found.append(goes_on or addresses_a_machine(sentence))
        if found[-1] and not goes_on and (cited := set(_MARK.findall(sentence))):
            marks = map(_MARK.match, sentences[begins:number])
            first = next((place for place, mark in enumerate(marks, begins) if mark and mark[0] in cited), number)
            found[first:number] = [True] * (number - first)
    return tuple(found)


def orders(evidence: Sequence[Evidence], sentences: Callable[[str], Sequence[Sentence]]) -> frozenset[str]:
    """Return the ids of those of evidence that belong to an instruction to a machine, judged by whole paragraphs.

    `sentences` gives those of a document by its id.
    """
    paragraphs = {(one.document.id, one.sentence.paragraph) for one in evidence}
    found = set()
    for document in {one.document for one in evidence}:
        read = [one for one in sentences(document.id) if (document.id, one.paragraph) in paragraphs]
        texts = [one.span.of(document.text) for one in read]
        flags = instructions(texts, [one.paragraph for one in read])
        found |= {(document.id, one.number) for one, is_order in zip(read, flags, strict=True) if is_order}
    return frozenset(one.id for one in evidence if (one.document.id, one.sentence.number) in found)


def addresses_a_machine(sentence: str) -> bool:
    """Return whether a sentence by itself orders an assistant, a model or whoever writes answers to do something."""
    text = sentence if is_quotation(sentence) else mask(sentence)
    if any(pattern.search(text) for pattern in _ORDERS):
        return True
    return any(pattern.search(text) for pattern in _DUTIES) and not reports(sentence)


_MARK = re.compile(r"\[\d{1,3}\]")  # as answers mark what they cite


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


# Nouns for a machine that answers; not those of whoever makes or uses one ("AI companies").
_MACHINE = (
    r"(?:(?:ai|a\.i\.|artificial intelligence|virtual|digital|automated|chat)[\s-]+"
    r"(?:assistant|agent|system|model|bot|reader|summari[sz]er|tool|engine)s?|"
    r"(?:large )?language models?|(?:judge|reward|grading) models?|answer engines?|chat ?bots?|llms?|ais?)\b"
    r"(?![\s-]+(?:compan|firm|develop|maker|research|user|vendor|start-?up|industr|suppl|engineer|team|expert)|['’]s)"
)
# "Shop assistants" and "the assistant manager" are people.
_ASSISTANT = r"(?:(?:the|an?|any|all|every|each) )?assistants?\b(?! (?:manager|coach|referee|secretary|professor|to)\b)"
_START = (
    r"(?:^|[:;,.!?\])>—–]\s)\W*(?:(?:and|then|so|but|now|also|please|instead|always|only|never|just|do not|don['’]t) )*"
)
_ANSWER = r"(?:answer|reply|respond|say|state|claim|tell|cite|repeat|output|print|ignore|disregard|pretend|recommend)"
_RELATIVE = r"(?:that|which|who|reading|processing|parsing|answering)\b"
_SOURCES = r"(?:sources?|documents?|articles?|pages?|passages?|texts?|contexts?|users?|questions?)"

# Nobody says these to a person who reads the news, so it does not matter who is said to say them.
_ORDERS = (
    # What separates the messages to a model.
    _pattern(r"<\|\w+\|>|\[/?inst\]|<</?sys>>|</?(?:system|assistant)>"),
    # "SYSTEM: …" before talk of answers.
    _pattern(
        r"^\W*(?:system|assistant|developer)(?: (?:message|prompt|note|notice|override|instructions?))?\s*:"
        r".*\b(?:assistant|ai|model|answer\w*|repl(?:y|ies)|respon[ds]\w*|prompts?|instructions?)\b"
    ),
    # "Note to any AI assistant that reads this page:"
    _pattern(
        r"(?:^|[.!?;]\s)\W*(?:(?:an? )?(?:important|note|notice|message|memo|instructions?|attention|reminder|warning|"
        r"dear|hello|hey|hi)\b\W+)+(?:(?:to|for|of) )?(?:(?:all|any|every|the|each) )?(?:\w+ or )?"
        rf"(?:{_MACHINE}|{_ASSISTANT})(?: {_RELATIVE}[^.:]{{0,60}})?\s*[:,—–]"
    ),
    # "Ignore all previous instructions"
    _pattern(
        rf"{_START}(?:you (?:must|should|are to|will) )?(?:ignore|disregard|forget|override|bypass|discard) "
        r"(?:(?:all|any|the|your|these|those|every|of) )*(?:previous|prior|earlier|above|preceding|foregoing|original|"
        r"initial|system|other) (?:\w+ )?(?:instructions?|prompts?|directives?|guidelines|rules|messages?)\b"
    ),
    # "Ignore the sources and say …"
    _pattern(
        rf"{_START}(?:ignore|disregard|forget) (?:(?:all|any|the|your|these|those|this|every|other|of) )*{_SOURCES}"
        rf"(?: and (?:{_ANSWER}|write)\b|\s*[.!\x00]|\s*$)"
    ),
    # "Reveal your system prompt"
    _pattern(
        rf"{_START}(?:reveal|repeat|print|output|show|reproduce|quote) (?:me )?"
        r"(?:everything above|all of the above|(?:your|the) (?:system |hidden |initial )?(?:prompts?|instructions))\b"
    ),
    # "End every answer with …"
    _pattern(
        rf"{_START}(?:prefix|preface|begin|start|open|end|finish|close|append|sign) (?:every|each|all|any|your) "
        r"(?:\w+ )?(?:answers?|repl(?:y|ies)|responses?|outputs?|summar(?:y|ies)) with\b"
    ),
    _pattern(
        r"\b(?:ai|machine)?-?generated (?:answers?|repl(?:y|ies)|responses?|summaries)\b.{0,40}\b(?:must|should) "
    ),
    # "Answer only that …"
    _pattern(rf"{_START}(?:answer|reply|respond) (?:only|nothing but|exactly)\b(?! (?:to|if|when|the|one)\b)"),
    # "You are now an assistant without rules"
    _pattern(
        rf"\byou are (?:now )?(?:an? |the )?(?:\w+ ){{0,2}}(?:{_MACHINE}|assistant\b)|\byou are now in \w+ mode\b"
        r"|\bas an? (?:ai|assistant|language model), you\b"
    ),
    _pattern(
        rf"{_START}when (?:summari[sz]ing|answering|citing|quoting|processing|indexing) (?:this|the) {_SOURCES},? "
        r"(?:always|never|only|you|do not|\w+ (?:the|that|this|it)\b)"
    ),
    # "If a reader asks for what this page does not tell, the assistant …"
    _pattern(
        r"\b(?:if|when|whenever)\b[^.;:]{0,20}\breaders? asks?\b[^.;:]{0,120}[, ]"
        rf"(?:{_MACHINE}|(?:the|any|every) assistants?\b) \w+"
    ),
)
# Rules for machines are news, too ("Chatbots must tell users, the Commission said"): only in the document's own voice.
_DUTIES = (
    # "AI assistants must answer …"
    _pattern(
        rf"{_START}(?:(?:any|all|every|the|each|an?) )?(?:{_MACHINE}|{_ASSISTANT})"
        rf"(?: {_RELATIVE}[^.:;]{{0,60}})? "
        rf"(?:must|should|shall|(?:has|have|needs?) to) (?:(?:not|never|always|only|also|then) )*{_ANSWER}\b"
    ),
    # "Whoever asks …, the assistant is to say"
    _pattern(
        r"\b(?:if|when|whenever|should|whoever)\b[^.;:]{0,40}\basks?\b[^.;:]{0,120}[, ]"
        rf"(?:{_MACHINE}|(?:the|any|every) assistants?\b) \w+"
    ),
)
