"""Whom Footnote believes about who asks and where it is served: the proxy in front of it, and nobody else."""

import json
import socket
import ssl

import httpx
import pytest
from behind import ANN, PAGE, PATH, WAYS, site_in, until_closed
from nginx import NAME, NEEDS_NGINX

pytestmark = NEEDS_NGINX
ELSEWHERE = "127.0.0.2"  # an address of this machine that is no proxy
FORGED = {
    "X-Forwarded-User": "root",
    "X_Forwarded_User": "root",
    "X-Forwarded-Groups": "admins",
    "X-Forwarded-For": "6.6.6.6",
    "X-Real-IP": "6.6.6.6",
    "Forwarded": "for=6.6.6.6;host=evil.example;proto=http",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": "/evil.example",
    "X-Forwarded-Proto": "javascript",
    "X-Script-Name": "/evil.example",
    "X-Original-URL": "/evil.example",
    "X-Gradio-Server": "https://evil.example",
}


@pytest.fixture(scope="module")
def site(strips, tmp_path_factory):
    """People are signed in by the proxy."""
    yield from site_in(tmp_path_factory.mktemp("proxied"), strips, "proxy")


@pytest.fixture(scope="module")
def keyed(strips, tmp_path_factory):
    """People sign in with a key, at Footnote itself."""
    yield from site_in(tmp_path_factory.mktemp("keyed"), strips, "key")


def elsewhere(address, **options):
    """Return a client that goes past nginx, from an address that is no proxy."""
    return httpx.Client(base_url=address + PATH, transport=httpx.HTTPTransport(local_address=ELSEWHERE), **options)


def refused(response):
    return response.status_code == 401 and response.json()["code"] == "not_signed_in"


@WAYS
def test_nobody_is_believed_who_says_through_the_proxy_who_they_are(site):
    with site.nginx.client(PATH, headers=FORGED) as client:
        assert refused(client.get("/api/me"))
    with site.nginx.client(PATH, headers=FORGED, cookies=ANN) as client:
        me = client.get("/api/me").json()
        assert (me["user"], me["groups"]) == ("user:ann", ["news"])
        assert "admin" not in me["scopes"]
    with site.with_key("ask") as client:
        assert client.get("/api/me", headers=FORGED).json()["user"] == "key:ask"


@WAYS
@pytest.mark.parametrize(
    "target",
    [
        "/assistant/footnote/../api/me", "/assistant/footnote/%2e%2e/api/me", "/assistant/embed/../api/me",
        "/assistant/healthz/../api/me", "//assistant/footnote/../api/me", "/assistant/api/me?/assistant/embed ",
        "/assistant//api/me", "/assistant/assistant/api/me",
    ],
)  # fmt: skip
def test_no_way_of_writing_an_address_gets_past_the_sign_in_with_a_name_of_ones_own(site, target):
    context = ssl.create_default_context(cafile=str(site.nginx.certificate))
    with (
        socket.create_connection(("127.0.0.1", site.nginx.port)) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as connection,
    ):
        lines = [f"GET {target} HTTP/1.1", f"Host: {NAME}:{site.nginx.port}", "Connection: close"]
        connection.sendall("\r\n".join([*lines, *(f"{k}: {v}" for k, v in FORGED.items()), "", ""]).encode())
        answer = until_closed(connection)
    assert int(answer.split()[1]) in (400, 401, 404)
    assert b"root" not in answer


@WAYS
def test_nobody_is_believed_who_comes_past_the_proxy(site):
    with elsewhere(site.direct, headers=FORGED) as client:
        assert refused(client.get("/api/me"))
        client.headers["authorization"] = f"Bearer {site.keys['ask']}"
        assert client.get("/api/me").json()["user"] == "key:ask"
        config = client.get("/config")
        assert config.json()["root"] == f"{site.direct}{PATH}"
        assert "evil" not in config.text


@WAYS
def test_no_address_that_is_made_holds_what_a_client_says_of_the_host(site):
    own = f"{site.nginx.address}{PATH}"
    with site.nginx.client(PATH, headers=FORGED, cookies=ANN) as client:
        assert client.get("/config").json()["root"] == own
        for path in ("/", "/config", "/api/openapi.json", "/gradio_api/startup-events"):
            answer = client.get(path, headers=PAGE)
            assert "evil" not in answer.text + str(answer.headers)
        assert f'"root":"{own}"' in client.get("/").text
        told = client.get(site.nginx.address + PATH, headers={"host": "evil.example"})
        assert "evil" not in told.text + str(told.headers)
        assert client.get("/", headers={"host": "evil.example"}).json()["code"] == "unknown_host"
        session = {"session_hash": "forged"}
        joined = client.post("/gradio_api/queue/join", json={"data": [], "fn_index": 0, **session})
        assert joined.status_code == 200
        with client.stream("GET", "/gradio_api/queue/data", params=session) as response:
            heard = "".join(response.iter_lines())
        assert "evil" not in heard
    with httpx.Client() as client:
        plain = f"http://127.0.0.1:{site.nginx.plain}{PATH}/?c=1"
        told = client.get(plain, headers={**FORGED, "host": "evil.example"})
    assert (told.status_code, told.headers["location"]) == (308, f"{own}/?c=1")


@WAYS
def test_the_audit_holds_the_address_that_a_request_comes_from_and_not_what_it_says(keyed):
    def addresses():
        lines = (keyed.settings.library / "audit.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line).get("address") for line in lines if "sign_in_refused" in line]

    with keyed.nginx.client(PATH, headers=FORGED, local_address="127.0.0.3") as client:
        assert client.post("/sign-in", data={"key": "wrong"}).status_code == 401
    with elsewhere(keyed.direct, headers=FORGED) as client:
        assert client.post("/sign-in", data={"key": "wrong"}).status_code == 401
    assert addresses()[-2:] == ["127.0.0.3", ELSEWHERE]
