"""Whether two sentences take the same side: negation, stance (accepts, rejects), direction, certainty."""

import re
from collections import Counter
from collections.abc import Sequence

from assistant.wording import content_of
from vectorstore.words import terms

_NEGATIONS = re.compile(
    r"\b(?:not|no|never|neither|nor|none|nobody|nothing|cannot|unable|impossible|unlikely)\b|n['’]t\b",
    re.IGNORECASE,
)
# "not" that denies nothing, and "no" that is a number.
_IDIOMS = re.compile(
    r"\b(?:not (?:only|just|merely|simply|least)|whether or not|if not|no (?:doubt|less than|fewer than|matter|later "
    r"than|sooner)|why not|nothing (?:but|short of)|no\.? (?=\d))",
    re.IGNORECASE,
)
# Ways to deny without a negation.
_LACKS = re.compile(
    r"\b(?:without|hardly|barely|scarcely|lack\w*|absen\w+|depriv\w+|yet to|far from|rather than|instead of|little|few|"
    r"only|neglect\w*|avoid\w*|stop\w*|end(?:s|ed|ing)?|miss\w*|lost|loses?|too|least|nowhere|false\w*|untrue|"
    r"wrong\w*|rare\w*|"
    r"dis[a-z]{4,}|non[a-z]{4,}|un(?!der|til|less|ion|it|iv)[a-z]{4,}|"
    r"in(?:effect|suffic|adeq|cap|corr|accur|valid|activ|compl)\w*|im(?:poss|prob|mun)\w*|against(?= \w+ing\b))\b",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\b(?:reject|refus|den(?:y|ie)|oppos|dismiss|disput|prohibit|forbid|forbad|bann|block|prevent|"
    r"declin|objected|objecti|"
    r"contradict|criticis|criticiz|condemn|repudiat|withdr|cancel|veto|scrapp|fail)\w*|"
    r"\bdenial|\bturn(?:s|ed)? down\b|\bban\b|\b(?:is|are|was|were|be|been|come|came|vot\w+|decid\w+|speak|"
    r"spoke\w*|warn\w*|advis\w*|protest\w*|"
    r"out|turn\w*) against\b|\brul(?:e|ed|es|ing) out\b",
    re.IGNORECASE,
)
# What these are followed by did not happen.
_DENIED = re.compile(
    r"\b(?:den(?:y|ie[sd]|ying)|(?:refus|declin|fail)(?:e[sd]?|s|ing|ed)? to|rul(?:e|ed|es|ing) out)\b", re.I
)
_FOR = re.compile(
    r"\b(?:agree|accept|approv|welcom|support|endors|allow|permit|commit|pledg|confirm|hail|prais|commend|embrac|"
    r"consent|promis)\w*",
    re.IGNORECASE,
)
_NOT_FOR = re.compile(r"\bdisagree\w*|\bunsupport\w*|\bunaccept\w*|\bagreement\w*", re.IGNORECASE)
DIRECTIONS = (
    "rose risen rises rising increase increased increases increasing grew grown grows climbed climbs gained gains "
    "soared jumped | fall fell fallen falls falling decrease decreased decreases drop dropped drops shrank declined "
    "declines slumped plunged",
    "win won wins winning | lose lost loses losing",
    "profit profits | loss losses",
    "cause causes caused causing | prevent prevents prevented preventing",
    "success successful successfully succeeded | failure unsuccessful unsuccessfully failed",
    "buy bought buys buying | sell sold sells selling",
)
# These turn a sentence round only when one stands in the other's place.
_OPPOSITES = (
    *DIRECTIONS,
    "up rise above over increase raise raised raises lifted | "
    "down fall below under cut cuts lower lowered lowers reduced",
    "more higher larger greater bigger better stronger most highest largest "
    "best | less fewer lower smaller worse weaker least lowest smallest worst",
    "start started starts begin began begins open opened opens | end ended ends stop stopped stops close closed closes",
    "before until | after from since",
    "all every only exactly | most many some several about around nearly almost roughly",
    "always | never",
    "all every both | none neither some",
    "first | last",
    "former | current",
    "can will | cannot",
    "accept accepted accepts accepting | reject rejected rejects rejecting",
    "allow allowed allows | ban banned bans forbid forbade forbids",
    "support supported supports back backed backs | oppose opposed opposes",
    "increased | reduced",
    "join joined joins | leave left leaves",
    "with | without",
    "guilty | innocent",
    "confirmed confirms | denied denies",
)
_FOREBODING = re.compile(r"\b(?:warn\w*|fear\w*|risk\w*|danger|threat\w*) (?:of|about|against)\b", re.IGNORECASE)
_HEDGES = re.compile(
    r"\b(?:(?:could|would|should)(?! not\b)|may|might|reportedly|allegedly|apparently|possibl[ey]|"
    r"potential(?:ly)?|likely|"
    r"perhaps|consider(?:s|ing)?|considered|expected|suggest\w*|hop(?:e|es|ed|ing)|plan(?:s|ned|ning)?|propos\w*|"
    r"intend\w*|seek\w*|aim(?:s|ed)?|unclear|claim(?:s|ed)?|if|willing|ready|want(?:s|ed)?)\b",
    re.IGNORECASE,
)
# What follows these has not happened.
_UNREAL = re.compile(
    r"\b(?:could|would|should|may|might|consider(?:s|ing)?|plan(?:s|ning)? to|propos(?:e|es|ing)(?: to)?|intends? to|"
    r"seeks? to|aims? to|wants? to|hopes? to|(?:willing|ready|likely|expected) to)\b(?! have\b)",
    re.IGNORECASE,
)


def denies(text: str) -> bool:
    """Return whether text holds a negation: "not", "never", "n’t"; "not only" is none."""
    return _NEGATIONS.search(_IDIOMS.sub(" ", text)) is not None


def is_negative(text: str) -> bool:
    """Return whether text denies or rejects, but not both: "did not reject" is positive."""
    return denies(text) != (_AGAINST.search(text) is not None)


def leaning(text: str) -> int:
    """Return 1 for words of approval, -1 for words of rejection, each turned round by a negation, 0 for neither."""
    side = -1 if _AGAINST.search(text) else 1 if _FOR.search(_NOT_FOR.sub(" ", text)) else 0
    return -side if denies(text) else side


def opposed(claim: str, source: str, *, quoted: str = "") -> str | None:
    """Return in a few words how claim and source take different sides, or None when nothing shows that they do.

    `quoted` is what claim quotes word for word, left out of it: its denials are the source's own and cannot be wrong,
    but they count as said (He called it “impossible” leaves no denial out).
    """
    claim, source = _IDIOMS.sub(" ", claim), _IDIOMS.sub(" ", source)
    against, negated = _AGAINST.search(claim), _NEGATIONS.search(claim)
    stance = _AGAINST.search(source)
    denial = against or negated
    if denial and not (stance or _NEGATIONS.search(source) or _LACKS.search(source)):
        return f"“{denial.group()}” where the source denies nothing"
    favours = _FOR.search(_NOT_FOR.sub(" ", claim))
    if favours and stance and not denial and not _FOR.search(_NOT_FOR.sub(" ", source)):
        return f"“{favours.group()}” where the source has “{stance.group()}”"
    if not (denial or _LACKS.search(claim) or _NEGATIONS.search(quoted) or _AGAINST.search(quoted)):
        dropped = negated_words(source) & content_of(claim)
        if dropped:
            return f"the source negates “{min(dropped)}”"
    return turned(claim, source, among=DIRECTIONS)


def turned(claim: str, source: str, *, among: Sequence[str] = _OPPOSITES) -> str | None:
    """Return how claim says the opposite of source ("fell", "rose"), or None; for words that stand in one place."""
    said, written = _plain(claim), _plain(source)
    for row in among:
        sides = [frozenset(side.split()) for side in row.split("|")]
        for here, there in (sides, sides[::-1]):
            if said & here and not said & there and written & there and not written & here:
                return f"“{min(said & here)}” where the source has “{min(written & there)}”"
    return None


def overstated(claim: str, source: str) -> str | None:
    """Return the word by which source hedges what claim asserts as plain fact, or None.

    Who warns of something does not say that it is so.
    """
    if _HEDGES.search(claim) or _FOREBODING.search(claim):
        return None
    said = content_of(claim)
    for hedge in _HEDGES.finditer(source):
        following = [term for term in terms(source[hedge.end() : hedge.end() + 60]) if not term.stop][:2]
        if any(term.text in said for term in following):
            return hedge.group()
    return None


def accomplished(claim: str, source: str) -> str | None:
    """Return in a few words what claim says was done and source only that it may be, or None.

    Only where claim has no hedge, and has the past form of the very verb: "has purchased" for "would consider
    purchasing". A verb that source has in that form as well, hedged or not ("reportedly purchased"), is left to
    overstated.
    """
    if _HEDGES.search(claim):
        return None
    written = _plain(source)
    past = {terms(word)[0].text: word for word in re.findall(r"\b[a-z]+ed\b", claim) if word not in written}
    held = Counter(term.text for term in terms(source))
    for hedge in _UNREAL.finditer(source):
        following = [term.text for term in terms(source[hedge.end() : hedge.end() + 60]) if not term.stop][:1]
        if following and following[0] in past and held[following[0]] == 1:
            return f"“{past[following[0]]}” where the source has “{hedge.group()}”"
    return None


def negated_words(text: str) -> frozenset[str]:
    """Return the first content word after each negation, in its clause, unless text says it without one as well."""
    denied: Counter[str] = Counter()
    for match in (*_NEGATIONS.finditer(text), *_DENIED.finditer(text)):
        clause = re.split(r"[,;:.—]", text[match.end() : match.end() + 60])[0]
        denied.update([term.text for term in terms(clause) if not term.stop][:1])
    held = Counter(term.text for term in terms(text))
    return frozenset(word for word, times in denied.items() if times >= held[word])


def _plain(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d_]+", text.casefold()))
