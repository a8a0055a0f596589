"""Who says a sentence: the source of reported speech, found by rule in news prose."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.names import BODIES, OFFICES, capitalised_words, names, nation, same_name, without_title
from assistant.quotations import is_quotation, mask

# Verbs that report what somebody said, thought or took a stand on.
CUES = frozenset(
    """said says say told tells wrote writes added adds announced announces argued argues asserted asserts claimed
    claims commented conceded confirmed confirms contended cautioned called calls declared denied denies described
    describes disputed disputes emphasized emphasised explained explains expressed insisted insists noted notes
    observed pledged predicted predicts promised proposed recalled reiterated remarked repeated replied responded
    revealed stated states stressed suggested suggests tweeted urged urges vowed warned warns whispered murmured
    testified hailed praised welcomed welcomes commended criticised criticized rejected rejects reaffirmed referred
    termed acknowledged acknowledges indicated joked thanked estimated believes believed thinks thought hoped asked
    asks demanded informed mentioned signalled signaled complained concluded admitted admits alleged maintains
    maintained outlined underlined labelled labeled dismissed condemned defended speculated opined quipped recounted
    opposed endorsed accused credited blamed voiced reported reports cited""".split()
)
_CUE = re.compile(
    r"\b(?:(?:released|issued|made|gave) an? \w* ?statement|ruled out|shared that|posted that|"
    + "|".join(sorted(CUES, key=len, reverse=True))
    + r")\b"
)
_ACCORDING = re.compile(r"\b[Aa]ccording to\s+")
_DAY = r"(?:on |last |this )?(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
_BEFORE_VERB = re.compile(  # "Lind, the host, had asked" and "Lind, the host, later, asked"
    r"(?P<aside>,?)(?:\s+(?:has|have|had|did|also|later|then|now|just|again|further|once|however|himself|herself|itself|still|always|"
    rf"often|even|[a-z]+ly|{_DAY}|in a statement))*(?P<comma>,?)\s*$"
)
_PASSIVE = re.compile(r"\b(?:is|are|was|were|be|been|being|when|as|if|to|not yet)\s+(?:\w+ly\s+)?$")
_JOINED = re.compile(r"\b(?:and|but|then)\s+(?:\w+ly\s+)?$")
_ASIDE = re.compile(r"\s*\([^()]{0,40}\)")
_TOKEN_BEFORE = re.compile(r"[^\s,;:()\"“”«»\x00]+$")
_PREPOSITION = re.compile(
    r"\b(?:in|on|at|of|by|for|with|from|to|among|toward|towards|into|over|under|between|against|what|whatever|via)\s*$",
    re.IGNORECASE,
)
_CONTRACTED = re.compile(r"['’](?:ve|d|ll|re|m|s)$")
_NOT_SUBJECT = re.compile(rf"(?:{_PREPOSITION.pattern}|\b(?:the|an?)\s*$)", re.IGNORECASE)
_PRONOUNS = frozenset("he she they it we i you".split())
_DETERMINERS = frozenset(
    "the a an his her its their this that some several many two three other another both one".split()
)
_INDEFINITE = frozenset("a an one another some several many two three other".split())
_STOPS_SUBJECT = frozenset(
    "and but or while as because although though that which who if when since so yet not".split()
)
_INSIDE_NAME = re.compile(r"of|von|van|der|den|de|du|la|el|al|bin|the|and|for")
# Where the noun phrase after "said" or "according to" ends.
_ENDS_PHRASE = re.compile(
    r"\s*[^\w\s./’'\-]|\s+(?:(?:in|on|at|of|by|for|with|from|to|during|after|before|about|into|over|as|who|which|that|and|"
    r"but|or|when|while|because|since|last|this|earlier|later|is|was|were|are|has|had|will|would|yesterday|today|"
    rf"[a-z]+ing|{_DAY})\b)"
)
_ROLES = frozenset("spokesman spokeswoman spokesperson source official lawyer attorney report study poll".split())
_TITLES = {"he": ("Mr", "Sir", "Lord", "King", "Prince"), "she": ("Mrs", "Ms", "Dame", "Lady", "Queen")}
_LOOK_BACK = 2  # sentences that a pronoun may reach over


@dataclass(frozen=True, slots=True)
class Report:
    """A frame of reported speech in one sentence: `subject` as the sentence writes it ("The ministry", "he")."""

    subject: str
    cue: str


def report(sentence: str) -> Report | None:
    """Return the first frame of reported speech in a sentence, or None."""
    return next(iter(reports(sentence)), None)


def reports(sentence: str) -> tuple[Report, ...]:
    """Return the frames of reported speech in a sentence, "according to" first, the others in order.

    Looks for "X said", "X, who was there, told", "“…,” said X", "according to X", "X: “…”"; words inside quotation
    marks never count as a frame.
    """
    masked = _ASIDE.sub(lambda aside: " " * len(aside.group()), mask(sentence))
    found = []
    if match := _ACCORDING.search(masked):
        subject = _phrase_after(masked[match.end() :])
        if subject:
            found.append(Report(subject, "according to"))
    for match in _CUE.finditer(masked):
        subject = _subject_before(masked[: match.start()]) or _subject_after(masked, match)
        if subject:
            found.append(Report(subject, match.group()))
    opening = re.match(r"([^\x00“\"«:]{2,80}):\s*[“\"«]", masked)
    if not found and opening:
        before = opening.group(1)
        found += [Report(name.text, ":") for name in names(before, known=frozenset(before.casefold().split()))[:1]]
    return tuple(found)


def speakers(sentences: Sequence[str], paragraphs: Sequence[int]) -> tuple[str | None, ...]:
    """Return, for each sentence of one document, the full name of who says it, None for the article's own voice.

    `paragraphs[i]` is the paragraph of sentence i. A sentence that is nothing but a quotation belongs to whoever the
    sentence beside it in the same paragraph quotes. "He" and "the ministry" are resolved to the last fitting name, and
    left out when none is near.
    """
    known = capitalised_words(sentences)
    frames = [report(sentence) for sentence in sentences]
    quoted = [frame is None and is_quotation(text) for frame, text in zip(frames, sentences, strict=True)]
    roster = _Roster(sentences, known)
    found: list[str | None] = []
    for number, frame in enumerate(frames):
        speaker = roster.resolve(frame.subject, found) if frame else None
        if quoted[number] and number and paragraphs[number] == paragraphs[number - 1]:
            speaker = found[number - 1]
        found.append(roster.full(speaker) if speaker else None)
    for number in range(len(found) - 2, -1, -1):  # a quotation before the sentence that says whose it is
        if quoted[number] and found[number] is None and paragraphs[number] == paragraphs[number + 1]:
            found[number] = found[number + 1]
    for number in range(1, len(found)):  # a paragraph of nothing but quotation goes on with the speaker before it
        if quoted[number] and found[number] is None:
            found[number] = found[number - 1]
    return tuple(found)


class _Roster:
    """The names of a document, sentence by sentence, and which of them are people."""

    def __init__(self, sentences: Sequence[str], known: frozenset[str]) -> None:
        self.sentences = sentences
        self.known = known
        self.names = [tuple(name.text for name in names(mask(sentence), known=known)) for sentence in sentences]
        every = [one for row in self.names for one in row]
        alone = {one for one in every if " " not in one}
        self.by_last: dict[str, list[str]] = {}
        for one in every:
            self.by_last.setdefault(one.split()[-1], []).append(without_title(one))
        # Only people are called by the last word of a name.
        called = {one.split()[-1] for one in every if " " in one and one.split()[-1] in alone}
        titled = {one.split()[-1] for one in every if without_title(one) != one}
        self.people = frozenset(
            one for one in called | titled if not (one.casefold() in BODIES or one.isupper() or nation(one))
        )
        self.gender = {
            one.split()[-1]: pronoun
            for one in every
            for pronoun, titles in _TITLES.items()
            if one.split()[0].rstrip(".") in titles
        }

    def full(self, name: str) -> str:
        """Return the longest name of the document that ends as this one does: "Witkoff" → "Steve Witkoff".

        A name that two of the document share ("Clinton") stays as it is.
        """
        if not name.split()[-1][0].isupper():
            return name
        bare = without_title(name)
        longer = [
            one for one in self.by_last.get(bare.split()[-1], []) if same_name(one, bare) and len(one.split()) <= 5
        ]
        longest = max([bare, *longer], key=lambda one: (len(one.split()), one))
        return longest if all(same_name(one, longest) for one in longer) else bare

    def resolve(self, subject: str, found: Sequence[str | None]) -> str | None:
        """Return the name that a subject of sentence len(found) stands for; found are the speakers before it."""
        words = subject.split()
        folded = subject.casefold()
        if folded in ("he", "she"):
            return self._person_before(folded, found)
        if folded in _PRONOUNS:
            return None
        inside = names(subject, known=self.known | frozenset(folded.split()[:1]))
        if not inside:
            return subject if words[0].casefold() in _INDEFINITE else self._described(folded.split()[-1], found)
        if not words[-1][0].isupper() or " and " in subject:  # "Ukrainian officials"
            return " ".join(words[1:] if words[0].casefold() in _DETERMINERS else words)
        if len(inside) > 1 and inside[-1].text.split()[-1].casefold() in OFFICES and nation(inside[-2].text):
            return subject[inside[-2].span.start : inside[-1].span.end]  # "Russia’s Foreign Ministry"
        return inside[-1].text

    def _person_before(self, pronoun: str, found: Sequence[str | None]) -> str | None:
        """Return the last speaker, or else the person whom a sentence just before names first."""
        for number in range(len(found) - 1, max(-1, len(found) - 1 - _LOOK_BACK), -1):
            last = found[number] or self._subject(number)
            if last and self._is_person(last) and self.gender.get(last.split()[-1], pronoun) == pronoun:
                return last
        return None

    def _subject(self, number: int) -> str | None:
        """Return the first name of a sentence if it may be the subject's, a person's, else the first known person."""
        sentence = mask(self.sentences[number])
        first = next(iter(names(sentence, known=self.known)), None)
        if first and len(first.text.split()) in (2, 3) and not _NOT_SUBJECT.search(sentence[: first.span.start]):
            return first.text
        return next((one for one in self.names[number] if one.split()[-1] in self.people), None)

    def _is_person(self, name: str) -> bool:
        words = name.split()
        unlike = any(word.casefold() in BODIES or nation(word) for word in words) or not words[-1][0].isupper()
        return not unlike and (words[-1] in self.people or len(words) in (2, 3))

    def _described(self, noun: str, found: Sequence[str | None]) -> str | None:
        """Return the last speaker, or else the last name, that was called by this noun.

        "the ministry" → "Russian Foreign Ministry"; "the envoy" → "Steve Witkoff" after "special envoy Steve Witkoff".
        """
        for speaker in reversed(found):
            if speaker and speaker.split()[-1].casefold() == noun:
                return speaker
        for sentence in reversed(self.sentences[: len(found)]):
            for name in reversed(names(sentence, known=self.known)):
                before = sentence[: name.span.start].casefold().rstrip(" ,")
                if name.text.casefold().split()[-1] == noun or before.endswith(" " + noun):
                    return name.text
        return None


def _subject_before(text: str) -> str | None:
    """Return the noun phrase that ends text, the text before a verb; an aside between commas is stepped over."""
    if _PASSIVE.search(text):
        return None
    if _JOINED.search(text):
        return _first_subject(text)
    adverbs = _BEFORE_VERB.search(text)
    if adverbs is None:
        return None
    text = text[: adverbs.start()]
    if not (adverbs["aside"] or adverbs["comma"]):
        return _last_phrase(text)
    for _ in range(4):
        text = text[: max(text.rfind(","), 0)]
        phrase = _last_phrase(text)
        if phrase and not phrase.endswith("."):  # "of Ashton, Md.,"
            return phrase
    return None


def _first_subject(text: str) -> str | None:
    """Return the first name that begins the sentence or follows its opening phrase: "At dusk, Trump left and"."""
    for name in names(text, known=frozenset(word.casefold() for word in text.split()[:1])):
        before = text[: name.span.start].rstrip()
        if not before or before.endswith(",") or before.casefold() in _DETERMINERS:
            return name.text
    return None


def _last_phrase(text: str) -> str | None:
    """Return the noun phrase at the end of text: a run with a capital, a pronoun, or a few words after "the"."""
    words: list[str] = []
    rest = text.rstrip()
    capital = False
    while len(words) < 9 and (match := _TOKEN_BEFORE.search(rest)):
        word = match.group()
        folded = _CONTRACTED.sub("", word.casefold()).strip("’'.")
        if folded in _PRONOUNS and word not in ("US", "IT"):
            if words or _PREPOSITION.search(rest[: match.start()]):
                return None
            return _CONTRACTED.sub("", word)
        is_capital = word[0].isupper()
        if folded in _STOPS_SUBJECT and not (folded == "and" and capital):
            break
        if not is_capital and len(words) >= 3 and not capital:
            return None
        if capital and not is_capital and not _INSIDE_NAME.fullmatch(word):
            break
        words.insert(0, word)
        capital = capital or is_capital
        rest = rest[: match.start()]
        if folded in _DETERMINERS or not rest.endswith(" "):
            break
        rest = rest.rstrip()
    while words and words[0].casefold() in ("of", "and", "for"):
        rest = rest + " " + words.pop(0)
    if not words or _PREPOSITION.search(rest) or _PREPOSITION.fullmatch(words[0]):
        return None
    return " ".join(words) if _is_phrase(words) else None


def _is_phrase(words: Sequence[str]) -> bool:
    """Return whether words can be a source: a name, something after "the", or a noun that a name describes."""
    if words[0].casefold() in _DETERMINERS:
        return len(words) > 1
    if words[-1][0].isupper():
        return True
    described = any(word[0].isupper() for word in words) and not words[0].endswith("ing")
    return described and (words[-1].endswith("s") or words[-1] in _ROLES or words[-1] in OFFICES)


def _subject_after(masked: str, cue: re.Match[str]) -> str | None:
    """Return the noun phrase after an inverted cue, as in “…,” said Steve Witkoff."""
    before = masked[: cue.start()].rstrip()
    if not before or before[-1] not in "”\"»’',":
        return None
    return _phrase_after(masked[cue.end() :].lstrip())


def _phrase_after(text: str) -> str | None:
    """Return the noun phrase that begins text, as it stands after "said" or "according to"."""
    pronoun = re.match(r"(?:he|she|they|it)\b", text)
    if pronoun:
        return pronoun.group()
    end = _ENDS_PHRASE.search(text)
    phrase = text[: end.start() if end else len(text)].strip().rstrip(".")
    words = phrase.split()
    if not words or len(words) > 9 or not _is_phrase(words):
        return None
    if not words[-1][0].isupper():
        return phrase
    found = names(text, known=frozenset({words[0].casefold()}))
    covering = [one for one in found if one.span.start < len(phrase) <= one.span.end + 2]
    if not covering:
        return phrase
    joined = re.match(r"\s+and\s+(?:\w+\s+){0,4}?(?=[A-Z])", text[covering[0].span.end :])
    after = covering[0].span.end + joined.end() if joined else -1
    other = next((one for one in found if one.span.start == after), None)
    return text[covering[0].span.start : other.span.end] if other else covering[0].text
