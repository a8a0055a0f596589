"""What a turn of a conversation speaks of, so that a later "she", "it" or "the bridge" can be told what it means."""

import re
from collections.abc import Sequence
from functools import lru_cache

from assistant.names import BODIES, names, nation, without_title
from assistant.quotations import quotations
from vectorstore.words import STOP_WORDS, terms

LONGEST = 500  # characters of a turn that are looked at: a follow-up refers to what an answer begins with
_WORD = re.compile(r"[^\W_]+(?:[.'’\-][^\W_]+)*['’]?")
_FOOTNOTE = re.compile(r"\s?\[\d{1,3}\]")
_SILENT = re.compile(
    r"\s*(?:sorry|i (?:do not|don['’]t|cannot|can['’]t)|no(?:thing|ne)? (?:was|is|of)|"
    r"the (?:documents|sources) do not)\b",
    re.IGNORECASE,
)
# A name that only an answer's first word is: "Macron called it great news".
_BEGINS = re.compile(
    r"([A-Z][\w’'-]{1,30})\s+(?:\w{2,20}ed|is|was|has|had|said|says|told|made|became|began|wrote|took|went|won)\b"
)
_DETERMINERS = frozenset("the a an this that these those".split())
_MODALS = frozenset("did do does will would can could should may might must".split())
_AUXILIARIES = _MODALS | frozenset("is are was were has have had".split())
_BREAKS = (
    (STOP_WORDS - frozenset("most few own".split()))
    | _AUXILIARIES
    | frozenset("within without among across toward towards upon via per since like get got become".split())
)
_PARTICIPLES = frozenset(
    """made held born written sung sold won lost shot found begun known called given taken seen done set put told said
    built sent paid left led met brought bought caught taught thought kept hit hurt read shown grown broken chosen
    spoken stolen drawn worn released formed come like""".split()
)
# Nouns that a question asks with: "the name of", "some of", "the first year".
_ASKING_NOUNS = frozenset(
    """name year time day date month kind type sort part result reason way thing things one ones fact example aspect
    aspects information something anything article most first next last best same only other number amount outcome
    cause significance purpose role relationship relation difference meaning case point""".split()
)
_GROUPS = frozenset(
    """team band group company police government couple family party council committee people children men women duo
    crew army ministry parliament court bank union media press staff public""".split()
)
_WORKS = re.compile(
    r"\((?:[^()]{0,30} )?(?:film|movie|song|album|band|book|novel|musical|magazine|series|group|"
    r"company|play|game|opera)\)",
    re.IGNORECASE,
)
_CONTRACTED = frozenset("what's who's it's that's there's here's he's she's let's where's how's".split())


def plain(answer: str) -> str:
    """Return what an answer tells, without its footnote marks; nothing of one that only says that it does not know."""
    answer = _FOOTNOTE.sub("", answer[:LONGEST]).strip()
    return "" if _SILENT.match(answer) else answer


@lru_cache(maxsize=1 << 9)  # every question of a conversation walks through all its turns again
def content(text: str) -> frozenset[str]:
    """Return the stems of the words of text that say something."""
    return frozenset(term.text for term in terms(text[:LONGEST]) if not term.stop)


@lru_cache(maxsize=1 << 9)
def named(text: str) -> tuple[str, ...]:
    """Return the distinct names in text in order, without titles before them."""
    return tuple(dict.fromkeys(without_title(one.text) for one in names(text[:LONGEST])))


@lru_cache(maxsize=1 << 9)
def people(answer: str) -> tuple[str, ...]:
    """Return the names in an answer that can be people's, also the one it begins with: "Macron called it …"."""
    first = _BEGINS.match(answer)
    known = frozenset({first[1].casefold()}) if first else frozenset()
    found = (without_title(one.text) for one in names(answer[:LONGEST], known=known))
    return tuple(dict.fromkeys(one for one in found if may_be_person(one) and " of " not in one))


def quoted(text: str) -> tuple[str, ...]:
    """Return what stands in quotation marks and looks like a title."""
    inner = (one.inner.of(text[:LONGEST]).strip(" .,") for one in quotations(text[:LONGEST]))
    return tuple(one for one in inner if one[:1].isupper() and len(one.split()) <= 8)


def may_be_person(name: str) -> bool:
    """Return whether a name can be that of one person, as far as it shows."""
    words = name.split()
    if not words or len(words) > 5 or _WORKS.search(name) or words[0].casefold() == "the":
        return False
    unlike = any(word.strip("()").casefold() in BODIES or nation(word) for word in words)
    return not unlike and not any(letter.isdigit() for letter in name) and not (len(words) == 1 and name.isupper())


def is_plural(phrase: str) -> bool:
    """Return whether the head of a noun phrase is more than one, or a body of people."""
    head = head_of(phrase)
    return head in _GROUPS or (head.endswith("s") and not head.endswith(("ss", "us", "is", "ics", "news")))


def head_of(phrase: str) -> str:
    """Return the case-folded head of a noun phrase: "the dam of Oslo" → "dam", "Mia Hamm’s goal" → "goal"."""
    before = re.split(r"\s(?:of|in|for|at|from|about)\s", phrase, maxsplit=1)[0]
    found = _WORD.findall(before)
    return re.sub(r"['’]s?$", "", found[-1]).casefold() if found else ""


def telling(phrase: str) -> bool:
    """Return whether a noun phrase names what is spoken of, and does not only ask: not "the name", "the first year"."""
    words = [word.casefold() for word in _WORD.findall(phrase)]
    return head_of(phrase) not in _ASKING_NOUNS and any(word not in _DETERMINERS | _ASKING_NOUNS for word in words)


def definite(phrase: str) -> str:
    """Return a phrase as one speaks of it the second time: "a treaty" → "the treaty"."""
    return re.sub(r"^(?:an?|this|that|these|those)\s+", "the ", phrase, flags=re.IGNORECASE)


def told_of(text: str) -> tuple[str, ...]:
    """Return the things that a text speaks of with "a", "the" or somebody’s, as one speaks of them again."""
    found = (text[start:end] for start, end in phrases(text))
    pointing = ("this", "that", "these", "those")
    return tuple(definite(one) for one in found if telling(one) and one.split()[0].casefold() not in pointing)


@lru_cache(maxsize=1 << 9)
def phrases(question: str) -> tuple[tuple[int, int], ...]:
    """Return where in a question the noun phrases stand that begin with an article, "this" or somebody’s.

    By rule, with no dictionary: a phrase runs up to a word that cannot be inside one, loses the verb that must follow
    it after "did" or "is", and takes "of" or "for" with what follows.
    """
    words = list(_WORD.finditer(question[:LONGEST]))
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(words):
        first = _beginning(words, at)
        if first is None:
            at += 1
            continue
        end = _without_predicate(words, first, at, _end(question, words, at + 1))
        if end > at + 1:
            while (joined := _of(question, words, end)) is not None:
                end = joined
            found.append((words[first].start(), words[end - 1].end()))
        at = max(end, at + 1)
    return tuple(found)


def _beginning(words: Sequence[re.Match[str]], at: int) -> int | None:
    """Return the index of the word that a phrase with its determiner at `at` begins with; None: there is none."""
    word = words[at].group()
    if word.casefold() in _DETERMINERS:
        return at
    if not word.endswith(("'s", "’s", "s'", "s’")) or word.casefold().replace("’", "'") in _CONTRACTED:
        return None
    first = at
    while first and at - first < 5 and _goes_on(words[first - 1].group()):
        first -= 1
    return first


def _goes_on(word: str) -> bool:
    return word[0].isupper() and word.casefold() not in _BREAKS


def _end(text: str, words: Sequence[re.Match[str]], at: int) -> int:
    """Return the index after the last word that can belong to a phrase whose words begin at `at`."""
    end = at
    while end < len(words) and end - at < 6:
        apart = end > at and text[words[end - 1].end() : words[end].start()].strip(" \"“”'‘’")
        if apart or words[end].group().casefold() in _BREAKS:
            break
        end += 1
    return end


def _without_predicate(words: Sequence[re.Match[str]], first: int, at: int, end: int) -> int:
    """Return the end of a phrase without the verb or adjective that its place in the question shows to follow it."""
    before = words[first - 1].group().casefold() if first else ""
    opens = first == 1 or words[0].group().casefold() == "why"  # "Is the dam safe", "Why is the sky blue"
    while end - at > 2 and _may_follow(words[end - 1].group()):
        end -= 1
    if end - at > 2 and (before in _MODALS or (before in _AUXILIARIES and opens)):
        end -= 1
    return end


def _may_follow(word: str) -> bool:
    folded = word.casefold()
    return not word[0].isupper() and (folded in _PARTICIPLES or folded.endswith(("ed", "ly")))


def _of(text: str, words: Sequence[re.Match[str]], end: int) -> int | None:
    """Return the end of a phrase that takes over "of …" or "for …" after its end, or None."""
    joins = end < len(words) and words[end].group() in ("of", "for", "between", "against")
    if not joins or text[words[end - 1].end() : words[end].start()].strip():
        return None
    start = end + 1
    while start < len(words) and words[start].group().casefold() in _DETERMINERS:
        start += 1
    after = _end(text, words, start)
    return after if after > start else None
