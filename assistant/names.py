"""Names of people, organisations and places in a text, and when two of them mean the same one."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

from vectorstore.types import Span
from vectorstore.words import STOP_WORDS, terms

_TOKEN = re.compile(r"[^\W_]+(?:[.'’\-][^\W_]+)*(?:['’](?=\s|$))?\.?", re.UNICODE)
_POSSESSIVE = re.compile(r"(?:['’][sS]|(?<=[sS])['’])$")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+(?:[^\W\d_]\.?)?")
_PARTICLES = frozenset(
    "of von van der den de del della di du da dos la le los las al el bin ibn ben y zu af ter".split()
)
# Words that are capitalised only because a sentence begins with them; a name begins after them.
_OPENERS = frozenset(
    """yes one another many several every either there perhaps maybe earlier later last next first second finally
    instead despite following according asked speaking given unlike like even although though since however meanwhile
    still yet today yesterday tomorrow now within across among amid without whether three four five six seven eight nine
    ten never nothing nobody everyone everybody someone somebody asking citing saying said writing two once until unless
    upon toward towards near behind beyond around along inside outside what's that's it's there's he's she's i'm i've
    i'd i'll we're we've they're they've you're don't please let's thus hence therefore moreover""".split()
)
_TITLES = frozenset(
    """president vice prime minister chancellor secretary general senator sen gen governor gov representative rep
    congressman congresswoman mayor king queen prince princess pope sir lord lady dame mr mrs ms dr prof
    professor captain capt colonel col major maj lieutenant lt sergeant sgt judge justice chairman chairwoman chief
    executive director spokesman spokeswoman spokesperson envoy ambassador foreign defence defense state treasury
    host commissioner king premier leader analyst deputy attorney first former coach manager
    republican democrat democratic conservative rev reverend reps sens messrs""".split()
)
_CALENDAR = frozenset(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december""".split()
)
# Nations that newspapers also call by an adjective or a capital that does not begin like the name.
# A row is one nation; the first word is how we write it, seats of its government are in capitals.
_NATIONS = """
russia russian russians MOSCOW KREMLIN
ukraine ukrainian ukrainians KYIV KIEV
france french PARIS ÉLYSÉE
germany german germans BERLIN
britain british uk LONDON england english
america american americans us usa WASHINGTON
china chinese BEIJING
spain spanish MADRID
italy italian italians ROME
poland polish WARSAW
netherlands dutch HAGUE
denmark danish COPENHAGEN
sweden swedish STOCKHOLM
finland finnish HELSINKI
norway norwegian OSLO
switzerland swiss BERN
greece greek ATHENS
turkey turkish türkiye ANKARA
ireland irish DUBLIN
scotland scottish EDINBURGH
wales welsh CARDIFF
israel israeli israelis
iran iranian TEHRAN
iraq iraqi BAGHDAD
japan japanese TOKYO
india indian DELHI
pakistan pakistani ISLAMABAD
canada canadian OTTAWA
mexico mexican
brazil brazilian BRASÍLIA
egypt egyptian CAIRO
hungary hungarian BUDAPEST
europe european europeans eu BRUSSELS
"""


@dataclass(frozen=True, slots=True)
class Name:
    """A run of capitalised words; `span` leaves out a possessive ending."""

    text: str
    span: Span


def names(text: str, *, known: Container[str] = frozenset()) -> tuple[Name, ...]:
    """Return the names in text in order.

    A word that is capitalised only because it begins the text counts when it is in `known` (case-folded words that
    stand capitalised elsewhere) or another capitalised word follows it; in a headline whose words are all capitalised
    every word must be known. Days, months and words like "No" or "However" are not names. "of", "von" and the like
    may join two capitalised words. A possessive ends a name: "Trump’s envoy Steve Witkoff" holds two.
    """
    shouted = _is_headline(text)
    found: list[Name] = []
    run: list[re.Match[str]] = []
    pending: list[re.Match[str]] = []

    def close() -> None:
        while run and _is_opener(run[0].group()):
            del run[0]
        if run and _is_name(text, run, known):
            bare = _bare(text[run[0].start() : run[-1].end()])
            found.append(Name(bare, Span(run[0].start(), run[0].start() + len(bare))))
        run.clear()
        pending.clear()

    last = 0
    for match in _TOKEN.finditer(text):
        word = match.group()
        if run and text[last : match.start()].strip(" \u00a0"):  # punctuation between two words ends a run
            close()
        if _is_capitalised(word) and (not shouted or _bare(word).casefold() in known):
            run += [*pending, match]
            pending.clear()
            if _POSSESSIVE.search(word):
                close()
        elif run and word in _PARTICLES and len(pending) < 3 and (pending or word != "the"):
            pending.append(match)  # "of the", but not "In Moscow the"
        else:
            close()
        last = match.end()
        if run and word.endswith(".") and not _INITIALS.fullmatch(word) and len(word) > 5:
            close()
    close()
    return tuple(found)


def capitalised_words(texts: Sequence[str]) -> frozenset[str]:
    """Return the case-folded words that stand capitalised inside these sentences, not only at their beginning."""
    found = set()
    for text in texts:
        for number, match in enumerate(_TOKEN.finditer(text)):
            if number and _is_capitalised(match.group()):
                found.add(_bare(match.group()).casefold())
    return frozenset(found)


def without_title(name: str) -> str:
    """Return a person's name without what stands before it: "NATO Secretary General Mark Rutte" → "Mark Rutte"."""
    words = name.split()
    for index in range(len(words) - 2, -1, -1):
        if words[index].rstrip(".").casefold() in _TITLES:
            rest = words[index + 1 :]
            is_office = rest[0] in ("of", "the", "for") or any(word.casefold() in BODIES for word in rest)
            return name if is_office else " ".join(rest)
    return name


def nation(word: str) -> str | None:
    """Return the nation that a word or its stem stands for ("Moscow", "Russian", "russian" → "russia"), or None."""
    folded = word.casefold().replace(".", "")
    return _NATION_OF.get(folded) or _NATION_OF_STEM.get(folded)


def is_seat(word: str) -> bool:
    """Return whether a word is the seat of a government ("Moscow"): it may speak for its nation, but is a place too."""
    return word.casefold() in _SEATS


def shortened(text: str) -> str:
    """Return text with the long names of states and unions as initials: "the United States" → "the US"."""
    return _LONG.sub(lambda match: _INITIALS_OF[match.group(1).casefold()], text)


def same_name(one: str, other: str) -> bool:
    """Return whether two names can mean the same person, organisation or nation.

    They can when all significant words of the shorter stand in the longer ("Witkoff", "Steve Witkoff"), or when one is
    a nation and the other speaks for it ("Russia", "the Russian Foreign Ministry"; not "Russian President Putin",
    who is a person).
    """
    first, second = _significant(one), _significant(other)
    if not first or not second:
        return False
    if first <= second or second <= first:
        return True
    return _speaks_for(first, other) or _speaks_for(second, one)


def _speaks_for(words: frozenset[str], other: str) -> bool:
    """Return whether these words are just a nation, and other an office of that nation."""
    if len(words) != 1:
        return False
    of_one = nation(next(iter(words)))
    rest = [word for word in other.split() if word.casefold() not in STOP_WORDS]
    return (
        of_one is not None
        and any(nation(word.strip(".,’'s") or word) == of_one for word in rest)
        and (len(rest) == 1 or bool(OFFICES & {word.casefold() for word in rest}))
    )


OFFICES = frozenset(
    """ministry government embassy officials official authorities parliament army military forces navy defence defense
    department council senate congress administration agency services police delegation diplomats leaders spokesman
    spokeswoman spokesperson statement negotiators side""".split()
)
# The words that end the names of bodies, never those of people.
BODIES = OFFICES | frozenset(
    """party house court university committee bank times post news journal states union group company corporation inc
    corp ltd association institute office bureau commission league club city county state fund press street board center
    centre organization organisation nations foundation act team convention conference day island river world road air
    force cup prize universe article security treaty trade""".split()
)
_NATION_OF = {word.casefold(): line.split()[0] for line in _NATIONS.strip().splitlines() for word in line.split()}
_NATION_OF_STEM = {term.text: name for word, name in _NATION_OF.items() for term in terms(word) if not term.stop}
_SEATS = frozenset(word.casefold() for word in _NATIONS.split() if word.isupper())


_INITIALS_OF = {"states": "US", "kingdom": "UK", "union": "EU", "nations": "UN"}
_LONG = re.compile(r"\b(?:United (?=States|Kingdom|Nations)|European (?=Union))(States|Kingdom|Nations|Union)\b", re.I)


def _significant(name: str) -> frozenset[str]:
    """Return the words that tell who is meant; the parts of "Putin-Zelensky" count singly."""
    words = [_bare(word).casefold() for word in re.split(r"[\s,-]+", without_title(shortened(name))) if word]
    return frozenset(nation(w) or w.replace(".", "") for w in words if w not in STOP_WORDS and w not in _PARTICLES)


def _bare(word: str) -> str:
    """Return a word or name without its possessive ending and without a full stop that is not part of initials."""
    last = word.split()[-1] if word.split() else word
    return _POSSESSIVE.sub("", word if _INITIALS.fullmatch(last) else word.rstrip("."))


def _is_capitalised(word: str) -> bool:
    return word[0].isupper() and _bare(word).casefold() not in _CALENDAR


def _is_opener(word: str) -> bool:
    folded = _bare(word).casefold().replace("’", "'")
    written_as_word = len(folded) == 1 or not _bare(word).isupper()  # WHO, IT and US are names, "It" and "A" are not
    return written_as_word and (folded in STOP_WORDS or folded in _OPENERS)


def _is_headline(text: str) -> bool:
    """Return whether nearly every word is capitalised, so that capitals say nothing about names."""
    words = re.findall(r"[^\W\d_]{4,}", text)
    least = 4 if text.isupper() else 7  # a long title, "President of the United States Donald Trump", is none
    return len(words) >= least and sum(word[0].isupper() for word in words) > 0.8 * len(words)


def _is_name(text: str, run: Sequence[re.Match[str]], known: Container[str]) -> bool:
    first = _bare(run[0].group()).casefold()
    begins = not text[: run[0].start()].strip(" \n\t\"'“‘«„([-—•*")
    return not begins or len(run) > 1 or first in known or (len(first) > 1 and run[0].group().isupper())
