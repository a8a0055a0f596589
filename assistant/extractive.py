"""The answerer that needs no model: it quotes the one to five sentences of the documents that answer the question."""

import re
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.judges import Judges
from assistant.pipeline import Request
from assistant.polarity import is_negative
from assistant.question import Part, parts
from assistant.quotations import is_quotation, quotations
from assistant.relevance import Reader, Relevance, holds_phrases, is_heading
from assistant.speakers import report
from assistant.turns import in_turn
from assistant.types import Draft, Drafted, Ended, Evidence
from assistant.verify import Verifier
from assistant.wording import content_of, holds, words_of
from vectorstore.embed import Embedder
from vectorstore.library import Library

LONGEST = 5  # sentences of an answer
COMPARED = 12  # sentences looked at for it, before those that say the same become one
# On real people's questions (training/relevance.py) the best sentence of a passage that answers lies above ANSWERS nine
# times in ten; so does that of most passages that do not, hence the demands on names, speakers and COVERED.
ANSWERS = -1.0  # logit from which a sentence is an answer at all
# A library that does not hold the answer holds something like it. Asked with and without the document that answers
# (120 questions of SQuAD 2, 110 of ClapNQ, each among all passages of its set), a sentence that shares few words with
# its question is rarely the answer, well as it may read: with ENOUGH something false is said 24 and 12 times in a
# hundred where the logit alone did 29 and 22 times, and as many answers are found (83 and 84 against 83 and 85).
SHARED = 2.5  # logits for a question whose content, by weight, all stands in the sentence or around it
ENOUGH = 0.25  # what the logit must come to with that
COVERED = 0.1  # share of the question's content, by weight, that the sentence must hold
ABOUT = {"who": 0.3}  # the same of what is no name: who is named beside the right people need not be who is asked for
TOPIC = 0.3  # share of the content of a question, by weight, that puts the words of whom it asks about on its topic
SAID = 2.5  # by how many logits these may then fall short of ANSWERS: whoever asks for words does not describe them
DIRECT = 1.0  # by how many logits a direct quotation goes before a report of the same person's words
SURE = 0.0  # logit from which words of that person are an answer that share none with the question
SPOKEN = 5  # words between quotation marks from which they are somebody's sentence, not a name or a term
BEHIND = 0.8  # how far behind the best, in logits, a sentence may be and still be added
# The share of the question's names that must stand in a sentence or just around it; of what is compared, each
# source may use names of its own.
NAMED = {"comparison": 0.5}
_MOST = {"speech": 4, "comparison": 4, "whether": 4, "who": 3, "when": 3, "where": 3, "number": 2}


@dataclass(frozen=True, slots=True)
class _Found:
    """What a part of the question gets: sentences, best first, or the reason why none."""

    relevant: tuple[Relevance, ...] = ()
    missing: str = ""


class ExtractiveAnswerer:
    """Answers with sentences of the documents, each quoted whole, with who says it."""

    kind: Literal["extractive", "model"] = "extractive"
    model: str | None = None
    prompt: str | None = None

    def __init__(self, judges: Judges, embedder: Embedder, library: Library, verifier: Verifier) -> None:
        self._judges = judges
        self._embedder = embedder
        self._library = library
        self._verifier = verifier

    async def answer(self, request: Request, evidence: Sequence[Evidence]) -> AsyncGenerator[Drafted, None]:
        """Yield one draft a sentence, then Ended; abstained, with the reason, when no sentence answers."""
        drafts, ended = await in_turn(self._write, request, evidence)
        for draft in drafts:
            yield draft
        yield ended

    def _write(self, request: Request, evidence: Sequence[Evidence]) -> tuple[list[Draft], Ended]:
        if not evidence:
            return [], _abstain("No passage was found.")
        reader = Reader(
            evidence,
            request.query,
            judges=self._judges,
            embedder=self._embedder,
            frequency=self._library.document_frequency,
            passages=self._library.manifest().passages,
        )
        asked = parts(request.query)
        obeying = request.orders
        readings = [reader.read(part) for part in asked]
        found = [_find(part, read) for part, read in zip(asked, readings, strict=True)]
        withheld = [one.evidence for one in _first(found) if one.evidence.id in obeying]
        if withheld:
            readings = [[one for one in read if one.evidence.id not in obeying] for read in readings]
            found = [_find(part, read) for part, read in zip(asked, readings, strict=True)]
        notices = [_left_out(withheld)] if withheld else []
        chosen = _first(found)
        if not chosen:
            return [], _abstain(" ".join([*dict.fromkeys(one.missing for one in found), *notices]))
        missing = [part.text for part, one in zip(asked, found, strict=True) if not one.relevant and not part.elliptic]
        notices += [f"The documents do not say: {'; '.join(missing)}"] if missing else []
        most = _MOST.get(asked[0].kind, 4) if len(asked) == 1 else LONGEST
        groups = self._merged(chosen)[:most]
        quotable = [one for one in evidence if one.id not in obeying]
        return _drafts(groups, quotable), Ended(notice=" ".join(notices) or None)

    def _merged(self, chosen: Sequence[Relevance]) -> list[list[Evidence]]:
        """Put sentences that say the same together, the one that says it best first."""
        groups: list[list[Evidence]] = []
        for one in (relevance.evidence for relevance in chosen):
            for group in groups:
                if self._says_the_same(group[0], one):
                    group.append(one)
                    break
            else:
                groups.append([one])
        return groups

    def _says_the_same(self, one: Evidence, other: Evidence) -> bool:
        """Return whether other can stand under one as a second footnote: it holds all that one says."""
        held = words_of(f"{other.text} {other.speaker or ''} {other.document.title}")
        if not all(holds(held, word) for word in content_of(one.text)):
            return False  # "new walls" and "new gates" are alike to everything but this
        return self._verifier.judge(one.text, [other]).verdict == "supported"


def _find(part: Part, read: Sequence[Relevance]) -> _Found:
    """Return the sentences with the right speaker, every name and quoted phrase, and enough in common with part."""
    if part.kind == "proof":
        return _Found(missing="What a document merely asserts is no evidence, and no passage gives any.")
    if not part.words and not part.speaker:
        return _Found(missing="The question names nothing that could be looked for.")
    pool = list(read)
    said: list[Relevance] = []
    if part.speaker:
        said = [one for one in pool if one.says]
        if not said and part.speaker != part.speaker.lower():
            return _Found(missing=f"No passage that was found reports a statement by {part.speaker} about it.")
        pool = said or pool
    if part.quoted:
        pool = [one for one in pool if holds_phrases(one.evidence.text, part.quoted)]
        if not pool:
            return _Found(missing=f"No passage that was found holds the words “{part.quoted[0]}”.")
    unknown = [name for name in part.names if not any(name in one.names for one in read)]
    if unknown:
        return _Found(missing=f"No passage that was found mentions {_listed(unknown)}.")
    pool = [one for one in pool if len(one.names) >= NAMED.get(part.kind, 0.6) * len(part.names)]
    if part.verbatim:
        pool = [one for one in pool if one.answers] or pool
    if said:
        pool = [_preferring_quotations(one) for one in pool if _is_on_topic(one)]
        pool.sort(key=lambda one: -one.logit)
    else:
        about = ABOUT.get(part.kind, 0.0)
        pool = [one for one in pool if _is_borne_out(one) and one.coverage >= COVERED and one.about >= about]
    if not pool:
        return _Found(missing="No passage that was found answers it.")
    if part.kind == "comparison":
        return _Found(tuple(_each_document(pool)))
    if part.kind == "whether":
        pool = _both_sides(pool)
    if not part.quoted:
        pool = [one for one in pool if one.logit >= pool[0].logit - BEHIND - (DIRECT if said else 0.0)]
    return _Found(tuple(_with_own_words(pool, said, verbatim=part.verbatim)))


def _is_borne_out(one: Relevance) -> bool:
    """Return whether a sentence answers, by how it is read and by how much of the question it takes up."""
    return one.logit >= ANSWERS and one.logit + SHARED * min(1.0, one.coverage + one.context) >= ENOUGH


def _is_on_topic(one: Relevance) -> bool:
    """Return whether what the very person asked about says is about what was asked, by its words or as it is read."""
    if one.coverage + one.context >= TOPIC:
        return one.logit >= ANSWERS - SAID
    return one.logit >= (ANSWERS if one.coverage > 0 else SURE)


def _preferring_quotations(one: Relevance) -> Relevance:
    text = one.evidence.text
    quoted = max((len(quotation.inner.of(text).split()) for quotation in quotations(text)), default=0)
    return replace(one, logit=one.logit + DIRECT) if quoted >= SPOKEN else one


def _with_own_words(pool: Sequence[Relevance], said: Sequence[Relevance], *, verbatim: bool) -> list[Relevance]:
    """Return pool with the quotation that follows a sentence about what somebody said, where it is by the same person.

    "Macron expressed optimism." is often followed by his words: “…,” he told the host. Who asks for the exact words
    gets the rest of them as well: “…,” he told the host. “…”
    """
    after = {(one.evidence.document.id, one.evidence.sentence.number - 1): one for one in said}
    found = []
    for one in pool:
        found.append(one)
        words = after.get((one.evidence.document.id, one.evidence.sentence.number))
        if not words or words in pool or words.evidence.speaker != one.evidence.speaker:
            continue
        begun = bool(quotations(one.evidence.text))
        if is_quotation(words.evidence.text) and verbatim if begun else quotations(words.evidence.text):
            found.append(words)
    return found


def _both_sides(pool: Sequence[Relevance]) -> list[Relevance]:
    """Return pool with the best sentence that takes the other side than the very best right behind it, if any does."""
    side = is_negative(pool[0].evidence.text)
    other = next((one for one in pool if is_negative(one.evidence.text) != side), None)
    if other is None:
        return list(pool)
    second = replace(other, logit=pool[0].logit)
    return [pool[0], second, *(one for one in pool[1:] if one is not other)]


def _each_document(pool: Sequence[Relevance]) -> list[Relevance]:
    """Return the best sentence of each document before the second best of any."""
    rank: Counter[str] = Counter()
    ranked = []
    for place, one in enumerate(pool):
        ranked.append((rank[one.evidence.document.id], place, one))
        rank[one.evidence.document.id] += 1
    return [one for _, _, one in sorted(ranked, key=lambda row: row[:2])]


def _first(found: Sequence[_Found]) -> list[Relevance]:
    """Return at most COMPARED sentences: the best of each part before the second best of any."""
    chosen: dict[str, Relevance] = {}
    for rank in range(max(len(one.relevant) for one in found)):
        for one in found:
            if rank < len(one.relevant):
                chosen.setdefault(one.relevant[rank].evidence.id, one.relevant[rank])
    return list(chosen.values())[:COMPARED]


def _drafts(groups: Sequence[Sequence[Evidence]], evidence: Sequence[Evidence]) -> list[Draft]:
    """Write the sentences down: documents in order of their best sentence, sentences in order of their document."""
    place = {(one.document.id, one.sentence.number): one for one in evidence}
    order = {document: rank for rank, document in reversed(list(enumerate(group[0].document.id for group in groups)))}
    cited = {one.id: tuple(group) for group in groups for one in group[:1]}
    for group in groups:
        before = _leads_to(group[0], place)
        while before and before.id not in cited and len(cited) < LONGEST:
            cited[before.id] = (before,)
            before = _leads_to(before, place)
    rows = sorted(cited.values(), key=lambda group: (order[group[0].document.id], group[0].sentence.number))
    drafts, last = [], None
    for group in rows:
        document = group[0].document.id
        lead = " " if last in (None, document) else "\n\n"
        drafts.append(Draft(attributed(group[0]), group, lead))
        last = document
    return drafts


def _leads_to(one: Evidence, place: dict[tuple[str, int], Evidence]) -> Evidence | None:
    """Return the sentence before one when one leaves a pronoun hanging without it, else None."""
    before = place.get((one.document.id, one.sentence.number - 1))
    if before is None or is_heading(before) or not hangs(one.text):
        return None
    return before


def hangs(text: str) -> bool:
    """Return whether a sentence leans on the one before it: "He told them", "It will"."""
    frame = report(text)
    return bool(_PRONOUN.match(text)) or bool(frame and frame.subject.casefold() in ("he", "she", "they"))


def attributed(one: Evidence) -> str:
    """Return the sentence, with its speaker before it when it is a quotation that does not say whose it is."""
    return f"{one.speaker}: {one.text}" if one.speaker and is_quotation(one.text) else one.text


# "It is not clear when …" stands on its own.
_EMPTY = (
    r"\s+(?:is|was|remains|seems|appears|became)\s+(?:(?:not|still|yet|also|now|far from)\s+)*"
    r"(?:clear|unclear|likely|unlikely|possible|impossible|known|unknown|certain|uncertain|said|thought|hoped|expected)\b"
)
# "This" before a noun ("this meeting") leans on what came before as well, but a reader can follow it.
_PRONOUN = re.compile(
    r"(?:(?:but|and|however|still|also|yet|later|then|meanwhile|in addition),? )?"
    rf"(?:(?:he|she|they|it(?!{_EMPTY})|his|her|their|its|both)\b|"
    r"(?:this|that|these|those) (?:is|was|are|were|has|had|would|will|came)\b)",
    re.IGNORECASE,
)


def _left_out(withheld: Sequence[Evidence]) -> str:
    """Return the notice that tells of sentences that would have been quoted, were they not written for a machine."""
    sources = " and ".join(dict.fromkeys(one.document.source for one in withheld))
    return f"What {sources} tells an AI assistant to answer was left out."


def _abstain(reason: str) -> Ended:
    return Ended("abstained", f"The documents do not say. {reason}")


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
