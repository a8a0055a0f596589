"""The API against its own description: whatever may be sent is answered, and as the description says."""

import ast
import json
from pathlib import Path

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from starlette.testclient import TestClient

from assistant.keys import Keys
from assistant.open import open_assistant
from assistant.settings import Settings
from assistant.uploads import open_uploads
from assistant.web.app import create_app
from assistant.web.description import ANSWERS
from assistant.web.routes import ROUTES
from assistant.web.schema import CODES, Answer, Problem
from evals.command import run

# A route whose work costs seconds each time it succeeds is tried less.
FEW, MANY = 6, 25
SLOW = {("post", "/api/documents")}
NOTHING_TO_SEND = {("get", "/healthz"), ("get", "/readyz")}  # neither parameters nor a key
# Documents that were indexed from a folder cannot be deleted, only a thumb for the very exchange is kept, and few words
# at random are a document of a format that is read.
RARELY = {
    ("delete", "/api/documents/{document}"),
    ("post", "/api/conversations/{conversation}/exchanges/{number}/feedback"),
    ("post", "/api/documents"),
}
WEB = Path(__file__).parent.parent / "assistant" / "web"
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
FERRY = "# Ferry\n\nThe ferry to Skerra sails at nine in the morning. It takes two hours."
PIER = "# Pier\n\nThe pier of Skerra was painted green on Tuesday. The ferry to Skerra was late."


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    place = tmp_path_factory.mktemp("described")
    (place / "news").mkdir()
    (place / "news" / "ferry.md").write_text(FERRY, encoding="utf-8")
    (place / "news" / "pier.md").write_text(PIER, encoding="utf-8")
    assert run(["--library", str(place / "library"), "index", str(place / "news")]) == 0
    settings = Settings(
        _env_file=None,
        library=place / "library",
        model=None,
        sign_in="key",
        hosts="testserver",
        requests_per_minute=1_000_000,
        questions_per_minute=1_000_000,
    )
    assistant = open_assistant(settings)
    app = create_app(assistant, settings, uploads=open_uploads(assistant.library, settings))
    secret = Keys(settings.library).add("tester", ["admin"])
    app.state.headers = {"authorization": f"Bearer {secret}"}
    return app


@pytest.fixture(scope="module")
def client(app):
    with TestClient(app, raise_server_exceptions=False, headers=app.state.headers) as client:
        yield client


@pytest.fixture(scope="module")
def described(app, client):
    return schemathesis.openapi.from_asgi("/api/openapi.json", app, headers=app.state.headers)


def begun(client, question="When does the ferry to Skerra sail?"):
    """Ask a question of a new conversation; return it when it is answered."""
    one = client.post("/api/conversations", json={"question": question}).json()
    assert "event: ended" in client.get("/" + one["live"]).text
    return one


@pytest.fixture
def there(client):
    """Values of parameters that name something that is there."""
    document = client.get("/api/documents?search=ferry.md").json()[0]["document_id"]
    conversation = begun(client)["conversation"]
    return {"conversation": conversation, "document": document, "number": 1, "source": 1, "kind": "sources"}


# What is sent


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        (*operation, mode)
        for operation in sorted(ANSWERS)
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or operation not in NOTHING_TO_SEND
    ],
    ids=lambda one: getattr(one, "value", one),
)
def test_whatever_is_sent_is_answered_as_described(described, app, there, method, path, mode):
    operation = described[path][method.upper()]
    seen = set()

    @hypothesis.settings(
        max_examples=FEW if (method, path) in SLOW else MANY,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), names_something=st.booleans())
    def tried(case, names_something):
        if names_something:
            case.path_parameters.update({name: there[name] for name in case.path_parameters if name in there})
        response = case.call(headers=app.state.headers)
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS, headers=app.state.headers)

    tried()
    assert seen - {400, 401}, "no request came as far as the application"
    if mode is GenerationMode.POSITIVE and (method, path) not in RARELY:
        assert any(status < 300 for status in seen), seen


# What is answered


def test_every_route_of_the_api_is_described(app):
    ours = {
        (route.method.lower(), route.path.replace(":path", ""))
        for route in ROUTES
        if route.path.startswith("/api/") and route.path != "/api/openapi.json"
    }
    assert ours <= set(ANSWERS)
    found = app.openapi()["paths"]
    assert {(method, path) for path in found for method in found[path] if not path.startswith("/v1/")} == set(ANSWERS)


class Held:
    """A client that holds every answer against the model that its route is described with."""

    def __init__(self, client):
        self.client = client
        self.visited = set()

    def __call__(self, method, path, *, status, at=None, **sent):
        response = self.client.request(method, at or path, **sent)
        assert response.status_code == status, response.text
        told = ANSWERS[method, path].get(status, (Problem,))
        if status in ANSWERS[method, path]:
            self.visited.add((method, path))
        kind = response.headers.get("content-type", "").partition(";")[0]
        models = [one for one in told if not isinstance(one, str)]
        if not told:
            assert response.content == b""
        elif kind == "application/json":
            models[0].model_validate(response.json(), extra="forbid")
        else:
            assert kind in told
        return response


def events(response):
    """Yield the events of a stream: what they are called, and their data."""
    for block in response.text.replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "event" in fields:
            yield fields["event"], json.loads(fields["data"])


def test_what_is_sent_is_what_is_described_and_nothing_more(client, app):
    held = Held(client)
    question = {"question": "When does the ferry to Skerra sail?"}
    answer = held("post", "/api/ask", status=200, json=question).json()
    assert answer["state"] == "complete"
    held(
        "post",
        "/api/ask",
        status=200,
        json={"question": "Who invented the telephone?", "filters": {"after": "2020-01-01"}},
    )
    streamed = held("post", "/api/ask", status=200, json=question, headers={"accept": "text/event-stream"})
    (finished,) = [data for name, data in events(streamed) if name == "finished"]
    Answer.model_validate(finished, extra="forbid")
    held("post", "/api/search", status=200, json={"query": "ferry"})
    held("post", "/api/feedback", status=201, json={"vote": "up", "answer": answer})

    one = held("post", "/api/conversations", status=202, json=question).json()
    name = "/api/conversations/{conversation}"
    at, exchange = f"/api/conversations/{one['conversation']}", f"/api/conversations/{one['conversation']}/exchanges/1"
    live = held("get", f"{name}/exchanges/{{number}}/live", at=f"{exchange}/live", status=200)
    (ended,) = [data for event, data in events(live) if event == "ended"]
    Answer.model_validate(ended["answer"], extra="forbid")
    held("post", f"{name}/exchanges", at=f"{at}/exchanges", status=202, json={"question": "What was painted?"})
    held("get", f"{name}/exchanges/{{number}}/live", at=f"{at}/exchanges/2/live", status=200)
    held("post", f"{name}/stop", at=f"{at}/stop", status=204)
    held("get", "/api/conversations", status=200)
    held("get", name, at=at, status=200)
    for form in ("json", "html", "markdown", "print"):
        held("get", f"{name}/export", at=f"{at}/export?form={form}", status=200)
    held("patch", name, at=at, status=200, json={"title": "Ferries"})
    held("get", f"{name}/exchanges/{{number}}/next", at=f"{exchange}/next", status=200)
    held("get", f"{name}/exchanges/{{number}}/{{kind}}/{{source}}", at=f"{exchange}/sources/1", status=200)
    thumb = {"exchange": one["exchange"], "vote": "down", "reason": "other", "words": "Late."}
    held("post", f"{name}/exchanges/{{number}}/feedback", at=f"{exchange}/feedback", status=201, json=thumb)
    held("delete", name, at=at, status=204)

    held("get", "/api/library", status=200)
    held("get", "/api/documents", status=200)
    document = ""
    for content, status in (("# Tide\n\nThe tide is high.", 201), ("# Tide\n\nThe tide is low.", 200), ("", 200)):
        added = held("post", "/api/documents", status=status, files={"file": ("tide.md", content.encode())}).json()
        document = added["document_id"] or document
    held("get", "/api/documents/{document}", at=f"/api/documents/{document}", status=200)
    held("delete", "/api/documents/{document}", at=f"/api/documents/{document}", status=200)

    held("get", "/healthz", status=200)
    held("get", "/readyz", status=200)
    held("get", "/metrics", status=200)
    held("get", "/api/me", status=200)
    held("post", "/api/embed/tokens", status=201, json={"user": "ann"})
    held("delete", "/api/me", status=200)
    held("delete", "/api/users/{user}", at="/api/users/user:ann", status=200)
    assert held.visited == set(ANSWERS)

    # And what goes wrong
    held("get", name, at="/api/conversations/0", status=404)
    held("get", "/api/documents/{document}", at="/api/documents/0", status=404)
    held("post", "/api/ask", status=422, json={"question": ""})
    held("post", "/api/ask", status=422, content=b"{", headers={"content-type": "application/json"})
    held("post", "/api/ask", status=413, content=b"x" * 1_000_001)
    held("post", "/api/ask", status=415, content=b"x")
    held("post", "/api/documents", status=400, content=b"x", headers={"content-type": "multipart/form-data"})
    held("get", "/api/me", status=400, headers={"host": "evil.example"})
    held("get", "/api/me", status=401, headers={"authorization": ""})
    held("get", "/api/me", status=431, headers={"x": "x" * 40_000})
    held("post", "/api/ask", status=403, json=question, headers={"origin": "https://evil.example"})


def test_a_description_names_the_way_in_and_every_code(client):
    told = client.get("/api/openapi.json").json()
    assert told["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert set(told["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]) == CODES
    refused = [
        node.args[1].value
        for path in WEB.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Refused", "problem")
        if isinstance(node.args[1], ast.Constant)
    ]
    assert len(refused) > 10
    assert set(refused) <= CODES
