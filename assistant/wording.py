"""The words of a sentence, and whether a word is among them in some form."""

import re
from functools import lru_cache
from itertools import pairwise

from assistant.names import nation, shortened
from vectorstore.words import terms


@lru_cache(maxsize=1 << 12)  # a sentence is judged against many claims, and a claim against many windows
def words_of(text: str) -> frozenset[str]:
    """Return the stems of all words and numbers of text."""
    return frozenset(term.text for term in terms(shortened(text)))


@lru_cache(maxsize=1 << 12)
def content_of(text: str) -> frozenset[str]:
    """Return the stems of the words and numbers of text that are not stop words."""
    return frozenset(term.text for term in terms(shortened(text)) if not term.stop)


@lru_cache(maxsize=1 << 12)
def pairs_of(text: str) -> frozenset[tuple[str, str]]:
    """Return the stems of each two neighbouring words of text, stop words left out."""
    content = [term.text for term in terms(shortened(text)) if not term.stop]
    return frozenset(pairwise(content))


def holds(words: frozenset[str], word: str) -> bool:
    """Return whether word, another word for its nation, or a longer or shorter form of it is among words."""
    if word in words:
        return True
    country = nation(word)
    if country and any(nation(other) == country for other in words):
        return True
    return len(word) >= 5 and any(len(other) >= 5 and _alike(word, other) for other in words)


def _alike(one: str, other: str) -> bool:
    """Return whether two words share all but their last letters: "zelenski" and "zelenskyy" do."""
    shared = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        shared += 1
    return shared >= 5 and shared >= 0.75 * max(len(one), len(other))


def without_framing(claim: str) -> str:
    """Return what a sentence says of the world, without "Yes," "He did not:" or "One article says that" before it.

    Nor "The articles do not say that he was:", which no sentence of theirs can bear out.
    """
    return _FRAMING.sub("", claim, count=1) or claim


def claims_agreement(claim: str) -> bool:
    """Return whether a sentence says that several documents say it: "Both articles report that"."""
    return _AGREEMENT.search(claim) is not None


_AGREEMENT = re.compile(
    r"\b(?:both|all)(?: of)?(?: the| these)? (?:article|document|source|account|report)s\b", re.IGNORECASE
)
_SOURCE = r"(?:article|document|source|text|report|paper|account|version)s?"
_SAYS = r"(?:say|report|assert|state|write|note|mention|claim|add|agree|give|tell)s?"
_BRIEFLY = (  # "He did not:"
    r"(?:he|she|it|they|we|there|the \w+|\w+) (?:do|does|did|is|are|was|were|has|have|had|will|would|can|could)"
    r"(?:n['’]t| not)?\s*[.;:—–]\s+"
)
_FRAMING = re.compile(
    rf"^(?:(?:yes|no)\s*[.,;:—–-]+\s*)?(?:{_BRIEFLY})?"
    rf"(?:(?:the|these|both) {_SOURCE} (?:(?:do|does|did)(?: not|n['’]t) {_SAYS}|{_SAYS} (?:no|nothing|nobody)\b)"
    r"[^.;:“\"]{0,120}[:;]\s+)?"
    r"(?:(?:(?:but|and|while|whereas)\s+)?"
    rf"(?:according to (?:one|another|the|both|two)(?: (?:other|first|second))? {_SOURCE},?\s+|"
    rf"(?:one|another|the (?:other|first|second)|both)(?: of the| of these)?(?: {_SOURCE})? {_SAYS}"
    r"(?:,[^,.;:]{1,60},)?(?: in its [a-z]+(?: [a-z]+)?)?(?: that)?:?\s+|"
    rf"(?:the|these|both) {_SOURCE} {_SAYS}(?: that)?:?\s+))?",
    re.IGNORECASE,
)
