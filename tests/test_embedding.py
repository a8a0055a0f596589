"""What the server gives pages that embed the assistant: to which origins, with which headers, and to nobody more."""

import html
import json
import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from scripted import scripted_assistant
from starlette.testclient import TestClient

from assistant.keys import Keys
from assistant.settings import Settings
from assistant.web.app import STATIC, create_app
from assistant.web.visitor import COOKIE
from assistant.web.words import LANGUAGES, words_for

LISTED = "https://intranet.corp"
UNLISTED = (
    "https://evil.example", "null", "http://intranet.corp", "https://intranet.corp.evil.example",
    "https://intranet.corp:8443", "https://evil-intranet.corp", "https://INTRANET.corp", "https://intranet.corp/",
)  # fmt: skip
HARMFUL = '?q=<img src=x onerror=alert(1)>&autosubmit=1&theme="><script>&title=</title><script>&lang=../../x&api=//evil'
USED = ("acts", "copying", "dom", "hover", "panel")  # of the chat page's scripts, by the frame
TITLE = "</script><script>alert(1)</script>"


def client_of(folder, **settings):
    given = Settings(_env_file=None, library=folder, sign_in="key", **settings)
    return TestClient(create_app(scripted_assistant(), given), base_url="http://127.0.0.1:7860")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("embedding")


@pytest.fixture(scope="module")
def client(folder):
    with client_of(folder, origins=(LISTED, "http://localhost:8000"), title=TITLE, accent="#0a5") as client:
        yield client


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """The same without a single origin."""
    with client_of(tmp_path_factory.mktemp("closed")) as client:
        yield client


@pytest.fixture(scope="module")
def key(folder):
    return Keys(folder).add("intranet", ["ask", "read", "write", "admin"], ["staff"])


@pytest.fixture(scope="module")
def token(client, key):
    return minted(client, key, "Ann")


def minted(client, key, user, **more):
    given = client.post("/api/embed/tokens", json={"user": user, **more}, headers=bearer(key))
    assert given.status_code == 201
    return given.json()["token"]


def bearer(credential):
    return {"authorization": f"Bearer {credential}"}


def policy(response):
    parts = (part.split() for part in response.headers["content-security-policy"].split("; "))
    return {name: values for name, *values in parts}


def told(page, name):
    """Return what the page tells its script, as a browser finds it."""
    (written,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script', page, re.S)
    return json.loads(written)


def test_the_frame_may_stand_in_pages_of_the_listed_origins_and_its_scripts_are_files(client):
    page = client.get("/embed")
    assert policy(page)["frame-ancestors"] == ["'self'", LISTED, "http://localhost:8000"]
    assert policy(page)["script-src"] == policy(page)["style-src"] == policy(page)["connect-src"] == ["'self'"]
    assert "x-frame-options" not in page.headers
    assert "set-cookie" not in page.headers
    inline = re.findall(r"<script(?![^>]* (?:src=|type=\"application/json\"))|<style| on\w+=| style=", page.text)
    assert inline == []


def test_no_other_page_may_be_framed(client):
    for path in ("/", "/sign-in", "/embed.js", "/footnote/embed/frame.js", "/api/me", "/nowhere"):
        response = client.get(path, headers={"accept": "text/html"}, follow_redirects=False)
        assert LISTED not in response.headers["content-security-policy"]
        assert response.headers["x-frame-options"] in ("SAMEORIGIN", "DENY")


def test_without_origins_no_other_site_shows_the_frame_or_calls_us(closed):
    page = closed.get("/embed")
    assert policy(page)["frame-ancestors"] == ["'self'"]
    assert told(page.text, "origins") == []
    asked = {"origin": LISTED, "access-control-request-method": "POST"}
    assert "access-control-allow-origin" not in closed.options("/api/conversations", headers=asked).headers


def test_pages_of_the_listed_origins_may_call_us_without_cookies(client, token):
    wanted = {"origin": LISTED, "access-control-request-method": "POST"}
    preflight = client.options(
        "/api/conversations", headers={**wanted, "access-control-request-headers": "authorization,content-type"}
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == LISTED
    assert "access-control-allow-credentials" not in preflight.headers
    me = client.get("/api/me", headers={**bearer(token), "origin": LISTED})
    assert me.headers["access-control-allow-origin"] == LISTED
    begun = client.post("/api/conversations", json={"question": "quote"}, headers={**bearer(token), "origin": LISTED})
    assert begun.status_code == 202


@pytest.mark.parametrize("origin", UNLISTED)
def test_pages_of_other_origins_may_not(client, token, origin):
    wanted = {"origin": origin, "access-control-request-method": "POST"}
    assert "access-control-allow-origin" not in client.options("/api/conversations", headers=wanted).headers
    answer = client.post("/api/conversations", json={"question": "quote"}, headers={**bearer(token), "origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "*", "null", "intranet.corp", "https://intranet.corp/", "https://intranet.corp/page", "https://*.corp",
        "https://Intranet.corp", "https://intranet.corp; script-src *", "https://a.corp https://b.corp", "https://",
        "ftp://intranet.corp", "https://intranet.corp:", "https://intranet.corp\n", "https://intra'net.corp",
    ],
)  # fmt: skip
def test_an_origin_that_no_browser_would_say_is_told_at_the_start(tmp_path, origin):
    with pytest.raises(ValidationError, match="origins"):
        client_of(tmp_path, origins=(origin,))


@pytest.mark.parametrize("origin", ["http://localhost:8000", "https://[::1]:8443", "https://a-b.c1.corp"])
def test_an_origin_that_a_browser_says_is_taken(tmp_path, origin):
    with client_of(tmp_path, origins=(origin,)) as client:
        assert origin in policy(client.get("/embed"))["frame-ancestors"]


def test_nothing_of_an_address_stands_in_the_page(client):
    plain = client.get("/embed").text
    assert client.get(f"/embed{HARMFUL}").text == plain
    assert client.get("/embed?theme=dark&q=words&lang=xx").text == plain


def test_a_token_or_key_in_the_query_is_refused(client, key, token):
    for name in ("token", "t", "q", "lang"):
        for credential in (token, key):
            response = client.get("/embed", params={name: credential})
            assert (response.status_code, response.json()["code"]) == (400, "credential_in_address")


def test_nothing_in_the_page_ends_the_words_it_tells_its_script(client):
    page = client.get("/embed").text
    assert told(page, "words")["title"] == TITLE
    assert told(page, "origins") == [LISTED, "http://localhost:8000"]
    assert "<script>alert" not in page
    assert html.escape(TITLE) in page


def test_the_page_tells_a_stranger_nothing_of_documents_or_people(tmp_path):
    with client_of(tmp_path, welcome="Ask about the secret merger.") as client:
        page = client.get("/embed").text + client.get("/embed.js").text
    assert "merger" not in page
    assert "Novosti" not in page
    assert "Reading from" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_frame_speaks_the_language_that_is_asked_for(client, language):
    page = client.get("/embed", params={"lang": language}, headers={"accept-language": "en"}).text
    words = words_for(language)
    assert f'<html lang="{language}">' in page
    assert told(page, "words")["script.new"] == words("script.new")
    assert words("ask.send") in page
    assert words("sign_in.under_way") in page


def test_the_language_of_a_house_goes_before_the_persons_and_theirs_before_the_pages(client, tmp_path):
    def language(client, address, cookies=None):
        headers = {"accept-language": "uk", **({"cookie": f"{COOKIE}={cookies}"} if cookies else {})}
        return re.search(r'<html lang="(\w+)"', client.get(address, headers=headers).text)[1]

    assert language(client, "/embed") == "uk"
    assert language(client, "/embed?lang=fr") == "fr"
    assert language(client, "/embed?lang=fr", "de") == "de"
    with client_of(tmp_path, language="es") as client:
        assert language(client, "/embed?lang=fr", "de") == "es"
        assert '"de"' not in client.get("/embed.js").text


def test_every_file_that_the_frame_names_is_there(client):
    page = client.get("/embed").text
    named = re.findall(r'(?:href|src)="(footnote/[^"]+)"', page)
    imported = [
        f"footnote/{path.parent.name}/{name}".replace("embed/../", "")
        for path in (STATIC / "embed").glob("*.js")
        for name in re.findall(r'from "\./(\w+\.js)"|import "\./(\w+\.js)"', path.read_text(encoding="utf-8"))
        for name in filter(None, name)
    ]
    assert len(named) > 8
    assert "footnote/embed/token.js" in imported
    assert [path for path in (*named, *imported) if client.get(f"/{path}").status_code != 200] == []


def test_the_script_may_be_used_by_pages_of_other_sites_and_is_the_same_for_all(client):
    script = client.get("/embed.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert script.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in script.headers
    assert client.get("/embed.js", headers={"accept-language": "uk", "cookie": f"{COOKIE}=de"}).text == script.text
    told = json.loads(script.text.rstrip().removesuffix(");").rpartition("\n})(")[2])
    assert set(told["words"]) == set(LANGUAGES)
    assert len(re.findall(r"--note:#[0-9a-f]{6}!important", told["style"])) == 2
    assert not re.search(r"innerHTML|eval|insertAdjacent|document\.write|localStorage|cookie", script.text)


def test_the_frame_keeps_nothing_in_the_browser():
    scripts = [*(STATIC / "embed").glob("*.js"), *(STATIC / "script" / f"{one}.js" for one in USED)]
    kept = re.compile(r"localStorage|sessionStorage|indexedDB|document\.cookie|caches\.")
    assert [path.name for path in scripts if kept.search(path.read_text(encoding="utf-8"))] == []


def test_a_token_asks_for_its_person_and_does_nothing_else(client, key, token):
    for method, path, body in (
        ("POST", "/api/search", {"query": "x"}),
        ("GET", "/api/documents", None),
        ("POST", "/api/embed/tokens", {"user": "Bob"}),
        ("DELETE", "/api/users/key:intranet", None),
        ("GET", "/metrics", None),
    ):
        assert client.request(method, path, json=body, headers=bearer(token)).status_code == 403, path


def test_a_token_sees_of_others_what_it_sees_of_nobody(client, key, token):
    theirs = bearer(minted(client, key, "Bob"))
    begun = client.post("/api/conversations", json={"question": "quote"}, headers=theirs).json()
    nobodys = begun["conversation"][::-1]

    def told(path):
        response = client.get(path, headers=bearer(token))
        assert response.status_code in (404, 422)
        return response.status_code, response.json()["code"], response.json()["message"]

    for path in (f"/api/conversations/{begun['conversation']}", f"/{begun['live']}"):
        assert client.get(path, headers=theirs).status_code == 200
        assert told(path) == told(path.replace(begun["conversation"], nobodys))


def test_the_documentation_names_every_attribute_and_message():
    docs = (Path(__file__).parent.parent / "docs" / "embedding.md").read_text(encoding="utf-8")
    host = (STATIC / "embed" / "host.js").read_text(encoding="utf-8")
    names = re.search(r"const \{ (.+?) \} = script\.dataset", host)[1].split(", ")
    attributes = {"data-" + re.sub(r"[A-Z]", lambda one: f"-{one[0].lower()}", name) for name in names}
    assert {one for one in attributes if f"`{one}`" in docs} == attributes
    said = re.findall(r'"(footnote:[\w-]+)"', (STATIC / "embed" / "token.js").read_text(encoding="utf-8") + host)
    assert {one for one in said if one not in docs} == set()
