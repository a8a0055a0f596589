"""How well each sentence answers a part of a question: as the trained reader sees it, and by its words."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.judges import Judges, Reading
from assistant.names import is_seat, names, same_name
from assistant.quantities import quantities
from assistant.question import Kind, Part, parts
from assistant.quotations import fold, quotations
from assistant.speakers import reports
from assistant.types import Evidence
from assistant.wording import content_of, holds, words_of
from vectorstore.types import Document, Sentence, Span

if TYPE_CHECKING:
    from vectorstore.embed import Embedder


@dataclass(frozen=True, slots=True)
class Relevance:
    """How one sentence stands to one part of a question; every measure before `read` is in [0, 1].

    `coverage` is the share of the part's content words that the sentence holds, weighted by how rare they are; `about`
    the same of those that are no names, 1 when there are none, or only one and the sentence `answers`; `context` the
    share that only its surroundings hold (speaker, heading, title, the sentence before); `answers` says that it holds
    something of the kind asked for (a number, a date, a name); `names` are the part's names that stand in the sentence
    or its surroundings; `says` means that the wanted speaker says it. `read` and `passage` are the trained reader's
    log-odds that the sentence answers, and that its passage does; `like` is the cosine of the question and of the
    sentence that is read as the passage's best. `logit` sums up: the best sentence of a passage answers as likely as
    the passage does, every other one by as much less as it is behind.
    """

    evidence: Evidence
    coverage: float
    about: float
    context: float
    answers: float
    names: tuple[str, ...]
    says: bool
    read: float = 0.0
    passage: float = 0.0
    like: float = 0.0
    logit: float = 0.0


# What tells a sentence from its neighbours, and what tells whether a passage answers at all: a conditional and a plain
# logistic regression, fitted by training/relevance.py, whose README section says on what and how well.
ORDER = {"read": 0.43, "coverage": 0.91}
CHANCE = {"bias": -2.01, "passage": 0.53, "like": 2.47}

READ = 20  # passages that are read for a question: about a third of a second on two cores
CHARACTERS = 1500  # of a passage, about 320 tokens: what is read at once


class Reader:
    """Scores the sentences of one search for the parts of one question.

    `frequency` tells in how many of `passages` passages each term stands; `question` is the whole question, which a
    part that leans on another is read with.
    """

    def __init__(
        self,
        evidence: Sequence[Evidence],
        question: str,
        *,
        judges: Judges,
        embedder: "Embedder",
        frequency: Callable[[Sequence[str]], dict[str, int]],
        passages: int,
    ) -> None:
        self.evidence = evidence
        self.passages = passages
        self._question = question
        self._judges = judges
        self._embedder = embedder
        self._frequency = frequency
        self._passages = _passages(evidence)
        self._words = [words_of(one.text) for one in evidence]
        self._around = [words_of(text) for text in _surroundings(evidence)]
        self._everywhere = frozenset().union(*self._words, *self._around)
        self._texts = [[evidence[number].text for number in passage] for passage in self._passages]

    def read(self, part: Part) -> list[Relevance]:
        """Return how the sentences stand to part, best first, ties in the order of the evidence.

        Headings are read as surroundings only. Sentences that stand in none of the READ best passages are left out.
        """
        weights = self._rarity(part.words)
        asked = self._question if part.elliptic else part.text
        readings = self._judges.read(asked, self._texts)
        scored: list[Relevance] = []
        for passage, reading, like in zip(self._passages, readings, self._likeness(asked, readings), strict=True):
            scored += _weighed(
                [
                    replace(self._by_words(number, part, weights), read=logit, passage=reading.passage, like=like)
                    for number, logit in zip(passage, reading.sentences, strict=True)
                    if not is_heading(self.evidence[number])
                ]
            )
        return sorted(scored, key=lambda one: -one.logit)

    def _likeness(self, asked: str, readings: Sequence[Reading]) -> list[float]:
        """Return for each passage the cosine of the question and of the sentence that is read as its best."""
        best = [
            texts[max(range(len(texts)), key=reading.sentences.__getitem__)]
            for texts, reading in zip(self._texts, readings, strict=True)
        ]
        limit = self._embedder.limit
        vectors = self._embedder.embed([text[: self._embedder.cut(text, limit)] for text in (asked, *best)])
        return [float(cosine) for cosine in vectors[1:] @ vectors[0]]

    def _by_words(self, number: int, part: Part, weights: dict[str, float]) -> Relevance:
        one = self.evidence[number]
        total = sum(weights.values()) or 1.0
        naming = words_of(" ".join((*part.names, part.speaker or "")))
        topic = {word: weight for word, weight in weights.items() if word not in naming}
        inside = {word for word in part.words if self._mentions(self._words[number], word)}
        around = {word for word in part.words if word not in inside and self._mentions(self._around[number], word)}
        here = self._words[number] | self._around[number]
        answers = answers_kind(part.kind, one.text, part)
        asks_for_more = len(topic) > 1 or (bool(topic) and not answers)
        named = [name for name in part.names if all(self._mentions(here, word) for word in words_of(name))]
        return Relevance(
            one,
            coverage=sum(weights[word] for word in inside) / total if part.words else 1.0,
            about=sum(topic[word] for word in inside & topic.keys()) / sum(topic.values()) if asks_for_more else 1.0,
            context=sum(weights[word] for word in around) / total,
            answers=float(answers),
            names=tuple(named),
            says=bool(part.speaker and any(says(who, part.speaker) for who in _sayers(one))),
        )

    def _mentions(self, words: frozenset[str], word: str) -> bool:
        """Return whether words hold word. A seat of government is a place where the documents name it as such."""
        return word in words if is_seat(word) and word in self._everywhere else holds(words, word)

    def _rarity(self, words: Sequence[str]) -> dict[str, float]:
        """Return a weight for each word, from 1 for a word of every passage, growing with the logarithm of its rarity.

        A word that no passage holds weighs as much as one that a single passage holds: more would let one unusual
        word of the question outweigh all others in a small library.
        """
        counts = self._frequency(words)
        return {word: 1 + math.log((self.passages + 1) / (max(1, counts.get(word, 0)) + 1)) for word in words}


def is_heading(one: Evidence) -> bool:
    """Return whether a sentence only names what follows; the first line of a short note is no heading to its loader."""
    return one.sentence.heading or (one.text == one.document.title and one.text[-1] not in '.!?…"”’»)')


def _weighed(passage: Sequence[Relevance]) -> list[Relevance]:
    """Return the sentences of one passage with their logits."""
    order = [sum(weight * getattr(one, name) for name, weight in ORDER.items()) for one in passage]
    chance = [CHANCE["bias"] + CHANCE["passage"] * one.passage + CHANCE["like"] * one.like for one in passage]
    return [
        replace(one, logit=answered + own - max(order))
        for one, answered, own in zip(passage, chance, order, strict=True)
    ]


def _passages(evidence: Sequence[Evidence]) -> list[list[int]]:
    """Return the READ best runs of neighbouring sentences, of at most CHARACTERS where sentences allow, by position."""
    runs: list[list[int]] = []
    for at, one in enumerate(evidence):
        before = evidence[at - 1] if at else None
        follows = before is not None and before.document.id == one.document.id
        if follows and one.sentence.number == evidence[at - 1].sentence.number + 1:
            run = runs[-1]
            if one.sentence.span.end - evidence[run[0]].sentence.span.start <= CHARACTERS:
                run.append(at)
                continue
        runs.append([at])
    best = sorted(runs, key=lambda run: -max(evidence[at].relevance for at in run))[:READ]
    return sorted(best)


def _sayers(one: Evidence) -> Iterator[str]:
    """Yield who says a sentence, then everybody whose words it reports: "According to Witkoff, Putin pledged …"."""
    if one.speaker:
        yield one.speaker
    yield from (frame.subject for frame in reports(one.text))


def says(speaker: str, wanted: str) -> bool:
    """Return whether a sentence of speaker is one of wanted, who may be described ("the European leaders")."""
    asked = content_of(wanted)
    return same_name(speaker, wanted) or (bool(asked) and asked <= words_of(speaker))


def answers_kind(kind: Kind, text: str, part: Part) -> bool:
    """Return whether text holds something of the kind that a question asks for."""
    if kind == "number" and re.search(r"\bhow (?:long|old)\b", part.text, re.IGNORECASE):
        return any(quantity.unit in _TIMES for quantity in quantities(text))
    if kind == "number":
        return bool(_NUMBER.search(text))
    if kind == "when":
        return bool(_TIME.search(text))
    if kind == "why":
        return bool(_REASON.search(text))
    if kind in ("who", "where"):
        asked = words_of(part.text)
        told = [name for name in names(text) if not words_of(name.text) <= asked]
        return any(kind == "who" or _PLACE.search(text[: name.span.start]) for name in told)
    if kind == "speech" and part.verbatim:
        return bool(quotations(text))
    return True


def holds_phrases(text: str, phrases: Sequence[str]) -> bool:
    """Return whether text holds every phrase that the question puts in quotation marks."""
    folded = fold(text)
    return all(fold(phrase) in folded for phrase in phrases)


_TIMES = frozenset(("second", "minute", "hour", "day", "week", "month", "year"))
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|thousand|"
    r"million|billion|trillion|half|third|quarter|dozen|dozens|hundreds|thousands|millions|billions|none|several|"
    r"decades?|years?|months?|weeks?|days?|hours?)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:1[0-9]{3}|20[0-9]{2})\b|\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|"
    r"april|may|june|july|august|september|october|november|december|today|yesterday|tomorrow|tonight|morning|evening|"
    r"noon|midnight|week|weeks|month|months|year|years|day|days|hours?|century|decade|timeline|date|later|ago|soon|"
    r"[0-9]{1,2}(?::[0-9]{2})? ?[ap]\.?m)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\b(?:in|at|near|from|to|outside|inside|off|across|around|on)\s+(?:the\s+)?$", re.IGNORECASE)
_REASON = re.compile(
    r"\b(?:because|since|due|as|so|after|following|reason|reasons|cause|caused|owing|thanks|for|to|prohibits?|blamed?)\b",
    re.IGNORECASE,
)


def read_alone(
    question: str, sentences: Sequence[str], *, judges: Judges, embedder: "Embedder"
) -> tuple[list[float], float]:
    """Return the chance that each sentence of a bare passage answers question, and that the passage does."""
    document = Document("passage", "", " ".join(sentences))
    evidence, start = [], 0
    for number, sentence in enumerate(sentences):
        span = Span(start, start + len(sentence))
        evidence.append(Evidence(f"S{number}", document, Sentence(document.id, number, span, 0)))
        start = span.end + 1
    reader = Reader(
        evidence,
        question,
        judges=judges,
        embedder=embedder,
        frequency=lambda words: dict.fromkeys(words, 0),
        passages=1,
    )
    chances = [0.0] * len(sentences)
    for part in parts(question):
        for one in reader.read(part):
            number = one.evidence.sentence.number
            chances[number] = max(chances[number], 1 / (1 + math.exp(-one.logit)))
    return [round(chance, 4) for chance in chances], round(max(chances, default=0.0), 4)


def _surroundings(evidence: Sequence[Evidence]) -> list[str]:
    """Return, for each sentence, who says it, its heading and title, and the sentence before it."""
    texts = {(one.document.id, one.sentence.number): one for one in evidence}
    around = []
    for one in evidence:
        before = texts.get((one.document.id, one.sentence.number - 1))
        parts = (one.speaker, one.document.place(one.sentence.span.start), one.document.title, before and before.text)
        around.append(" . ".join(part for part in parts if part))
    return around
