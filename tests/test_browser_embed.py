"""The assistant on a page of another site, in a real Chromium that keeps third-party cookies and storage away.

Two servers of different sites: Footnote under a path of 127.0.0.1, the page around on localhost, whose server makes the
tokens with an API key. What docs/embedding.md tells people to write is what is run here.
"""

import json
import re
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from browsing import CHROMIUM, NARROW, NEEDS_CHROMIUM, QUESTION, WIDE, violations
from hosting import hosting
from scripted import HOSTILE, scripted_assistant
from serving import serving

from assistant.embed_tokens import PREFIX
from assistant.keys import Keys
from assistant.settings import Settings
from assistant.web.app import create_app
from assistant.web.sessions import COOKIE, Sessions
from assistant.secret import read_secret

pytestmark = NEEDS_CHROMIUM

DOCS = (Path(__file__).parent.parent / "docs" / "embedding.md").read_text(encoding="utf-8")
PATH = "/assistant"
SOON = 0.1  # minutes that a token is good for where it is to end


def snippets(language):
    """Return what the documentation tells people to write, in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.S | re.M)


class Intranet:
    """The site around: its server, which has the key, and Footnote as it knows it."""

    def __init__(self, site, address, key):
        self.site, self.address, self.key = site, address, key
        self.minted = []
        self.user = "Ann"
        python = {}
        exec(snippets("python")[0].replace("https://docs.corp/assistant", address), python)
        self.mint = python["footnote_token"]

    def token(self):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FOOTNOTE_KEY", self.key)
            self.minted.append(self.mint(self.user))
        return self.minted[-1]

    def told(self, snippet):
        """Return a snippet of the documentation as this site has to write it."""
        footnote = self.address.removesuffix(PATH)
        return snippet.replace("https://docs.corp", footnote).replace("https://intranet.corp", self.site.origin())


@contextmanager
def intranet(folder, **settings):
    with hosting() as site:
        origins = (site.origin(), site.origin("127.0.0.1"))
        given = Settings(_env_file=None, library=folder, sign_in="key", path=PATH, origins=origins, **settings)
        key = Keys(folder).add("intranet", ["ask"], ["staff"])
        with serving(create_app(scripted_assistant(), given)) as server:
            made = Intranet(site, server + PATH, key)
            button, frame, sharepoint = map(made.told, snippets("html"))
            site["/footnote-token"] = lambda request: (
                200,
                {"content-type": "application/json", "cache-control": "no-store"},
                json.dumps({"token": made.token()}),
            )
            site["/"] = page_with(button)
            site["/frame"] = page_with(frame)
            site["/sharepoint"] = page_with(sharepoint)
            site["/footnote"] = lambda request: (303, {"location": f"{made.address}/embed#token={made.token()}"}, "")
            yield made


def page_with(what, style="", lang="en"):
    return (
        f"<!doctype html><html lang={lang}><meta charset=utf-8><title>Intranet</title>"
        '<meta name=viewport content="width=device-width"><link rel=icon href="data:,">'
        f"<style>{style}</style><main><h1>Intranet</h1><p>Canteen: soup.</p></main>{what}"
    )


@pytest.fixture(scope="module")
def corp(tmp_path_factory):
    with intranet(tmp_path_factory.mktemp("embed")) as corp:
        yield corp


@pytest.fixture(scope="module")
def soon(tmp_path_factory):
    """The same, where a token ends after a few seconds."""
    with intranet(tmp_path_factory.mktemp("soon"), embed_minutes=SOON) as corp:
        yield corp


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    """A Chromium whose person blocks third-party cookies, and that finds every .example on this machine."""
    from playwright.sync_api import sync_playwright

    folder = tmp_path_factory.mktemp("profile")
    (folder / "Default").mkdir()
    blocked = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}
    (folder / "Default" / "Preferences").write_text(json.dumps(blocked))
    args = ["--no-sandbox", "--host-resolver-rules=MAP *.example 127.0.0.1"]
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(folder, executable_path=CHROMIUM, args=args)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        yield context
        context.close()


@contextmanager
def visiting(person, address, viewport=WIDE, scheme="light", allowed=()):
    """A page that is quiet: nothing but this machine is asked, no error, no dialog, but the `allowed` ones."""
    noise = []
    page = person.new_page()
    page.set_default_timeout(30_000)
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=scheme)
    home = ("http://127.0.0.1:", "http://localhost:", "data:", "about:")
    page.on("request", lambda one: one.url.startswith(home) or noise.append(one.url))
    page.on("console", lambda one: noise.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("dialog", lambda dialog: (noise.append(dialog.message), dialog.dismiss()))
    page.on("popup", lambda popup: noise.append(popup.url))
    page.goto(address)
    try:
        yield page
    except Exception as error:
        error.add_note(f"the page did: {noise}")
        raise
    page.close()
    assert [one for one in noise if not any(words in one for words in allowed)] == []


def the_button(page):
    return page.locator("footnote-assistant .open")


def frame_of(page):
    """Return the frame in the page once it listens and knows who is there."""
    page.wait_for_selector("iframe")
    frame = page.query_selector("iframe").content_frame()
    frame.wait_for_selector("#told:empty", state="attached")
    return frame


def opened(page):
    the_button(page).click()
    return frame_of(page)


def ask(frame, question, turn=1):
    frame.fill("#ask textarea", question)
    frame.press("#ask textarea", "Enter")
    frame.wait_for_selector(f".exchange[id$='-{turn}'] .acts", state="attached")


def marked(frame):
    return frame.locator("#sources mark.here").evaluate_all("marks => marks.map(one => one.textContent).join('')")


def read_first_source(frame):
    """Open the first footnote, and make sure that its very words are marked in the whole text."""
    frame.locator("a.cite").first.click()
    frame.wait_for_selector("#sources .reader mark.here")
    assert marked(frame) == frame.locator("#s-1-1 mark").text_content() != ""


def test_a_button_a_panel_a_question_and_its_sources_with_third_party_cookies_blocked(person, corp):
    with visiting(person, corp.site.origin() + "/") as page:
        assert page.locator("iframe").count() == 0
        assert the_button(page).get_attribute("aria-expanded") == "false"
        frame = opened(page)
        assert the_button(page).get_attribute("aria-expanded") == "true"
        assert urlsplit(frame.url).hostname == "127.0.0.1"
        blocked = "() => { try { return sessionStorage.length } catch (error) { return error.name } }"
        assert frame.evaluate(blocked) == "SecurityError"  # that the browser keeps it away is seen
        ask(frame, QUESTION)
        assert frame.locator(".claim.supported").count() > 1
        read_first_source(frame)
        frame.locator("#sources-heading").press("Escape")
        frame.get_by_role("button", name="Good answer").click()
        frame.wait_for_selector(".act.good[aria-pressed=true]")
        frame.get_by_role("button", name="Copy").click()
        frame.wait_for_selector("text=Copied with its footnotes")
        assert "[1] “" in page.evaluate("navigator.clipboard.readText()")
        ask(frame, QUESTION, turn=2)
        assert len({one.rpartition("-")[0] for one in ids(frame)}) == 1


def ids(frame):
    return frame.locator(".exchange").evaluate_all("all => all.map((one) => one.id)")
