"""What a model is asked when sentences of its answer do not hold, and what is read out of its reply."""

import re
from collections.abc import Iterator, Sequence

from assistant.budget import SENTINEL
from assistant.markers import MarkerParser, defuse
from assistant.support import shared
from assistant.types import Draft, Evidence, Failed
from vectorstore.text import one_line

NEAR = 4  # sentences shown for each that failed, beside those it cited


def nearest(failed: Sequence[Failed], evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return what failed sentences cited, and the NEAR sentences that share most words with each, in text order."""
    chosen = {one.id for each in failed for one in each.draft.evidence}
    for each in failed:
        held = sorted(((len(shared(each.draft.text, one)), one.id) for one in evidence), key=lambda pair: -pair[0])
        chosen |= {number for count, number in held[:NEAR] if count}
    return [one for one in evidence if one.id in chosen]


def listed(failed: Sequence[Failed]) -> str:
    """Return failed sentences with their numbers, each with the reasons why it does not hold."""
    lines = []
    for one in failed:
        why = "; ".join(one.judgement.reasons) or "the cited sentences do not bear it out"
        lines += [f"{one.number}: {defuse(one_line(one.draft.text))}", f"   {defuse(one_line(why))}"]
    return "\n".join(lines)


def mended(reply: str, shown: Sequence[Evidence], failed: Sequence[Failed]) -> Iterator[tuple[int, list[Draft]]]:
    """Yield the number of each failed sentence that reply mends, with what takes its place; the first line counts."""
    leads = {one.number: one.draft.lead for one in failed}
    for line in _LINE.finditer(reply):
        number = int(line["number"])
        if SENTINEL in line["text"] or number not in leads:
            continue
        parser = MarkerParser(shown)
        drafts = [*parser.feed(line["text"]), *parser.finish()]
        if drafts:
            first = Draft(drafts[0].text, drafts[0].evidence, leads.pop(number), drafts[0].invented)
            yield number, [first, *drafts[1:]]


_LINE = re.compile(r"^[ \t>*-]{0,8}(?P<number>\d{1,4})[ \t]{0,4}[:.)][ \t]*(?P<text>\S.*)$", re.MULTILINE)
