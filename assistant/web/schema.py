"""The JSON that the API sends, as models for its description; an answer is the contract of assistant/contract.py.

Nothing that is sent passes through these models; a test holds what is sent against them, so that both stay one.
"""

import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, RootModel

from assistant.access import Scope, Way
from assistant.types import State, VerdictName
from assistant.web.problems import REFUSALS
from assistant.web.readiness import Limit
from assistant.web.readiness import Problem as Unready

CODES = frozenset(
    (
        *REFUSALS,
        "bad_request",
        "internal_error",
        "invalid_request",
        "key_used",
        "model_not_found",
        "no_answer",
        "unavailable",
        "unsupported",
        "user_error",
    )
)


def _known(code: str) -> str:
    if code not in CODES:
        raise ValueError(f"{code!r} is not a code of a problem")
    return code


class Problem(BaseModel):
    """Why something was not done: a code for programs, a sentence for people, and the number that the log has."""

    code: Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": sorted(CODES)})]
    message: str
    request_id: str


class Claim(BaseModel):
    """One sentence of an answer: `text` is `answer.text[start:end]`, `citations` are numbers of footnotes."""

    text: str
    start: int
    end: int
    citations: list[int]
    verdict: VerdictName
    score: float | None
    reasons: list[str]


class Copy(BaseModel):
    """A copy of the cited document that holds the same sentence."""

    document_id: str
    source: str
    title: str
    outlet: str | None
    published: datetime.date | None


class Citation(BaseModel):
    """One footnote: `quote` is `text[start:end]` of the document with this hash, in code points.

    `also` are copies of the document that hold the same sentence, and `original` says why this one is cited.
    """

    number: int
    document_id: str
    document_hash: str
    source: str
    title: str
    outlet: str | None
    author: str | None
    published: datetime.date | None
    url: str | None
    place: str | None
    start: int
    end: int
    quote: str
    speaker: str | None
    also: list[Copy]
    original: Literal["published_first", "credited", "first_by_source"] | None


class Disagreement(BaseModel):
    """Footnotes that say different things, and about what."""

    citations: list[int]
    about: str


class Filtered(BaseModel):
    """The filters that were set; those that were not are left out."""

    outlets: list[str] = []
    documents: list[str] = []
    after: datetime.date | None = None
    before: datetime.date | None = None


class Searched(BaseModel):
    """What was looked through; `nearest` are the passages that came nearest."""

    query: str
    filters: Filtered
    passages: int
    nearest: list[Citation]


class Usage(BaseModel):
    """What a model read and wrote, and what that cost where its price is known."""

    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None


class Answer(BaseModel):
    """An answer: text with [1] markers, each sentence with its verdict, each marker with its footnote."""

    question: str
    query: str
    state: State
    notice: str | None
    text: str
    claims: list[Claim]
    citations: list[Citation]
    disagreements: list[Disagreement]
    searched: Searched
    answerer: Literal["extractive", "model"]
    model: str | None
    prompt: str | None
    usage: Usage
    timings_ms: dict[str, float]


class Why(BaseModel):
    """Why a passage was found."""

    lexical: float
    dense: float
    cosine: float
    words: list[str]
    read: float | None


class Hit(BaseModel):
    """A passage that was found."""

    source: str
    document_id: str
    title: str
    outlet: str | None
    published: datetime.date | None
    start: int
    end: int
    text: str
    score: float
    why: Why


class Hits(RootModel[list[Hit]]):
    """Passages, best first."""


class Listed(BaseModel):
    """A document in a list."""

    document_id: str
    source: str
    title: str
    outlet: str | None
    published: datetime.date | None


class Documents(RootModel[list[Listed]]):
    """Documents in order of title."""


class Landmark(BaseModel):
    """A place that a reader can find in a document."""

    kind: Literal["heading", "page", "slide", "row", "message"]
    label: str
    start: int
    end: int


class Sentence(BaseModel):
    """Where a sentence stands in the whole text."""

    start: int
    end: int
    heading: bool


class Document(BaseModel):
    """A piece of a document: `text` are its characters from `start` to `end`, of `characters` in all."""

    document_id: str
    document_hash: str
    source: str
    title: str
    outlet: str | None
    author: str | None
    published: datetime.date | None
    url: str | None
    language: str | None
    text: str
    landmarks: list[Landmark]
    characters: int
    start: int
    end: int
    sentences: list[Sentence]


class Outcome(BaseModel):
    """What became of a document that was handed in or deleted; a skipped one says why."""

    name: str
    outcome: Literal["indexed", "changed", "unchanged", "skipped", "deleted"]
    source: str | None
    document_id: str | None
    title: str | None
    reason: str | None
    detail: str | None


class Overview(BaseModel):
    """How much there is, what it can be filtered by, and what may be handed in."""

    documents: int
    passages: int
    outlets: list[str]
    oldest: datetime.date | None
    newest: datetime.date | None
    undated: int
    uploads: bool
    collections: list[str]
    extensions: list[str]


class Listing(BaseModel):
    """A kept conversation in a list."""

    id: str
    title: str
    created: datetime.datetime
    updated: datetime.datetime


class Conversations(RootModel[list[Listing]]):
    """Conversations, the one last written in first."""


class Exchange(BaseModel):
    """A question of a conversation with its answer, or why there is none."""

    number: int
    question: str
    asked: datetime.datetime
    filters: Filtered
    answer: Answer | None
    error: str | None


class Conversation(BaseModel):
    """A kept conversation, whole."""

    format: Literal["footnote-conversation"]
    version: Literal[1]
    title: str
    created: datetime.datetime
    exchanges: list[Exchange]


class Begun(BaseModel):
    """A question that is being answered; `live` is the address of its events, relative to that of the page."""

    conversation: str
    number: int
    exchange: str
    live: str


class Suggested(BaseModel):
    """Questions to go on with."""

    questions: list[str]


class Kept(BaseModel):
    """The number under which feedback is kept."""

    id: str


class Me(BaseModel):
    """Who one is here, and what one may."""

    user: str
    way: Way
    scopes: list[Scope]
    groups: list[str]


class Forgotten(BaseModel):
    """How much was deleted of somebody."""

    conversations: int
    feedback: int


class Token(BaseModel):
    """A token for one person who looks at a page, and when it ends."""

    token: str
    expires: datetime.datetime
    seconds: int


class Alive(BaseModel):
    """The server answers."""

    status: Literal["ok"]


class Ready(BaseModel):
    """Questions can be answered; `limited` says in one word what they are answered without."""

    status: Literal["ready"]
    limited: Limit | None = None
    message: str | None = None


class NotReady(BaseModel):
    """Questions cannot be answered at the moment, and why."""

    status: Literal["not ready"]
    failed: Unready
    message: str
