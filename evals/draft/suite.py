"""A whole suite of drafts: which documents are held back, which candidates hold what they promise, which are taken."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from assistant.names import same_name
from assistant.pipeline import Assistant
from assistant.types import Evidence
from assistant.wording import content_of, holds
from evals.draft.candidates import KINDS, Candidate, Kind
from evals.draft.corpus import Corpus
from evals.draft.disagreements import disagreements
from evals.draft.figures import figures
from evals.draft.speech import speech
from evals.evidence import file_name
from evals.meta import judge_the_judge
from evals.statistics import seed_of
from evals.types import Case, Fact, GoldQuote
from evals.wording import fold, without_markers
from vectorstore.types import Document

ABSTAIN = 0.2  # share of the cases that ask for what a held-back document says
HELD_BACK = 0.2  # of the documents, at most
LEAST = 3  # documents from which on one may be held back
GOLD = 4  # sentences that answer one question, at most

_CATEGORIES = {
    "who_said": "who_said",
    "said_what": "who_said",
    "quotation": "quote",
    "number": "numeric",
    "date": "date",
    "disagreement": "compare_sources",
}

Reworded = Callable[[Candidate], str]
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class DraftedSuite:
    """The cases, the file names of the documents that must be held back for them, and what became of the rest.

    `found` counts the candidates of each kind, `dropped` why candidates were no cases, `unused` those that could have
    been.
    """

    cases: tuple[Case, ...]
    held_back: tuple[str, ...]
    found: tuple[tuple[str, int], ...]
    dropped: tuple[tuple[str, int], ...]
    unused: int


def draft(assistant: Assistant, *, cases: int, seed: int = 0, reword: Reworded | None = None) -> DraftedSuite:
    """Return at most `cases` drafts on the documents of an assistant's library; equal input gives equal drafts.

    `reword` says a candidate's question in better words.
    """
    whole = Corpus(assistant)
    chance = Random(seed_of("draft", str(seed)))
    # A suite calls documents by their file names.
    documents = [one for one in whole.documents if file_name(one) not in whole.ambiguous_names]
    chance.shuffle(documents)
    by_document = {one: tuple(_candidates(one, whole)) for one in documents}
    split = tuple(one for one in disagreements(whole) if all(gold.document in by_document for gold in one.gold))
    found = Counter(one.kind for some in (*by_document.values(), split) for one in some)
    dropped: Counter[str] = Counter()

    needed = {gold.document for one in split for gold in one.gold}
    unanswerable = _unanswerable(assistant, by_document, needed, most=round(ABSTAIN * cases), dropped=dropped)
    held = {one.gold[0].document for one in unanswerable}
    corpus = Corpus(assistant, without=held)
    queues: dict[Kind, list[Candidate]] = {kind: [] for kind in KINDS}
    staying = (one for document in documents if document not in held for one in by_document[document])
    for candidate in (*split, *staying):
        queues[candidate.kind].append(candidate)
    taken: list[Case] = [_abstaining(one, reword) for one in unanswerable]
    used: set[str] = set()  # sentences that answer a case already: two questions on one test one thing twice
    while len(taken) < cases and any(queues.values()):
        for kind in KINDS:
            if len(taken) < cases and (one := _next(queues[kind], taken)):
                if one.gold[0].text in used:
                    dropped["its sentence answers another case already"] += 1
                    continue
                case, problem = _case(one, corpus, assistant, reword)
                if case:
                    taken.append(case)
                    used |= {gold.quote for gold in case.gold}
                dropped.update([problem] if problem else [])
    return DraftedSuite(
        cases=_numbered(taken),
        held_back=tuple(sorted(file_name(one) for one in held)),
        found=tuple((kind, found[kind]) for kind in KINDS),
        dropped=tuple(sorted(dropped.items())),
        unused=sum(map(len, queues.values())),
    )


def _candidates(document: Document, corpus: Corpus) -> Iterator[Candidate]:
    for one in corpus.sentences(document):
        yield from speech(one, corpus)
        yield from figures(one, corpus)


def _next(queue: list[Candidate], taken: Sequence[Case]) -> Candidate | None:
    """Take from a queue a candidate of a document that has fewest cases so far."""
    if not queue:
        return None
    used = Counter(name for case in taken for name in case.documents)
    best = min(range(len(queue)), key=lambda place: used[file_name(queue[place].gold[0].document)])
    return queue.pop(best)


def _case(
    one: Candidate, corpus: Corpus, assistant: Assistant, reword: Reworded | None
) -> tuple[Case | None, str | None]:
    """Return the case of a candidate, or why it is none."""
    gold = one.gold
    if one.kind != "disagreement":
        gold = (*gold, *corpus.saying(without_markers(one.reference).strip(), but=gold[0]))[:GOLD]
        if any(file_name(other.document) in corpus.ambiguous_names for other in gold):
            return None, "another document of the same name says it, too"
        if one.kind in ("who_said", "quotation") and not all(_same_speaker(gold[0], other) for other in gold):
            return None, "another sentence gives it to somebody else"
        if not all(_says(other, one.facts) for other in gold):
            return None, "another sentence says it differently"
    support = tuple(f"q{number}" for number in range(1, len(gold) + 1))
    facts = one.facts if one.kind == "disagreement" else tuple(replace(fact, support=support) for fact in one.facts)
    case = Case(
        id="",
        category=_CATEGORIES[one.kind],
        question=one.question,
        behaviour="answer",
        facts=facts,
        gold=tuple(_gold(other, f"q{number}", one.kind) for number, other in enumerate(gold, start=1)),
        documents=tuple(dict.fromkeys(file_name(other.document) for other in gold)),
        min_documents=2 if one.kind == "disagreement" else 1,
        reference=one.reference,
        wrong=one.wrong,
        tags=("conflict",) if one.kind == "disagreement" else (),
        draft=True,
    )
    if not _judged_right(case, gold, assistant):
        return None, "the judge rejects its own reference answer"
    return (replace(case, question=reword(one)) if reword else case), None


def _judged_right(case: Case, gold: Iterable[Evidence], assistant: Assistant) -> bool:
    documents = dict.fromkeys(one.document for one in gold)
    return judge_the_judge([replace(case, wrong=())], documents, assistant.verifier).references_passed == 1


def _same_speaker(one: Evidence, other: Evidence) -> bool:
    return other.speaker is None or one.speaker is None or same_name(one.speaker, other.speaker)


def _says(one: Evidence, facts: Sequence[Fact]) -> bool:
    """Return whether a sentence, with who says it, holds what the facts demand."""
    text = fold(f"{one.speaker or ''} {one.text}")
    return all(any(re.search(pattern, text) for pattern in fact.any_of) for fact in facts)


def _gold(one: Evidence, name: str, kind: Kind) -> GoldQuote:
    spoken = "direct" if kind == "quotation" else "indirect"
    return GoldQuote(
        name,
        file_name(one.document),
        one.text,
        one.sentence.span,
        speaker=one.speaker,
        kind=spoken if one.speaker else "text",
    )


def _unanswerable(
    assistant: Assistant,
    by_document: dict[Document, tuple[Candidate, ...]],
    needed: set[Document],
    *,
    most: int,
    dropped: Counter[str],
) -> tuple[Candidate, ...]:
    """Return questions that no document answers once theirs are held back; at most HELD_BACK of all are."""
    room = int(HELD_BACK * len(by_document)) or int(len(by_document) >= LEAST)
    each = -(-most // max(room, 1))
    found: list[Candidate] = []
    for document, candidates in by_document.items():
        if not room or len(found) >= most:
            break
        if document in needed:
            continue
        rest = Corpus(assistant, without={document})
        kinds: dict[Kind, Candidate] = {}
        for one in candidates:
            if one.kind in kinds or len(kinds) >= min(each, most - len(found)):
                continue
            if _is_said_elsewhere(one, rest, assistant):
                dropped["another document may answer it, so its own cannot be held back"] += 1
            else:
                kinds[one.kind] = one
        found += kinds.values()
        room -= bool(kinds)
    return tuple(found)


def _is_said_elsewhere(one: Candidate, rest: Corpus, assistant: Assistant) -> bool:
    """Return whether the documents that stay may answer a question: search, and a look at every sentence."""
    claim = without_markers(one.reference).strip()
    asked = content_of(one.question)
    for passage in rest.passages_on(one.question):
        if passage and assistant.verifier.judge(claim, passage).verdict != "unsupported":
            return True
    return any(
        sum(holds(content_of(other.text), word) for word in asked) >= 0.6 * len(asked)
        or (_says(other, one.facts) and sum(word in content_of(other.text) for word in asked) >= 0.4 * len(asked))
        for other in rest.all
    )


def _abstaining(one: Candidate, reword: Reworded | None) -> Case:
    source = one.gold[0]
    return Case(
        id="",
        category="unanswerable",
        question=reword(one) if reword else one.question,
        behaviour="abstain",
        tags=("held_back",),
        notes=f"Only {file_name(source.document)}, which is held back, says it: {source.text}",
        draft=True,
    )


def _numbered(cases: Sequence[Case]) -> tuple[Case, ...]:
    """Return the cases with ids by category, "numeric-01", the categories in order of their names."""
    found = []
    counted: Counter[str] = Counter()
    for case in sorted(cases, key=lambda case: case.category):
        counted[case.category] += 1
        found.append(replace(case, id=f"{case.category.replace('_', '-')}-{counted[case.category]:02}"))
    return tuple(found)
