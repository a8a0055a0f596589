"""The verb of an English sentence, and its base form, as far as closed lists and spelling can tell them."""

import re
from collections.abc import Callable
from functools import lru_cache

AUXILIARIES = frozenset(
    "is are was were has have had will would can could may might must shall should did does do".split()
)
PARTICIPLE_LINKS = frozenset("not never also now already still be been being have only once again since".split())

_IRREGULAR = dict(
    pair.split(":")
    for pair in """
    met:meet made:make took:take gave:give got:get went:go came:come became:become began:begin won:win lost:lose
    sold:sell bought:buy built:build sent:send spent:spend left:leave held:hold kept:keep led:lead paid:pay rose:rise
    fell:fall grew:grow drew:draw knew:know threw:throw flew:fly saw:see ran:run wrote:write spoke:speak broke:break
    chose:choose drove:drive brought:bring thought:think caught:catch taught:teach fought:fight sought:seek found:find
    heard:hear stood:stand understood:understand withdrew:withdraw overcame:overcome struck:strike swore:swear wore:wear
    tore:tear shook:shake rang:ring sang:sing sank:sink lent:lend felt:feel dealt:deal slid:slide fed:feed shot:shoot
    sat:sit hung:hang laid:lay forgot:forget foresaw:foresee undertook:undertake overtook:overtake arose:arise
    froze:freeze stole:steal hid:hide rode:ride ate:eat lit:light upheld:uphold underwent:undergo cut:cut hit:hit
    put:put set:set cost:cost shut:shut spread:spread beat:beat quit:quit told:tell said:say
    """.split()
)
_PARTICIPLES = frozenset(
    """taken given gone come become begun risen fallen grown drawn known thrown flown seen run written spoken broken
    chosen driven withdrawn overcome sworn worn torn shaken rung sung sunk forgotten foreseen undertaken overtaken
    arisen frozen stolen hidden ridden eaten born done shown proven""".split()
)
PRESENT = frozenset(
    """include cost last cover allow need want remain employ own take make contain require offer provide expect hold
    give receive earn pay begin open close sell use live get cause reduce exceed apply hire rent host""".split()
)
_NO_VERB = frozenset(
    """need feed seed speed indeed hundred embed shed sacred naked wicked rugged exceed heed deed weed reed bleed breed
    greed creed steed proceed succeed""".split()
)
_DOUBLED = re.compile(r"([bdgmnprt])\1$")


def is_past(word: str) -> bool:
    """Return whether a word may be a past form: "met", "killed"; participles of irregular verbs ("taken") are none."""
    return word in _IRREGULAR or (word.endswith("ed") and len(word) >= 4 and word not in _NO_VERB)


def is_participle(word: str) -> bool:
    """Return whether a word may follow "was" or "has" in its verb: "taken", "met", "killed"."""
    return word in _PARTICIPLES or is_past(word)


def is_present(word: str) -> bool:
    """Return whether a word is a present form with an -s that we know: "costs"."""
    return _base_of_present(word) is not None


def base_of(word: str, is_word: Callable[[str], bool]) -> str | None:
    """Return the base form of a past or present form: "met" → "meet", "announced" → "announce"; None if unsure.

    `is_word` says whether spellings are words; a form that spelling alone leaves open ("visite", "visit") needs it.
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if present := _base_of_present(word):
        return present
    if not is_past(word):
        return None
    stem = word[:-2]
    if stem.endswith("i"):
        return f"{stem[:-1]}y"
    # "stopped" has lost a letter, "called" has not; "announced" has gained only a d.
    spellings = [stem + "e", stem, *([stem[:-1]] if _DOUBLED.search(stem) else [])]
    found = [one for one in spellings if is_word(one)]
    if len(found) == 2 and found[0] == stem + "e" and not re.search(r"[aeiouy][^aeiouy]$|[cgsvuz]$", stem):
        found = [stem]  # "passed": "passe" is a word, too
    return found[0] if found else None


@lru_cache(maxsize=1 << 10)
def _base_of_present(word: str) -> str | None:
    for base in (word[:-1], word[:-2]):
        if word.endswith("s") and base in PRESENT:
            return base
    return "apply" if word == "applies" else None
