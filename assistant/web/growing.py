"""An answer while it is being written: what has been verified so far, and what nobody has checked yet."""

from dataclasses import dataclass, replace

from assistant.types import Citation, Claim, Claimed


@dataclass(frozen=True, slots=True)
class Growing:
    """The verified sentences so far, and the `unverified` characters after them."""

    text: str = ""
    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    unverified: str = ""

    def claimed(self, event: Claimed) -> "Growing":
        """Return the answer one verified sentence longer; it supersedes the unverified text."""
        return Growing(
            self.text + event.lead + event.claim.text + event.markers,
            (*self.claims, event.claim),
            (*self.citations, *event.citations),
        )

    def written(self, text: str) -> "Growing":
        """Return the answer with more unverified text."""
        return replace(self, unverified=self.unverified + text)
