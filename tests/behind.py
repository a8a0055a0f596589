"""A site whose nginx has Footnote below a path, by the very text of deploy/nginx.conf; for tests of both."""

import asyncio
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from browsing import QUESTION
from nginx import NAME, Nginx, nginx, signing_in
from scripted import ARTICLES, Everything, Marking, Script
from serving import serving
from stand_ins import WordEmbedder

from assistant.keys import Keys
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.types import Draft, Ended
from assistant.uploads import Uploads
from assistant.web.app import create_app
from vectorstore.library import Library
from vectorstore.sync import sync

WAYS = pytest.mark.parametrize("strips", [False, True], ids=["passed on", "stripped"], scope="module")
PATH = "/assistant"
ANN = {"signed_in": "ann:news"}
PAGE = {"accept": "text/html"}


class Patient(Script):
    """A script that, asked to wait, says one sentence and the next only when somebody has heard the first."""

    def __init__(self):
        super().__init__()
        self.heard = threading.Event()

    async def answer(self, request, evidence):
        if not request.question.startswith("wait"):
            async for one in super().answer(request, evidence):
                yield one
            return
        yield Draft(evidence[0].text, evidence[:1])
        if not await asyncio.to_thread(self.heard.wait, 60):
            raise TimeoutError("nobody heard the first sentence before the second")
        yield Draft(evidence[1].text, evidence[1:2], lead=" ")
        yield Ended()


@dataclass
class Site:
    """What stands behind nginx, and how to get there."""

    nginx: Nginx
    direct: str
    settings: Settings
    answerer: Patient
    folder: Path
    keys: dict[str, str] = field(default_factory=dict)

    def signed_in(self):
        return self.nginx.client(PATH, cookies=ANN)

    def with_key(self, name, **headers):
        return self.nginx.client(PATH, headers={"authorization": f"Bearer {self.keys[name]}", **headers})


def site_in(folder, strips, sign_in, **nginx_options):
    """Yield a Site whose people come in by `sign_in`, with an own library and keys of each scope."""
    (folder / "nginx").mkdir()
    library = Library.create(folder / "library")
    sync([ARTICLES], library, WordEmbedder(), passage_tokens=200)
    settings = Settings(
        _env_file=None,
        library=folder / "library",
        path=PATH,
        hosts=(NAME,),
        proxies=("127.0.0.1/32",),
        sign_in=sign_in,
        writers=("everybody",),
        admins=("admins",),
    )
    keys = {name: Keys(settings.library).add(name, [name]) for name in ("ask", "metrics")}
    keys["model"] = Keys(settings.library).add("model", ["ask", "read"])
    answerer = Patient()
    assistant = Assistant(library, Everything(library), answerer=answerer, verifier=Marking())
    uploads = Uploads(library, WordEmbedder(), folder / "uploads", passage_tokens=200, limit=100_000)
    app = create_app(assistant, settings, [QUESTION], uploads)
    with serving(app) as direct, signing_in() as gate:
        options = {"strips": strips, "sign_in": gate if sign_in == "proxy" else None, **nginx_options}
        with nginx(folder / "nginx", int(direct.rpartition(":")[2]), **options) as made:
            yield Site(made, direct, settings, answerer, folder, keys)


def until_closed(connection):
    """Return what arrives until the other side ends the connection, in whatever way.

    Raises:
        TimeoutError: if it does not.
    """
    said = b""
    try:
        while more := connection.recv(65536):
            said += more
    except (ConnectionError, ssl.SSLEOFError):
        pass
    return said
