"""An answer as JSON, and back: the contract of `footnote ask --json`, the API, the evals, exports and the history."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from assistant.types import (
    Answer,
    Citation,
    Claim,
    Claimed,
    Delta,
    Disagreement,
    Event,
    Finished,
    Judgement,
    Retrieved,
    Rewritten,
    Searched,
    Usage,
)
from vectorstore.originals import Copy
from vectorstore.types import Document, Filters, Hit, Landmark, Span, notice_of

Json = dict[str, Any]  # the one place where types end: what json.dumps takes


def answer_json(answer: Answer) -> Json:
    """Return answer in the JSON contract; fields may be added to it, never renamed."""
    return {
        "question": answer.question,
        "query": answer.query,
        "state": answer.state,
        "notice": answer.notice,
        "text": answer.text,
        "claims": [claim_json(claim) for claim in answer.claims],
        "citations": [citation_json(citation) for citation in answer.citations],
        "disagreements": [{"citations": list(one.citations), "about": one.about} for one in answer.disagreements],
        "searched": {
            "query": answer.searched.query,
            "filters": filters_json(answer.searched.filters),
            "passages": answer.searched.passages,
            "nearest": [citation_json(citation) for citation in answer.searched.nearest],
        },
        "answerer": answer.answerer,
        "model": answer.model,
        "prompt": answer.prompt,
        "usage": {
            "prompt_tokens": answer.usage.prompt_tokens,
            "completion_tokens": answer.usage.completion_tokens,
            "cost_usd": answer.usage.cost_usd,
        },
        "timings_ms": dict(answer.timings_ms),
    }


def claim_json(claim: Claim) -> Json:
    """Return one claim with its verdict."""
    return {
        "text": claim.text,
        "start": claim.span.start,
        "end": claim.span.end,
        "citations": list(claim.citations),
        "verdict": claim.judgement.verdict,
        "score": claim.judgement.score,
        "reasons": list(claim.judgement.reasons),
    }


def citation_json(citation: Citation) -> Json:
    """Return one footnote; start and end count code points of the text of the document with this very hash."""
    document = citation.document
    return {
        "number": citation.number,
        "document_id": document.id,
        "document_hash": document.hash,
        "source": document.source,
        "title": document.title,
        "outlet": document.outlet,
        "author": document.author,
        "published": document.published.isoformat() if document.published else None,
        "url": document.url,
        "place": document.place(citation.span.start),
        "start": citation.span.start,
        "end": citation.span.end,
        "quote": citation.quote,
        "speaker": citation.speaker,
        "also": [_copy_json(copy) for copy in citation.also],
        "original": citation.original,
    }


def _copy_json(copy: Copy) -> Json:
    return {
        "document_id": copy.id,
        "source": copy.source,
        "title": copy.title,
        "outlet": copy.outlet,
        "published": copy.published.isoformat() if copy.published else None,
    }


def event_json(event: Event) -> tuple[str, Json]:
    """Return what an event of a stream is called, and what it tells."""
    match event:
        case Retrieved(query, hits):
            return "retrieved", {"query": query, "passages": len(hits)}
        case Delta(text):
            return "delta", {"text": text}
        case Claimed():
            return "claimed", _claimed_json(event)
        case Rewritten(claimed):
            return "rewritten", {"claimed": [_claimed_json(one) for one in claimed]}
        case Finished(answer):
            return "finished", answer_json(answer)


def _claimed_json(event: Claimed) -> Json:
    return {
        "lead": event.lead,
        "claim": claim_json(event.claim),
        "markers": event.markers,
        "citations": [citation_json(one) for one in event.citations],
    }


def filters_json(filters: Filters) -> Json:
    """Return the filters that a person has set; what they may read is nobody's to see or keep."""
    fields: Json = {}
    if filters.outlets:
        fields["outlets"] = list(filters.outlets)
    if filters.documents:
        fields["documents"] = list(filters.documents)
    if filters.after:
        fields["after"] = filters.after.isoformat()
    if filters.before:
        fields["before"] = filters.before.isoformat()
    return fields


def document_json(document: Document) -> Json:
    """Return one document, whole."""
    return {
        "document_id": document.id,
        "document_hash": document.hash,
        "source": document.source,
        "title": document.title,
        "outlet": document.outlet,
        "author": document.author,
        "published": document.published.isoformat() if document.published else None,
        "url": document.url,
        "language": document.language,
        "text": document.text,
        "landmarks": [
            {"kind": one.kind, "label": one.label, "start": one.span.start, "end": one.span.end}
            for one in document.landmarks
        ],
    }


def hits_json(question: str, hits: Sequence[Hit]) -> Json:
    """Return what was found for a question, with a notice where more may have been missed than is usual."""
    found: Json = {"question": question, "hits": [hit_json(hit) for hit in hits]}
    notice = notice_of(hits)
    return found | {"notice": notice} if notice else found


def hit_json(hit: Hit) -> Json:
    """Return one hit of `footnote search --json`."""
    return {
        "source": hit.document.source,
        "document_id": hit.document.id,
        "title": hit.document.title,
        "outlet": hit.document.outlet,
        "published": hit.document.published.isoformat() if hit.document.published else None,
        "start": hit.passage.span.start,
        "end": hit.passage.span.end,
        "text": hit.text,
        "score": round(hit.score, 6),
        "why": {
            "lexical": round(hit.why.lexical, 4),
            "dense": round(hit.why.dense, 4),
            "cosine": round(hit.why.cosine, 4),
            "words": list(hit.why.words),
            "read": None if hit.why.read is None else round(hit.why.read, 4),
        },
    }


def read_answer(fields: Json, documents: Mapping[str, Document]) -> Answer:
    """Return the answer that answer_json gave these fields; documents are those that it cites, by their hash.

    Raises:
        KeyError: if a field or a cited document is missing.
        ValueError: if a document does not hold a quote where it was cited.
    """
    searched, usage = fields["searched"], fields["usage"]
    return Answer(
        state=fields["state"],
        question=fields["question"],
        query=fields["query"],
        text=fields["text"],
        claims=tuple(_read_claim(one) for one in fields["claims"]),
        citations=tuple(_read_citation(one, documents) for one in fields["citations"]),
        searched=Searched(
            searched["query"],
            read_filters(searched["filters"]),
            searched["passages"],
            tuple(_read_citation(one, documents) for one in searched["nearest"]),
        ),
        answerer=fields["answerer"],
        disagreements=tuple(Disagreement(tuple(one["citations"]), one["about"]) for one in fields["disagreements"]),
        model=fields["model"],
        prompt=fields["prompt"],
        usage=Usage(usage["prompt_tokens"], usage["completion_tokens"], usage["cost_usd"]),
        timings_ms=tuple(fields["timings_ms"].items()),
        notice=fields["notice"],
    )


def read_filters(fields: Json) -> Filters:
    """Return the filters that filters_json gave these fields.

    Raises:
        ValueError: if a day is none.
    """
    return Filters(
        tuple(fields.get("outlets", ())),
        tuple(fields.get("documents", ())),
        _read_day(fields.get("after")),
        _read_day(fields.get("before")),
    )


def read_document(fields: Json) -> Document:
    """Return the document that document_json gave these fields.

    Raises:
        KeyError: if a field is missing.
        ValueError: if the day is none.
    """
    return Document(
        source=fields["source"],
        title=fields["title"],
        text=fields["text"],
        published=_read_day(fields["published"]),
        outlet=fields["outlet"],
        author=fields["author"],
        url=fields["url"],
        language=fields.get("language"),  # kept before there was one
        landmarks=tuple(
            Landmark(one["kind"], one["label"], Span(one["start"], one["end"])) for one in fields["landmarks"]
        ),
    )


def _read_claim(fields: Json) -> Claim:
    judgement = Judgement(fields["verdict"], fields["score"], tuple(fields["reasons"]))
    return Claim(fields["text"], Span(fields["start"], fields["end"]), tuple(fields["citations"]), judgement)


def _read_citation(fields: Json, documents: Mapping[str, Document]) -> Citation:
    document = documents[fields["document_hash"]]
    if document.source != fields["source"]:  # two files with the same content have one hash
        document = replace(document, source=fields["source"])
    span = Span(fields["start"], fields["end"])
    also = tuple(_read_copy(one) for one in fields.get("also", ()))  # kept before there was any
    citation = Citation(fields["number"], document, span, fields["speaker"], also, fields.get("original"))
    if citation.quote != fields["quote"]:
        raise ValueError(f"{document.source} does not hold what was cited at {citation.span.start}")
    return citation


def _read_copy(fields: Json) -> Copy:
    return Copy(fields["source"], fields["title"], fields["outlet"], _read_day(fields["published"]))


def _read_day(day: str | None) -> datetime.date | None:
    return None if day is None else datetime.date.fromisoformat(day)
