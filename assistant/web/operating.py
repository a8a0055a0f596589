"""What operators and machines ask: is it alive, is it ready, how much is going on; and whose data is to go."""

import asyncio
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from assistant.audit import Audit
from assistant.contract import Json
from assistant.forgetting import forget_user
from assistant.web.api import person_of

if TYPE_CHECKING:
    from assistant.settings import Settings
    from assistant.web.metrics import Metrics
    from assistant.web.readiness import Readiness


def add_operating(app: FastAPI, settings: "Settings", metrics: "Metrics", readiness: "Readiness", audit: Audit) -> None:
    """Add the routes for operators to app."""

    @app.get("/healthz", tags=["operating"])
    async def alive() -> Json:
        """Tell that the server answers."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["operating"])
    async def ready() -> JSONResponse:
        """Tell whether questions can be answered: a search for a known sentence must find it."""
        is_ready, found = await readiness.check()
        return JSONResponse(found, 200 if is_ready else 503)

    @app.get("/metrics", tags=["operating"])
    def figures() -> Response:
        """Tell figures in the format of Prometheus."""
        body, media_type = metrics.render()
        return Response(body, media_type=media_type)

    @app.get("/api/me", tags=["operating"])
    async def me(request: Request) -> Json:
        """Tell who one is here, and what one may."""
        person = person_of(request)
        return {
            "user": person.user,
            "way": person.way,
            "scopes": sorted(person.scopes),
            "groups": sorted(person.groups),
        }

    @app.delete("/api/me", tags=["operating"])
    async def forget_me(request: Request) -> Json:
        """Delete everything that is kept of oneself."""
        return await forget(request, person_of(request).user)

    @app.delete("/api/users/{user:path}", tags=["operating"])
    async def forget_them(request: Request, user: str) -> Json:
        """Delete everything that is kept of somebody."""
        return await forget(request, user)

    async def forget(request: Request, user: str) -> Json:
        forgotten = await asyncio.to_thread(forget_user, settings.library, user)
        audit.note("user_forgotten", user=person_of(request).user, request_id=request.scope["request_id"], whom=user)
        return {"conversations": forgotten.conversations, "feedback": forgotten.feedback}
