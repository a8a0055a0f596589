"""The values that flow from a question to a verified answer; read this file second, after vectorstore/types.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from vectorstore.originals import Copy, Reason
from vectorstore.types import Document, Filters, Hit, Sentence, Span

State = Literal["complete", "partial", "truncated", "stopped", "abstained", "error"]
VerdictName = Literal["supported", "partly_supported", "unsupported", "uncited", "unchecked"]
Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the conversation; `citations` are the footnotes that an answer in it had."""

    role: Role
    content: str
    citations: tuple["Citation", ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sentence that copies of a document share is cited from: the original of those that hold it.

    `also` are the others, `reason` says why this one is taken for the original.
    """

    document: Document
    span: Span
    also: tuple[Copy, ...] = ()
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sentence that an answerer may cite.

    `id` ("S3") is what a model sees and writes; it is unknown to the reader. `sentence` stands in `document`.
    `speaker` is who says the sentence according to the document, None for the article's own voice.
    `relevance` in [0, 1] is the fused score of the passage in which the sentence was found. `origin` is None unless
    copies of the document hold the sentence too.
    """

    id: str
    document: Document
    sentence: Sentence
    speaker: str | None = None
    relevance: float = 0.0
    origin: Origin | None = None

    @property
    def text(self) -> str:
        """The sentence's own characters."""
        return self.sentence.span.of(self.document.text)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a verifier says of one claim: a verdict, a score in [0, 1] and the reasons, most important first.

    `score` is None when nothing was measured (uncited, unchecked). A reason is a short phrase for people that
    begins with the rule that decided, "number: $9 billion is not in the cited text".
    """

    verdict: VerdictName
    score: float | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """A footnote: the exact characters of a document. `number` is what the reader sees, from 1.

    `also` are copies of the document that hold the same sentence; `original` says why this one is cited, None if there
    are no others.
    """

    number: int
    document: Document
    span: Span
    speaker: str | None = None
    also: tuple[Copy, ...] = ()
    original: Reason | None = None

    @property
    def quote(self) -> str:
        """The cited characters: always document.text[start:end]."""
        return self.span.of(self.document.text)


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of the answer, or a part of one that has citations of its own.

    `answer.text[span.start:span.end] == text`, and its markers stand right after it.
    """

    text: str
    span: Span
    citations: tuple[int, ...]
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Citations that do not say the same about something."""

    citations: tuple[int, ...]
    about: str


@dataclass(frozen=True, slots=True)
class Searched:
    """What was looked through: for the reader of an answer, and above all of an abstention.

    `nearest` are the best sentences that were found, numbered like citations but cited by nothing.
    """

    query: str
    filters: Filters
    passages: int
    nearest: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a model read and wrote; zero for the extractive answerer. `cost_usd` None: price unknown."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None

    def plus(self, other: "Usage") -> "Usage":
        """Return what both took together; the price is known if that of whichever read or wrote anything is."""
        priced = [one.cost_usd for one in (self, other) if one.prompt_tokens or one.completion_tokens]
        cost = None if None in priced else sum(filter(None, priced))
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            cost if priced else None,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer.

    `text` is plain text with [1] markers. The claims tile it: lead, claim, markers, lead, claim, markers, …
    An abstention has no claims; its text says that the documents do not say. `notice` tells the reader what went
    wrong or was left out ("the model stopped answering"), None when nothing did.
    """

    state: State
    question: str
    query: str
    text: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    searched: Searched
    answerer: Literal["extractive", "model"]
    disagreements: tuple[Disagreement, ...] = ()
    model: str | None = None
    prompt: str | None = None
    usage: Usage = field(default_factory=Usage)
    timings_ms: tuple[tuple[str, float], ...] = ()
    notice: str | None = None


# What an answerer yields to the pipeline: drafts, before anything is verified.


@dataclass(frozen=True, slots=True)
class Draft:
    """One finished, not yet verified sentence of an answer, or a part of one that has citations of its own.

    `lead` is the white space, the markup and the semicolon before it (a space, a line break, a list's dash).
    `evidence` is what it cites, in the order of citing. `invented` are ids that it cited and that were never shown;
    `unlinked` tells that addresses were taken out of it.
    """

    text: str
    evidence: tuple[Evidence, ...]
    lead: str = ""
    invented: tuple[str, ...] = ()
    unlinked: bool = False


@dataclass(frozen=True, slots=True)
class Dispute:
    """Sentences that do not say the same about something; `about` names the sides for people.

    `drafts` are those of its sentences that the answer does not cite yet.
    """

    evidence: tuple[Evidence, ...]
    about: str
    drafts: tuple[Draft, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """An answerer has no more to say; exactly one, last.

    `state` is "abstained" when it found no answer; then `notice` says in one sentence why, for the reader.
    """

    state: State = "complete"
    notice: str | None = None
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Failed:
    """A sentence of an answer that is not supported; `number` is its place among all, from 0."""

    number: int
    draft: Draft
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Repaired:
    """What is to take the place of failed sentences, by their numbers, not yet verified; and what writing it took."""

    drafts: Mapping[int, tuple[Draft, ...]]
    usage: Usage = field(default_factory=Usage)


# What the pipeline yields to terminal, page, API and evals: a closed union.


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The search is done; always first. `hits` are best first."""

    query: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    """Characters that a model has just written and that nobody has checked yet.

    They are superseded by the next Claimed, which repeats them.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A finished, verified sentence: append `lead`, the claim's text and `markers` to the answer.

    `citations` are those that this claim is the first to use.
    """

    lead: str
    claim: Claim
    markers: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Failed sentences were mended: forget every Claimed before this one, and append these instead."""

    claimed: tuple[Claimed, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """The whole answer; always last."""

    answer: Answer


Drafted: TypeAlias = Draft | Delta | Ended
Event: TypeAlias = Retrieved | Delta | Claimed | Rewritten | Finished
