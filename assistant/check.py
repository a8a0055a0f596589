"""Is each sentence of a text supported by the documents? Judged by the one verifier that judges answers, too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.contract import Json, citation_json
from assistant.copied import cite, with_origins
from assistant.pipeline import Assistant
from assistant.reading import evidence_of, read
from assistant.types import Citation, Evidence, Judgement
from assistant.verify import Verifier
from vectorstore.errors import UserError
from vectorstore.sentences import sentence_spans, split_sentences
from vectorstore.text import normalise
from vectorstore.types import Document, Filters, Span, notice_of
from vectorstore.words import query_terms, terms

# Sentences judged one by one for each sentence of the text: enough that the right one is among them although it is
# chosen by its words, few enough to stay quick.
JUDGED = 8

_STRENGTH = ("unchecked", "uncited", "unsupported", "partly_supported", "supported")


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence of the text, its judgement, and the sources it was judged by: the best there are.

    `span` counts code points of the normalised text. The citations are numbered from 1 in each sentence.
    """

    text: str
    span: Span
    judgement: Judgement
    citations: tuple[Citation, ...]


def check_text(text: str, assistant: Assistant, filters: Filters | None = None) -> Iterator[Checked]:
    """Yield the sentences of a text with their judgements, in order, each as soon as it is judged.

    Each sentence is looked up and judged alone, so one that leans on the sentence before ("He denied it") is judged
    by what it says itself.

    Raises:
        UserError: if the text holds no sentence.
    """
    text = normalise(text)
    spans = sentence_spans(text)
    if not spans:
        raise UserError("The text to check holds no sentence; give a file with text.")
    for span in spans:
        claim = span.of(text)
        hits = assistant.retriever.search(claim, k=assistant.passages, filters=filters or Filters())
        judgement, sources = _best(claim, read(hits, assistant.library), assistant.verifier)
        if judgement.verdict != "supported" and (notice := notice_of(hits)):
            judgement = replace(judgement, reasons=(*judgement.reasons, f"search: {notice}"))
        sources = with_origins(sources, assistant.library, filters or Filters())
        citations = tuple(cite(one, number) for number, one in enumerate(sources, 1))
        yield Checked(claim, span, judgement, citations)


def check_pair(claim: str, passage: str, verifier: Verifier) -> Judgement:
    """Return the judgement of a claim by all sentences of a bare passage."""
    document = Document("passage", "", normalise(passage))
    sentences = split_sentences(document)
    if not sentences:
        return Judgement("unsupported", 0.0, ("passage: it holds no sentence",))
    return verifier.judge(normalise(claim), evidence_of(document, sentences))


def judgement_json(judgement: Judgement) -> Json:
    """Return a judgement as one line of `footnote check --json --pairs`."""
    return {"verdict": judgement.verdict, "score": judgement.score, "reasons": list(judgement.reasons)}


def checked_json(checked: Sequence[Checked], file: str) -> Json:
    """Return a checked text as `footnote check --json` prints it."""
    return {
        "file": file,
        "checked": len(checked),
        "supported": sum(one.judgement.verdict == "supported" for one in checked),
        "sentences": [
            {
                "text": one.text,
                "start": one.span.start,
                "end": one.span.end,
                **judgement_json(one.judgement),
                "citations": [citation_json(citation) for citation in one.citations],
            }
            for one in checked
        ],
    }


def _best(claim: str, evidence: Sequence[Evidence], verifier: Verifier) -> tuple[Judgement, tuple[Evidence, ...]]:
    """Return the most favourable judgement by one sentence, or by one and its neighbours, and these sentences.

    Neighbours come in when one sentence is not enough; sentences of different places never do together, because a
    name from here and a number from there would support what nobody said.
    """
    if not evidence:
        return Judgement("unsupported", 0.0, ("search: nothing in the documents is near",)), ()
    wanted = set(query_terms(claim))
    nearest = sorted(evidence, key=lambda one: _nearness(one, wanted), reverse=True)[:JUDGED]
    judged = [(verifier.judge(claim, (one,)), (one,)) for one in nearest]
    judgement, sources = max(judged, key=lambda one: _strength(one[0]))
    if judgement.verdict == "supported":
        return judgement, sources
    around = _around(sources[0], evidence)
    wider = verifier.judge(claim, around)
    return (wider, around) if _strength(wider) > _strength(judgement) else (judgement, sources)


def _nearness(evidence: Evidence, wanted: set[str]) -> float:
    """Return how much a sentence has to do with the wanted words, in [0, 2]."""
    held = {term.text for term in terms(evidence.text)}
    return len(wanted & held) / max(1, len(wanted)) + evidence.relevance


def _strength(judgement: Judgement) -> tuple[int, float]:
    return _STRENGTH.index(judgement.verdict), judgement.score or 0.0


def _around(best: Evidence, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Return best with its neighbours in its document, in text order."""
    number = best.sentence.number
    return tuple(
        one for one in evidence if one.document.id == best.document.id and abs(one.sentence.number - number) <= 1
    )
