"""What a chat model may not pass on to the reader, whatever a document told it: links, pictures and our own rules.

A link in an answer can carry what was asked to whoever wrote it into a document, and a picture does so without a click.
The footnotes lead to the sources, so nothing is lost.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.types import Draft

LEAK = 40  # letters in a row of our rules that no answer has by chance


def without_links(text: str) -> tuple[str, bool]:
    """Return text with the words of its links and without their addresses, and whether there was one.

    Markdown's links and pictures, HTML's tags, addresses as they are.
    """
    kept = text
    for pattern, words in _LINKS:
        kept = pattern.sub(words, kept)
    return kept, kept != text


def before_link(text: str) -> str:
    """Return text up to what is or may become a link, for a sentence that is still being written."""
    begun = _BEGUN.search(text)
    return text[: begun.start()] if begun else text


class Containment:
    """Lets the sentences of one reply through: without addresses, and none that repeats the rules it was given.

    `leaked` tells that one did. What is repeated over several sentences is noticed, too.
    """

    def __init__(self, rules: str, nonce: str) -> None:
        self.leaked = False
        folded = _folded(rules)
        self._spans = frozenset(folded[at : at + LEAK] for at in range(len(folded) - LEAK + 1))
        self._nonce = nonce
        self._before = ""

    def let_through(self, draft: Draft) -> Draft | None:
        """Return draft as it may be shown; None if nothing of it may."""
        repeated = self.repeats(draft.text)
        self._before = (self._before + _folded(draft.text))[-(LEAK - 1) :]
        if repeated:
            self.leaked = True
            return None
        text, linked = without_links(draft.text)
        if not linked:
            return draft
        return replace(draft, text=text.strip(), unlinked=True) if any(map(str.isalnum, text)) else None

    def repeats(self, text: str) -> bool:
        """Return whether text, right after the sentences so far, repeats the rules."""
        said = self._before + _folded(text)
        return self._nonce in text or any(said[at : at + LEAK] in self._spans for at in range(len(said) - LEAK + 1))


def _folded(text: str) -> str:
    """Return the letters alone, in small letters: no line break, star or number of a list hides a repetition."""
    return "".join(character for character in text.casefold() if character.isalpha())


_ADDRESS = (
    r"(?:(?:[a-z][a-z0-9+.-]{1,20}:)?//|\bwww\.|\b(?:mailto|javascript|data):)"
    r"[^\s<>\"'“”)\]]*[^\s<>\"'“”)\].,;:!?]"  # a full stop behind it is the sentence's
)
_LINKS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"!\[([^\]\n]{0,300})\](?:\([^)\n]{0,2000}\)|\[[^\]\n]{0,200}\])"), r"\1"),
    (re.compile(r"\[([^\]\n]{0,300})\]\([^)\n]{0,2000}\)"), r"\1"),
    (re.compile(r"</?[a-z!][^>\n]{0,2000}>", re.IGNORECASE), ""),
    (re.compile(r"<(?=[a-z/!])", re.IGNORECASE), "< "),  # a tag that nobody closed, yet
    (re.compile(_ADDRESS, re.IGNORECASE), "(a link)"),
)
_BEGUN = re.compile(r"!\[|\]\(|\]\[|//|\bwww\.|</?[a-z!]|\b(?:https?|mailto|javascript|data)(?::|\Z)", re.IGNORECASE)
