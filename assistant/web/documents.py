"""The documents over HTTP: what the library holds and can be filtered by, each to be read, handed in and deleted."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, File, Query, Request, UploadFile
from fastapi.responses import JSONResponse

from assistant.audit import Audit, Audited
from assistant.contract import Json, document_json
from assistant.holdings import Collections
from assistant.uploads import Outcome, Uploads
from assistant.web.api import person_of
from assistant.web.asking import narrowed
from assistant.web.problems import Refused
from vectorstore.errors import NotFound
from vectorstore.loaders import SUFFIXES
from vectorstore.types import Document, Filters, Span

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

UPLOAD = ("POST", "/api/documents")  # the one request whose body may be larger than others
PIECE = 20_000  # characters of a document that are read unless more are asked for
MOST_CHARACTERS = 200_000


def add_documents(
    app: FastAPI, assistant: "Assistant", uploads: Uploads | None, collections: Collections, audit: Audit
) -> None:
    """Add the routes of the documents to app; without uploads, nothing can be handed in."""
    library = assistant.library
    # Indexing takes seconds: whoever waits for it must not hold one of the threads that serve everybody.
    one_at_a_time = CapacityLimiter(1)

    def allowed(request: Request) -> Filters:
        person = person_of(request)
        return narrowed(person, Filters(), collections.readable(person))

    def find(request: Request, id: str) -> Document:
        """Return a document that the person may read; one that they may not is as good as none."""
        document = library.find(id)
        readable = collections.readable(person_of(request))
        if document is None or (readable and not readable.holds(document.source)):
            raise NotFound("There is no such document.")
        return document

    @app.get("/api/library", tags=["documents"])
    def overview(request: Request) -> Json:
        """Tell how much there is, and what it can be filtered by."""
        person = person_of(request)
        found, names = library.overview(allowed(request)), collections.names(person)
        return {
            "documents": found.documents,
            "passages": found.passages,
            "outlets": list(found.outlets),
            "oldest": found.oldest and found.oldest.isoformat(),
            "newest": found.newest and found.newest.isoformat(),
            "undated": found.undated,
            "uploads": uploads is not None and bool(names or collections.may_write(person, None)),
            "collections": list(names),
            "extensions": list(SUFFIXES),
        }

    @app.get("/api/documents", tags=["documents"])
    def documents(
        request: Request,
        search: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> list[Json]:
        """List documents whose title or source holds all words of `search`, in order of title."""
        return [
            {
                "document_id": brief.id,
                "source": brief.source,
                "title": brief.title,
                "outlet": brief.outlet,
                "published": brief.published and brief.published.isoformat(),
            }
            for brief in library.briefs(search, limit=limit, filters=allowed(request))
        ]

    @app.get("/api/documents/{document}", tags=["documents"])
    def read(
        request: Request,
        document: str,
        start: Annotated[int, Query(ge=0)] = 0,
        length: Annotated[int, Query(ge=1, le=MOST_CHARACTERS)] = PIECE,
    ) -> Json:
        """Read `length` characters of a document from `start`, with the sentences that lie wholly in them.

        All positions count code points of the whole text: `text[start:end]` of a citation is its quotation.
        """
        found = find(request, document)
        span = Span(min(start, len(found.text)), min(start + length, len(found.text)))
        return {
            **document_json(found),
            "characters": len(found.text),
            "start": span.start,
            "end": span.end,
            "text": span.of(found.text),
            "sentences": [
                {"start": one.span.start, "end": one.span.end, "heading": one.heading}
                for one in library.sentences(found.id)
                if span.covers(one.span)
            ],
        }

    if uploads is None:

        @app.post("/api/documents", tags=["documents"])
        async def refuse() -> JSONResponse:  # and leave the body unread
            raise _closed()

    else:
        folder = uploads

        @app.post("/api/documents", tags=["documents"])
        async def add(
            request: Request,
            file: Annotated[list[UploadFile], File(max_length=1)],
            collection: Annotated[str | None, Query(max_length=100)] = None,
        ) -> JSONResponse:
            """Hand in a document, to a collection where there are some."""
            person, given = person_of(request), file[0]
            if not collections.may_write(person, collection):
                raise Refused(403, "not_allowed", "You may not hand documents in there; choose a collection of yours.")
            if (given.size or 0) > folder.limit:
                raise Refused(413, "content_too_large", f"A document may have at most {folder.limit:,} bytes.")

            def keep() -> Outcome:
                return folder.add(given.filename or "", given.file.read(), collection)

            outcome = await to_thread.run_sync(keep, limiter=one_at_a_time)
            if outcome.outcome in ("indexed", "changed"):
                _note(audit, "document_added", request, outcome)
            return JSONResponse(asdict(outcome), 201 if outcome.outcome == "indexed" else 200)

    @app.delete("/api/documents/{document}", tags=["documents"])
    async def delete(request: Request, document: str) -> JSONResponse:
        """Delete a document that was handed in."""
        if uploads is None:
            raise _closed()
        found = await to_thread.run_sync(find, request, document)
        if not collections.may_write(person_of(request), collections.of(found.source)):
            raise Refused(403, "not_allowed", "You may not delete documents there.")
        outcome = await to_thread.run_sync(uploads.delete, found.id, limiter=one_at_a_time)
        _note(audit, "document_deleted", request, outcome)
        return JSONResponse(asdict(outcome))


def _closed() -> Refused:
    message = "This server takes no documents; its owner can change that with FOOTNOTE_UPLOADS."
    return Refused(403, "uploads_off", message)


def _note(audit: Audit, event: Audited, request: Request, outcome: Outcome) -> None:
    user, address = person_of(request).user, request.client.host if request.client else None
    audit.note(event, user=user, request_id=request.scope["request_id"], address=address, source=outcome.source or "")
