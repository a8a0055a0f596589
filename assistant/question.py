"""What a question asks for: its parts, its content words, whose words it wants, and the kind of answer."""

import re
from dataclasses import dataclass
from typing import Literal

from assistant.names import names
from assistant.quotations import quotations
from assistant.speakers import CUES
from vectorstore.words import terms

Kind = Literal["speech", "who", "when", "where", "number", "why", "whether", "comparison", "proof", "other"]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a question asks.

    `words` are the distinct content terms (vectorstore.words) without those that only ask; `names` are the people,
    places and organisations it speaks of, without the speaker; `speaker` is whose words are wanted, None when anybody's
    will do; `quoted` are phrases that the question itself puts in quotation marks; `verbatim` asks for exact words.
    `topic` is the text without what it says of documents ("according to the two articles"); `elliptic` parts took over
    what they leave out from the part before.
    """

    text: str
    topic: str
    kind: Kind
    words: tuple[str, ...]
    names: tuple[str, ...]
    speaker: str | None = None
    quoted: tuple[str, ...] = ()
    verbatim: bool = False
    elliptic: bool = False


def parts(question: str) -> tuple[Part, ...]:
    """Return what question asks, one part for each question word that opens a clause.

    A later part that names nothing of its own ("and on which programme?") takes over what the first one asks about.
    """
    first, *rest = (_part(piece) for piece in _split(question))
    return (first, *(_continued(part, first) if _is_elliptic(part) else part for part in rest))


_ASKS = (
    r"(?:who|whom|whose|what|which|when|where|why|how|(?:on|in|at|to|by|for) (?:which|what|whom)|name|list|quote|did|"
    r"does|is|was|are|were)\b"
)
_CLAUSE = re.compile(rf"(?:[;?.]\s+(?:and\s+)?|,\s+(?:and\s+)?|\s+and\s+)(?={_ASKS})", re.IGNORECASE)
_TO_THE_LETTER = r"(?:(?:word|letter) (?:for|by) (?:word|letter)|to the letter|verbatim|literally)"
# Words about the documents and about asking, which say nothing of what is looked for.
_ABOUT_DOCUMENTS = re.compile(
    r"\b(?:(?:according to|based on|in|do|does|did|from|of|by|across)\s+)?(?:(?:the|these|those|both|any|all|your)\s+)*"
    r"(?:(?:two|three|four|\d+|news|different|other)\s+)?(?:articles?|documents?|sources?|texts|files|reports)"
    r"(?:\s+(?:describe|report|say|tell|state|mention))?\b(?!\s+\d)|\b(?:in|by) the same way\b|"
    rf"\b{_TO_THE_LETTER}\b|\bexact(?:ly| words)\b|\bthe names? of\b|"
    r"\b(?:is|was) there (?:any|some) (?:evidence|proof)(?: that)?\b|"
    r"\b(?:take|takes|took|taken) place\b|\bplease\b|\btell me\b|"
    r"\b(?:can|could) you (?:please )?(?:tell me|explain|say)?\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"^\s*(?:and\s+)?(?:cite|quote|give(?: me)?|show(?: me)?|tell(?: me)?|name|list|repeat|explain|compare)\b", re.I
)
_ASKING = frozenset(
    term.text
    for term in terms(
        "quote name list much many long old happen mean might may would could occur summarise summarize overview"
    )
)
_SPEECH_VERBS = (
    "say|tell|ask|write|add|announce|argue|assert|claim|comment|confirm|call|declare|deny|describe|explain|express|insist|"
    "note|promise|pledge|propose|remark|reply|respond|react|reveal|stress|suggest|warn|whisper|murmur|praise|welcome|"
    "think|believe|want|demand|answer|post|urge|acknowledge|admit|predict|make of|see|have to say"
)
_SPEECH_NOUNS = (
    "statement|response|reaction|reply|comments?|words|remarks?|positions?|views?|opinion|answer|stance|verdict|message"
)
# Not after "is" or "was": whoever "was accused" or "is believed" to be something says nothing.
_SPEECH = re.compile(
    r"\b(?:what|how|why)\b.{0,40}?\b(?:did|does|do|has|have|had)\s+(?P<speaker>.{2,80}?)\s+"
    rf"(?:exactly\s+|publicly\s+|actually\s+|reportedly\s+)?(?:{_SPEECH_VERBS}|{'|'.join(sorted(CUES))})\b",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(
    r"(?:^(?:quote|give|repeat|show)\s+(?:me\s+)?|^|\b(?:is|was|were|are|what|how)\s+)(?P<speaker>(?:(?!\b(?:is|was|were|are)\b)[^,?]){2,60}?)"
    rf"(?:['’]s|s['’])\s+(?:\w+\s+){{0,2}}?(?:{_SPEECH_NOUNS})\b",
    re.IGNORECASE,
)
_ACCORDING = re.compile(r"\baccording to (?P<speaker>[^,?]{2,60})", re.IGNORECASE)
_NO_SPEAKER = re.compile(r"\b(?:who|whose|which|that|name|names|been)\b", re.IGNORECASE)
# Verbs that tell so much of what was said that they are looked for themselves.
_TELLING = "warn promise pledge vow threaten deny admit confirm predict demand praise whisper murmur apologise"
_SPEECH_WORDS = frozenset(
    term.text for term in terms(f"{_SPEECH_VERBS} {' '.join(CUES)} {_SPEECH_NOUNS}".replace("|", " "))
) - frozenset(term.text for term in terms(_TELLING))
_YES_NO = re.compile(r"\s*(?:did|does|do|is|are|was|were|will|would|has|have|had|can|could|should)\b", re.IGNORECASE)
# "Did Russia accept …?" is answered as well by a sentence that says it refused.
_STANCES = frozenset(
    term.text for term in terms("accept agree approve support back allow confirm reject refuse oppose deny rule want")
)
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("proof", re.compile(r"\b(?:any|what|is there) (?:evidence|proof)\b", re.IGNORECASE)),
    (
        "comparison",
        re.compile(
            r"\b(?:same way|differ\w*|disagree\w*|compar\w+|contradict\w*|"
            r"(?:both|two|the) (?:articles|sources|documents) (?:agree|describe))\b",
            re.IGNORECASE,
        ),
    ),
)
_OPENINGS: tuple[tuple[Kind, str], ...] = (
    (
        "number",
        r"how (?:much|many|long|old|far|often|big|large|high|tall|fast)|what (?:percentage|share|number|amount|price)",
    ),
    (
        "who",
        r"who|whom|whose|(?:what|which) (?:person|man|woman|leaders?|officials?|\w+’?s? name)|what (?:is|was) the name",
    ),
    ("when", r"when|how soon|(?:what|which) (?:day|date|year|month|time)"),
    ("where", r"where|(?:what|which) (?:place|city|country|town|room|venue)"),
    ("why", r"why|what (?:reasons?|causes?|caused)"),
)
_OPENING = re.compile(
    r"\b(?:" + "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _OPENINGS) + r"|(?P<other>what|which|how))\b",
    re.IGNORECASE,
)


def _split(question: str) -> list[str]:
    """Cut a question before a question word that opens a clause of its own, never inside quotation marks."""
    closed = [one.span for one in quotations(question)]
    pieces, start = [], 0
    for match in _CLAUSE.finditer(question):
        asks = re.search(rf"\b{_ASKS}", question[start : match.start()], re.IGNORECASE)
        if asks and not any(span.start <= match.start() < span.end for span in closed):
            pieces.append(question[start : match.start()])
            start = match.end()
    return [*pieces, question[start:]]


def _part(text: str) -> Part:
    speaker = _speaker(text)
    kind = _kind(text)
    if speaker and kind in ("other", "why", "who"):
        kind = "speech"
    stripped = _ABOUT_DOCUMENTS.sub(" ", _ORDER.sub(" ", text))
    words = [term.text for term in terms(stripped) if not term.stop and term.text not in _ASKING]
    if kind == "whether":
        words = [word for word in words if word not in _STANCES] or words
    spoken = {term.text for term in terms(speaker)} if speaker else set()
    if kind in ("speech", "who"):
        words = [word for word in words if word not in _SPEECH_WORDS and word not in spoken] or words
    return Part(
        text,
        re.sub(r"\s+", " ", stripped).strip(),
        kind,
        tuple(dict.fromkeys(words)),
        tuple(one.text for one in names(stripped) if not {term.text for term in terms(one.text)} <= spoken | _ASKING),
        speaker,
        tuple(filter(None, (one.inner.of(text).strip(" .,") for one in quotations(text)))),
        bool(re.search(rf"\b(?:quote|{_TO_THE_LETTER}|exact words|exactly)\b", text, re.IGNORECASE)),
    )


def _is_elliptic(part: Part) -> bool:
    return not part.names and (len(part.words) < 2 or bool(re.search(r"\b(?:it|he|she|they|them|this)\b", part.text)))


def _continued(part: Part, first: Part) -> Part:
    """Return part with what it leaves out taken over from the first part of the question."""
    words = tuple(dict.fromkeys((*first.words, *part.words)))
    kind = part.kind if part.kind != "other" else first.kind
    return Part(part.text, part.topic, kind, words, first.names, first.speaker, first.quoted, first.verbatim, True)


def _kind(text: str) -> Kind:
    for kind, pattern in _KINDS:
        if pattern.search(text):
            return kind
    opening = _OPENING.search(text)
    whether: Kind = "whether" if _YES_NO.match(text) else "other"
    return next((kind for kind, _ in _OPENINGS if opening and opening[kind]), whether)


def _speaker(text: str) -> str | None:
    """Return whose words a question wants: "What did Mark Rutte say about …" → "Mark Rutte"."""
    for pattern in (_ACCORDING, _SPEECH, _POSSESSIVE):
        match = pattern.search(text)
        if match is None or _NO_SPEAKER.search(match["speaker"]):
            continue
        speaker = match["speaker"].strip()
        if names(speaker, known=frozenset(speaker.casefold().split())) or speaker.casefold().startswith("the "):
            if _ABOUT_DOCUMENTS.search(speaker):
                continue
            return speaker
    return None
