"""The words of a text as the full-text index and the queries see them: folded, stemmed, with their places."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from vectorstore.types import Span


@dataclass(frozen=True, slots=True)
class Term:
    """One word or number of a text.

    `text` is the form to compare: case and accents folded, English stem ("met" is "meet"); of ASCII it holds only
    letters, digits and ".". `stop` says that a query loses nothing without it.
    """

    text: str
    span: Span
    stop: bool = False


# "us" is not among them: folded, it cannot be told from the country.
STOP_WORDS = frozenset(
    """
    a about above after again against all also am an and any are arent as at be because been before
    being below between both but by can cannot cant could couldnt did didnt do does doesnt doing
    dont down during each few for from further had hadnt has hasnt have havent having he her here
    hers herself him himself his how i if im in into is isnt it its itself me more most my myself no
    nor not of off on once only or other our ours ourselves out over own same she should shouldnt so
    some such than that the their theirs them themselves then there these they this those through to
    too under until up very was wasnt we were werent what when where which while who whom whose why
    will with wont would wouldnt you your yours yourself yourselves
    """.split()
)


def terms(text: str) -> tuple[Term, ...]:
    """Return the words and numbers of text in text order.

    "U.S." and "US" are both "us"; "$90" and "90" are both "90"; "1,000" is "1000"; "Trump's" is "trump"; parts
    joined by a hyphen are words of their own, and so is every character of a script written without spaces.
    """
    shouting = text.isupper()
    found = []
    for match in _WORD.finditer(text):
        word = match.group()
        key, stop = _key(word)
        if key:
            if stop and not shouting and len(word) > 1 and word.isupper() and word.isalpha():
                stop = False  # WHO, IT, AM: a name written like a stop word
            found.append(Term(key, Span(*match.span()), stop))
    return tuple(found)


def stems(text: str) -> Iterator[tuple[str, str]]:
    """Yield each word of text as `terms` gives it and as text spells it; in a third of the time."""
    for word in _WORD.findall(text):
        key, _ = _key(word)
        if key:
            yield key, word


def query_terms(query: str) -> tuple[str, ...]:
    """Return the distinct terms of a query in order, without stop words unless it has nothing else."""
    every = terms(query)
    telling = [term for term in every if not term.stop] or every
    return tuple(dict.fromkeys(term.text for term in telling))


def any_of(words: Iterable[str]) -> str:
    """Return the full-text query for passages that hold any of these terms; without terms, an empty string."""
    return " OR ".join(f'"{word}"' for word in words)


def all_of(words: Iterable[str]) -> str:
    """Return the full-text query for passages that hold all of these terms; without terms, an empty string."""
    return " AND ".join(f'"{word}"' for word in words)


# Python's \w leaves out combining marks, and with them the vowels of half of Asia.
_MARKS = (
    r"\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8"
    r"\u0900-\u0963\u0966-\u0dff"
)
_SPACELESS = (
    r"\u0e01-\u0eff\u1000-\u109f\u1780-\u17d3\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
_LETTER = rf"[^\W\d_{_SPACELESS}]"
_WORD = re.compile(
    rf"{_LETTER}(?:\.{_LETTER})+(?![^\W_])\.?(?:['’ʼ]s(?![^\W_]))?"  # U.S.
    r"|(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)*"
    rf"|[^\W_{_SPACELESS}](?:[^\W_{_SPACELESS}]|[{_MARKS}])*(?:['’ʼ](?:s|t|re|ve|ll|d|m)(?![^\W_]))?"
    rf"|(?=\w)[{_SPACELESS}]",
    re.IGNORECASE,
)
_CONTRACTION = re.compile(r"'(?:s|re|ve|ll|d|m)$")
_DIACRITICS = re.compile(r"[\u0300-\u036f]")
_NOT_TERM = re.compile(r"[\x00-\x2d\x2f:-@\[-`{-\x7f]")  # ASCII other than letters, digits and "."


@lru_cache(maxsize=1 << 16)
def _key(word: str) -> tuple[str, bool]:
    """Return the form to compare of a word ("" if nothing is left of it), and whether it is a stop word."""
    from snowballstemmer import EnglishStemmer  # type: ignore[import-untyped]  # it ships no types

    folded = _fold(word)
    # A stemmer keeps the word it works on in itself, so one shared by threads would mix words up.
    return EnglishStemmer().stemWord(folded) or folded, folded in STOP_WORDS


def _fold(word: str) -> str:
    if not word.isascii():
        folded = _DIACRITICS.sub("", unicodedata.normalize("NFKD", word).casefold())
        word = unicodedata.normalize("NFC", folded.replace("’", "'").replace("ʼ", "'"))
    word = _CONTRACTION.sub("", word.casefold())
    if not word[:1].isdigit():
        word = word.replace(".", "")
    return _NOT_TERM.sub("", word)
