"""What a conversation has come to, and what "he", "they", "it", "this" and "what else" stand for in it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.mentions import (
    content,
    definite,
    head_of,
    is_plural,
    may_be_person,
    named,
    people,
    phrases,
    plain,
    quoted,
    telling,
    told_of,
)
from assistant.names import names, nation

_MOMENTS = frozenset("time year day moment period point date month week season era".split())
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_ASKS_WHO = re.compile(r"\s*(?:and\s+)?who(?:['’]s|\s+is|\s+was)\s+(?:the|its|their|now)\b", re.IGNORECASE)
_ASKS_WHICH = re.compile(r"\s*(?:what|which)\b", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[;:]|[.!?](?=\s|$)|,(?=\s)")
_PREAMBLE = re.compile(  # "On Monday, the council …"
    r"^(?:on|in|at|after|before|while|when|during|by|for|according|besides|despite|as)\b[^,;.]{0,80},\s+", re.IGNORECASE
)
_NO_GIST = re.compile(r"(?:i|it|there|we|you|they|this|that|his|her|their)\b", re.IGNORECASE)
_LED_BY = re.compile(r"(?P<pronoun>he|she)\b", re.IGNORECASE)
_SHORT = 12  # words of an answer that are repeated in a question


@dataclass(frozen=True, slots=True)
class Talk:
    """What a conversation has come to; "" and () before anything was said.

    `subject` is what a turn announced without asking ("Anna Berg", "the Oslo tunnel"), `part` the heading that answered
    it. `asked` is the last question made to stand alone, `answered` the answer to it, `told` the last answer that told
    something. `known` are the names said so far, newest first, each as often as it was said; `called` tells which
    pronoun stood for a name; `words` are all content words said.
    """

    subject: str = ""
    part: str = ""
    asked: str = ""
    answered: str = ""
    told: str = ""
    known: tuple[str, ...] = ()
    called: tuple[tuple[str, str], ...] = ()
    words: frozenset[str] = frozenset()

    def as_called(self, name: str) -> str:
        """Return the pronoun that stood for a name, "he" or "she" rather than another, or ""."""
        every = [pronoun for one, pronoun in self.called if one == name]
        return next((one for one in every if one in ("he", "she")), next(iter(every), ""))


def person(talk: Talk, pronoun: str, *, not_these: Sequence[str] = ()) -> str:
    """Return whom "he" or "she" stands for, or "".

    That is the announced subject, else the person whom the last question named, else one called so before, else the
    person whom the last answer names first; `not_these` are named in the question itself.
    """
    excluded = content(" ".join(not_these))
    other = "she" if pronoun == "he" else "he"
    thing = frozenset() if may_be_person(talk.subject) else content(talk.subject)

    def fits(name: str) -> bool:
        words = content(name)
        return may_be_person(name) and talk.as_called(name) != other and not words & excluded and not words <= thing

    told = [one for one in people(plain(talk.answered)) if fits(one)]
    if told and _ASKS_WHO.match(talk.asked):
        return told[0]
    asked = [one for one in named(talk.asked) if fits(one) and " of " not in one]
    if fits(talk.subject) and (talk.as_called(talk.subject) in ("", pronoun) or not (asked or told)):
        return talk.subject
    before = [name for name, called in reversed(talk.called) if called == pronoun and fits(name)]
    often = Counter(one for one in talk.known if fits(one) and " of " not in one).most_common(1)
    return in_full(next(iter([*asked, *before[:1], *told, *(name for name, _ in often)]), ""), talk)


def in_full(name: str, talk: Talk) -> str:
    """Return the longest form that the conversation has of a person's name: "Berg" → "Anna Berg"."""
    words = content(name)
    known = (talk.subject, *talk.known)
    longer = [one for one in known if words < content(one) and may_be_person(one) and " of " not in one]
    return max(longer, key=len) if words and longer else name


def group(talk: Talk) -> str:
    """Return whom or what "they" stands for, or ""."""
    if talk.subject and talk.as_called(talk.subject) in ("", "they", "it"):
        return talk.subject
    several = [talk.asked[start:end] for start, end in phrases(talk.asked)]
    several = [one for one in several if is_plural(one) and telling(one)]
    if several:
        return definite(several[0])
    two: list[str] = []
    for one in (*named(talk.asked), *people(plain(talk.answered))):
        if may_be_person(one) and not any(content(one) & content(other) for other in two):
            two.append(one)
    if len(two) == 2:
        return " and ".join(two)
    bodies = (one for one in named(talk.asked) if not may_be_person(one) and not nation(one))
    return talk.subject or next(bodies, "")


def thing(talk: Talk, *, beside_a_name: bool = False) -> str:
    """Return what "it" stands for, or "".

    Where the question names somebody before "it", a mere name is not taken for it: in "Since when has Russia held it?"
    after a question about two countries it could be either.
    """
    if (answer := one_thing(talk)) and _ASKS_WHICH.match(talk.asked):
        return answer
    subject = talk.subject if talk.as_called(talk.subject) in ("", "it", "they") else ""
    if subject and talk.as_called(subject) == "it" and subject in talk.asked:
        return subject
    one = [talk.asked[start:end] for start, end in phrases(talk.asked)]
    one = [phrase for phrase in one if telling(phrase) and not is_plural(phrase)]
    if one:
        return definite(one[0])
    if beside_a_name:
        return subject
    others = [
        name for name in named(talk.asked) if not may_be_person(name) and not content(name) <= content(talk.subject)
    ]
    answered = (
        [one for one in told_of(plain(talk.answered)) if not is_plural(one)] if _ASKS_WHICH.match(talk.asked) else []
    )
    return next(iter([*others, *([subject] if subject else []), *answered]), "")


def one_thing(talk: Talk) -> str:
    """Return the title that the last answer begins with, or the whole of an answer that is hardly more than a name."""
    answer = plain(talk.answered)
    titles = quoted(answer)
    if titles and answer.index(titles[0]) < 4:
        return f"“{titles[0]}”"
    words = answer.split()
    begins = frozenset(word.casefold().strip(".,") for word in words[:1])
    return answer.rstrip(" .,") if len(words) <= 5 and names(answer, known=begins) else ""


def pointed_at(phrase: str, talk: Talk) -> str:
    """Return the years that "that time" points to, the title or name that "this movie" points to, or ""."""
    if head_of(phrase) in _MOMENTS:
        said = (_YEAR.findall(text) for text in (plain(talk.answered), talk.asked, talk.part))
        years = next(filter(None, said), [])
        return "–".join(dict.fromkeys((years[0], years[-1]))) if years else ""
    titles = quoted(plain(talk.answered))
    return one_thing(talk) or (f"“{titles[0]}”" if titles else "")


def fuller(phrase: str, talk: Talk) -> str:
    """Return a longer phrase with the same head that the conversation holds: "the scandal" → "the BALCO scandal"."""
    if not telling(phrase):
        return ""
    head, own = head_of(phrase), content(phrase)
    for text in (talk.asked, plain(talk.answered), talk.part):
        held = [*(text[start:end] for start, end in phrases(text)), *(f"the {name}" for name in named(text))]
        for other in held:
            if head_of(other) == head and own < content(other):
                return definite(re.sub(r"^the (?=the\b)", "", other, flags=re.IGNORECASE))
    return ""


def gist(talk: Talk) -> str:
    """Return the first clause of the last answer, cut after a dozen words; "" if nothing was answered.

    "He told ABC" is said with his name, or not at all.
    """
    answer = _PREAMBLE.sub("", plain(talk.answered), count=1).strip(' .,;:"“”')
    if led := _LED_BY.match(answer):
        name = person(talk, led["pronoun"].casefold())
        answer = f"{name}{answer[led.end() :]}" if name else ""
    if _NO_GIST.match(answer):
        return ""
    end = next((one.start() for one in _CLAUSE_END.finditer(answer) if one.start() > 15), len(answer))
    words = re.sub(r"[()]", "", answer[:end]).split()
    return " ".join(words[:_SHORT]) + (" …" if len(words) > _SHORT else "")


def named_already(talk: Talk, question: str, *, noun: str = "") -> str:
    """Return what the last answer told of, for "what else": a thing called `noun`, titles, names or what was asked of.

    At most two, and nothing that the question, as far as it is filled in, names itself.
    """
    answer = plain(talk.told)
    things = [*told_of(talk.asked), *told_of(answer)]
    alike = [one for one in things if noun and content(head_of(one)) & content(noun)]
    titles = [f"“{one}”" for one in quoted(answer)]
    own = content(question)
    for every in (alike[:1],) if alike else (titles, named(answer), things[:1]):
        fresh = [one for one in every if not content(one) & content(talk.subject) and not content(one) <= own]
        if fresh:
            return " and ".join(fresh[:2])
    return ""


def about(talk: Talk) -> str:
    """Return what the conversation is about: the announced subject, else the only name of the last question, or ""."""
    alone = named(talk.asked)
    return talk.subject or (alone[0] if len(alone) == 1 else "")
