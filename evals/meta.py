"""The judge is judged: what a suite writes as right answers must pass, and what it writes as wrong ones must fail."""

import re
from collections.abc import Iterable, Sequence

from assistant.types import Answer, Citation, Claim, Judgement, Searched
from assistant.verify import Verifier
from evals.evidence import Reader, file_name
from evals.judge import judge, matched, missing_facts
from evals.types import Case, GoldQuote, MetaResult
from evals.wording import is_checkable, is_refusal, without_markers
from vectorstore.errors import UserError
from vectorstore.types import Document, Filters, Span

# By which rules an error is found, as the verifier's reasons begin ("number: …"); "obeyed" and "missing" are the
# judge's own. No rule names what is not here: a fabrication, say, may be anything that the source does not hold.
RULES = {
    "number": ("number",),
    "date": ("date", "number"),
    "entity": ("name",),
    "outlet_swap": ("name",),
    "speaker_swap": ("speaker", "name"),
    "speaker_and_outlet_swap": ("speaker", "name"),
    "altered_quote": ("quotation",),
    "paraphrase_as_quote": ("quotation",),
    "polarity": ("polarity",),
    "direction": ("polarity",),
    "modality": ("certainty",),
    "certainty": ("certainty",),
    "obeyed_instruction": ("obeyed",),
    "incomplete": ("missing",),
}


def judge_the_judge(cases: Iterable[Case], documents: Iterable[Document], verifier: Verifier) -> MetaResult:
    """Return how many reference answers pass and how many wrong answers fail, and name each that does not.

    Where the error that a wrong answer declares is one that a rule finds (RULES), it is also told whether that rule
    found it, or only something else did: a pattern of the case, too little overlap, another rule.

    No assistant takes part. An answer as the suite writes it, "… [q1][q2].", is cut into claims after each run of
    markers; a claim is judged by the verifier on the sentences of the gold quotes it cites, and the whole by `judge`.
    A claim that goes on with a sentence and leans on its beginning ("…, and when it will be is unclear [q2]") is judged
    together with that, on all that both cite, where by itself too little of it is found and nothing else is wrong.
    What has no marker cites nothing, unless it says that the documents do not say: that is no claim, and an answer
    of nothing else abstains.

    Raises:
        UserError: if a gold quote is in none of the documents.
    """
    by_name = {file_name(document): document for document in documents}
    reader = Reader()
    references = passed = wrong = caught = named = found_by_name = 0
    misses: list[str] = []
    other: list[str] = []
    for case in cases:
        written = _Written(case, by_name, reader, verifier)
        if case.reference:
            references += 1
            faults = judge(case, written.answer(case.reference))
            passed += not faults
            if faults:
                misses.append(f"{case.id}: reference ({'; '.join(faults)}): {case.reference}")
        for one in case.wrong:
            wrong += 1
            answer = written.answer(one.answer)
            faults = judge(case, answer)
            caught += bool(faults)
            if not faults:
                misses.append(f"{case.id}: wrong ({one.error}): {one.answer}")
            elif one.error in RULES:
                broken = _broken(case, answer)
                named += 1
                found_by_name += not broken.isdisjoint(RULES[one.error])
                if broken.isdisjoint(RULES[one.error]):
                    found = ", ".join(sorted(broken)) or faults[0].partition(":")[0]
                    other.append(f"{case.id}: declared {one.error}, found {found}: {one.answer}")
    return MetaResult(references, passed, wrong, caught, tuple(misses), named, found_by_name, tuple(other))


def _broken(case: Case, answer: Answer) -> frozenset[str]:
    """Return what is wrong with an answer by the names of RULES."""
    broken = {rule for claim in answer.claims for rule in rules_broken(claim.judgement)}
    broken |= {"obeyed"} if matched(case.planted, answer) else set()
    broken |= {"missing"} if case.behaviour == "answer" and missing_facts(case, answer) else set()
    return frozenset(broken)


def rules_broken(judgement: Judgement) -> frozenset[str]:
    """Return the rules that a judgement names as broken; too little overlap breaks none."""
    known = {rule for rules in RULES.values() for rule in rules}
    return frozenset(reason.partition(":")[0] for reason in judgement.reasons) & known


class _Written:
    """Makes answers of what a suite writes for one case: the reference and the wrong answers."""

    def __init__(self, case: Case, documents: dict[str, Document], reader: Reader, verifier: Verifier) -> None:
        self._case = case
        self._documents = documents
        self._reader = reader
        self._verifier = verifier
        self._numbers = {gold.id: number for number, gold in enumerate(case.gold, start=1)}

    def answer(self, text: str) -> Answer:
        """Return text as the answer that it would be, its claims judged."""
        claims: list[Claim] = []
        refused = False
        begun: list[Claim] = []  # the claims of the sentence that has begun and goes on
        for segment in _SEGMENT.finditer(text):
            parts = [Span(*part.span()) for part in _PART.finditer(text, segment.start(), segment.end("said"))]
            said = [part for part in parts if not is_refusal(part.of(text))]
            refused = refused or len(said) < len(parts)
            if said:
                claim = Span(said[0].start, said[-1].end)
                ids = _ID.findall(segment["markers"])
                if ids or is_checkable(claim.of(text)):
                    begun = begun if len(said) == 1 else []
                    begun.append(self._claim(text, claim, ids, begun))
                    claims.append(begun[-1])
            if segment["stop"].startswith("."):
                begun = []
        cited = sorted({number for claim in claims for number in claim.citations})
        return Answer(
            state="abstained" if refused and not claims else "complete",
            question=self._case.question,
            query=self._case.question,
            text=text,
            claims=tuple(claims),
            citations=tuple(
                Citation(number, self._document(gold), gold.span, gold.speaker)
                for number, gold in enumerate(self._case.gold, start=1)
                if number in cited
            ),
            searched=Searched(self._case.question, Filters(), 0),
            answerer="extractive",
        )

    def _claim(self, text: str, span: Span, ids: Sequence[str], begun: Sequence[Claim]) -> Claim:
        numbers = tuple(dict.fromkeys(self._numbers[one] for one in ids if one in self._numbers))
        judgement = self._judge(span.of(text), numbers)
        if (
            begun
            and judgement.verdict == "unsupported"
            and not rules_broken(judgement)
            and _LEANS.search(span.of(text))
        ):
            so_far = without_markers(text[begun[0].span.start : span.end])
            judgement = self._judge(so_far, (*numbers, *(number for claim in begun for number in claim.citations)))
        return Claim(span.of(text), span, numbers, judgement)

    def _judge(self, claim: str, numbers: Iterable[int]) -> Judgement:
        spans: dict[Document, list[Span]] = {}
        for number in dict.fromkeys(numbers):
            gold = self._case.gold[number - 1]
            spans.setdefault(self._document(gold), []).append(gold.span)
        evidence = [one for document, of_document in spans.items() for one in self._reader.at(document, of_document)]
        return self._verifier.judge(claim, evidence) if evidence else Judgement("uncited")

    def _document(self, gold: GoldQuote) -> Document:
        if gold.document not in self._documents:
            raise UserError(
                f"Case {self._case.id} quotes {gold.document}, which is not among the documents; index it, too."
            )
        return self._documents[gold.document]


_LEANS = re.compile(r"\b(?:he|she|it|they|this|that|these|those|one|both|there)\b", re.IGNORECASE)
_ID = re.compile(r"[a-z]*\d+")
_SEGMENT = re.compile(r"(?P<said>.*?)(?P<markers>(?:\s*\[[a-z]*\d+\])+|\Z)(?P<stop>[.,;:]*)", re.DOTALL)
_PART = re.compile(r"[^\s.,;:!?](?:.(?!(?<=[.;!?])\s))*", re.DOTALL)  # up to a stop that white space follows
