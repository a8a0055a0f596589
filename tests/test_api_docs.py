"""Every example of docs/api.md is run as it stands, against a real server, and gives what the page says it gives."""

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
from itertools import groupby
from pathlib import Path
from typing import get_args

import pytest
from markdown_it import MarkdownIt
from serving import serving

from assistant.keys import Keys
from assistant.open import open_assistant
from assistant.sample import sample_corpus
from assistant.settings import Settings
from assistant.types import Event
from assistant.uploads import open_uploads
from assistant.web.app import create_app
from assistant.web.problems import REFUSALS
from assistant.web.routes import ROUTES
from vectorstore.library import Library
from vectorstore.sync import sync

HOUSE = Path(__file__).parent.parent
PAGE = (HOUSE / "docs/api.md").read_text(encoding="utf-8")
FENCES = [(one.info, one.content, one.map[0] + 1) for one in MarkdownIt().parse(PAGE) if one.type == "fence"]
ADDRESS = "https://footnote.example.org"
LATER = ("document_id", "conversation", "live", "token")  # values that an example takes from a response before it
OUTSIDE = ("/api/", "/v1/", "/mcp", "/healthz", "/readyz", "/metrics")


@pytest.fixture(scope="module")
def server(tmp_path_factory, embedder):
    """The address of a server with the sample articles, and a key for it."""
    place = tmp_path_factory.mktemp("docs")
    settings = Settings(_env_file=None, library=place / "library", sign_in="key", embedding="bundled", model=None)
    sync([sample_corpus()], Library.create(settings.library), embedder, passage_tokens=settings.passage_tokens)
    assistant = open_assistant(settings)
    secret = Keys(settings.library).add("intranet", ["ask", "read", "write", "metrics"])
    with serving(create_app(assistant, settings, uploads=open_uploads(assistant.library, settings))) as address:
        yield address, secret


def same_shape(told, found, where="it"):
    """Check that what was found has the fields and the types that were told; a field “…” stands for any others."""
    if isinstance(told, dict):
        assert isinstance(found, dict), where
        assert told.keys() - found.keys() <= {"…"}, where
        assert "…" in told or found.keys() <= told.keys(), where
        for name in told.keys() - {"…"}:
            same_shape(told[name], found[name], f"{where}.{name}")
    elif isinstance(told, list):
        assert isinstance(found, list), where
        if told and found:
            same_shape(told[0], found[0], f"{where}[0]")
    elif None not in (told, found):
        kinds = {float if type(one) is int else type(one) for one in (told, found)}
        assert len(kinds) == 1, f"{where}: {told!r} was told, {found!r} found"


def events(text):
    """Return the names of events in their order, each run of one as one."""
    return [name for name, _ in groupby(re.findall(r"^event: (\w+)", text, re.MULTILINE))]


def test_every_example_for_the_shell_does_what_the_page_says(server, tmp_path):
    if not (shutil.which("curl") and shutil.which("bash")):
        pytest.skip("The examples are for bash and curl, and one of the two is not installed.")
    address, secret = server
    environment = {"PATH": os.environ["PATH"], "KEY": secret, "LANG": "C.UTF-8"}
    ran = 0
    for number, (kind, content, line) in enumerate(FENCES):
        if kind != "sh":
            continue
        command = ["bash", "-euo", "pipefail", "-c", content.replace(ADDRESS, address)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"line {line}: {done.stdout}{done.stderr}"
        told_as, told, _ = FENCES[number + 1]
        found = json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout
        if told_as == "json":
            same_shape(json.loads(told), found, f"line {line}")
        elif told_as == "text":
            assert events(told) == events(found), f"line {line}"
        else:
            assert "request_id" not in found, f"line {line}: {found}"
        first = found[0] if isinstance(found, list) else found
        if isinstance(first, dict):
            environment |= {name.upper(): first[name] for name in LATER if name in first}
        ran += 1
    assert ran > 20


PYTHON = [pytest.param(content, id=f"line {line}") for kind, content, line in FENCES if kind == "python"]


@pytest.mark.parametrize("content", PYTHON)
def test_every_example_in_python_runs_and_shows_footnotes(server, content):
    address, secret = server
    assert ADDRESS in content
    assert "fn_YOUR-KEY" in content
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(content.replace(ADDRESS, address).replace("fn_YOUR-KEY", secret), {})
    assert "[1]" in said.getvalue()


def test_every_example_is_of_a_kind_that_is_run():
    assert {kind for kind, _, _ in FENCES} == {"sh", "json", "text", "python"}
    assert len(PYTHON) == 3


def rows(columns):
    table = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    return [row for row in table if len(row) == columns]


def test_every_route_of_programs_is_in_the_table_with_its_scopes():
    told = {(method, path.strip("`"), scopes) for method, path, scopes in rows(3) if method.isupper()}
    served = {
        (route.method, route.path.replace(":path", ""), ", ".join(route.scopes) or "–")
        for route in ROUTES
        if route.path.startswith(OUTSIDE)
    }
    assert told == served


def test_every_event_is_explained():
    told = {name.strip("`") for name, *_ in rows(3)}
    assert {event.__name__.lower() for event in get_args(Event)} | {"error"} <= told


def test_every_code_of_an_error_is_explained():
    told = {code.strip("`") for status, code, _ in rows(3) if status.isdecimal()}
    sources = [path.read_text(encoding="utf-8") for path in (HOUSE / "assistant/web").glob("*.py")]
    raised = {code for source in sources for code in re.findall(r'Refused\(\s*\d{3},\s*"(\w+)"', source)}
    assert raised
    assert {*raised, *REFUSALS, "bad_request"} == told
