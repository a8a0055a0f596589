"""The answer as it is being written: what an answerer wrote, and the page with its footnotes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from assistant.copied import cite
from assistant.judging import Judged
from assistant.types import (
    Citation,
    Claim,
    Claimed,
    Disagreement,
    Dispute,
    Draft,
    Ended,
    Evidence,
    Failed,
    Judgement,
)
from vectorstore.types import Span


class Writing:
    """What one answerer has written: its sentences with their verdicts, the page they make, and how it ended.

    `by` is its kind; `before` are the footnotes that the conversation has had so far.
    """

    def __init__(self, by: Literal["extractive", "model"], before: Sequence[Citation]) -> None:
        self.by = by
        self.judged: list[Judged] = []
        self._before = before
        self.page = Page(before)
        self.disagreements: tuple[Disagreement, ...] = ()
        self.ended = Ended(state="error", notice="The answerer stopped without saying why.")

    def failed(self) -> tuple[Failed, ...]:
        """Return the sentences that are not supported, with their places."""
        return tuple(
            Failed(number, draft, judgement)
            for number, (draft, judgement) in enumerate(self.judged)
            if judgement.verdict not in {"supported", "unchecked"}
        )

    def rewrite(self, is_shown: Callable[[Judged], bool]) -> tuple[Claimed, ...]:
        """Put the page together anew from the sentences as they are now."""
        self.page = Page(self._before)
        return tuple(self.page.write(*one) for one in self.judged if is_shown(one))


class Page:
    """The answer as it is being written: its text, claims and footnotes, always in step with each other.

    A sentence that was cited `before` in the conversation keeps its number; new ones count on from there.
    """

    def __init__(self, before: Sequence[Citation] = ()) -> None:
        self.text = ""
        self.claims: list[Claim] = []
        self.citations: list[Citation] = []
        self.cited: list[Evidence] = []  # what the citations are made from
        self._numbers = {(one.document.id, one.span): one.number for one in before}
        self._last = max((one.number for one in before), default=0)

    def write(self, draft: Draft, judgement: Judgement) -> Claimed:
        """Append a verified draft; return the event that lets others append the same."""
        known = len(self.citations)
        numbers = tuple(dict.fromkeys(self._number(one) for one in draft.evidence))
        lead = draft.lead if self.text else draft.lead.lstrip()
        start = len(self.text) + len(lead)
        claim = Claim(draft.text, Span(start, start + len(draft.text)), numbers, judgement)
        markers = " " + "".join(f"[{number}]" for number in numbers) if numbers else ""
        self.text += lead + draft.text + markers
        self.claims.append(claim)
        return Claimed(lead, claim, markers, tuple(self.citations[known:]))

    def disagreements(self, disputes: Sequence[Dispute]) -> tuple[Disagreement, ...]:
        """Return the disputes by the numbers of their footnotes; each of their sentences has one by now."""
        return tuple(
            Disagreement(tuple(sorted({self._number(one) for one in dispute.evidence})), dispute.about)
            for dispute in disputes
        )

    def _number(self, evidence: Evidence) -> int:
        cited = cite(evidence, self._last + 1)
        key = (cited.document.id, cited.span)
        if key not in self._numbers:
            self._last += 1
            self._numbers[key] = self._last
        number = self._numbers[key]
        if all(one.number != number for one in self.citations):
            self.citations.append(replace(cited, number=number))
            self.cited.append(evidence)
        return number
