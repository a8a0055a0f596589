import pytest
from scripted import scripted_assistant
from starlette.testclient import TestClient

from assistant.settings import Settings
from assistant.web.app import create_app
from assistant.web.serving import run
from vectorstore.errors import UserError


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    settings = Settings(_env_file=None, library=tmp_path_factory.mktemp("web"))
    app = create_app(scripted_assistant(), settings, ["What is this?"])
    with TestClient(app, base_url="http://127.0.0.1:7860", raise_server_exceptions=False) as client:
        yield client


def test_an_answer_is_the_contract_and_every_quote_is_in_its_document(client):
    answer = client.post("/api/ask", json={"question": "quote categorical rejection"}).json()
    assert answer["state"] == "complete"
    assert [claim["verdict"] for claim in answer["claims"]] == ["supported"] * len(answer["claims"])
    documents = {document.id: document for document in scripted_assistant().library.documents()}
    for citation in answer["citations"]:
        text = documents[citation["document_id"]].text
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_history_and_filters_are_part_of_a_question(client):
    body = {
        "question": "quote Zelensky",
        "history": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "yes"}],
        "filters": {"outlets": ["Northline Wire"], "after": "2025-08-18"},
    }
    answer = client.post("/api/ask", json=body).json()
    assert answer["searched"]["filters"] == {"outlets": ["Northline Wire"], "after": "2025-08-18"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"question": ""}',
        b"{}",
        b"not json",
        b'{"question": 3}',
        b'{"question": "x", "unknown": 1}',
        b'{"question": "x", "filters": {"after": "yesterday"}}',
        b"\xff\xfe",
    ],
)
def test_a_mistake_is_one_sentence_and_a_request_id(client, body):
    response = client.post("/api/ask", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 422, response.text
    problem = response.json()
    assert set(problem) == {"code", "message", "request_id"}
    assert problem["request_id"] == response.headers["x-request-id"]


def test_characters_that_no_file_can_hold_do_not_break_an_answer(client):
    headers = {"content-type": "application/json"}
    response = client.post("/api/ask", headers=headers, content=b'{"question": "abstain \\ud800 \\u0000"}')
    assert response.json()["state"] == "abstained"


def test_a_failure_of_ours_keeps_its_internals(client):
    response = client.post("/api/ask", json={"question": "fail now"})
    assert response.status_code == 500
    assert response.json()["code"] == "internal_error"
    assert "sk-12345" not in response.text
    assert "content-security-policy" in response.headers


def test_every_answer_carries_the_headers(client):
    for path in ("/", "/healthz", "/footnote/style/page.css", "/nowhere", "/gradio_api/upload"):
        headers = client.get(path).headers
        assert "'unsafe-eval'" not in headers["content-security-policy"]
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=http://127.0.0.1:9/x.png",
        "/gradio_api/file=https%3A%2F%2Fevil.example/x.png",
        "/GRADIO_API/file=https://evil.example/x",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file/etc/passwd",
        "/gradio_api/proxy=https://evil.example/",
        "/gradio_api/mcp/schema",
        "/gradio_api/mcp/",
        "/gradio_api/runs",
        "/gradio_api/info",
        "/gradio_api/vibe-code",
        "/gradio_api/stream/a/b/c/playlist.m3u8",
        "/monitoring/summary",
        "/pwa_icon",
        "/docs",
        "/openapi.json",
    ],
)
def test_what_the_page_does_not_need_of_gradio_is_not_served(client, path):
    assert client.get(path).status_code in (403, 404)


@pytest.mark.parametrize("path", ["/gradio_api/upload", "/gradio_api/run/predict", "/gradio_api/call/answer"])
def test_nothing_can_be_uploaded_or_called_past_the_page(client, path):
    assert client.post(path, files={"files": ("x.html", b"<script>1</script>")}).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:7861"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_site_cannot_ask(client, headers):
    response = client.post("/api/ask", json={"question": "quote NATO"}, headers=headers)
    assert response.status_code == 403
    joined = client.post("/gradio_api/queue/join", json={}, headers=headers)
    assert joined.status_code == 403


def test_our_own_page_can_ask(client):
    headers = {"origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-origin"}
    assert client.post("/api/ask", json={"question": "quote NATO"}, headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["chat.intranet", "evil.example:7860", "127.0.0.1.evil.example", ""])
def test_only_the_names_of_this_machine_are_answered(client, host):
    assert client.get("/healthz", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1", "[::1]:7860"])
def test_the_names_of_this_machine_are_answered(client, host):
    assert client.get("/healthz", headers={"host": host}).json() == {"status": "ok"}


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:7860"])
def test_no_origin_is_reflected(client, origin):
    for path in ("/", "/config", "/healthz", "/api/ask"):
        response = client.get(path, headers={"origin": origin})
        assert "access-control-allow-origin" not in response.headers
        preflight = {"origin": origin, "access-control-request-method": "POST"}
        assert "access-control-allow-origin" not in client.options(path, headers=preflight).headers


def test_a_body_over_a_megabyte_is_refused_whether_or_not_it_says_so(client):
    def pieces():
        for _ in range(12):
            yield b"x" * 100_000

    announced = client.post("/api/ask", content=b"x" * 1_000_001)
    unannounced = client.post("/api/ask", content=pieces(), headers={"content-type": "application/json"})
    assert (announced.status_code, unannounced.status_code) == (413, 413)


def test_the_page_names_no_key_and_no_path_of_the_machine(client):
    config = client.get("/config").text
    assert "sk-12345" not in config
    assert str(__file__).rsplit("/", 2)[0] not in config


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.com"])
def test_an_address_that_others_can_reach_is_refused_because_there_is_no_sign_in(host):
    with pytest.raises(UserError, match="there is no sign-in"):
        run(None, Settings(_env_file=None, host=host))
