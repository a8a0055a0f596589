"""A sentence of one clause taken apart, so that it can be asked: “Kyiv got 40 tanks”, “How many did Kyiv get?”."""

import re
from dataclasses import dataclass

from assistant.names import names
from assistant.speakers import CUES
from evals.draft.corpus import Corpus
from evals.draft.verbs import AUXILIARIES, PARTICIPLE_LINKS, PRESENT, base_of, is_participle, is_past, is_present
from vectorstore.types import Document, Span
from vectorstore.words import STOP_WORDS

LONGEST = 28  # words
_WORD = re.compile(r"[^\W_]+(?:[.,'’\-/][^\W_]+)*")
_PUNCTUATED = re.compile(r"[;:()\[\]“”\"«»…?!\n*_|#—–]|\s-\s")
_ASIDE = re.compile(r"\s*\([^()]*\)")
_COMMA = re.compile(r",(?!\d)(?! \d{4}\b)")
_CONJUNCTION = re.compile(
    r"\s(?:and|but|as|while|when|after|before|because|although|though|if|since|which|who|that|where)\b"
)
_DETERMINERS = frozenset("the a an this that these those his her its their our my your each every some any no".split())
_PREPOSITIONS = frozenset(
    "in on at of by for with from to into over under after before during about against between among as than".split()
)
_NOT_ASKED = re.compile(
    # What only the place of the sentence in its text tells: whom, which day, how long ago.
    r"\b(?:he|she|they|it|him|them|i|we|us|you|me|my|our|your|this|these|those|here|there|today|yesterday|tomorrow|"
    r"tonight|now|ago|currently|recently|soon|latter|former|such|same|another|other|others|so far|"
    r"(?:last|next|earlier|later) \w+|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b(?!\.)",
    re.IGNORECASE,
)
_OPENS_ADJUNCT = frozenset("in on at during after before by under since for".split())
# What makes a subject two clauses; plural verbs of the present ("the figures mean Sony is …") are not told apart else.
_NO_SUBJECT = frozenset(
    """his her its their my our that which who whom when while if because although though as but so or what how mean
    show suggest say think believe expect hope want need plan see know claim argue make take give get come go have
    are""".split()
)
_TRAILING = re.compile(r"(?:\s+(?:[a-z]+ly|never|also|now|then|still|already|again|both|all|not))+$")


@dataclass(frozen=True, slots=True)
class Clause:
    """A sentence as `subject` `verb` `rest`, one finite verb in all; spans are of `text`, which has no stop.

    `verb` is the first word of the verb alone: "was" of "was held". `adjunct` stands before the subject ("In 2003, …"),
    and is empty when nothing does.
    """

    text: str
    adjunct: Span
    subject: Span
    verb: Span
    rest: Span


def clause_of(sentence: str) -> Clause | None:
    """Return the main clause of a plain statement taken apart, None for anything else and whenever in doubt.

    What is set apart is left out: brackets, and all from the comma or conjunction on that ends the main clause.
    """
    text = _ASIDE.sub("", " ".join(sentence.split()))
    if not text.endswith(".") or len(_WORD.findall(text)) > LONGEST or not (text[0].isupper() or text[0].isdigit()):
        return None
    text = text[:-1]
    if _PUNCTUATED.search(text) or text.startswith(("But ", "And ", "Yet ", "So ")):
        return None
    start, adjunct = 0, Span(0, 0)
    if text.split(maxsplit=1)[0].casefold() in _OPENS_ADJUNCT:
        comma = text.find(", ")
        if not 0 < comma <= 50:
            return None
        adjunct, start = Span(0, comma), comma + 2
        if not re.search(r"[A-Z\d]", text[1:comma]):  # "In terms of costs"; only a time or a place may be asked with
            return None
    end = next((match.start() for match in _COMMA.finditer(text, start)), len(text))
    verbs = _verbs(text[:end], start)
    if len(verbs) > 1:
        cuts = [match.start() for match in _CONJUNCTION.finditer(text, verbs[0].end, verbs[1].start)]
        end = cuts[-1] if cuts and verbs[0].of(text) not in CUES else 0
    if not verbs or end <= verbs[0].end:
        return None
    subject = Span(start, len(text[: verbs[0].start].rstrip()))
    if not _is_subject(subject.of(text)):
        return None
    return Clause(text[:end], adjunct, subject, verbs[0], Span(verbs[0].end, end))


def subject_of(text: str) -> str | None:
    """Return the subject with which a clause begins: "the ferry" of "the ferry would stop if …"; None if in doubt."""
    verbs = _verbs(text, 0)
    subject = _TRAILING.sub("", text[: verbs[0].start].rstrip()) if verbs else ""
    if not subject or _PUNCTUATED.search(subject) or "," in subject or not _is_subject(subject):
        return None
    return subject


def stands_alone(question: str) -> bool:
    """Return whether a question means the same to someone who has not read the text: no "he", no "yesterday"."""
    return _NOT_ASKED.search(question) is None


def inverted(clause: Clause, rest: str, corpus: Corpus, document: Document) -> str | None:
    """Return clause as it stands after a question word: "did Kyiv get", "was the summit held"; None if unsure.

    `rest` takes the place of the clause's own rest.
    """
    verb, subject = clause.verb.of(clause.text), lowered(clause.subject.of(clause.text), corpus, document)
    rest = re.sub(r"\s+", " ", rest).strip()
    if subject is None:
        return None
    after = _WORD.search(clause.text, clause.verb.end)
    links_on = after is not None and (is_participle(after.group()) or after.group() in PARTICIPLE_LINKS)
    if verb in AUXILIARIES and not (verb in ("has", "have", "had") and not links_on):
        return f"{verb} {subject} {rest}".strip()
    if verb in PRESENT:
        return f"do {subject} {verb} {rest}".strip()
    helper = {"has": "does", "have": "do"}.get(verb) or ("does" if is_present(verb) else "did")
    base = "have" if verb in ("has", "have", "had") else base_of(verb, corpus.is_word)
    return f"{helper} {subject} {base} {rest}".strip() if base else None


def lowered(text: str, corpus: Corpus, document: Document) -> str | None:
    """Return text that began a sentence as it stands inside one: a first word that is no name loses its capital.

    None if nothing in the documents tells whether it is one.
    """
    first = _WORD.match(text)
    word = first.group() if first else ""
    small = word.casefold()
    if small in STOP_WORDS | _DETERMINERS or not word[:1].isupper():
        return text[:1].lower() + text[1:]
    if small in corpus.known(document) or (word.isupper() and len(word) > 1):
        return text
    return text[:1].lower() + text[1:] if word.lower() in corpus.small_words else None


def _verbs(text: str, start: int) -> list[Span]:
    """Return the first word of each finite verb of text from start on."""
    named = [name.span for name in names(text)]
    found: list[Span] = []
    before, inside = "", 0  # `inside` counts the words that may still belong to the verb before
    for match in _WORD.finditer(text, start):
        word = match.group()
        is_name = any(span.start <= match.start() < span.end for span in named)
        attributive = before in _DETERMINERS or before in _PREPOSITIONS or before[:1].isdigit()
        if inside and (word in PARTICIPLE_LINKS or word.endswith("ly")):
            pass
        elif inside and is_participle(word):
            inside = 0
        elif not is_name and word in AUXILIARIES:
            found.append(Span(*match.span()))
            inside = 1
        elif not is_name and not attributive and (is_past(word) or is_present(word) or _is_plural(word, before)):
            found.append(Span(*match.span()))
            inside = 0
        else:
            inside = 0
        before = word.casefold()
    return found


def _is_plural(word: str, before: str) -> bool:
    """Return whether a word is the present verb of a plural subject: "get" after "parents"."""
    return word in PRESENT and before.endswith("s") and not before.endswith(("ss", "us", "is"))


def _is_subject(text: str) -> bool:
    words = [match.group().casefold() for match in _WORD.finditer(text)]
    return (
        bool(words) and len(words) <= 9 and not _PREPOSITIONS & {words[0], words[-1]} and not _NO_SUBJECT & set(words)
    )
