"""What documents can be asked: whose words they report, and what about."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from assistant.names import BODIES, capitalised_words, names, nation, same_name, without_title
from assistant.reading import evidence_of
from assistant.speakers import CUES
from assistant.types import Evidence
from vectorstore.types import Document, Sentence, Span
from vectorstore.words import STOP_WORDS

LONGEST = 90  # characters of a question that still fits a phone in two lines

_CUES = "|".join(sorted(CUES, key=len, reverse=True))
_VERBS = "is|are|was|were|has|have|had|will|would|can|could|should|may|might|must"
_SAID = re.compile(rf"[\"“”]|\b(?:{_CUES})\b")
_CLOSED = re.compile(r",(?! (?:where|when|which|who|whose)\b)")  # "The dam will hold, Ann Lee said"
# Names that say where or to whom something was said: on CNN, in the East Room, told the state news agency RIA.
_SCENE = re.compile(r"\b(?:[Tt]old|[Oo]n|[Tt]o|[Ww]ith|[Bb]y|[Aa]t|[Ii]n|[Ff]rom|[Ii]nside)\s(?:[a-z]+\s){0,4}$")
_NUMBER = re.compile(r" \d{1,3}\b")  # Article 5
# What follows a name that stands for itself, unlike that of "NATO troops" and "the Trump administration".
_FREE = re.compile(rf"['’]|\s*(?:$|[^\w\s(])|\s+(?:{_CUES}|{_VERBS}|{'|'.join(sorted(STOP_WORDS))})\b")
# What stands before a name, a noun ("a Briton") or the rest of a name ("State of the" Union, "Six" Nations).
_DETERMINER = re.compile(
    r"(?:\b(?P<word>[Tt]he|[Aa]n?|this|his|her|its|their|our|my|your|every|each)|['’]s?|[A-Z]\w+ of(?: the)?|"
    r"One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten)\s$"
)
# The subject of a clause: "the blocking decision" of "he said that the blocking decision might …".
_SUBJECT = re.compile(
    rf"(?:^[\"“]?|\b(?:{_CUES})(?: that)? [\"“]?)"
    r"(?P<article>(?:the )?)(?P<noun>[^\W\d_][\w-]+(?: [^\W\d_][\w-]+){0,2}?) "
    rf"(?:{_VERBS})\b",
    re.IGNORECASE,
)
# Subjects that hold one of these say nothing by themselves.
_VAGUE = (
    CUES
    | STOP_WORDS
    | frozenset(
        """people person others one many much several every either any anyone everyone everything something nothing what
        today yesterday tomorrow time thing things way answer fact point reason problem although though also never ever
        already now still mr mrs ms dr sir world public""".split()
    )
)


@dataclass(frozen=True, slots=True)
class Reported:
    """That some sentences hold the words of `speaker` about something.

    `about` is what a question calls it: a name ("the Donbas") if `is_name`, or a noun ("the blocking decision").
    """

    speaker: str
    about: str
    is_name: bool
    sentences: frozenset[Sentence]

    @property
    def question(self) -> str:
        """What to ask for these words."""
        return f"What did {self.speaker} say about {self.about}?"


def reported(read: Iterable[tuple[Document, Sequence[Sentence]]]) -> list[Reported]:
    """Return what speakers can be asked about: the best topic of each, then the second best of each, and so on.

    Those quoted in most documents come first. The best topics are those that a speaker's words mention most, against
    how common they are everywhere; what a single document mentions comes after them, and what a single sentence
    mentions is left out.
    """
    told: list[Evidence] = []
    named: dict[str, list[_Mention]] = defaultdict(list)
    for document, sentences in read:
        inside = [one for one in evidence_of(document, sentences) if not one.sentence.heading]
        known = capitalised_words([one.text for one in inside])
        told += inside
        for one in inside:
            for name in names(one.text, known=known):
                mention = _mention(one, name.span)
                named[without_title(mention.text)].append(mention)
    ordinary = frozenset(word for one in told for word in re.findall(r"\w+", one.text) if word.islower())
    spoken = {
        one.sentence: speaker
        for one in told
        if one.speaker and (speaker := _as_speaker(without_title(one.speaker), named, ordinary))
    }
    said: dict[str, list[Sentence]] = defaultdict(list)
    for sentence, speaker in spoken.items():
        said[speaker].append(sentence)
    rated: dict[str, list[tuple[bool, float, Reported]]] = defaultdict(list)
    for topic in (*_names(named, ordinary), *_nouns(told)):
        everywhere = {one.within.sentence for one in topic.mentions}
        spread = _spread(everywhere)
        for found in _reported(topic, spoken) if len(everywhere) > 1 else ():
            rated[found.speaker].append((spread < 2, -len(found.sentences) / spread**0.5, found))
    speakers = sorted(rated, key=lambda one: (-_spread(said[one]), -len(said[one]), one))
    ranked = [sorted(rated[speaker], key=lambda row: (*row[:2], row[2].about)) for speaker in speakers]
    return [row[-1] for each in zip_longest(*ranked) for row in each if row]


@dataclass(frozen=True, slots=True)
class _Mention:
    """A name or a noun in a sentence."""

    within: Evidence
    span: Span

    @property
    def text(self) -> str:
        return self.span.of(self.within.text)

    @property
    def determiner(self) -> str | None:
        """What tells from before it whether it is a name; None where it belongs to the word after it."""
        if not _FREE.match(self.within.text, self.span.end):
            return None
        match = _DETERMINER.search(self.within.text, 0, self.span.start)
        return (match["word"] or match.group()).lower() if match else ""

    @property
    def is_scene(self) -> bool:
        return _SCENE.search(self.within.text, 0, self.span.start) is not None

    def is_said_by(self, speaker: str) -> bool:
        """Return whether it is among the words of speaker here, not in "Ann Lee, head of the Fund, said"."""
        text, start = self.within.text, self.span.start
        at = [match.span() for match in re.finditer(rf"\b{re.escape(speaker.split()[-1])}\b", text)]
        if not at:
            return True  # "He said"
        left, right = min(at, key=lambda span: abs(span[0] - start))
        between = text[right:start] if left < start else text[self.span.end : left]
        return _SAID.search(between) is not None or (start < left and _CLOSED.search(between) is not None)


@dataclass(frozen=True, slots=True)
class _Topic:
    """What sentences mention, as a question calls it."""

    about: str
    is_name: bool
    mentions: tuple[_Mention, ...]


def _mention(one: Evidence, span: Span) -> _Mention:
    number = _NUMBER.match(one.text, span.end)
    return _Mention(one, Span(span.start, number.end() if number else span.end))


def _article(mentions: Iterable[_Mention]) -> str | None:
    """Return what stands before a name, "the " or nothing; None if it is no name by itself.

    "a Briton" tells that, and so does a name that always belongs to the word after it.
    """
    uses = Counter(one.determiner for one in mentions if one.determiner is not None)
    bare = "" if 2 * uses[""] > uses.total() else None
    return "the " if 2 * uses["the"] > uses.total() else bare


def _names(named: Mapping[str, Sequence[_Mention]], ordinary: frozenset[str]) -> Iterator[_Topic]:
    """Yield the names that sentences are about; not where it was said, nor "American" of "American weapons"."""
    for name, mentions in named.items():
        article = _article(mentions)
        is_own = nation(name) in (None, name.casefold()) or (article == "the " and name.isupper())
        if article is None or not is_own or name.casefold() in ordinary:
            continue
        about = [one for one in mentions if not one.is_scene and (not article or one.determiner == "the")]
        yield _Topic(article + name, True, tuple(about))


def _nouns(told: Sequence[Evidence]) -> Iterator[_Topic]:
    """Yield what somebody says something of: "the blocking decision", "phone companies"."""
    holding: dict[str, list[Evidence]] = defaultdict(list)
    for one in told:
        for word in set(re.findall(r"[^\W\d_][\w-]+", one.text.lower())):
            holding[word].append(one)
    subjects = [match for one in told if one.speaker for match in _SUBJECT.finditer(one.text)]
    for article, noun in dict.fromkeys((match["article"].lower(), match["noun"].lower()) for match in subjects):
        if any(word in _VAGUE for word in noun.split()) or not (article or re.search(r"s$|^\w+ing$", noun)):
            continue
        pattern = re.compile(rf"\b{noun}\b", re.IGNORECASE)
        near = holding[noun.split()[-1]]
        mentions = [_Mention(one, Span(*match.span())) for one in near for match in pattern.finditer(one.text)]
        if any(one.text.islower() for one in mentions):  # no name: "british troops"
            yield _Topic(article + noun, False, tuple(mentions))


def _as_speaker(name: str, named: Mapping[str, Sequence[_Mention]], ordinary: frozenset[str]) -> str | None:
    """Return a speaker as a question names him, None if that would not tell who is meant.

    It does of a nation, a person by two or three names, and a body: "the Russian Foreign Ministry".
    """
    words = re.findall(r"\w+", name)
    if words and nation(name) == name.casefold():
        return name
    article = _article(named.get(name, ()))
    is_body = bool(words) and words[-1].casefold() in BODIES
    is_plain = len(words) == len(name.split()) in (2, 3) and not any(word.casefold() in ordinary for word in words)
    if article is None or len(words) < 2 or not (is_plain or is_body):
        return None
    return article + name


def _reported(topic: _Topic, spoken: Mapping[Sentence, str]) -> Iterator[Reported]:
    """Yield who speaks of a topic; `spoken` tells whose words a sentence holds."""
    words: dict[str, set[Sentence]] = defaultdict(set)
    for one in topic.mentions:
        speaker = spoken.get(one.within.sentence)
        if speaker and one.is_said_by(speaker):
            words[speaker].add(one.within.sentence)
    for speaker, sentences in words.items():
        found = Reported(speaker, topic.about, topic.is_name, frozenset(sentences))
        if not same_name(topic.about, speaker) and len(found.question) <= LONGEST:
            yield found


def _spread(sentences: Iterable[Sentence]) -> int:
    """Return in how many documents sentences stand."""
    return len({one.document_id for one in sentences})
