"""Questions about who said what: “Who warned that …?”, “What did X say about Y?”, “Who said “…”?”."""

import math
import re
from collections.abc import Iterator

from assistant.names import BODIES, OFFICES, same_name, without_title
from assistant.names import names as names_of
from assistant.quantities import quantities
from assistant.quotations import fold, quotations
from assistant.speakers import Report, reports
from assistant.types import Evidence
from assistant.wording import content_of
from evals.draft.candidates import Candidate, Kind, asked, fact, flat, pattern_of, statement, stem_pattern
from evals.draft.clauses import lowered, stands_alone, subject_of
from evals.draft.corpus import Corpus, rarest
from evals.types import WrongAnswer

# Verbs after which "Who …" with the rest of the sentence is a question that people ask.
_TELLING = frozenset(
    """said says warned warns announced argued argues claimed claims confirmed denied denies insisted insists predicted
    predicts stressed suggested suggests promised pledged vowed conceded admitted believes believed thinks thought told
    acknowledged complained urged revealed""".split()
)
_ACTING = frozenset(
    """rejected rejects welcomed welcomes praised praises criticised criticized condemned dismissed opposes opposed
    endorsed accused blamed thanked disputes disputed defended""".split()
)
# What may stand between a speaker and the verb; only the adverb and "has" come into the question.
_BETWEEN = re.compile(
    r"(?:, [^,]{2,60},)?\s*(?:on \w+day )?(?P<kept>(?:has|have|had)?\s*(?:[a-z]+ly)?)\s*"
    r"(?:also|then|later|further|again)?\s*"
)
_NO_TOPIC = re.compile(
    r"(?![^\W\d_])|(?:an?|one|no|some|all|many|most|several|both|any|each|every|more|few|\d\S*)\b|"
    r".*\b(?:his|her|its|their)\b|.*\b(?!of|by|in|on|at|for|with|from|to|and)\w+ the\b"
)
_NOT_SAID = re.compile(
    r"^(?:that )?(?:but|and|so|yet|his|her|their|its)\b|^[,.]|[“”\":;()]|\baccording to\b", re.IGNORECASE
)
_LEAST, _MOST = 6, 26  # words of what was said
_QUOTED = 22  # words of a quotation, at most
_TITLED = re.compile(r"(?:Mr|Mrs|Ms|Dr|Sir|Lord|Lady|Dame|President|Professor)\.?\s")


def speech(one: Evidence, corpus: Corpus) -> Iterator[Candidate]:
    """Yield what a sentence of reported speech answers, if the sentence itself names who says it."""
    text = flat(one.text)
    if not one.speaker or not _is_named(one.speaker) or without_title(one.speaker).split()[-1] not in text:
        return
    frames = reports(text)
    if any(_is_vague(frame.subject, text) for frame in frames):
        return
    if len(frames) == 1 and frames[0].cue != ":":
        yield from _who_said(one, frames[0], corpus)
        yield from _said_what(one, frames[0], corpus)
    yield from _quotations(one, corpus)


def _who_said(one: Evidence, frame: Report, corpus: Corpus) -> Iterator[Candidate]:
    """Yield “Who warned that …?” of “X warned that …”, and “Who has said that …?” of “…, X has said”."""
    text = flat(one.text)
    last = re.fullmatch(
        rf"(?P<said>.+), (?:according to )?(?:[A-Z][\w.]* )*{re.escape(frame.subject)}(?P<between> [a-z ]*?)?"
        rf"(?:{re.escape(frame.cue)})?(?:, [^,]*)?\.",
        text,
    )
    said: str | None
    if last and frame.cue == "according to":
        said, verb = lowered(last["said"], corpus, one.document), "says that"
    elif last and last["between"] is not None and frame.cue in _TELLING:
        said = lowered(last["said"], corpus, one.document)
        verb = f"{last['between'].strip()} {frame.cue} that".strip()
    else:
        start = text.find(frame.cue)
        between = _BETWEEN.fullmatch(text[:start].removeprefix(frame.subject))
        if frame.cue not in _TELLING | _ACTING or not text.startswith(frame.subject) or between is None:
            return
        said = statement(text[start + len(frame.cue) :]).strip()
        verb = f"{between['kept'].strip()} {frame.cue}".strip()
    if said is None or not _LEAST <= len(said.split()) <= _MOST or _NOT_SAID.search(said):
        return
    question = asked(f"Who {verb} {said}")
    is_named = names_of(question, known=frozenset()) or quantities(question)
    if stands_alone(question) and is_named and _is_specific(said, corpus):
        yield _of_speaker("who_said", question, one, f"{verb} {said}", corpus)


def _quotations(one: Evidence, corpus: Corpus) -> Iterator[Candidate]:
    """Yield “Who said “…”?” with the first sentence that is quoted; of a few words, “Who used the words “…”?”."""
    text = flat(one.text)
    found = quotations(text)
    if len(found) != 1 or text[found[0].inner.end : found[0].span.end] == "":
        return
    inner = found[0].inner.of(text)
    first = re.split(r"(?<=[.!?])\s", inner)[0].rstrip(" ,.")
    words = first.split()
    if len(words) > _QUOTED or re.search(r"[‘’'](?!\w)|[“”\"\n…\[]", first) or _is_said_by_another(first, one, corpus):
        return
    if len(words) >= _LEAST and first[0].isupper() and _is_specific(first, corpus):
        question = f"Who said “{first}”?"
    elif 3 <= len(words) <= _LEAST and first[0].islower() and len(content_of(first)) >= 2:
        question = f"Who used the words “{first}”?"
    else:
        return
    yield _of_speaker("quotation", question, one, f"said: “{inner.rstrip(' ,.')}”", corpus)


def _called(speaker: str, one: Evidence) -> str:
    """Return a speaker as the beginning of a sentence: "The IMF" where the document has "the IMF"."""
    return f"The {speaker}" if re.search(rf"\b[Tt]he {re.escape(speaker)}\b", one.document.text) else speaker


def _is_said_by_another(quoted: str, one: Evidence, corpus: Corpus) -> bool:
    """Return whether some document gives the same words to somebody else, or to nobody."""
    return any(
        fold(quoted) in fold(other.text) and not _spoken_by(other, one.speaker or "")
        for other in corpus.all
        if other.sentence != one.sentence
    )


def _of_speaker(kind: Kind, question: str, one: Evidence, said: str, corpus: Corpus) -> Candidate:
    """Return the candidate that asks for the speaker; `said` is the verb and what follows it."""
    speaker = one.speaker or ""
    others = sorted(_other_speakers(one, corpus))
    return Candidate(
        kind,
        question,
        (one,),
        (fact(1, speaker, _name_patterns(speaker, corpus), [1]),),
        f"{_called(speaker, one)} {said} [q1].",
        tuple(WrongAnswer(f"{_called(other, one)} {said} [q1].", "speaker_swap") for other in others[:1]),
    )


def _said_what(one: Evidence, frame: Report, corpus: Corpus) -> Iterator[Candidate]:
    """Yield “What did X say about the ferry?” of “X said the ferry would stop”, if X speaks of it nowhere else."""
    text = flat(one.text)
    speaker = one.speaker or ""
    start = text.find(frame.cue) + len(frame.cue)
    said = re.sub(r"^\s*(?:that\s+)?", "", text[start:])
    topic = subject_of(said)
    if frame.cue not in _TELLING or topic is None or not 8 <= len(text.split()) <= 45:
        return
    words = content_of(topic)
    named = names_of(f"… {topic}", known=frozenset())
    if not named and max(map(corpus.rarity, words), default=0) < _rare(corpus):
        return  # "the plans": whose?
    if _NO_TOPIC.match(topic) or not stands_alone(topic) or len(topic.split()) > 6 or same_name(topic, speaker):
        return
    spoken = [other for other in corpus.all if other.sentence != one.sentence and _spoken_by(other, speaker)]
    if any(len(words & content_of(other.text)) >= min(2, len(words)) for other in spoken):
        return
    inside = content_of(said) - content_of(f"{topic} {speaker} {frame.subject} {frame.cue}")
    telling = [pattern for word in rarest(inside, corpus, most=5) if (pattern := stem_pattern(word, said))]
    if len(telling) < 3:
        return
    yield Candidate(
        "said_what",
        f"What did {_called(speaker, one).replace('The ', 'the ', 1)} say about {topic}?",
        (one,),
        (fact(1, statement(one.text), telling, [1]),),
        f"{statement(one.text)} [q1].",
    )


def _name_patterns(speaker: str, corpus: Corpus) -> list[str]:
    """Return patterns that find a speaker by the last name; one that is a word, too ("Read"), not by that alone."""
    name = without_title(speaker)
    last = name.split()[-1]
    if " " not in name or last.lower() not in corpus.small_words:
        return [pattern_of(last)]
    return [
        pattern_of(name),
        rf"\b(?:mr|mrs|ms|dr|sir|lord)\.? {last.lower()}\b",
        rf"\b{last.lower()} (?:says|said|added)\b",
    ]


def _other_speakers(one: Evidence, corpus: Corpus) -> set[str]:
    """Return who else speaks in the document: the speakers that somebody might confuse with this one's."""
    speaker = one.speaker or ""
    return {
        other.speaker
        for other in corpus.sentences(one.document)
        if other.speaker and _is_named(other.speaker) and not same_name(other.speaker, speaker)
    }


def _spoken_by(one: Evidence, speaker: str) -> bool:
    return one.speaker is not None and same_name(one.speaker, speaker)


def _is_named(speaker: str) -> bool:
    """Return whether a speaker is a name that a reader knows whom to take for: no "minister", no lone first word."""
    words = without_title(speaker).split()
    is_body = any(word.casefold() in BODIES | OFFICES for word in words) and len(words) > 1
    is_person = 2 <= len(words) <= 4 or _TITLED.match(speaker) is not None
    return all(word[0].isupper() or word in ("of", "for", "the", "and", "de", "van") for word in words) and (
        is_person or is_body or (len(words) == 1 and words[0].isupper() and 2 < len(words[0]) < 6)
    )


def _is_vague(subject: str, sentence: str) -> bool:
    """Return whether a subject describes somebody instead of naming him: "a union official", "the Olympic champion"."""
    words = re.sub(r"^(?:the|an?|one|some) ", "", subject, flags=re.IGNORECASE).split()
    described = re.search(rf"\b(?:the|an?|one|some) {re.escape(' '.join(words))}", sentence, re.IGNORECASE)
    is_body = (len(words) == 1 and words[0].isupper()) or any(word.casefold() in BODIES for word in words)
    return described is not None and not is_body


def _is_specific(said: str, corpus: Corpus) -> bool:
    """Return whether only few sentences could be meant: three rare words, or a name and two."""
    rare = [word for word in content_of(said) if corpus.rarity(word) >= _rare(corpus)]
    return len(rare) + bool(names_of(said, known=frozenset())) >= 3


def _rare(corpus: Corpus) -> float:
    """Return the rarity from which a word tells sentences apart: that of one in a hundred, or of three in fewer."""
    return math.log((1 + len(corpus.all)) / (1 + max(3, len(corpus.all) // 100)))
