"""Below a path of a site, behind a real nginx with deploy/nginx.conf, everything works and stays below the path."""

import json
import re
import socket
import ssl
import threading
import time
from contextlib import ExitStack

import httpx
import pytest
from behind import ANN, PAGE, PATH, WAYS, site_in, until_closed
from browsing import NEEDS_CHROMIUM, QUESTION, answered, ask, marked, reading
from nginx import NAME, NEEDS_NGINX

pytestmark = NEEDS_NGINX


@pytest.fixture(scope="module")
def site(strips, tmp_path_factory):
    """People are signed in by the proxy."""
    yield from site_in(tmp_path_factory.mktemp("proxied"), strips, "proxy")


@pytest.fixture(scope="module")
def keyed(strips, tmp_path_factory):
    """People sign in with a key, at Footnote itself."""
    yield from site_in(tmp_path_factory.mktemp("keyed"), strips, "key")


def asked_for(site):
    """Return the paths that nginx was asked for."""
    log = (site.folder / "nginx" / "access.log").read_text(encoding="utf-8")
    return re.findall(r'"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\S+) HTTP', log)


def events(lines):
    """Yield the names and data of server-sent events."""
    name = None
    for line in lines:
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            yield name, json.loads(line[5:])


# The page


@NEEDS_CHROMIUM
@WAYS
def test_the_page_answers_opens_sources_and_remembers_and_never_leaves_its_path(chromium, site):
    before = len(asked_for(site))
    cookie = {"name": "signed_in", "value": ANN["signed_in"], "domain": NAME, "path": "/", "secure": True,
              "httpOnly": True, "sameSite": "Lax", "expires": -1}  # fmt: skip
    visitor = {"ignore_https_errors": True, "storage_state": {"cookies": [cookie], "origins": []}}
    with reading(chromium, site.nginx.address + PATH, path="/", **visitor) as page:
        ask(page, QUESTION)
        page.locator("a.cite").first.click()
        page.wait_for_selector("#sources mark.here")
        quoted = marked(page)
        assert quoted in page.locator(".exchange .claim").first.inner_text()
        page.locator("#sources .whole, #sources button").first.wait_for()
        page.keyboard.press("Escape")
        assert page.url.startswith(f"{site.nginx.address}{PATH}/?c=")
        shown = page.locator(".exchange").first.inner_text()
        page.reload()
        answered(page)
        assert page.locator(".exchange").first.inner_text() == shown
        # Gradio's stream is not held back: the first sentence is seen while the second is not yet written.
        site.answerer.heard.clear()
        page.fill("#ask textarea", "wait for me")
        page.press("#ask textarea", "Enter")
        page.wait_for_selector(".exchange[id$='-2'] .claim")
        site.answerer.heard.set()
        answered(page, 2)
        links = page.locator("link[href], script[src], a[href^='/'], a[href^='http'], form[action]").evaluate_all(
            "found => found.map(one => one.href || one.src || one.action)"
        )
    left = [one for one in asked_for(site)[before:] if not one.startswith(f"{PATH}/")]
    assert left == []
    assert [one for one in links if not one.startswith((f"{site.nginx.address}{PATH}/", "data:"))] == []


@WAYS
def test_without_its_last_slash_the_path_leads_to_the_page(site):
    with site.signed_in() as client:
        led = client.get(site.nginx.address + PATH + "?c=abc")
        assert (led.status_code, led.headers["location"]) == (308, f"{PATH}/?c=abc")
    with httpx.Client() as client:  # behind a proxy that does not see to it
        led = client.get(f"{site.direct}{PATH}?c=abc", headers={"x-forwarded-user": "ann"})
        assert (led.status_code, led.headers["location"]) == (308, f"{PATH}/?c=abc")


# The API


@WAYS
def test_answers_come_as_json_and_event_by_event_while_they_are_written(site):
    with site.signed_in() as client:
        answer = client.post("/api/ask", json={"question": QUESTION}).json()
        assert answer["state"] == "complete"
        assert answer["citations"]
        site.answerer.heard.clear()
        wanted = {"accept": "text/event-stream"}
        with client.stream("POST", "/api/ask", json={"question": "wait for me"}, headers=wanted) as response:
            told = []
            for event in events(response.iter_lines()):
                told.append(event)
                if event[0] == "claimed":  # the second is written when the first has arrived here, and not before
                    site.answerer.heard.set()
        names = [name for name, _ in told]
        assert names.count("claimed") == 2
        assert (names[0], names[-1]) == ("retrieved", "finished")
        assert told[-1][1]["state"] == "complete"


@WAYS
def test_a_conversation_is_followed_exported_and_deleted(site):
    with site.signed_in() as client:
        site.answerer.heard.clear()
        begun = client.post("/api/conversations", json={"question": "wait for me"}).json()
        with client.stream("GET", f"/{begun['live']}") as response:
            told = []
            for name, data in events(response.iter_lines()):
                told.append(name)
                if name == "growing" and "claim" in data["html"]:
                    site.answerer.heard.set()
        assert told[-1] == "ended"
        assert data["answer"]["state"] == "complete"
        here = f"/api/conversations/{begun['conversation']}"
        assert client.get(f"{here}/export?form=json").json() == client.get(here).json()
        saved = client.get(f"{here}/export?form=html")
        assert saved.headers["content-disposition"].startswith("attachment")
        assert "evil" not in saved.text
        assert client.delete(here).status_code == 204
        assert client.get(here).is_client_error


@WAYS
def test_documents_are_handed_in_read_and_deleted(site):
    with site.signed_in() as client:
        rain = ("räin ü.md", b"# Rain\n\nIt rained in Lund for nine days.")
        added = client.post("/api/documents", files={"file": rain})
        assert added.status_code == 201, added.text
        here = f"/api/documents/{added.json()['document_id']}"
        assert "nine days" in client.get(here).json()["text"]
        assert client.delete(here).status_code == 200
        assert client.get(here).status_code == 404
        too_large = client.post("/api/documents", files={"file": ("large.md", b"a" * 28_000_000)})
        assert too_large.status_code == 413


@WAYS
def test_programs_come_in_with_a_key_past_the_sign_in_of_people(site):
    with site.with_key("ask") as client:
        assert client.get("/api/me").json()["user"] == "key:ask"
        assert client.post("/api/ask", json={"question": QUESTION}).json()["state"] == "complete"
    with site.with_key("metrics") as client:
        assert "footnote_" in client.get("/metrics").text
    with site.nginx.client(PATH, headers={"authorization": "Bearer fn_" + "a" * 43}) as client:
        assert client.get("/api/me").status_code == 401


@WAYS
def test_a_client_of_the_model_context_protocol_is_served(site):
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    with site.with_key("model", accept="application/json, text/event-stream") as client:
        told = client.post("/mcp", json=asked)
    assert told.status_code == 200
    assert '"search"' in told.text


@WAYS
def test_nothing_but_the_page_files_and_health_is_open_to_strangers(site):
    with site.nginx.client(PATH) as client:
        for path in ("/healthz", "/readyz", "/footnote/style/page.css", "/footnote/words.js", "/footnote/logo"):
            assert client.get(path).status_code in (200, 503), path
        for path in ("/config", "/api/me", "/api/documents", "/metrics", "/assets/x.js"):
            refused = client.get(path)
            assert (refused.status_code, refused.json()["code"]) == (401, "not_signed_in")
        led = client.get("/?c=abc", headers=PAGE)
        assert (led.status_code, led.headers["location"]) == (303, "/oauth2/sign_in?rd=/assistant/?c=abc")


# Signing in with a key


@WAYS
def test_the_way_to_the_sign_in_and_back_stays_below_the_path(keyed):
    with keyed.nginx.client(PATH) as client:
        led = client.get("/?c=abc", headers=PAGE)
        assert led.status_code == 303
        assert led.headers["location"] == f"{PATH}/sign-in?next=/%3Fc%3Dabc"
        page = client.get(keyed.nginx.address + led.headers["location"])
        assert f'action="{PATH}/sign-in"' in page.text
        given = {"key": keyed.keys["ask"], "next": re.search(r'name="next"[^>]*value="([^"]*)"', page.text)[1]}
        back = client.post("/sign-in", data=given, headers={"origin": keyed.nginx.address})
        assert (back.status_code, back.headers["location"]) == (303, f"{PATH}/?c=abc")
        cookie = back.headers["set-cookie"].lower()
        assert {"secure", "httponly", "samesite=lax", f"path={PATH}/"} <= {one.strip() for one in cookie.split(";")}
        assert client.get(keyed.nginx.address + back.headers["location"], headers=PAGE).status_code == 200
        assert client.get("/api/me").json()["user"] == "key:ask"
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert client.post("/sign-out", headers={**form, "origin": "https://evil.example"}).status_code == 403
        left = client.post("/sign-out", headers={**form, "origin": keyed.nginx.address})
        assert left.headers["location"] == f"{PATH}/sign-in?signed-out"


@NEEDS_CHROMIUM
@WAYS
def test_a_person_signs_in_with_a_key_and_asks(chromium, keyed):
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(f"{keyed.nginx.address}{PATH}")  # without the slash
    page.fill("#key", keyed.keys["ask"])
    page.get_by_role("button").click()
    page.wait_for_selector("#tray .tools", state="attached")
    ask(page, QUESTION)
    assert page.url.startswith(f"{keyed.nginx.address}{PATH}/?c=")
    context.close()
    assert {one.partition("?")[0] for one in asked_for(keyed) if not one.startswith(f"{PATH}/")} <= {"/", PATH}


# What nginx does that Footnote does not (HDR-08)


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    """It waits for headers for 2 seconds, where the file says 10."""
    yield from site_in(tmp_path_factory.mktemp("hasty"), False, "key", header_seconds=2)


@pytest.mark.parametrize("with_tls", [False, True], ids=["plain", "TLS"])
def test_300_headers_that_never_end_are_closed_in_time_and_everybody_is_served_meanwhile(hasty, with_tls):
    context = ssl.create_default_context(cafile=str(hasty.nginx.certificate))
    with ExitStack() as stack:

        def half_open():
            port = hasty.nginx.port if with_tls else hasty.nginx.plain
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            if with_tls:
                one = stack.enter_context(context.wrap_socket(one, server_hostname=NAME))
            one.sendall(b"POST / HTTP/1.1\r\nX: ")
            return one

        held = [half_open() for _ in range(300)]
        answers = []
        # Waits for the end of each connection, 60 seconds and no longer: then it raises.
        ends = threading.Thread(target=lambda: answers.extend(map(until_closed, held)))
        client = stack.enter_context(hasty.nginx.client(PATH))
        ends.start()
        statuses, slowest = [], 0.0
        while ends.is_alive():
            began = time.monotonic()
            statuses.append(client.get("/healthz").status_code)
            slowest = max(slowest, time.monotonic() - began)
    assert len(answers) == 300
    assert not any(b" 2" in answer[:12] for answer in answers)
    assert len(statuses) > 1
    assert set(statuses) == {200}
    assert slowest < 2  # it waits for none of them
