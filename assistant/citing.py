"""Find the citation that a written sentence lacks: only what bears it out by itself will do, not what resembles it."""

from collections.abc import Sequence

from assistant.support import shared
from assistant.types import Evidence
from assistant.verify import Verifier
from assistant.wording import content_of

TRIED = 3  # the sentences that share most with the claim
SHARE = 0.5  # of its content words that a sentence must hold to be asked about


def supporting(claim: str, evidence: Sequence[Evidence], verifier: Verifier) -> Evidence | None:
    """Return the first of the nearest sentences by which the verifier calls claim supported."""
    least = SHARE * len(content_of(claim))
    held = sorted(((len(shared(claim, one)), one) for one in evidence), key=lambda pair: -pair[0])
    near = [one for count, one in held[:TRIED] if count and count >= least]
    return next((one for one in near if verifier.judge(claim, [one]).verdict == "supported"), None)
