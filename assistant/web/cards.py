"""What is said in place of an answer or beside it: that the documents do not say, that they disagree, what failed."""

from html import escape

from assistant.types import Answer, Citation, Disagreement
from assistant.web.safe import clean
from assistant.web.sources import chip_html, sources_html, where_html
from assistant.web.words import Words
from vectorstore.types import Filters

ABSTAINED = "The documents do not say"


def error_html(message: str, words: Words) -> str:
    """Return a message in place of an answer."""
    return clean(
        f'<div class="card error"><h3>{escape(words("error.title"))}</h3><p dir="auto">{escape(message)}</p></div>'
    )


def abstention_html(answer: Answer, turn: int, words: Words) -> str:
    """Return the card of an abstention: what was looked through, and the nearest that was found."""
    searched = answer.searched
    units = words("units.passages", count=searched.passages)
    looked = escape(words("abstained.looked", passages=units, query="\0")).replace(
        "\0", f"<bdi>{escape(searched.query)}</bdi>"
    )
    reason = answer.text.removeprefix(f"{ABSTAINED}.").strip()
    nearest = ""
    if searched.nearest:
        nearest = (
            f'<details class="sources nearest"><summary>{escape(words("abstained.nearest"))}</summary>'
            f"{sources_html(searched.nearest, turn, words, 'n')}</details>"
        )
    return (
        f'<div class="card abstained"><h3>{escape(words("abstained.title"))}</h3>'
        + (f'<p dir="auto">{escape(reason)}</p>' if reason else "")
        + (f'<p class="notice" dir="auto">{escape(answer.notice)}</p>' if answer.notice else "")
        + f'<p class="looked">{looked}</p>{_narrowed(searched.filters, words)}{nearest}</div>'
    )


def nothing_html(answer: Answer, words: Words) -> str:
    """Return the card of an answer that ended before its first sentence."""
    if answer.state == "stopped":
        return f'<div class="card stopped"><p>{escape(words("stopped.early"))}</p></div>'
    title = words("error.nothing", state=state_name(answer, words))
    told = escape(answer.notice or answer.text)
    return f'<div class="card error"><h3>{escape(title)}</h3><p dir="auto">{told}</p></div>'


def notice_html(answer: Answer, words: Words) -> str:
    """Return what is to be known of an answer beside its sentences: that it was cut short, and why."""
    if answer.state in {"complete", "abstained"} and not answer.notice:
        return ""
    told = answer.notice or (words("stopped.later") if answer.state == "stopped" else "")
    return f'<p class="notice"><strong>{escape(state_name(answer, words))}.</strong> {escape(told)}</p>'


def state_name(answer: Answer, words: Words) -> str:
    """Return how an answer ended, for people."""
    known = {"partial", "truncated", "stopped", "error"}
    return words(f"state.{answer.state}" if answer.state in known else "state.note")


def disagreements_html(answer: Answer, turn: int, words: Words) -> str:
    """Return a card for each thing of which the sources do not say the same: each side, who says it, and when."""
    sources = {citation.number: citation for citation in answer.citations}
    return "".join(_disagreement(one, sources, turn, words) for one in answer.disagreements)


def _disagreement(one: Disagreement, sources: dict[int, Citation], turn: int, words: Words) -> str:
    sides = "".join(_side(sources[number], turn, words) for number in one.citations if number in sources)
    return (
        f'<div class="card disagreement"><h3>{escape(words("disagreement.title"))}</h3>'
        f'<p class="about" dir="auto">{escape(one.about)}</p><ul class="sides">{sides}</ul></div>'
    )


def _side(citation: Citation, turn: int, words: Words) -> str:
    speaker = f"<strong><bdi>{escape(citation.speaker)}</bdi></strong> · " if citation.speaker else ""
    return (
        f'<li><p class="who">{speaker}{where_html(citation, words)}</p>'
        f'<p class="says" dir="auto">{escape(citation.quote)}<sup>{chip_html(citation, turn, words)}</sup></p></li>'
    )


def _narrowed(filters: Filters, words: Words) -> str:
    """Return what the search was narrowed to, and the button that widens it again."""
    if not filters:
        return ""
    parts = [
        words("filters.in", names=", ".join(filters.outlets + filters.documents))
        if filters.outlets or filters.documents
        else "",
        words("filters.after", date=words.date(filters.after)) if filters.after else "",
        words("filters.before", date=words.date(filters.before)) if filters.before else "",
    ]
    told = words("abstained.narrowed", filters=", ".join(filter(None, parts)))
    if filters.after or filters.before:
        told += " " + words("abstained.undated")
    return (
        f'<p class="looked" dir="auto">{escape(told)}</p>'
        f'<p><button type="button" class="act widen">{escape(words("abstained.widen"))}</button></p>'
    )
