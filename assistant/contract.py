"""An answer as JSON: the contract of `footnote ask --json`, the API, the evals and exports."""

from typing import Any

from assistant.types import Answer, Citation, Claim
from vectorstore.types import Filters, Hit

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
    """Return one footnote; start and end count code points of the document's text."""
    document = citation.document
    return {
        "number": citation.number,
        "document_id": document.id,
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
    }


def filters_json(filters: Filters) -> Json:
    """Return the filters that are set."""
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
