"""Fill in what a follow-up question refers to, and tell whether it refers to anything."""

import re
from dataclasses import dataclass, field, replace

from assistant.antecedents import Talk, about, fuller, gist, group, named_already, person, pointed_at, thing
from assistant.mentions import content, head_of, may_be_person, named, phrases
from assistant.names import names, nation
from assistant.quotations import mask
from vectorstore.words import STOP_WORDS

_PERSONAL = re.compile(
    r"\b(?P<word>(?P<whose>his|her(?=\s+(?!(?:and|or|to|in|at|for|from|as|about|after|before|when|with|on|become|be|get|go|do|"
    r"make|win|say|feel)\b)\w))|(?P<subject>he|she)|him|her)\b(?!['’])",
    re.IGNORECASE,
)
_PLURAL = re.compile(r"\b(?P<word>(?P<whose>their)|they|them)\b(?!['’])", re.IGNORECASE)
_IT = re.compile(r"\b(?P<word>(?P<whose>its)|it)\b(?!['’])", re.IGNORECASE)
# "it" that stands for nothing, or for what somebody said or did.
_EMPTY_IT = re.compile(
    r"\b(?:say|says|said|tell|told|do|done|make|made|take|took|mean|put|call|believe|think|know|find|found) it\b|"
    r"\b(?:did|do|does|is|was|will|would) it (?:rain|snow|mean|matter|take|possible|true|likely|important|necessary|"
    r"like|that|because|about time|too late)\b|"
    r"\bit(?:'s| is| was)? (?:possible|true|likely|important|necessary) (?:that|to|for)\b",
    re.IGNORECASE,
)
_DETERMINED = r"(?:a|an|the|his|her|its|their|my|your|our)"
_DEMONSTRATIVE = re.compile(
    r"\b(?:this|that|these|those)(?=\s*(?:[?.,;!]|$)|\s+(?:true|so|happen|affect|work|mean|end|help|lead|change|cause|cost|"
    r"last|become|important|possible|successful|popular|done|made|by|from|in|for|on|before|after|at)\b)|"
    rf"(?:(?<=\bis )|(?<=\bwas )|(?<=\bare )|(?<=\bwere ))(?:this|that|these|those)\b(?=\s+(?:{_DETERMINED}|\w+ed)\b)",
    re.IGNORECASE,
)
_SAYING = re.compile(r"\b(?:say|says|said|tell|tells|told|mean|means|meant)\s+$", re.IGNORECASE)
# "this week" is when it is asked, not what was said.
_NOW = re.compile(
    r"\b(?:this|these) (?:year|week|month|morning|afternoon|evening|summer|autumn|winter|spring|weekend|days)\b",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"\b(?:(?:others?|another)(?:\s+(?P<noun>[^\W\d_]{3,30}))?|else|(?:any|anything|are there) more)\b", re.IGNORECASE
)
_SET_APART = re.compile(r"\b(?:besides|than|aside|apart)\b", re.IGNORECASE)
_POINTS_BACK = re.compile(
    r"\b(?:its?|they|them|their|he|she|him|his|her|this|these|else|others?|another|then|next|afterwards?|instead|both|neither|"
    r"same|article|anyone|anybody|anything|someone|any|more|(?<!are )(?<!is )(?<!was )(?<!were )there)\b|"
    r"\b(?:in|at|on|from|of|after|before|during|about|for|to|by|with|why|what|did|do|is|was|were|won|would|will|could) "
    r"(?:that|those)\b",
    re.IGNORECASE,
)
_OWN_COMPLEMENT = re.compile(
    r"\b(?:about|on|over|against|regarding|with|to|for|of|in)\s+"
    rf"(?!{_DETERMINED}\b|this\b|that\b|it\b|them\b|him\b|what\b)[a-z]{{4,}}",
    re.IGNORECASE,
)
_UNIQUE = frozenset("sky sun moon earth world weather internet universe climate pope euro dollar".split())
# Stems of words that a question can hold and still name nothing.
_GENERAL = frozenset(
    """happen come go get win won lose lost start begin began end occur want know tell find interest notabl use thing
    someth anyth anyon anybodi peopl person result critic reaction famous popular success song album book movi film
    award first last new old say said think thought ask mean make made take call give see""".split()
)


@dataclass(slots=True)
class _Filling:
    """A question while its references are filled in: what goes where, in positions of the question as asked."""

    question: str
    talk: Talk
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    about: str = ""
    besides: str = ""
    called: list[tuple[str, str]] = field(default_factory=list)

    def put(self, start: int, end: int, text: str) -> None:
        """Put text in the place of question[start:end] unless something was put there before."""
        if all(end <= first or start >= last for first, last, _ in self.edits):
            self.edits.append((start, end, text))

    def name(self, match: re.Match[str], name: str, pronoun: str) -> None:
        """Put a name in the place of a pronoun, and remember that the pronoun stood for it."""
        if name:
            self.put(*match.span(), f"{name}’s" if match["whose"] else name)
            self.called.append((name, pronoun))

    def text(self) -> str:
        """Return the question with everything put in; what is added stands before its last sign."""
        pieces, last = [], 0
        for start, end, text in sorted(self.edits):
            pieces += [self.question[last:start], text]
            last = end
        whole = "".join([*pieces, self.question[last:]])
        body = whole.rstrip(" ?.!")
        about = re.sub(r" ?[(]", ", ", self.about).replace(")", "")
        added = (f" ({about})" if about else "") + (f", besides {self.besides}" if self.besides else "")
        return f"{body}{added}{whole[len(body) :].strip()}" if added else whole


def filled(question: str, talk: Talk) -> tuple[str, Talk]:
    """Return question with its references filled in, and the talk with the pronouns it used.

    What stands between quotation marks is never touched.
    """
    filling = _Filling(question, talk)
    masked = mask(question)
    for fill in (_people, _groups, _things, _descriptions, _demonstratives, _full_names, _others, _subject):
        fill(filling, masked)
    return filling.text(), replace(talk, called=(*talk.called, *filling.called))


def points_back(question: str) -> bool:
    """Return whether a question has a word that only what was said before it explains."""
    return bool(_POINTS_BACK.search(_NOW.sub(" ", _EMPTY_IT.sub(" ", mask(question)))))


def leaves_open(question: str) -> bool:
    """Return whether a question has a phrase like "the story" that does not say which."""
    held = [question[start:end] for start, end in phrases(question)]
    open_ones = (one for one in held if one[:4].casefold() == "the " and (" of the " in one or " of " not in one))
    return any(head_of(one) not in _UNIQUE and not names(one) for one in open_ones)


def leans(question: str, talk: Talk) -> bool:
    """Return whether a question names nothing and cannot be understood without the conversation before it."""
    if names(question) or _names_known(question, talk):
        return False
    if points_back(question):
        return True
    own = {word for word in content(question) if not word.isdigit()} - _GENERAL
    if leaves_open(question):
        return not _OWN_COMPLEMENT.search(question) or bool(own & talk.words)
    return len(own) <= 1 or bool(own & talk.words)


def _names_known(question: str, talk: Talk) -> bool:
    """Return whether a question writes a name of several words, said before, in its own way: "faith hill"."""
    said = content(question)
    several = (content(one) for one in dict.fromkeys((talk.part, *talk.known)))
    return any(len(words) > 1 and words <= said for words in several)


def _people(filling: _Filling, masked: str) -> None:
    match = _PERSONAL.search(masked)
    if match is None:
        return
    before = [one for one in named(filling.question[: match.start()]) if may_be_person(one)]
    if before and (match["whose"] or match["subject"]):  # "Why did Berg say that she would leave?"
        return
    pronoun = "he" if match["word"].casefold() in ("he", "his", "him") else "she"
    filling.name(match, person(filling.talk, pronoun, not_these=before), pronoun)


def _groups(filling: _Filling, masked: str) -> None:
    match = _PLURAL.search(masked)
    if match:
        filling.name(match, group(filling.talk), "they")


def _things(filling: _Filling, masked: str) -> None:
    match = _IT.search(masked)
    if match and not _EMPTY_IT.search(masked):
        beside_a_name = bool(names(filling.question[: match.start()])) or any(
            end < match.start() for _, end, _ in filling.edits
        )
        filling.name(match, thing(filling.talk, beside_a_name=beside_a_name), "it")


def _descriptions(filling: _Filling, masked: str) -> None:
    """Say which "the album", "these abilities" or "that year" is meant, where the conversation tells."""
    for start, end in phrases(masked):
        phrase = masked[start:end]
        first = phrase.split()[0].casefold()
        if (
            first not in ("the", "this", "that", "these", "those")
            or names(phrase)
            or " of " in phrase
            or _NOW.match(phrase)
        ):
            continue
        if longer := fuller(phrase, filling.talk):
            filling.put(start, end, longer)
        elif first != "the" and (meant := pointed_at(phrase, filling.talk)):
            filling.put(end, end, f" ({meant})")


def _demonstratives(filling: _Filling, masked: str) -> None:
    """Say in brackets what "this" points to: what was answered last."""
    match = _DEMONSTRATIVE.search(masked)
    if match and not _SAYING.search(masked, 0, match.start()) and (said := gist(filling.talk)):
        filling.put(match.end(), match.end(), f" ({said})")


def _full_names(filling: _Filling, masked: str) -> None:
    """Write a name out that the conversation knows longer ("Berg" → "Anna Berg"), where more is filled in too."""
    if not filling.edits and not _OTHERS.search(masked):
        return
    known = dict.fromkeys((filling.talk.subject, *filling.talk.known))
    longer = [one for one in known if 1 < len(one.split()) <= 4 and may_be_person(one) and " of " not in one]
    ends = frozenset(word.casefold() for one in longer for word in (one.split()[0], one.split()[-1]))
    said = [word.casefold() for word in re.findall(r"\w+", filling.question)]
    for name in names(filling.question, known=ends - STOP_WORDS):
        short = name.text.casefold()
        fits = [one.split() for one in longer if short in (one.split()[0].casefold(), one.split()[-1].casefold())]
        once = len(fits) == 1 and sum(word.casefold() in said for word in fits[0]) == 1
        if once and not nation(name.text):
            filling.put(name.span.start, name.span.end, " ".join(fits[0]))


def _others(filling: _Filling, masked: str) -> None:
    """Add what was named already: "any other songs, besides “Hound Dog”"."""
    match = _OTHERS.search(masked)
    if match and not _SET_APART.search(masked):
        filling.besides = named_already(filling.talk, filling.text(), noun=match["noun"] or "")


def _subject(filling: _Filling, masked: str) -> None:
    """Add what the conversation is about to a question that names nothing and leans on what was said."""
    subject = about(filling.talk)
    text = filling.text()
    names_it = bool(content(re.sub(r"\([^()]{0,60}\)$", "", subject)) & content(text))
    # Where no subject was announced, a question that speaks of anything by itself may have moved on.
    told_enough = not filling.talk.subject and bool(names(text) or phrases(text) or filling.edits)
    if subject and not names_it and not told_enough and leans(filling.question, filling.talk):
        filling.about = subject
