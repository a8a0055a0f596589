"""An answer in OpenAI's form: its text, and an annotation for each marker in it."""

from collections.abc import Iterator
from dataclasses import dataclass

from assistant.contract import Json, answer_json
from assistant.types import Answer, Citation
from assistant.web.completions import MODEL
from assistant.web.problems import Refused


@dataclass(frozen=True, slots=True)
class Reply:
    """What OpenAI's clients are told of one answer; `address` is where they reach this server."""

    id: str
    created: int
    address: str

    def whole(self, answer: Answer) -> Json:
        """Return a whole answer.

        Raises:
            Refused: if there is none.
        """
        expect_said(answer)
        message = {
            "role": "assistant",
            "content": answer.text,
            "refusal": None,
            "annotations": self.annotations(answer),
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(answer)}
        return self.named("chat.completion", [choice]) | {"usage": usage(answer), "footnote": answer_json(answer)}

    def named(self, kind: str, choices: list[Json]) -> Json:
        """Return choices with what stands around them."""
        return {"id": self.id, "object": kind, "created": self.created, "model": MODEL, "choices": choices}

    def annotations(self, answer: Answer) -> list[Json]:
        """Return where each marker of an answer stands, what it leads to, and the verdict of the claim before it."""
        cited = {one.number: one for one in answer.citations}
        return [
            {
                "type": "url_citation",
                "url_citation": {
                    "start_index": marker.start,
                    "end_index": marker.end,
                    "title": cited[marker.number].document.title,
                    "url": self.url(cited[marker.number]),
                    "verdict": marker.verdict,
                },
            }
            for marker in markers(answer)
        ]

    def url(self, citation: Citation) -> str:
        """Return where the document was published, else where its cited characters are read here."""
        document, span = citation.document, citation.span
        here = f"{self.address}api/documents/{document.id}?start={span.start}&length={span.end - span.start}"
        return document.url or here


@dataclass(frozen=True, slots=True)
class Marker:
    """One [1] in the text of an answer, and the verdict of the claim that it stands after."""

    start: int
    end: int
    number: int
    verdict: str


def markers(answer: Answer) -> Iterator[Marker]:
    """Yield the markers of an answer in the order of its text; positions count code points."""
    for claim in answer.claims:
        start = claim.span.end + 1  # after the space with which the pipeline sets them off
        for number in claim.citations:
            end = start + len(f"[{number}]")
            yield Marker(start, end, number, claim.judgement.verdict)
            start = end


def finish_reason(answer: Answer) -> str:
    """Return why an answer ends where it does, as far as OpenAI has words for it."""
    return "length" if answer.state == "truncated" else "stop"


def usage(answer: Answer) -> Json:
    """Return the tokens that an answer took."""
    read, written = answer.usage.prompt_tokens, answer.usage.completion_tokens
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def expect_said(answer: Answer) -> None:
    """Make sure that an answer says something, be it that the documents do not say.

    Raises:
        Refused: if it failed before it said anything.
    """
    if answer.state == "error" and not answer.claims:
        raise Refused(502, "no_answer", answer.text or "The answer failed before anything was written; ask again.")
