"""The server: our own application that owns headers, limits and the JSON API, with the chat page mounted in it."""

import socket
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from assistant.feedback import FeedbackStore
from assistant.history import History
from assistant.settings import Settings
from assistant.uploads import MEGABYTE, Uploads
from assistant.web.api import add_api
from assistant.web.brand import Brand
from assistant.web.conversations import add_conversations
from assistant.web.desk import Desk
from assistant.web.documents import UPLOAD, add_documents
from assistant.web.door import BODY, Door
from assistant.web.look import add_look
from assistant.web.page import build_page, import_gradio
from vectorstore.errors import UserError

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

STATIC = Path(__file__).parent / "static"
HOSTS = ("localhost", "127.0.0.1", "[::1]", "::1")
ONLOOKERS, WAITING = 400, 800  # pages that follow an answer as it is written, and events that wait for their turn
GOODBYE = 2  # seconds: an open page keeps a connection open for ever


def create_app(
    assistant: "Assistant", settings: Settings, examples: Sequence[str] = (), uploads: Uploads | None = None
) -> FastAPI:
    """Return the whole application: `/` the chat page, `POST /api/ask` the answer as JSON, and what the page needs.

    Without `uploads`, nobody can hand in a document.
    """
    gradio = import_gradio()
    app = FastAPI(title="Footnote", docs_url=None, redoc_url=None, openapi_url=None)
    brand = Brand.read(settings)
    desk = Desk(assistant, History(settings.library))
    feedback = FeedbackStore(settings.library)
    add_api(app, assistant, feedback)
    add_conversations(app, desk, feedback, settings.language)
    add_documents(app, assistant, uploads)
    add_look(app, brand, settings.language)
    app.mount("/footnote", StaticFiles(directory=STATIC))
    app.add_middleware(CORSMiddleware, allow_origins=[])  # its presence stops Gradio from reflecting every origin
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)
    app.add_middleware(Door, larger={UPLOAD: settings.upload_megabytes * MEGABYTE + BODY})

    page = build_page(desk, brand, settings.language, examples)
    page.max_threads = ONLOOKERS  # Gradio's name for the events it serves at once; an onlooker holds one and no thread
    page.queue(default_concurrency_limit=ONLOOKERS, max_size=WAITING, api_open=False)
    mounted: FastAPI = gradio.mount_gradio_app(
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
    return mounted


def run(app: FastAPI, settings: Settings) -> None:
    """Serve app in this process until it is interrupted.

    Raises:
        UserError: if the address is not this machine's own, or somebody else listens there.
    """
    import uvicorn

    if not _loopback(settings.host):
        raise UserError(
            f"{settings.host} can be reached from other machines and there is no sign-in yet; "
            "leave FOOTNOTE_HOST at 127.0.0.1."
        )
    try:
        listener = socket.create_server((settings.host, settings.port), family=_family(settings.host))
    except OSError as error:
        raise UserError(
            f"Cannot listen on {settings.host}, port {settings.port} ({error.strerror or error}); "
            "choose another with --port."
        ) from error
    with listener:
        config = uvicorn.Config(
            app, server_header=False, log_level=settings.log_level, timeout_graceful_shutdown=GOODBYE
        )
        uvicorn.Server(config).run(sockets=[listener])


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
