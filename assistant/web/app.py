"""The server: our own application, that puts together who may come in, what is answered, and the chat page."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.cors import CORSMiddleware

from assistant.audit import Audit
from assistant.embed_tokens import EmbedTokens
from assistant.feedback import FeedbackStore
from assistant.forgetting import expire
from assistant.history import History
from assistant.holdings import Collections
from assistant.keys import Keys, person_of
from assistant.secret import read_secret
from assistant.settings import Settings
from assistant.uploads import MEGABYTE, Uploads
from assistant.web.admission import Admission
from assistant.web.api import add_api, add_problems
from assistant.web.asking import Asking
from assistant.web.brand import Brand
from assistant.web.compatible import add_compatible
from assistant.web.conversations import add_conversations
from assistant.web.description import describe
from assistant.web.desk import Desk
from assistant.web.documents import UPLOAD, add_documents
from assistant.web.door import Door
from assistant.web.embed import add_embed
from assistant.web.front import Front
from assistant.web.identity import Identity
from assistant.web.look import add_look
from assistant.web.mcp import add_mcp
from assistant.web.metrics import Metrics
from assistant.web.operating import add_operating
from assistant.web.outcomes import Outcomes
from assistant.web.page import build_page, import_gradio
from assistant.web.pages import Pages
from assistant.web.problems import REFUSALS
from assistant.web.readiness import Readiness
from assistant.web.routes import BODY, ROUTES
from assistant.web.sessions import Sessions
from assistant.web.sign_in import add_sign_in
from assistant.web.strict import StrictRoute
from assistant.web.tracing import set_up_tracing
from vectorstore.errors import UserError

if TYPE_CHECKING:
    import gradio

    from assistant.access import Person
    from assistant.mcp_server import HttpApp
    from assistant.pipeline import Assistant
    from assistant.web.tracing import Tracing

STATIC = Path(__file__).parent / "static"
ONLOOKERS, WAITING = 400, 800  # pages that follow an answer as it is written, and events that wait for their turn
EXPIRY = 3600  # seconds between two looks for conversations that are kept no longer

_log = logging.getLogger(__name__)


def create_app(
    assistant: "Assistant", settings: Settings, examples: Sequence[str] = (), uploads: Uploads | None = None
) -> FastAPI:
    """Return the whole application: the chat page at `/`, the API beside it, and what operators need.

    Without `uploads`, nobody can hand in a document.

    Raises:
        UserError: if a setting does not hold.
    """
    app = FastAPI(
        title="Footnote",
        description="Answers from a folder of documents, with a checked footnote under every sentence.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.router.route_class = StrictRoute
    secret, keys, audit = read_secret(settings), Keys(settings.library), Audit(settings.library)
    collections, brand, tracing = Collections.read(settings), Brand.read(settings), set_up_tracing(settings)
    metrics = Metrics([route.path for route in ROUTES], REFUSALS)
    outcomes = Outcomes(metrics, tracing)
    tokens, sessions = EmbedTokens(secret, keys, settings.embed_minutes), Sessions(secret, settings.session_hours)
    admission = Admission(
        at_once=settings.answers_at_once,
        waiting=settings.answers_waiting,
        per_minute=settings.questions_per_minute,
    )
    metrics.watch_answers(under_way=lambda: admission.under_way, waiting=lambda: admission.waiting)
    metrics.watch_library(assistant.library)
    asking = Asking(assistant, admission, collections, outcomes)
    desk = Desk(assistant, History(settings.library), admission, collections, outcomes)
    feedback = FeedbackStore(settings.library)

    def with_key(secret: str) -> "Person | None":
        key = keys.find(secret)
        return person_of(key) if key else None

    add_problems(app)
    add_api(app, asking, feedback, collections)
    add_compatible(app, asking)
    add_conversations(app, desk, feedback, settings.language)
    add_documents(app, assistant, uploads, collections, audit)
    add_operating(app, settings, metrics, Readiness(assistant), audit)
    mcp = add_mcp(app, assistant, admission, collections)
    app.router.lifespan_context = _lifespan(settings, tracing, mcp)
    add_embed(app, settings, brand, keys, tokens, audit)
    add_sign_in(app, settings, sessions, find_key=with_key, note=audit.note)
    add_look(app, brand, settings.language)
    describe(app)
    app.mount("/footnote", StaticFiles(directory=STATIC))
    app.add_middleware(Front)
    # Its presence stops Gradio from reflecting every origin. No credentials: a page brings a token, or nothing.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.origins,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["authorization", "content-type", "idempotency-key"],
        expose_headers=["x-request-id", "retry-after"],
    )
    identity = Identity(settings, keys, tokens, sessions)
    larger = {UPLOAD: settings.upload_megabytes * MEGABYTE + BODY}
    pages = Pages()
    app.add_middleware(
        Door,
        settings=settings,
        identity=identity,
        metrics=metrics,
        tracing=tracing,
        pages=pages,
        larger=larger,
    )
    _mount(app, build_page(desk, brand, pages, settings.language, examples))
    return app


def _mount(app: FastAPI, page: "gradio.Blocks") -> None:
    gradio = import_gradio()
    page.max_threads = ONLOOKERS  # Gradio's name for the events it serves at once; an onlooker holds one and no thread
    page.queue(default_concurrency_limit=ONLOOKERS, max_size=WAITING, api_open=False)
    gradio.mount_gradio_app(
        app,
        page,
        path="/",
        theme=gradio.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        head=(STATIC / "head.html").read_text(encoding="utf-8"),
        footer_links=[],
        run_history=False,
        show_error=False,
        allowed_paths=[],
        max_file_size=BODY,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        ssr_mode=False,
    )


def _lifespan(
    settings: Settings, tracing: "Tracing | None", mcp: "HttpApp | None"
) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    """Return what runs beside the application: conversations that are kept no longer are looked for now and then."""

    @contextlib.asynccontextmanager
    async def beside(app: FastAPI) -> AsyncGenerator[None, None]:
        task = asyncio.create_task(_expire(settings)) if settings.keep_days else None
        async with mcp.running() if mcp else contextlib.nullcontext():
            yield
        if task:
            task.cancel()
        if tracing:
            await asyncio.to_thread(tracing.close)

    return beside


async def _expire(settings: Settings) -> None:
    while True:
        try:
            gone = await asyncio.to_thread(expire, settings.library, settings.keep_days or 0)
            if gone:
                _log.info("%s conversations were kept long enough and are deleted", gone)
        except UserError as error:
            _log.error("conversations that were kept long enough could not be deleted: %s", error)
        await asyncio.sleep(EXPIRY)
