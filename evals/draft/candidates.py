"""A candidate: a question that a sentence answers, before anybody has looked whether it makes a good case."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from assistant.types import Evidence
from evals.types import Fact, WrongAnswer
from evals.wording import fold
from vectorstore.words import terms

Kind: TypeAlias = Literal["who_said", "said_what", "quotation", "number", "date", "disagreement"]
KINDS: tuple[Kind, ...] = ("who_said", "said_what", "quotation", "number", "date", "disagreement")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question with what answers it.

    `gold` are the sentences that answer it, the one it was made from first. `facts` are what an answer must say.
    `reference` is an answer that cites `gold` as [q1], [q2], …; `wrong` are answers with a known error.
    """

    kind: Kind
    question: str
    gold: tuple[Evidence, ...]
    facts: tuple[Fact, ...]
    reference: str
    wrong: tuple[WrongAnswer, ...] = ()


def fact(number: int, said: str, patterns: Sequence[str], support: Sequence[int]) -> Fact:
    """Return a required fact; `support` are the numbers, from 1, of the gold sentences that say it."""
    return Fact(f"f{number}", said, tuple(patterns), True, tuple(f"q{one}" for one in support))


def pattern_of(text: str) -> str:
    """Return the pattern that finds text, as whole words, in folded text."""
    folded = re.sub(r"^(?:the|an?) ", "", fold(text))
    escaped = re.sub(r"(?<=\d),(?=\d)", ",?", re.escape(folded).replace(r"\ ", " ").replace(r"\-", "-"))
    return (
        (r"(?<![\w.,])" if folded[:1].isalnum() else "") + escaped + (r"(?!\w|[.,]\d)" if folded[-1:].isalnum() else "")
    )


def stem_pattern(stem: str, text: str) -> str | None:
    """Return the pattern that finds the words of text with this stem in their other forms, too; None if too short."""
    word = next((term for term in terms(text) if term.text == stem), None)
    if word is None:
        return None
    spelled = fold(word.span.of(text))
    shared = next((place for place, (a, b) in enumerate(zip(stem, spelled, strict=False)) if a != b), len(stem))
    prefix = spelled[: min(shared, len(spelled))]
    return rf"\b{re.escape(prefix)}" if len(prefix) >= 4 else None


def flat(sentence: str) -> str:
    """Return a sentence on one line: in many files lines are wrapped."""
    return " ".join(sentence.split())


def statement(sentence: str) -> str:
    """Return a sentence without its stop, ready to carry a marker: "… in Anchorage" + " [q1]."."""
    return flat(sentence).rstrip(".")


def asked(question: str) -> str:
    """Return a question with its first letter large and its mark at the end."""
    bare = re.sub(r"\s+", " ", question).strip(" ,.")
    return f"{bare[:1].upper()}{bare[1:]}?"
