import json
import re
from pathlib import Path

import pytest
from scripted import scripted_assistant
from starlette.testclient import TestClient

from assistant.settings import Settings
from assistant.web.app import STATIC, create_app

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>window.pwned=1</script></svg>'


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("look")
    (folder / "mark.svg").write_bytes(SVG)
    settings = Settings(
        _env_file=None,
        library=folder,
        title="Town & Archive",
        welcome="Ask <the> archive.",
        accent="#0a5",
        logo=folder / "mark.svg",
        language="de",
    )
    with TestClient(create_app(scripted_assistant(), settings), base_url="http://127.0.0.1:7860") as client:
        yield client


def test_a_house_has_its_own_title_welcome_and_language(client):
    config = client.get("/config").json()
    assert config["title"] == "Town & Archive"
    assert "Ask &lt;the&gt; archive." in config["components"][0]["props"]["value"]
    words = client.get("/footnote/words.js", headers={"accept-language": "fr"}).text
    told = json.loads(words.removeprefix("export default ").removesuffix(";"))
    assert (told["title"], told["language"]) == ("Town & Archive", "de")


def test_a_house_has_its_own_colour(client):
    css = client.get("/footnote/brand.css")
    assert css.headers["content-type"].startswith("text/css")
    assert re.search(r"--note: ?#[0-9a-f]{6}", css.text)


@pytest.mark.parametrize("path", ["/footnote/logo", "/favicon.ico"])
def test_nothing_in_a_logo_can_run(client, path):
    logo = client.get(path)
    assert logo.content == SVG
    assert logo.headers["content-type"].startswith("image/svg+xml")
    assert "script-src" not in logo.headers["content-security-policy"]
    assert "sandbox" in logo.headers["content-security-policy"]


def test_without_settings_the_page_is_footnotes_own(tmp_path):
    app = create_app(scripted_assistant(), Settings(_env_file=None, library=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        assert client.get("/config").json()["title"] == "Footnote"
        assert client.get("/footnote/brand.css").text == ""
        assert client.get("/footnote/logo").content == (STATIC / "mark.svg").read_bytes()


def test_every_file_of_the_page_that_is_named_is_there(client):
    named = re.findall(r'(?:href|src)="(footnote/[^"]+)"', (STATIC / "head.html").read_text(encoding="utf-8"))
    assert len(named) > 5
    assert [path for path in named if client.get(f"/{path}").status_code != 200] == []
    scripts = {path.name for path in (STATIC / "script").iterdir()}
    assert scripts == {Path(path).name for path in named if "/script/" in path}
