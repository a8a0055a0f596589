"""The paragraphs, items and headings of an answer: made from the white space and the markup before each claim."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from assistant.types import Claim

Kind: TypeAlias = Literal["paragraph", "bullet", "number", "heading"]

_MARKERS = re.compile(r" ?(?:\[\d+\])+")  # what the pipeline writes after a cited claim
_MARKUP = re.compile(r"(?:^|\n)[ \t]*([-*•]|\d+[.)]|#{1,6})[ \t]+$")  # what a claim's lead ends with


@dataclass(frozen=True, slots=True)
class Piece:
    """A claim, and the characters between it and the one before in its block."""

    lead: str
    claim: Claim


@dataclass(frozen=True, slots=True)
class Block:
    """A part of an answer that stands on lines of its own."""

    kind: Kind
    pieces: tuple[Piece, ...]


def blocks(text: str, claims: Sequence[Claim]) -> list[Block]:
    """Return the claims of an answer, whole or still growing, as paragraphs, items and headings."""
    found: list[tuple[Kind, list[Piece]]] = []
    written = 0
    for claim in claims:
        marked = _MARKERS.match(text, written) if written else None
        lead = text[marked.end() if marked else written : claim.span.start]
        written = claim.span.end
        markup = _MARKUP.search(lead)
        apart = re.search(r"\n[ \t]*\n", lead) or ("\n" in lead and found and found[-1][0] == "heading")
        if markup:
            found.append((_kind(markup[1]), [Piece(lead[: markup.start()].lstrip(), claim)]))
        elif apart or not found:
            found.append(("paragraph", [Piece(lead.lstrip(), claim)]))
        else:
            found[-1][1].append(Piece(lead, claim))
    return [Block(kind, tuple(pieces)) for kind, pieces in found]


def _kind(markup: str) -> Kind:
    return "bullet" if markup in "-*•" else "number" if markup[0].isdigit() else "heading"
