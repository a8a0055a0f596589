"""What makes the page an organisation's own, and the words its script uses."""

import json
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse

from assistant.web.brand import Brand
from assistant.web.visitor import words_of
from assistant.web.words import script_words

MARK = Path(__file__).parent / "static" / "mark.svg"  # Footnote's own


def add_look(app: FastAPI, brand: Brand, language: str | None) -> None:
    """Add the routes of the page's colours, logo and words to app."""

    @app.get("/footnote/words.js")
    def words(request: Request) -> Response:
        told = json.dumps({"title": brand.title, "fixed": bool(language), **script_words(words_of(request, language))})
        headers = {"vary": "accept-language, cookie", "cache-control": "no-cache"}
        return Response(f"export default {told};", media_type="text/javascript", headers=headers)

    @app.get("/footnote/brand.css")
    def colours() -> Response:
        return Response(brand.css(), media_type="text/css", headers={"cache-control": "no-cache"})

    @app.get("/footnote/logo")
    @app.get("/favicon.ico")
    def logo() -> Response:
        if brand.logo is None:
            return FileResponse(MARK)
        return Response(brand.logo.content, media_type=brand.logo.media_type, headers=dict(brand.logo.headers))
