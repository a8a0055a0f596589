"""Drafted questions in a model's words, kept only where they still ask for the same thing."""

import re

from assistant.names import names
from assistant.quantities import quantities
from assistant.quotations import quotations
from evals.chat import Chat, nonce_of
from evals.draft.candidates import Candidate
from evals.wording import fold
from prompts.load import load
from vectorstore.errors import UserError

LONGEST = 300  # characters of a question


class Rewording:
    """Asks a model for each question; counts what became of them. A model that fails once is not asked again."""

    def __init__(self, chat: Chat) -> None:
        self.reworded = self.kept = 0
        self.failure: str | None = None
        self._chat = chat
        self._prompt = load("reword")

    def __call__(self, one: Candidate) -> str:
        """Return the question in the model's words, or as it was where those will not do."""
        if self.failure:
            return one.question
        sentence = one.gold[0].text
        values = {"nonce": nonce_of(one.question, sentence), "question": one.question, "sentence": sentence}
        try:
            reply = self._chat.ask(self._prompt, values).strip()
        except UserError as error:
            self.failure = str(error)
            return one.question
        if reply == one.question or not keeps(one, reply):
            self.kept += 1
            return one.question
        self.reworded += 1
        return reply


def keeps(one: Candidate, reply: str) -> bool:
    """Return whether a reply is one question, names all that the drafted one names, and does not give the answer."""
    if "\n" in reply or not reply.endswith("?") or len(reply) > LONGEST:
        return False
    folded = fold(reply)
    named = [name.text for name in names(f"… {one.question[1:]}")]
    quoted = [quotation.inner.of(one.question) for quotation in quotations(one.question)]
    numbers = [quantity.text for quantity in quantities(one.question)]
    if not all(fold(text) in folded for text in (*named, *quoted, *numbers)):
        return False
    return not any(re.search(pattern, folded) for fact in one.facts for pattern in fact.any_of)
