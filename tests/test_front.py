"""The HTML of the page before any script has run: it names nothing that is not ours."""

import re

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from scripted import scripted_assistant

from assistant.settings import Settings
from assistant.web.app import create_app
from assistant.web.front import ours


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    settings = Settings(_env_file=None, library=tmp_path_factory.mktemp("library"), title="Desk of Lund")
    app = create_app(scripted_assistant(), settings)
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        yield client


def test_the_page_names_no_other_host_no_root_of_ours_and_no_maker(client):
    page = client.get("/").text
    assert set(re.findall(r"https?:[^\s\"'\\]*", page)) == {"http://127.0.0.1:7860"}
    assert re.findall(r'(?:href|src|content|action)="/[^"]*"', page) == []
    assert "Gradio" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_a_browser_finds_the_icon_of_the_house_without_a_script(client):
    page = client.get("/").text
    assert page.index('<link rel="icon" href="footnote/logo">') < page.index("<script")
    assert client.get("/footnote/logo").headers["content-type"].startswith("image/")


def test_the_page_is_as_long_as_it_says_and_head_has_no_body(client):
    whole, head = client.get("/"), client.head("/")
    assert int(whole.headers["content-length"]) == len(whole.content)
    assert head.content == b""
    assert head.status_code in (200, 405)


def test_an_error_in_the_place_of_the_page_arrives_as_it_is(client):
    assert client.get("/", headers={"host": "evil.example"}).json()["code"] == "unknown_host"


@given(st.binary(max_size=200))
def test_what_is_no_page_is_not_touched(body):
    if b"<head>" not in body and b"<meta" not in body and b"<link" not in body:
        assert ours(body) == body
