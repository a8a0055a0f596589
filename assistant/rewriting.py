"""Let a chat model make a follow-up question stand alone; what it may not have made up decides whether it is used."""

import re
import secrets
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from assistant.containment import without_links
from assistant.hearing import Heard, Patience, Prices, hear
from assistant.markers import defuse
from assistant.names import names
from assistant.types import Turn, Usage
from assistant.wording import content_of, holds, words_of
from prompts.load import load
from vectorstore.text import one_line

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

TURNS = 6  # that are shown
LONGEST_TURN = 600  # characters
LONGEST = 400  # characters of a question that is still one
KNOWN = 0.5  # of the content words of a rewritten question that the person or the conversation must have said


class ModelRewriter:
    """Asks a chat model once, briefly; what cannot be trusted gives way to the query by rule."""

    def __init__(
        self, chat: "BaseChatModel", *, prices: Prices | None = None, patience: Patience | None = None
    ) -> None:
        self._chat = chat
        self._prices = prices or Prices()
        self._prompt = load("standalone")
        self._patience = patience or Patience(first=10.0, idle=5.0, total=15.0)

    async def rewrite(self, question: str, history: Sequence[Turn], by_rule: str) -> tuple[str, Usage]:
        """Return the query, and what it took: question as the model makes it stand alone.

        That is by_rule if the model fails or says what nobody said.
        """
        nonce = secrets.token_hex(8)
        shown = [
            f"{_WHO[turn.role]}: {defuse(one_line(turn.content, longest=LONGEST_TURN))}" for turn in history[-TURNS:]
        ]
        values = {"nonce": nonce, "conversation": "\n".join(shown), "question": defuse(question)}
        messages = [(message.role, message.text) for message in self._prompt.render(values)]
        heard = Heard()
        async with aclosing(hear(self._chat, messages, heard, self._patience, longest=2 * LONGEST)) as pieces:
            async for _ in pieces:
                pass
        query = _first_line(heard.text)
        said = " ".join([question, by_rule, *(turn.content for turn in history)])
        trusted = heard.ended == "complete" and _asks_what_was_said(query, said)
        return (query if trusted else by_rule), self._prices.of(heard.usage)


def _first_line(reply: str) -> str:
    """Return the first line of a reply without what models put round a question."""
    line = next((line.strip() for line in reply.splitlines() if line.strip()), "")
    return _LABEL.sub("", line).strip("\"“”'` *")


def _asks_what_was_said(query: str, said: str) -> bool:
    """Return whether each name in query, and KNOWN of its words, were said before, and nothing but words is in it."""
    if not query or len(query) > LONGEST or without_links(query)[1]:
        return False
    known = words_of(said)
    if not all(holds(known, word) for name in names(query) for word in content_of(name.text)):
        return False
    content = content_of(query)
    return sum(holds(known, word) for word in content) >= KNOWN * len(content)


_WHO = {"user": "Person", "assistant": "Answer"}
_LABEL = re.compile(r"^(?:stand-?alone question|question|rewritten(?: question)?)\s*:\s*", re.IGNORECASE)
