"""A verifier that asks a chat model: a second opinion beside the one verifier that gates."""

import re
from collections.abc import Sequence

from assistant.types import Evidence, Judgement, VerdictName
from evals.chat import Chat, nonce_of
from prompts.load import load

_VERDICTS: dict[str, VerdictName] = {
    "SUPPORTED": "supported",
    "PARTLY": "partly_supported",
    "UNSUPPORTED": "unsupported",
}
_REPLY = re.compile(r"\s*\**(?P<word>SUPPORTED|PARTLY|UNSUPPORTED)\**(?:\s*[:.–—-]\s*(?P<reason>[^\n]+))?\s*\Z")


class ModelVerifier:
    """Judges as assistant.verify.Verifier does, by asking a model; what it does not say plainly is "unchecked"."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._prompt = load("judge")

    @property
    def name(self) -> str:
        """The model and the prompt: "openai:gpt-5-mini, judge@1 3f0c9a1b"."""
        return f"{self._chat.model}, {self._prompt.label}"

    def judge(self, claim: str, evidence: Sequence[Evidence]) -> Judgement:
        """Return the model's judgement of claim by the sentences it cites.

        Raises:
            UserError: if the model cannot be asked and the cassette does not know its reply.
            ValueError: if evidence is empty.
        """
        if not evidence:
            raise ValueError("a claim is judged by at least one cited sentence")
        sources = "\n".join(f"(spoken by {one.speaker}) {one.text}" if one.speaker else one.text for one in evidence)
        nonce = nonce_of(claim, sources)
        return parsed(self._chat.ask(self._prompt, {"nonce": nonce, "claim": claim, "sources": sources}))


def parsed(reply: str) -> Judgement:
    """Return the judgement that a reply states; "unchecked" for every reply that is not exactly as it was asked for."""
    match = _REPLY.match(reply)
    if match is None:
        return Judgement("unchecked", None, ("judge: the model did not reply with one of the three words",))
    reason = match["reason"]
    return Judgement(_VERDICTS[match["word"]], None, (f"judge: {reason.strip()}",) if reason else ())
