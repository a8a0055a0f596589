"""What copies of a document say alike: it is cited once, from the original, with the others named."""

from collections.abc import Sequence
from dataclasses import replace

from assistant.types import Citation, Evidence, Origin
from vectorstore.library import Library
from vectorstore.originals import Copy, reason
from vectorstore.types import Filters, Sentence


def with_origins(evidence: Sequence[Evidence], library: Library, filters: Filters) -> tuple[Evidence, ...]:
    """Return evidence with the origin of each sentence that copies of its document hold too.

    Only copies that pass the filters count, and only those that hold the very sentence: where white space is not
    the same they are named, but not cited in its place.
    """
    with library.reading():
        known = library.copies({one.document.id for one in evidence}, filters)
        groups = {group: _sentences(group, library) for group in set(known.values())}
        return tuple(
            replace(one, origin=_origin(one, groups[known[one.document.id]], library))
            if one.document.id in known
            else one
            for one in evidence
        )


def cite(one: Evidence, number: int) -> Citation:
    """Return the footnote with this number for a sentence, from its origin."""
    origin = one.origin or Origin(one.document, one.sentence.span)
    return Citation(number, origin.document, origin.span, one.speaker, origin.also, origin.reason)


_Held = dict[str, list[tuple[Copy, Sentence]]]  # by the words of a sentence, who holds it, the original first


def _sentences(group: Sequence[Copy], library: Library) -> _Held:
    held: _Held = {}
    for copy in group:
        text = library.document(copy.id).text
        for sentence in library.sentences(copy.id):
            holders = held.setdefault(_words(sentence.span.of(text)), [])
            if all(holder is not copy for holder, _ in holders):
                holders.append((copy, sentence))
    return held


def _origin(one: Evidence, held: _Held, library: Library) -> Origin | None:
    holders = held.get(_words(one.text), [])
    if len(holders) < 2:
        return None
    for first, sentence in holders:
        same = first.id == one.document.id
        document = one.document if same else library.document(first.id)
        span = one.sentence.span if same else sentence.span
        if span.of(document.text) == one.text:
            copies = [first, *(copy for copy, _ in holders if copy is not first)]
            return Origin(document, span, tuple(copies[1:]), reason(copies))
    return None


def _words(text: str) -> str:
    return " ".join(text.split())
