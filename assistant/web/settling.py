"""What of an answer that is being written can change no more; for whoever cannot take back what was sent."""

from typing import TYPE_CHECKING

from assistant.types import Claimed, Event, Finished, Rewritten

if TYPE_CHECKING:
    from assistant.pipeline import Assistant


class Settling:
    """Tells the text of one answer piece by piece, each as soon as it is final; together they are the answer's text.

    A sentence that is not supported may still be written anew, and everything after it with it. Where such sentences
    are withheld, one may come back mended before any that is shown. What nobody has checked is never told.
    """

    def __init__(self, assistant: "Assistant") -> None:
        self._may_change = assistant.repairer is not None
        self._waits = self._may_change and assistant.strict
        self._written = ""
        self._told = ""

    def hear(self, event: Event) -> str:
        """Return the characters that are final with this event."""
        match event:
            case Claimed(lead, claim, markers, _):
                self._written += lead + claim.text + markers
                self._waits = self._waits or (self._may_change and claim.judgement.verdict != "supported")
            case Rewritten(claimed):
                self._written = "".join(one.lead + one.claim.text + one.markers for one in claimed)
                self._may_change = self._waits = False  # nothing is mended twice
            case Finished(answer):
                self._written = answer.text
                self._waits = False
        return "" if self._waits else self._tell()

    def _tell(self) -> str:
        if not self._written.startswith(self._told):
            raise RuntimeError("text that was told as final has changed")
        new = self._written[len(self._told) :]
        self._told = self._written
        return new
