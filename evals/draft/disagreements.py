"""Questions about which two documents disagree: two sentences that say the same but for a number or a denial."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from assistant.edits import edits
from assistant.names import capitalised_words
from assistant.polarity import denies
from assistant.quantities import quantities
from assistant.types import Evidence
from assistant.wording import content_of
from evals.draft.candidates import Candidate, asked, fact, pattern_of, statement
from evals.draft.clauses import clause_of, inverted, stands_alone
from evals.draft.corpus import Corpus, rarest
from evals.draft.figures import number
from evals.types import Fact

SHARED = 0.5  # share of the shorter sentence's words that the other one must hold
_KEYS = 6  # rare words of a sentence by which its like is looked for


def disagreements(corpus: Corpus) -> Iterator[Candidate]:
    """Yield a question for each two sentences of different documents that differ in a number or a denial only."""
    for one, other in _pairs(corpus):
        known = capitalised_words([one.text, other.text])
        found = [reason.partition(":")[0] for reason in edits(one.text, other.text, known=known)]
        if set(found) == {"number"}:
            yield from _numbers(one, other, corpus)
        elif set(found) == {"polarity"} and denies(one.text) != denies(other.text):
            yield from _denial(*((other, one) if denies(one.text) else (one, other)), corpus)


def _pairs(corpus: Corpus) -> Iterator[tuple[Evidence, Evidence]]:
    """Yield the pairs of sentences of different documents that share SHARED of their words, in their order."""
    by_word: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(corpus.all):
        for word in rarest(content_of(one.text), corpus, most=_KEYS):
            by_word[word].append(place)
    near = {pair for places in by_word.values() if len(places) <= 20 for pair in combinations(places, 2)}
    for first, second in sorted(near):
        one, other = corpus.all[first], corpus.all[second]
        words, more = sorted((content_of(one.text), content_of(other.text)), key=len)
        if one.document != other.document and len(words) >= 5 and len(words & more) >= SHARED * len(words):
            yield one, other


def _numbers(one: Evidence, other: Evidence, corpus: Corpus) -> Iterator[Candidate]:
    for first, second in ((one, other), (other, one)):
        clause = clause_of(first.text)
        asking = number(first, clause, corpus) if clause else None
        if asking and stands_alone(asking.question):
            theirs = tuple(_number_facts(second))
            if len(theirs) == 1:
                yield Candidate(
                    "disagreement",
                    asking.question,
                    (first, second),
                    (asking.facts[0], theirs[0]),
                    f"{statement(first.text)} [q1]. {statement(second.text)} [q2].",
                )
                return


def _number_facts(one: Evidence) -> Iterator[Fact]:
    found = quantities(one.text)
    if len(found) == 1:
        yield fact(2, found[0].text, [pattern_of(found[0].text)], [2])


def _denial(plain: Evidence, denied: Evidence, corpus: Corpus) -> Iterator[Candidate]:
    clause = clause_of(plain.text)
    if clause is None:
        return
    asking = inverted(clause, clause.rest.of(clause.text), corpus, plain.document)
    if asking and stands_alone(asking):
        words = rarest(content_of(plain.text) & content_of(denied.text), corpus, most=2)
        yield Candidate(
            "disagreement",
            asked(asking),
            (plain, denied),
            (fact(1, "both sides", [rf"\b{word}" for word in words], [1, 2]),),
            f"{statement(plain.text)} [q1]. {statement(denied.text)} [q2].",
        )
