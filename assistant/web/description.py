"""What each route answers, for /api/openapi.json and whoever makes a client of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from assistant.contract import Json
from assistant.web.schema import (
    Alive,
    Answer,
    Begun,
    Conversation,
    Conversations,
    Document,
    Documents,
    Forgotten,
    Hits,
    Kept,
    Listing,
    Me,
    NotReady,
    Outcome,
    Overview,
    Problem,
    Ready,
    Suggested,
    Token,
)

WHERE = "#/components/schemas/"

# What a request can be turned away with before the application sees it, and what any route may answer with.
_TURNED_AWAY = {
    400: "Something about the request itself is wrong: its host, a credential in its address, its length.",
    401: "Nobody has signed in, or the key or token is no longer good.",
    403: "The person may not do this, or another site asks in their name.",
    404: "There is no such thing, or not for this person.",
    413: "The body is too large.",
    415: "The body is of another kind.",
    422: "The body, a parameter or the question is not as it should be; the message says what.",
    429: "Too many requests or questions in this minute; Retry-After says when to come back.",
    431: "The headers are too large.",
    500: "Something went wrong on the server; its log knows the request by its number.",
    503: "Too many questions at once, or something that the server keeps cannot be used at the moment.",
}


Told = type[BaseModel] | str  # what a body is: JSON of this model, or this media type

_ONE = "/api/conversations/{conversation}"
_EXCHANGE = _ONE + "/exchanges/{number}"
_EVENTS = "text/event-stream"

# By method and path: what is answered when all goes well, by status.
ANSWERS: Mapping[tuple[str, str], Mapping[int, tuple[Told, ...]]] = {
    ("post", "/api/ask"): {200: (Answer, _EVENTS)},
    ("post", "/api/search"): {200: (Hits,)},
    ("post", "/api/feedback"): {201: (Kept,)},
    ("get", "/api/conversations"): {200: (Conversations,)},
    ("post", "/api/conversations"): {202: (Begun,)},
    ("get", _ONE): {200: (Conversation,)},
    ("patch", _ONE): {200: (Listing,)},
    ("delete", _ONE): {204: ()},
    ("get", f"{_ONE}/export"): {200: (Conversation, "text/html", "text/markdown")},
    ("post", f"{_ONE}/stop"): {204: ()},
    ("post", f"{_ONE}/exchanges"): {202: (Begun,)},
    ("get", f"{_EXCHANGE}/live"): {200: (_EVENTS,)},
    ("get", f"{_EXCHANGE}/next"): {200: (Suggested,)},
    ("post", f"{_EXCHANGE}/feedback"): {201: (Kept,)},
    ("get", f"{_EXCHANGE}/{{kind}}/{{source}}"): {200: ("text/html",)},
    ("get", "/api/library"): {200: (Overview,)},
    ("get", "/api/documents"): {200: (Documents,)},
    ("post", "/api/documents"): {200: (Outcome,), 201: (Outcome,)},
    ("get", "/api/documents/{document}"): {200: (Document,)},
    ("delete", "/api/documents/{document}"): {200: (Outcome,)},
    ("get", "/healthz"): {200: (Alive,)},
    ("get", "/readyz"): {200: (Ready,), 503: (NotReady,)},
    ("get", "/metrics"): {200: ("text/plain",)},
    ("get", "/api/me"): {200: (Me,)},
    ("delete", "/api/me"): {200: (Forgotten,)},
    ("delete", "/api/users/{user}"): {200: (Forgotten,)},
    ("post", "/api/embed/tokens"): {201: (Token,)},
}

_TEXTS = {
    _EVENTS: {
        "type": "object",
        "description": "One event: its name, and its data, which is JSON.",
        "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
        "required": ["event", "data"],
    }
}
_SAID = {
    (*("post", "/api/ask"), 200): "The answer; with `Accept: text/event-stream`, the events `retrieved`, `delta`, "
    "`claimed` and `rewritten` while it is written, and `finished` with the answer, or `error` with a problem, last.",
    (*("get", f"{_EXCHANGE}/live"), 200): "The events `growing` each time the answer has grown, then `ended`.",
    (*("post", "/api/documents"), 200): "The document is known: changed, as it was, or skipped for a reason.",
    (*("post", "/api/documents"), 201): "The document is new.",
}


def describe(app: FastAPI) -> None:
    """Have app describe what it answers, errors included; what only the page asks for is left out."""
    plainly = app.openapi

    def openapi() -> Json:
        if app.openapi_schema is None:
            _complete(plainly())
        return plainly()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way


def _complete(schema: Json) -> None:
    for path in [path for path in schema["paths"] if path.startswith(("/footnote/", "/favicon"))]:
        del schema["paths"][path]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if answers := ANSWERS.get((method, path)):
                operation["responses"] = dict(_responses(method, path, answers))
    models = {Problem, *(told for answers in ANSWERS.values() for all in answers.values() for told in all)}
    named = sorted((one for one in models if isinstance(one, type)), key=lambda model: model.__name__)
    _, defined = models_json_schema([(model, "validation") for model in named], ref_template=WHERE + "{model}")
    components = schema.setdefault("components", {})
    components["schemas"] = components.get("schemas", {}) | defined["$defs"]
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key (fn_…) or a token of a page (fe_…)."}
    }
    schema["security"] = [{"key": []}]
    for path in ("/healthz", "/readyz"):
        schema["paths"][path]["get"]["security"] = []


def _responses(method: str, path: str, answers: Mapping[int, tuple[Told, ...]]) -> Iterator[tuple[str, Any]]:
    for status, told in answers.items():
        said = _SAID.get((method, path, status), "It is done." if not told else "As it was asked for.")
        yield str(status), {"description": said} | ({"content": _content(told)} if told else {})
    for status, said in _TURNED_AWAY.items():
        if status not in answers:
            yield str(status), {"description": said, "content": _content((Problem,))}


def _content(told: tuple[Told, ...]) -> Json:
    return {
        one if isinstance(one, str) else "application/json": {
            "schema": _TEXTS.get(one, {"type": "string"}) if isinstance(one, str) else {"$ref": WHERE + one.__name__}
        }
        for one in told
    }
