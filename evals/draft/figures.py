"""Questions that a number or a date answers: “How many …?”, “How much …?”, “When …?”."""

import re
from collections.abc import Iterator
from dataclasses import replace

from assistant.names import names
from assistant.quantities import Quantity, quantities
from assistant.speakers import reports
from assistant.types import Evidence
from assistant.wording import content_of
from evals.draft.candidates import Candidate, asked, fact, flat, pattern_of, statement
from evals.draft.clauses import Clause, clause_of, inverted, stands_alone
from evals.draft.corpus import Corpus
from evals.draft.verbs import AUXILIARIES
from evals.types import WrongAnswer
from evals.wording import fold
from vectorstore.types import Span

_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATE = re.compile(
    r"(?:,\s)?\b(?P<lead>on|in|On|In)\s(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,?\s)?"
    rf"(?P<date>\d{{1,2}}(?:st|nd|rd|th)?\s(?:{_MONTH})(?:,?\s\d{{4}})?|(?:{_MONTH})\s\d{{1,2}}(?!\d)(?:,?\s\d{{4}})?|"
    rf"(?:{_MONTH})\s\d{{4}}|(?:1[5-9]|20)\d\d(?![\d-]))"
)
_YEAR = re.compile(r"\d{4}")
_HEDGED = re.compile(
    r"(?:(?:more|greater|higher|less|fewer|lower) than|over|above|at (?:least|most)|under|below|up to|about|around|"
    r"nearly|almost|approximately|roughly|some|close to|just|only|an? (?:estimated|total of)|as (?:many|much) as)\s+",
    re.IGNORECASE,
)
_ENDS_COUNTED = re.compile(
    r"\s(?:in|on|at|by|for|with|from|to|into|over|under|after|before|during|about|against|between|among|as|per|since|"
    r"until|a|an|the|each|every|when|which|who|that|and|or|across|within|through|because|while|if|due|such|including|worth|"
    r"later|earlier|last|more|less|only|also|following|out|off|up|down|back|away|around|just|out|this|next)\b"
)
_ONWARD = re.compile(r"\s(?:to|from|against)\s(?=\D{0,12}\d)")  # "to $11.1bn from $10.9bn"
_ASKING = content_of("what which year how much many percentage did does do was is according")
_LOOSE = re.compile(
    r"[’']s?\s|\b(?:that|which|who|until|since|before|after|following|held|elections?|due)\b|(?:\S+\s+){10}"
)
_PAST = ("was", "were", "did")
_SAYING = ("said", "says", "announced", "reported", "confirmed", "revealed")
_CHANGES = re.compile(
    r"\b(?:rose|rise|risen|fell|fall|fallen|grew|grow|grown|climbed|climb|dropped|drop|increased|increase|decreased|"
    r"decrease|jumped|jump|slumped|slump|gained|gain|slipped|slip|surged|surge|soared|soar|shrank|shrunk|declined|decline)$"
)


def figures(one: Evidence, corpus: Corpus) -> Iterator[Candidate]:
    """Yield the question that a number, and the one that a date, of a plain sentence answers.

    What somebody said is asked for as that: “By how much did sales rise, according to Time Warner?”
    """
    said, source = _reported(one)
    clause = clause_of(said)
    if clause is None:
        return
    for candidate in (number(one, clause, corpus), date(one, clause, corpus)):
        if candidate and is_specific(candidate, clause, corpus):
            yield replace(candidate, question=candidate.question.rstrip("?") + source + "?")


def is_specific(candidate: Candidate, clause: Clause, corpus: Corpus) -> bool:
    """Return whether a question means one thing to someone who has not read the document.

    It names somebody or something, or has four words that tell; "the notice period" is named by a heading. And no
    other sentence holds most of its words but another answer.
    """
    question, one = candidate.question, candidate.gold[0]
    words = content_of(question) - _ASKING
    if not stands_alone(question):
        return False
    if not names(f"… {question[1:]}", known=frozenset()):
        subject = clause.subject.of(clause.text)
        is_headed = bool(content_of(subject) & corpus.headed(one.document))
        is_defined = is_headed or not subject.casefold().startswith("the ")
        if len(words) < 3 + (not is_headed) or not is_defined or re.search(r"\d", _YEAR.sub("", question)):
            return False
    return not any(
        sum(word in content_of(other.text) for word in words) >= 0.75 * len(words)
        and not any(re.search(pattern, fold(other.text)) for pattern in candidate.facts[0].any_of)
        for other in corpus.all
        if other.sentence != one.sentence
    )


def _reported(one: Evidence) -> tuple[str, str]:
    """Return what a sentence says, and ", according to X" if it is X who says it."""
    frames = reports(flat(one.text))
    if len(frames) != 1 or one.speaker is None or frames[0].cue not in _SAYING:
        return flat(one.text), ""
    if last := re.fullmatch(rf"(?P<said>[^“”\"]+), [^,“”\"]*{re.escape(frames[0].subject)}[a-z ]*\.", flat(one.text)):
        return f"{last['said']}.", f", according to {one.speaker}"
    if not flat(one.text).startswith(frames[0].subject):
        return flat(one.text), ""
    start = flat(one.text).find(frames[0].cue)
    said = re.sub(r"^\s*(?:that\s+)?", "", flat(one.text)[start + len(frames[0].cue) :])
    return said[:1].upper() + said[1:], f", according to {one.speaker}"


def number(one: Evidence, clause: Clause, corpus: Corpus) -> Candidate | None:
    """Return the question for the number of a clause, None if there are several or it cannot be asked for.

    Of a change only the first number is asked for: “rose 2% to $11bn” says by how much it rose.
    """
    dated = [Span(*match.span()) for match in _DATE.finditer(clause.text)]
    found = [
        quantity
        for quantity in quantities(clause.text)
        if not any(span.start <= quantity.span.start < span.end for span in dated)
    ]
    after_verb = bool(found) and found[0].span.start > clause.rest.start
    if len(found) > 1 and after_verb and (onward := _ONWARD.match(clause.text, found[0].span.end)):
        cut = Span(clause.rest.start, onward.start())
        clause, found = replace(clause, text=clause.text[: cut.end], rest=cut), found[:1]
    if len(found) != 1 or _is_year(found[0]) or not re.match(r"[\d$€£¥]|[a-z]", found[0].text, re.IGNORECASE):
        return None
    quantity = found[0]
    follows = clause.text[quantity.span.start + len(_numeral(quantity)) :][:1]
    if follows.isalnum() or follows == "-":  # "87th", "30-day"
        return None
    question = _question_before_verb(clause, quantity) or _question_after_verb(clause, quantity, corpus, one)
    if question is None:
        return None
    figure = quantity.text if quantity.unit in ("%", *_MONEY) else _numeral(quantity)
    changed = _other_number(figure)
    text = statement(one.text)
    wrong = f"{text.replace(figure, changed)} [q1]." if changed and text.count(figure) == 1 else None
    return Candidate(
        "number",
        question,
        (one,),
        (fact(1, quantity.text, _spellings(figure, quantity), [1]),),
        f"{text} [q1].",
        (WrongAnswer(wrong, "number"),) if wrong else (),
    )


def date(one: Evidence, clause: Clause, corpus: Corpus) -> Candidate | None:
    """Return the question for the one date of a clause, None if there are several or it stands in the subject."""
    found = list(_DATE.finditer(clause.text))
    if len(found) != 1 or clause.subject.start <= found[0].start() < clause.verb.end:
        return None
    match = found[0]
    in_adjunct = match.start() < clause.subject.start
    before = clause.text[clause.rest.start : match.start()]
    verb = clause.verb.of(clause.text)
    if _LOOSE.search(before) or (verb in AUXILIARIES and verb not in _PAST):
        return None  # the date may be that of something else
    if in_adjunct and match.end() != clause.adjunct.end:
        return None
    rest = clause.rest.of(clause.text)
    if not in_adjunct:
        rest = clause.text[clause.rest.start : match.start()] + clause.text[match.end() :]
        if re.match(r"\s*(?:to|and|or|-)\s", clause.text[match.end() :]):  # "in 2003 and 2004"
            return None
    asking = inverted(clause, rest, corpus, one.document)
    adjunct = "" if in_adjunct else _adjunct(clause)
    if asking is None or asking.startswith("had "):
        return None
    day = match["date"]
    word = "In which year" if _YEAR.fullmatch(day) else "When"
    return Candidate(
        "date",
        asked(f"{word} {asking}{adjunct}"),
        (one,),
        (fact(1, day, _date_spellings(day), [1]),),
        f"{statement(one.text)} [q1].",
        (WrongAnswer(f"{statement(one.text).replace(day, _other_date(day), 1)} [q1].", "date"),),
    )


_MONEY = ("dollar", "euro", "pound", "yen", "rouble", "hryvnia")


def _question_before_verb(clause: Clause, quantity: Quantity) -> str | None:
    """“Some 40 people were killed in X” → “How many people were killed in X”."""
    lead = clause.text[clause.subject.start : quantity.span.start]
    if clause.subject.end <= quantity.span.start or _HEDGED.sub("", lead, count=2).strip():
        return None
    rest = clause.text[quantity.span.start + len(_numeral(quantity)) :].strip()
    if quantity.unit in _MONEY:
        return asked(f"How much {clause.text[quantity.span.end :].strip()}{_adjunct(clause)}")
    if quantity.unit == "%":
        after = clause.text[quantity.span.end :].strip()
        return asked(f"What percentage {after}{_adjunct(clause)}") if after.startswith("of ") else None
    return asked(f"How many {rest}{_adjunct(clause)}") if rest[:1].islower() else None


def _question_after_verb(clause: Clause, quantity: Quantity, corpus: Corpus, one: Evidence) -> str | None:
    """“Kyiv got 40 tanks from Paris” → “How many tanks did Kyiv get from Paris”."""
    if quantity.span.start < clause.rest.start:
        return None
    between = clause.text[clause.rest.start : quantity.span.start]
    between = re.sub(rf"\s*{_HEDGED.pattern}$", " ", between, flags=re.IGNORECASE)
    lead = between.strip()
    if _OPEN.search(lead):
        return None
    verb = f"{clause.verb.of(clause.text)} {lead}".split()[-1] if not lead.endswith((" by", " for")) else ""
    after = clause.text[quantity.span.end :]
    if quantity.unit in ("%", *_MONEY):
        by = re.search(r"(?:^|\s)by$", lead)
        if by or _CHANGES.search(verb):
            how, middle = "By how much", lead[: by.start()] if by else lead
            if len(middle.split()) > 3:
                return None
        elif quantity.unit in _MONEY and re.search(r"(?:^|\s)for$", lead):
            how, middle = "For how much", re.sub(r"(?:^|\s)for$", "", lead)
        elif quantity.unit in _MONEY and len(lead.split()) <= 1 and clause.verb.of(clause.text) not in _BE:
            how, middle = "How much", lead
        elif quantity.unit == "%" and after.startswith(" of ") and len(lead.split()) <= 1:
            end = _ENDS_COUNTED.search(after, 4)
            stop = end.start() if end and not after.startswith(" of the ") else len(after)
            how, middle, after = f"What percentage{after[:stop]}", lead, after[stop:]
        elif clause.verb.of(clause.text) in _BE and not lead:
            how, middle = "What", ""
        else:
            return None
        asking = inverted(clause, f"{middle} {after}", corpus, one.document)
        return asked(f"{how} {asking}{_adjunct(clause)}") if asking else None
    counted = clause.text[quantity.span.start + len(_numeral(quantity)) :].strip()
    end = _ENDS_COUNTED.search(f" {counted}")
    thing, after = (counted[: max(end.start() - 1, 0)], counted[end.start() :]) if end else (counted, "")
    # "is based on 40 interviews", "wants 40 of its ships": too much hangs on the words around the number
    if len(lead.split()) > 2 or _PREPOSITION.search(f" {lead} {thing}") or len(thing.split()) > 5:
        return None
    if not thing[:1].islower():
        return None
    asking = inverted(clause, f"{lead} {after}", corpus, one.document)
    return asked(f"How many {thing} {asking}{_adjunct(clause)}") if asking else None


_OPEN = re.compile(r"\b(?:of|than|the|an?|his|her|its|their|this|that|another|first|next|last)$")
_PREPOSITION = re.compile(
    r"\s(?:in|on|at|by|for|with|from|to|into|after|before|about|over|under|as|his|her|its|their)\b"
)
_BE = ("is", "are", "was", "were")


def _adjunct(clause: Clause) -> str:
    """Return what stood before the subject, as it stands at the end of a question."""
    text = clause.adjunct.of(clause.text)
    return f" {text[:1].lower()}{text[1:]}" if text else ""


def _numeral(quantity: Quantity) -> str:
    """Return the number without its unit: "30" of "30 days", "2.5 million" of "2.5 million"."""
    match = re.match(r"\S+(?:\s(?:hundred|thousand|million|billion|trillion|dozen|bn|m)\b)?", quantity.text)
    return match.group() if match else quantity.text


def _is_year(quantity: Quantity) -> bool:
    return quantity.unit is None and bool(re.fullmatch(r"(?:1[5-9]|20)\d\d", quantity.text))


_SPELLED = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()


def _spellings(figure: str, quantity: Quantity) -> list[str]:
    """Return patterns for the ways to write a number: "12" and "twelve", "£3bn" and "£3 billion"."""
    pattern = pattern_of(figure)
    for short, long in (("bn", "billion"), ("m", "million"), ("tn", "trillion")):
        pattern = re.sub(rf"(?<=\d) ?(?:{short}|{long})(?![a-z])", f" ?(?:{short}|{long})", pattern)
    pattern = re.sub(r" ?(?:%|percent|per cent)(?![a-z])", " ?(?:%|percent|per cent)", pattern)
    other = []
    if quantity.unit not in ("%", *_MONEY) and quantity.value in range(2, len(_SPELLED)):
        word = _SPELLED[int(quantity.value)]
        other = [rf"\b{one}\b" for one in (word, str(int(quantity.value))) if one != fold(figure)]
    return [pattern, *other]


def _date_spellings(day: str) -> list[str]:
    found = re.search(rf"(?P<month>{_MONTH})", day)
    number = re.search(r"\b\d{1,2}(?!\d)", day)
    if not found or not number:
        return [pattern_of(day)]
    month = found["month"].lower()
    return [rf"\b{number.group()}(?:st|nd|rd|th)? (?:of )?{month}", rf"\b{month} {number.group()}(?!\d)"]


def _other_number(figure: str) -> str | None:
    """Return a number that differs in its first digit; a word for a number becomes another."""
    digit = re.search(r"\d", figure)
    if digit:
        return figure[: digit.start()] + str(int(digit.group()) % 9 + 1) + figure[digit.end() :]
    folded = figure.casefold()
    return _SPELLED[(_SPELLED.index(folded) + 3) % 18 + 2] if folded in _SPELLED else None


def _other_date(day: str) -> str:
    if _YEAR.fullmatch(day):
        return str(int(day) - 3)
    months = _MONTH.split("|")
    return re.sub(_MONTH, lambda match: months[(months.index(match.group()) + 5) % 12], day)
