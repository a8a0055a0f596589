"""The sentences an answer may rest on: those of the passages that were found, with who says each."""

from collections.abc import Sequence
from dataclasses import replace

from assistant.speakers import speakers
from assistant.types import Citation, Evidence, Turn
from vectorstore.library import Library
from vectorstore.types import Document, Hit, Readable, Sentence


def read(hits: Sequence[Hit], library: Library, kept: Sequence[Citation] = ()) -> tuple[Evidence, ...]:
    """Return the sentences of the hits, and one more on either side, in text order, the best document first.

    Ids run from "S1" on. A sentence's relevance is that of the best passage it stands in; a neighbour's is zero. What
    an earlier answer cited is `kept`, with relevance 1, as far as the library still holds it.
    """
    found: list[Evidence] = []
    for document, sentences, relevance in _by_document(hits, library, kept):
        chosen = evidence_of(document, sentences, offset=0)
        for one in chosen:
            number = one.sentence.number
            if number in relevance:
                found.append(Evidence(f"S{len(found) + 1}", document, one.sentence, one.speaker, relevance[number]))
    return tuple(found)


def evidence_of(document: Document, sentences: Sequence[Sentence], offset: int = 0) -> tuple[Evidence, ...]:
    """Return every sentence of a document as evidence, numbered from offset + 1, with relevance 1."""
    texts = [sentence.span.of(document.text) for sentence in sentences]
    said = speakers(texts, [sentence.paragraph for sentence in sentences])
    return tuple(
        Evidence(f"S{offset + number}", document, sentence, speaker, 1.0)
        for number, (sentence, speaker) in enumerate(zip(sentences, said, strict=True), start=1)
    )


def recalled(history: Sequence[Turn], readable: Readable | None) -> tuple[Turn, ...]:
    """Return a conversation without what may not be read any more; None: everything may.

    An answer that cites such a document is known by its other quotes only, because any of its sentences may come from
    there; one without other quotes is left out. Questions stay as the person wrote them.
    """
    if readable is None:
        return tuple(history)
    turns = []
    for turn in history:
        kept = tuple(one for one in turn.citations if readable.holds(one.document.source))
        if turn.role == "user" or len(kept) == len(turn.citations):
            turns.append(replace(turn, citations=kept))
        elif kept:
            turns.append(replace(turn, content=" ".join(one.quote for one in kept), citations=kept))
    return tuple(turns)


def _by_document(
    hits: Sequence[Hit], library: Library, kept: Sequence[Citation]
) -> list[tuple[Document, tuple[Sentence, ...], dict[int, float]]]:
    relevance: dict[str, dict[int, float]] = {}
    documents: dict[str, Document] = {}
    for hit in hits:
        documents[hit.document.id] = hit.document
        of_document = relevance.setdefault(hit.document.id, {})
        for sentence in hit.passage.sentences:
            of_document[sentence.number] = max(hit.score, of_document.get(sentence.number, 0.0))
    for of_document in relevance.values():
        for number in list(of_document):
            for neighbour in (number - 1, number + 1):
                of_document.setdefault(neighbour, 0.0)
    for one in kept:
        for sentence in _sentences(one.document, library):
            if sentence.span == one.span:
                documents[one.document.id] = one.document
                relevance.setdefault(one.document.id, {})[sentence.number] = 1.0
    return [(documents[key], library.sentences(key), of_document) for key, of_document in relevance.items()]


def _sentences(document: Document, library: Library) -> Sequence[Sentence]:
    """Return the sentences of a document that may have left the library since it was cited."""
    try:
        return library.sentences(document.id)
    except KeyError:
        return ()
