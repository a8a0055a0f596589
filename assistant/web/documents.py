"""The documents over HTTP: what the library holds and can be filtered by, and a way to hand in another."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, File, Query, Request, UploadFile
from fastapi.responses import JSONResponse

from assistant.contract import Json
from assistant.uploads import Outcome, Uploads
from assistant.web.door import problem
from vectorstore.loaders import SUFFIXES

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

UPLOAD = ("POST", "/api/documents")  # the one request whose body may be larger than others


def add_documents(app: FastAPI, assistant: "Assistant", uploads: Uploads | None) -> None:
    """Add the routes of the documents to app; without uploads, nothing can be handed in."""

    @app.get("/api/library")
    def library() -> Json:
        found = assistant.library.overview()
        return {
            "documents": found.documents,
            "passages": found.passages,
            "outlets": list(found.outlets),
            "oldest": found.oldest and found.oldest.isoformat(),
            "newest": found.newest and found.newest.isoformat(),
            "undated": found.undated,
            "uploads": uploads is not None,
            "extensions": list(SUFFIXES),
        }

    @app.get("/api/documents")
    def documents(
        search: Annotated[str, Query(max_length=200)] = "", limit: Annotated[int, Query(ge=1, le=100)] = 20
    ) -> list[Json]:
        return [
            {
                "source": brief.source,
                "title": brief.title,
                "outlet": brief.outlet,
                "published": brief.published and brief.published.isoformat(),
            }
            for brief in assistant.library.briefs(search, limit=limit)
        ]

    if uploads is None:

        @app.post("/api/documents")
        async def refuse(request: Request) -> JSONResponse:  # and leave the body unread
            message = "This server takes no documents; its owner can change that with FOOTNOTE_UPLOADS."
            return problem(403, "uploads_off", message, request.scope["request_id"])

    else:
        _add_upload(app, uploads)


def _add_upload(app: FastAPI, uploads: Uploads) -> None:
    # Indexing takes seconds: whoever waits for it must not hold one of the threads that serve everybody.
    one_at_a_time = CapacityLimiter(1)

    @app.post("/api/documents")
    async def upload(request: Request, file: Annotated[list[UploadFile], File(max_length=1)]) -> JSONResponse:
        given = file[0]
        if (given.size or 0) > uploads.limit:
            message = f"A document may have at most {uploads.limit:,} bytes."
            return problem(413, "content_too_large", message, request.scope["request_id"])

        def add() -> Outcome:
            return uploads.add(given.filename or "", given.file.read())

        outcome = await to_thread.run_sync(add, limiter=one_at_a_time)
        return JSONResponse(asdict(outcome), 201 if outcome.outcome == "indexed" else 200)
