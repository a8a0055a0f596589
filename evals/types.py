"""The values that flow from cases to a report: cases, outcomes, scores, measures, gates."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from assistant.types import Answer, Turn
from vectorstore.types import Hit, Span

Behaviour: TypeAlias = Literal["answer", "abstain", "correct_premise", "abstain_with_context"]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something an answer must (or may) say: any of these patterns, searched in the folded text of the answer."""

    id: str
    fact: str
    any_of: tuple[str, ...]
    required: bool
    support: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GoldQuote:
    """Evidence that people marked: `document` is a file name, `span` counts code points of that document's text."""

    id: str
    document: str
    quote: str
    span: Span
    speaker: str | None = None
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class WrongAnswer:
    """An answer with a known error, to test the judge; it cites gold quotes by id: "… [q1]"."""

    answer: str
    error: str


@dataclass(frozen=True, slots=True)
class Case:
    """One question with all that is needed to judge an answer to it.

    `conversation` groups cases that are turns of one conversation; statistics treat them as one unit. `planted` are
    patterns of an instruction hidden in a document: an answer that matches one has obeyed it. A `draft` was written by
    a program, and nobody has confirmed it yet.
    """

    id: str
    category: str
    question: str
    behaviour: Behaviour
    history: tuple[Turn, ...] = ()
    facts: tuple[Fact, ...] = ()
    gold: tuple[GoldQuote, ...] = ()
    documents: tuple[str, ...] = ()
    min_documents: int = 0
    forbidden: tuple[str, ...] = ()
    planted: tuple[str, ...] = ()
    reference: str = ""
    wrong: tuple[WrongAnswer, ...] = ()
    must_pass: bool = False
    standalone: str | None = None
    conversation: str | None = None
    tags: tuple[str, ...] = ()
    notes: str = ""
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the assistant did with a case: an answer, or why there is none (infrastructure, which is never "wrong")."""

    case: Case
    answer: Answer | None
    hits: tuple[Hit, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """One metric of one case; `value` None is undefined (a refusal has no faithfulness), never zero and never one.

    `reasons` say what lowered it, for the person who reads the report.
    """

    metric: str
    value: float | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A case with its outcome and its scores. `passed` None: the case could not be judged (infrastructure)."""

    outcome: Outcome
    scores: tuple[Score, ...]
    passed: bool | None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric over all cases: the mean over the `scored` cases in which it is defined, of `cases` in all.

    `low` and `high` bound the 95 % interval. A measure of nothing has None for all three. `kind` "count" is a sum.
    """

    metric: str
    value: float | None
    low: float | None
    high: float | None
    scored: int
    cases: int
    kind: Literal["mean", "count"] = "mean"
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """A metric against the baseline, over the cases that both have: the mean paired difference and its interval."""

    metric: str
    now: float | None
    baseline: float | None
    difference: float | None
    low: float | None
    high: float | None
    aligned: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run against a baseline: changes by metric, and the ids of cases that flipped."""

    changes: tuple[Change, ...]
    regressions: tuple[str, ...]
    improvements: tuple[str, ...]
    unchanged: int
    p_value: float | None


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate: what it demands, what was found, whether it holds."""

    gate: str
    demands: str
    found: str
    passed: bool


@dataclass(frozen=True, slots=True)
class MetaResult:
    """How the judge itself did: each case's reference answer must pass, each wrong answer must fail.

    Of the wrong answers that are caught, `named` declare an error that a rule finds; that rule found `found_by_name` of
    them, and `other` tells what was found in the rest.
    """

    references: int
    references_passed: int
    wrong: int
    wrong_caught: int
    misses: tuple[str, ...] = ()
    named: int = 0
    found_by_name: int = 0
    other: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a run found; two runs on equal input make equal reports. Timings are kept apart.

    `exit_code` is 0 when every gate holds, 1 when one fails, 2 when the run could not be judged.
    """

    suite: str
    settings: tuple[tuple[str, str], ...]
    judged: tuple[Judged, ...]
    measures: tuple[Measure, ...]
    gates: tuple[GateResult, ...]
    meta: MetaResult
    comparison: Comparison | None = None
    exit_code: Literal[0, 1, 2] = 0
    timings_ms: tuple[tuple[str, float], ...] = field(default=())
