"""Fit a prompt into its budget of tokens: which sentences are shown, and how they are laid out."""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from assistant.markers import defuse
from assistant.pipeline import Request
from assistant.types import Evidence, Turn
from prompts.load import Prompt
from vectorstore.text import one_line
from vectorstore.types import Document

SENTINEL = "NOT_IN_DOCUMENTS"  # what a model replies when the sentences do not answer

Count: TypeAlias = Callable[[str], int]
ChatMessage: TypeAlias = tuple[Literal["system", "user", "assistant"], str]

DOCUMENT_SHARE = 1 / 3  # of the room for sentences, as long as other documents have something to show
HISTORY_SHARE = 1 / 4  # of the budget
MESSAGE_TOKENS = (
    4  # that a chat format adds to a message. Source: OpenAI cookbook, "How to count tokens" (3, and 3 once)
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """Messages that hold at most as many tokens as allowed, and the evidence whose sentences they show.

    `rules` is what they say in our own name, `nonce` what tells the documents apart from it; neither is for the reader.
    """

    messages: tuple[ChatMessage, ...]
    shown: tuple[Evidence, ...]
    tokens: int
    rules: str
    nonce: str


def fit(
    prompt: Prompt,
    request: Request,
    evidence: Sequence[Evidence],
    *,
    tokens: int,
    count: Count,
    more: Mapping[str, str] | None = None,
) -> Fitted | None:
    """Return the prompt for request with as much of the evidence as fits, the most relevant first.

    Earlier turns come before it, the latest that fit, without sources or markers. `more` are values of variables that
    only this prompt has. None if not even one sentence fits.
    """
    nonce = secrets.token_hex(8)
    history = _latest(request.history, int(tokens * HISTORY_SHARE), count)

    def laid_out(shown: Sequence[Evidence]) -> Fitted:
        values = {
            "nonce": nonce,
            "sources": _lay_out(shown),
            "question": defuse(request.question),
            "sentinel": SENTINEL,
            **(more or {}),
        }
        system, user = prompt.render(values)
        messages = ((system.role, system.text), *history, (user.role, user.text))
        cost = sum(count(text) + MESSAGE_TOKENS for _, text in messages)
        return Fitted(messages, tuple(shown), cost, system.text, nonce)

    chosen = _choose(evidence, tokens - laid_out(()).tokens, count)
    while chosen:
        # The sum over lines is an estimate of what they come to together, so the outcome is what is held to the budget.
        fitted = laid_out(chosen)
        if fitted.tokens <= tokens:
            return fitted
        chosen = chosen[:-1]
    return None


def _choose(evidence: Sequence[Evidence], room: int, count: Count) -> list[Evidence]:
    """Return evidence that fits into room, most relevant first; no document crowds out the others."""
    ranked = sorted(evidence, key=lambda one: -one.relevance)
    costs = [count(_line(one) + "\n") for one in ranked]
    chosen: set[int] = set()
    spent: dict[str, int] = {}
    for share in (room * DOCUMENT_SHARE, room):
        for index, one in enumerate(ranked):
            key = one.document.id
            cost = costs[index] + (0 if key in spent else count(_heading(one.document) + "\n"))
            if index in chosen or sum(spent.values()) + cost > room or spent.get(key, 0) + cost > share:
                continue
            chosen.add(index)
            spent[key] = spent.get(key, 0) + cost
    return [ranked[index] for index in sorted(chosen)]


def _lay_out(shown: Sequence[Evidence]) -> str:
    """Return the sentences by document, the document with the most relevant first, each in text order."""
    by_document: dict[str, list[Evidence]] = {}
    for one in shown:
        by_document.setdefault(one.document.id, []).append(one)
    lines = []
    for group in by_document.values():
        lines.append(_heading(group[0].document))
        lines += [_line(one) for one in sorted(group, key=lambda one: one.sentence.span)]
    return "\n".join(lines)


def _heading(document: Document) -> str:
    published = document.published.isoformat() if document.published else None
    about = ", ".join(part for part in (document.title, document.outlet, published) if part)
    return defuse(one_line(f"Document: {about}", longest=200))


def _line(evidence: Evidence) -> str:
    note = f"(spoken by {defuse(one_line(evidence.speaker, longest=60))}) " if evidence.speaker else ""
    return f"[{evidence.id}] {note}{defuse(evidence.text)}"


def _latest(history: Sequence[Turn], room: int, count: Count) -> tuple[ChatMessage, ...]:
    """Return the latest turns that fit into room tokens, in order, without the numbers of their footnotes."""
    messages: list[ChatMessage] = []
    for turn in reversed(history):
        text = defuse(_FOOTNOTE.sub("", turn.content))
        room -= count(text) + MESSAGE_TOKENS
        if room < 0:
            break
        messages.insert(0, (turn.role, text))
    return tuple(messages)


_FOOTNOTE = re.compile(r"\s*\[[0-9]+\]")
