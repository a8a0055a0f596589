"""The assistant inside other people's pages: tokens for those who look at them, and the frame that they look at."""

from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from assistant.audit import Audit
from assistant.contract import Json
from assistant.embed_tokens import EmbedTokens
from assistant.keys import Keys
from assistant.web.api import AskFilters, person_of
from assistant.web.brand import Brand
from assistant.web.embed_page import frame_page, host_script
from assistant.web.problems import Refused
from assistant.web.visitor import COOKIE
from assistant.web.words import LANGUAGES, words_for

if TYPE_CHECKING:
    from assistant.settings import Settings


class Minting(BaseModel):
    """The body of POST /api/embed/tokens: who looks at the page, in which of the key's groups, at which documents."""

    model_config = ConfigDict(extra="forbid")
    user: str
    groups: tuple[str, ...] = Field((), max_length=100)
    filters: AskFilters = AskFilters()


def add_embed(app: FastAPI, settings: "Settings", brand: Brand, keys: Keys, tokens: EmbedTokens, audit: Audit) -> None:
    """Add the routes that pages which embed the assistant need."""
    script = host_script(brand, settings.language)

    @app.get("/embed", include_in_schema=False)
    def frame(request: Request) -> HTMLResponse:
        wanted = request.query_params.get("lang", "")  # of the page around, unless the person has chosen
        heard = wanted if wanted in LANGUAGES else request.headers.get("accept-language")
        words = words_for(heard, request.cookies.get(COOKIE), settings.language)
        headers = {"cache-control": "no-cache", "vary": "accept-language, cookie"}
        return HTMLResponse(frame_page(brand, words, settings.origins), headers=headers)

    @app.get("/embed.js", include_in_schema=False)
    def host() -> Response:
        return Response(script, media_type="text/javascript", headers={"cache-control": "no-cache"})

    @app.post("/api/embed/tokens", status_code=201, tags=["embedding"])
    def mint(request: Request, body: Minting) -> Json:
        """Make a token for one person who looks at a page; for the server of that page, which holds an API key."""
        person = person_of(request)
        key = keys.named(person.user.removeprefix("key:")) if person.way == "key" else None
        if key is None:
            raise Refused(403, "not_allowed", "Tokens are made with an API key, by the server of the page.")
        token, ends = tokens.mint(key, body.user, body.groups, body.filters.filters())
        request_id = request.scope["request_id"]
        audit.note("embed_token_minted", user=person.user, request_id=request_id, whom=body.user)
        return {"token": token, "expires": ends.isoformat(), "seconds": round(settings.embed_minutes * 60)}
