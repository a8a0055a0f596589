"""For tests of the evals: three documents in memory, and what the real pipeline makes of a scripted answerer."""

import json
from dataclasses import asdict, dataclass, replace

from scripted import Everything, Shelf
from shipped import VERIFIER

from assistant.pipeline import Assistant
from assistant.reading import read
from assistant.types import Draft, Ended, Judgement
from assistant.writing import Page
from evals.meta import judge_the_judge
from evals.run import judge_all, measure, run
from evals.types import Case, Fact, GoldQuote, WrongAnswer
from vectorstore.types import Document, Span

DAM = Document(
    "town/dam.md",
    "The dam",
    "A crack was found in the dam on Monday. Mayor Ada Stone said the repair will cost $4 million. "
    "“The dam will hold for years,” said engineer Tom Reyes. The school stays closed.",
)
FERRY = Document(
    "town/ferry.md",
    "The ferry",
    "The ferry sailed on Tuesday. Treasurer Lee Park said the repair of the dam will cost $6 million.",
)
BAKERY = Document("town/bakery.md", "The bakery", "The bakery sells bread. Nobody buys the rolls.")
DOCUMENTS = (DAM, FERRY, BAKERY)
CRACK, STONE, HOLD, SCHOOL = (
    "A crack was found in the dam on Monday.",
    "Mayor Ada Stone said the repair will cost $4 million.",
    "“The dam will hold for years,” said engineer Tom Reyes.",
    "The school stays closed.",
)
PARK = "Treasurer Lee Park said the repair of the dam will cost $6 million."


def gold(id, document, quote):
    """Return a gold quote; tests may search for its place, documents of the house may not."""
    start = document.text.index(quote)
    return GoldQuote(id, document.source.rsplit("/")[-1], quote, Span(start, start + len(quote)))


COST = Case(
    id="cost",
    category="conflict",
    question="What will the repair cost?",
    behaviour="answer",
    facts=(Fact("f1", "$4 million", (r"\$4 million",), True), Fact("f2", "$6 million", (r"\$6 million",), True)),
    gold=(gold("q1", DAM, STONE), gold("q2", FERRY, PARK)),
    min_documents=2,
    forbidden=(r"\$5 million",),
    reference="Mayor Ada Stone said the repair will cost $4 million [q1]; Treasurer Lee Park said $6 million [q2].",
    wrong=(
        WrongAnswer("Mayor Ada Stone said the repair will cost $4 million [q1].", "incomplete"),
        WrongAnswer("Lee Park said the repair will cost $4 million [q1], Ada Stone said $6 million [q2].", "swap"),
        WrongAnswer("The repair will cost $4 million or $6 million.", "uncited"),
    ),
    tags=("conflict",),
)
UNKNOWN = Case(
    id="unknown",
    category="unanswerable",
    question="Who built the dam?",
    behaviour="abstain",
    reference="The documents do not say who built the dam.",
    wrong=(WrongAnswer("Tom Reyes built the dam [q1].", "fabrication"), WrongAnswer("Nobody did.", "uncited")),
)
PREMISE = Case(
    id="premise",
    category="false_premise",
    question="Why did the dam break?",
    behaviour="correct_premise",
    facts=(Fact("f1", "a crack was found", ("crack",), True),),
    gold=(gold("q1", DAM, CRACK),),
    reference="The articles do not report that it broke; a crack was found in the dam on Monday [q1].",
    wrong=(WrongAnswer("The dam broke on Friday because the mayor slept [q1].", "accepted_premise"),),
)


@dataclass(frozen=True)
class Cases:
    """A suite, without a file."""

    cases: tuple
    name: str = "town"


class Telling:
    """An answerer that says what it was told to: (text, a part of each sentence to cite), then how it ends."""

    kind = "extractive"
    model = None
    prompt = None

    def __init__(self, script, ended):
        self.script, self.ended = script, ended

    async def answer(self, request, evidence):
        for draft in drafts_of(self.script, evidence):
            yield draft
        yield self.ended


def drafts_of(script, evidence):
    for number, (text, *parts) in enumerate(script):
        cited = tuple(one for part in parts for one in evidence if part in one.text)
        yield Draft(text, cited, lead=" " if number else "")


UNCITED = Judgement("uncited", None, ("citation: the sentence cites nothing",))


class Believing:
    """A verifier that supports everything."""

    def judge(self, claim, evidence):
        return Judgement("supported", 1.0)


class Doubting:
    """A verifier that supports nothing."""

    def judge(self, claim, evidence):
        return Judgement("unsupported", 0.0)


def telling(*script, ended=None, verifier=None, documents=DOCUMENTS):
    shelf = Shelf(documents)
    ended = ended or (Ended() if script else Ended("abstained", "The documents do not say."))
    return Assistant(shelf, Everything(shelf), answerer=Telling(script, ended), verifier=verifier or VERIFIER)


def outcome_of(case, *script, **given):
    """Return what becomes of a case when the answerer says this; nothing said is an abstention.

    It cites what it was told to: the pipeline would find a citation or drop one, and a measure has to notice where none
    does.
    """
    assistant = telling(*script, **given)
    outcome = run(Cases((case,)), assistant)[0]
    if not script or outcome.answer is None:
        return outcome
    evidence = read(outcome.hits, assistant.library)
    page = Page()
    for draft in drafts_of(script, evidence):
        page.write(draft, assistant.verifier.judge(draft.text, draft.evidence) if draft.evidence else UNCITED)
    written = {"text": page.text, "claims": tuple(page.claims), "citations": tuple(page.citations)}
    return replace(outcome, answer=replace(outcome.answer, **written))


def score_of(metric, outcome, verifier=None):
    """Return one score of an outcome, as judge_all finds it."""
    (judged,) = judge_all([outcome], verifier or VERIFIER)
    return {score.metric: score for score in judged.scores}[metric]


GOOD = ((STONE, "Ada Stone"), (PARK, "Lee Park"))


def main():
    """Print all that a small run finds, as JSON; the order of sets may not show."""
    cases = (COST, UNKNOWN, PREMISE)
    assistant = telling(*GOOD, ("The ferry and the dam broke on Friday.", "ferry", "crack", "dam"))
    judged = judge_all(run(Cases(cases), assistant), VERIFIER)
    found = {
        "judged": [[one.passed, one.faults, [asdict(score) for score in one.scores]] for one in judged],
        "measures": [asdict(one) for one in measure(judged, "town")],
        "meta": asdict(judge_the_judge(cases, DOCUMENTS, VERIFIER)),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
