"""The answerer that lets a chat model write, from numbered sentences, and reads what it cites while it writes."""

import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from assistant.budget import SENTINEL, Fitted, fit
from assistant.containment import Containment, before_link
from assistant.hearing import Heard, Patience, Prices, explained, hear
from assistant.markers import MarkerParser
from assistant.pipeline import Request
from assistant.repair import listed, mended, nearest
from assistant.tokens import count_tokens
from assistant.turns import in_turn
from assistant.types import Delta, Draft, Drafted, Ended, Evidence, Failed, Repaired, Usage
from prompts.load import load

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

CHARACTERS_PER_TOKEN = 12  # what no reply reaches; beyond it a server has forgotten the limit it was given


class ModelAnswerer:
    """Answers with what a chat model writes.

    `model` is the name to record; `prompt_tokens` and `answer_tokens` are the most tokens of either. A model that fails
    ends the answer with what came until then. Sentences that tell a machine what to answer are not shown to it.
    """

    kind: Literal["extractive", "model"] = "model"

    def __init__(
        self,
        chat: "BaseChatModel",
        *,
        model: str,
        prompt_tokens: int = 6000,
        answer_tokens: int = 800,
        patience: Patience | None = None,
        prices: Prices | None = None,
    ) -> None:
        self.model: str | None = model
        self._prompt = load("answer")
        self._repair = load("repair")
        self.prompt: str | None = self._prompt.label
        self._chat = chat
        self._prompt_tokens = prompt_tokens
        self._answer_tokens = answer_tokens
        self._patience = patience or Patience()
        self._prices = prices or Prices()

    async def answer(self, request: Request, evidence: Sequence[Evidence]) -> AsyncGenerator[Drafted, None]:
        """Yield drafts as they are finished, deltas between them, and one Ended; closing it ends the model call."""
        shown = [one for one in evidence if one.id not in request.orders]
        if not shown:
            yield Ended("abstained", "No passage was found.")
            return
        fitted = await in_turn(fit, self._prompt, request, shown, tokens=self._prompt_tokens, count=count_tokens)
        if fitted is None:
            yield Ended(
                "error", "The question leaves no room for sources; shorten it, or raise FOOTNOTE_PROMPT_TOKENS."
            )
            return
        heard = Heard()
        page = _Page(fitted)
        async with aclosing(self._hear(fitted, heard)) as pieces:
            async for piece in pieces:
                for drafted in page.write(piece):
                    yield drafted
        for draft in page.finish():
            yield draft
        state, notice = _outcome(heard, page)
        yield Ended(state, notice, self._usage(fitted, heard))

    async def repair(self, request: Request, evidence: Sequence[Evidence], failed: Sequence[Failed]) -> Repaired:
        """Return what the model makes of failed sentences, shown those of the documents that are nearest to them.

        What it does not mend, or a server that fails now, leaves them as they are.
        """
        near = nearest(failed, [one for one in evidence if one.id not in request.orders])
        fitted = await in_turn(
            fit,
            self._repair,
            replace(request, history=()),
            near,
            tokens=self._prompt_tokens,
            count=count_tokens,
            more={"failed": listed(failed)},
        )
        if fitted is None:
            return Repaired({})
        heard = Heard()
        async with aclosing(self._hear(fitted, heard)) as pieces:
            async for _ in pieces:
                pass
        through = Containment(fitted.rules, fitted.nonce).let_through
        drafts = {
            number: tuple(filter(None, map(through, written)))
            for number, written in mended(heard.text, fitted.shown, failed)
        }
        return Repaired({number: kept for number, kept in drafts.items() if kept}, self._usage(fitted, heard))

    def _hear(self, fitted: Fitted, heard: Heard) -> AsyncGenerator[str, None]:
        longest = self._answer_tokens * CHARACTERS_PER_TOKEN
        return hear(self._chat, fitted.messages, heard, self._patience, longest=longest)

    def _usage(self, fitted: Fitted, heard: Heard) -> Usage:
        """Return what a reply cost: by the server's count, else by ours."""
        usage = heard.usage
        if heard.text and usage == Usage():
            usage = Usage(fitted.tokens, count_tokens(heard.text))
        return self._prices.of(usage)


class _Page:
    """Drafts and deltas of one reply, without what must not come through: see assistant.containment.

    The word that says "they do not answer" is taken out, too.
    """

    def __init__(self, fitted: Fitted) -> None:
        self.spoken = False
        self.declined = False
        self.containment = Containment(fitted.rules, fitted.nonce)
        self._parser = MarkerParser(fitted.shown)
        self._sent = ""
        self._held: list[Draft] = []

    def write(self, piece: str) -> Iterator[Drafted]:
        """Yield what a piece of the reply finishes, then what it adds to the sentence that is being written."""
        for draft in self._passed(self._parser.feed(piece)):
            self._sent = ""
            yield draft
        if self.declined and not self.spoken:
            return
        pending = before_link(_without_sentinel(self._parser.pending)).rstrip()
        if len(pending) > len(self._sent) and pending.startswith(self._sent) and not self.containment.repeats(pending):
            yield Delta(pending[len(self._sent) :])
            self._sent = pending

    def finish(self) -> list[Draft]:
        """Return the drafts that are left once the reply is over."""
        return list(self._passed(self._parser.finish()))

    def _passed(self, drafts: Sequence[Draft]) -> Iterator[Draft]:
        for draft in filter(None, map(self.containment.let_through, drafts)):
            bare = draft.text.lstrip(_MARKUP)
            if bare.startswith(SENTINEL):
                self.declined = True
                draft = replace(draft, text=bare.removeprefix(SENTINEL).lstrip(_MARKUP))
                if not draft.text:
                    continue
            if self.declined and not self.spoken and not draft.evidence:
                self._held.append(draft)  # an explanation of why there is no answer, unless an answer follows after all
                continue
            yield from self._held
            self._held.clear()
            self.spoken = True
            yield draft


_MARKUP = " \t\r\n.,:;!?…*_`\"'#>-–—"
_LAST_WORD = re.compile(r"[A-Z_]+\Z")


def _without_sentinel(text: str) -> str:
    """Return text up to the sentinel or what may become it."""
    word = _LAST_WORD.search(text)
    if SENTINEL in text:
        text = text[: text.index(SENTINEL)]
    elif word and SENTINEL.startswith(word.group()):
        text = text[: word.start()]
    return text.rstrip(_MARKUP)


def _outcome(
    heard: Heard, page: _Page
) -> tuple[Literal["complete", "partial", "truncated", "abstained", "error"], str | None]:
    """Return the state of a reply that is over, and what to tell the reader of it."""
    if page.declined and not page.spoken:
        return "abstained", "The documents that were found do not answer this question."
    broken: Literal["partial", "error"] = "partial" if page.spoken else "error"
    if heard.failure:
        return broken, explained(heard.failure, spoken=page.spoken)
    if heard.ended == "truncated":
        if page.spoken:
            return (
                "truncated",
                "The answer reached its length limit and stops early; ask for less, or raise FOOTNOTE_ANSWER_TOKENS.",
            )
        return "error", "The model used up its length limit before it wrote anything; raise FOOTNOTE_ANSWER_TOKENS."
    if heard.ended == "filtered":
        return broken, "The model's provider withheld the answer; ask in other words."
    if heard.ended == "broken":
        return broken, "The model's server ended the answer before it was finished; ask again."
    if page.containment.leaked:
        return ("complete" if page.spoken else "error"), "What the model repeated of our instructions was left out."
    if not page.spoken:
        return "error", "The model answered nothing; ask again, or use another FOOTNOTE_MODEL."
    if page.declined:
        return "complete", "The model says that the documents answer only a part of the question."
    return "complete", None
