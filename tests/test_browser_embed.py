"""The assistant on a page of another site, in a real Chromium that keeps third-party cookies and storage away.

Two servers of different sites: Footnote under a path of 127.0.0.1, the page around on localhost, whose server makes the
tokens with an API key. What docs/embedding.md tells people to write is what is run here.
"""

import json
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from browsing import CHROMIUM, NARROW, NEEDS_CHROMIUM, QUESTION, WIDE, violations
from hosting import hosting
from scripted import HOSTILE, scripted_assistant
from serving import serving

from assistant.keys import Keys
from assistant.settings import Settings
from assistant.web.app import create_app
from assistant.web.words import words_for

pytestmark = NEEDS_CHROMIUM

DOCS = (Path(__file__).parent.parent / "docs" / "embedding.md").read_text(encoding="utf-8")
PATH = "/assistant"
SOON = 0.1  # minutes that a token is good for where it is to end


def snippets(language):
    """Return what the documentation tells people to write, in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.S | re.M)


class Intranet:
    """The site around: its server, which has the key, and Footnote as it knows it."""

    def __init__(self, site, address, folder):
        self.site, self.address, self.folder = site, address, folder
        self.key = Keys(folder).add("intranet", ["ask"], ["staff"])
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
        with serving(create_app(scripted_assistant(), given)) as server:
            made = Intranet(site, server + PATH, folder)
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


def test_a_person_with_keys_alone_opens_asks_and_closes(person, corp):
    with visiting(person, corp.site.origin() + "/") as page:
        focus = "document.activeElement.shadowRoot?.activeElement?.className"
        page.keyboard.press("Tab")
        assert page.evaluate(focus) == "open"
        page.keyboard.press("Enter")
        frame = frame_of(page)
        frame.wait_for_function("() => document.activeElement.matches('#ask textarea')")
        page.keyboard.type(QUESTION)
        page.keyboard.press("Enter")
        frame.wait_for_selector(".exchange .acts")
        frame.locator("a.cite").first.focus()
        page.keyboard.press("Enter")
        frame.wait_for_selector("#sources .reader")
        for _ in range(2):  # the first leaves the source, the second the panel
            assert page.locator("iframe").is_visible()
            page.keyboard.press("Escape")
            frame.wait_for_selector("#sources", state="hidden")
        page.wait_for_selector("iframe", state="hidden")
        assert page.evaluate(focus) == "open"
        assert the_button(page).get_attribute("aria-expanded") == "false"
        page.keyboard.press("Enter")
        page.wait_for_selector("iframe")
        frame.wait_for_function("() => document.activeElement !== document.body")
        assert frame.locator(".exchange").count() == 1
        page.locator("footnote-assistant .close").click()
        assert page.evaluate(focus) == "open"


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way_of_anyone(person, corp, viewport, scheme):
    found = {}
    with visiting(person, corp.site.origin() + "/", viewport, scheme) as page:
        found["closed"] = violations(page)
        frame = opened(page)
        found["open"] = violations(page)
        found["welcome"] = violations(frame)
        ask(frame, QUESTION)
        found["answer"] = violations(frame)
        frame.locator("a.cite").first.click()
        frame.wait_for_selector("#sources .reader")
        found["source"] = violations(frame)
        frame.locator("#sources-heading").press("Escape")
        ask(frame, "fail now", turn=2)
        found["failure"] = violations(frame)
        frame.get_by_role("button", name="Something is wrong").first.click()
        found["feedback"] = violations(frame)
        assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert frame.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
        box = page.locator("iframe").bounding_box()
        assert (box["width"] > 380, box["height"] > 600) == (True, True)
    assert {where: what for where, what in found.items() if what} == {}


def test_the_styles_of_a_page_do_not_reach_the_panel_and_ours_not_the_page(person, corp):
    hostile = (
        "* { all: unset !important; font-size: 40px !important; display: none !important; opacity: 0.1 !important; "
        "visibility: hidden !important; --ink: red !important; --paper: red !important }"
        " html, body, main, p { display: block !important; visibility: visible !important; opacity: 1 !important }"
        " button, iframe, .panel, .open { transform: rotate(9deg) !important; width: 5px !important }"
    )
    drawn = """() => {
        const root = document.querySelector("footnote-assistant").shadowRoot;
        const told = (one) => [...root.querySelectorAll(one)].map((each) => {
            const { font, color, backgroundColor, display, width, height, transform, opacity } = getComputedStyle(each);
            return { font, color, backgroundColor, display, width, height, transform, opacity };
        });
        const place = (one) => JSON.stringify(root.querySelector(one).getBoundingClientRect());
        return [told("*"), place(".open"), place("iframe")];
    }"""
    text = "() => JSON.stringify([getComputedStyle(document.querySelector('p')).font, document.styleSheets.length])"
    corp.site["/hostile"] = page_with(corp.site["/"].partition("</main>")[2], hostile)
    with visiting(person, corp.site.origin() + "/") as page:
        opened(page)
        expected = page.evaluate(drawn)
    with visiting(person, corp.site.origin() + "/hostile") as page:
        before = page.evaluate(text)
        frame = opened(page)
        assert page.evaluate(drawn) == expected
        assert page.evaluate(text) == before
        ask(frame, QUESTION)


def test_a_page_with_a_strict_policy_needs_what_the_documentation_says(person, corp):
    policy = (
        corp.told(snippets("csp")[0].strip())
        + "; default-src 'none'; img-src data:; require-trusted-types-for 'script'"
    )
    body = corp.site["/"].replace("<style></style>", "")
    corp.site["/strict"] = lambda request: (200, {"content-security-policy": policy}, body)
    with visiting(person, corp.site.origin() + "/strict") as page:
        frame = opened(page)
        ask(frame, QUESTION)
        assert page.locator("iframe").bounding_box()["width"] > 380


def test_the_script_leaves_nothing_behind_and_puts_up_one_button(person, corp):
    script = corp.site["/"].partition("</main>")[2]
    names = "<script>window.before = Object.getOwnPropertyNames(window)</script>"
    corp.site["/twice"] = page_with(names + script + script)
    with visiting(person, corp.site.origin() + "/twice") as page:
        opened(page)
        assert page.locator("footnote-assistant").count() == 1
        added = page.evaluate("Object.getOwnPropertyNames(window).filter((one) => !before.includes(one))")
        assert set(added) <= {"before", "0"}  # "0" is the frame
        assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
        assert person.cookies() == []


def test_a_frame_on_the_page_gets_its_token_from_a_few_lines(person, corp):
    with visiting(person, corp.site.origin() + "/frame") as page:
        frame = frame_of(page)
        ask(frame, QUESTION)
        read_first_source(frame)


def test_a_token_behind_the_address_works_in_a_frame_and_leaves_the_address(person, corp):
    before = len(corp.minted)
    with visiting(person, corp.site.origin() + "/sharepoint") as page:
        frame = frame_of(page)
        assert len(corp.minted) == before + 1
        assert frame.evaluate("location.href") == f"{corp.address}/embed"
        ask(frame, QUESTION)
        read_first_source(frame)


def test_a_link_with_a_token_signs_nobody_in(person, corp):
    with visiting(person, f"{corp.address}/embed#token={corp.token()}", allowed=("401",)) as page:
        page.wait_for_selector("#told button")
        assert page.evaluate("location.href") == f"{corp.address}/embed"
        assert "has not said who you are" in page.inner_text("#told")


def test_a_token_in_the_query_is_refused(person, corp):
    page = person.new_page()
    assert page.goto(f"{corp.address}/embed?token={corp.token()}").status == 400
    page.close()


def test_a_token_that_has_ended_is_renewed_and_the_conversation_goes_on(person, soon):
    with visiting(person, soon.site.origin() + "/", allowed=("401",)) as page:
        frame = opened(page)
        ask(frame, QUESTION)
        used = len(soon.minted)
        frame.evaluate(
            """async (token) => {
                const headers = { authorization: `Bearer ${token}` };
                while ((await fetch("api/me", { headers })).ok) await new Promise((done) => setTimeout(done, 200));
            }""",
            soon.minted[-1],
        )
        ask(frame, QUESTION, turn=2)
        assert len(soon.minted) > used
        assert len({one.rpartition("-")[0] for one in ids(frame)}) == 1
        read_first_source(frame)


def test_who_cannot_be_signed_in_is_told_and_is_when_they_can_be(person, soon):
    working = soon.site["/footnote-token"]
    login = lambda request: (200, {}, "<!doctype html><p>Sign in to the intranet first")  # noqa: E731
    with visiting(person, soon.site.origin() + "/", allowed=("401",)) as page:
        soon.site["/footnote-token"] = login
        the_button(page).click()
        frame = page.wait_for_selector("iframe").content_frame()
        frame.wait_for_selector("#told button")
        assert frame.inner_text("#told span").startswith("This page has not said who you are.")
        frame.fill("#ask textarea", QUESTION)
        frame.press("#ask textarea", "Enter")
        frame.wait_for_selector("#told:has(span)")
        assert frame.input_value("#ask textarea") == QUESTION  # nothing that was written is lost
        soon.site["/footnote-token"] = working
        frame.get_by_role("button", name="Sign in again").click()
        frame.wait_for_selector("#told:empty", state="attached")
        frame.press("#ask textarea", "Enter")
        frame.wait_for_selector(".exchange .acts")


def test_another_person_sees_nothing_of_the_one_before(person, corp):
    with visiting(person, corp.site.origin() + "/frame") as page:
        frame = frame_of(page)
        ask(frame, QUESTION)
        corp.user = "Bob"
        token = corp.token()
        corp.user = "Ann"
        hand = "([token, to]) => frames[0].postMessage({ type: 'footnote:token', token }, to)"
        page.evaluate(hand, [token, corp.address.removesuffix(PATH)])
        frame.wait_for_selector(".exchange", state="detached")
        assert frame.locator("#hello").is_visible()
        ask(frame, QUESTION)


def test_a_session_on_the_same_site_needs_no_token(person, corp):
    corp.site["/plain"] = page_with(f"<iframe src='{corp.address}/embed' title=x></iframe>")
    secret = Keys(corp.folder).add("ann", ["ask"])
    page = person.new_page()
    page.goto(f"{corp.address}/sign-in")
    page.fill("#key", secret)
    page.press("#key", "Enter")
    page.wait_for_selector("#ask textarea")
    page.close()
    with visiting(person, corp.site.origin("127.0.0.1") + "/plain") as page:
        frame = frame_of(page)
        ask(frame, QUESTION)
        read_first_source(frame)
    with visiting(person, corp.site.origin() + "/plain", allowed=("401",)) as page:  # cookies of another site: none
        frame = page.query_selector("iframe").content_frame()
        frame.wait_for_selector("#told button")
    person.clear_cookies()


UNLISTED = ("localhost.evil.example", "evil.example", "notlocalhost.example")


@pytest.mark.parametrize("name", UNLISTED)
def test_an_origin_that_is_not_listed_gets_an_empty_frame(person, corp, name):
    with visiting(person, corp.site.origin(name) + "/", allowed=(".example:", "frame-ancestors")) as page:
        with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            the_button(page).click()
        frame = page.query_selector("iframe").content_frame()
        assert frame.locator("#ask").count() == 0
        assert f"127.0.0.1:{corp.site.port}" not in frame.url


# What a page may try that is not to be listened to.
SAYING = """({ token, to }) => {
    for (const said of [
        { type: "footnote:token", token }, { type: "input:prompt", text: "quote" }, { type: "action:submit" },
        { type: "footnote:ask", question: "quote" }, { type: "footnote:token" },
        { type: "footnote:token", token: [token] }, { type: "footnote:token", token: "fn_x" }, token, null, 7,
    ]) frames[0].postMessage(said, "*");
}"""


# Counted in the frame, so that a test knows that all were there to be heard.
COUNTING = "window.heard = 0; addEventListener('message', () => (window.heard += 1))"


@pytest.mark.parametrize("name", [*UNLISTED, "null"])
def test_the_frame_itself_listens_to_no_origin_that_is_not_listed(person, corp, name):
    """As if the browser did not know of frame-ancestors: the header is taken away here."""

    def without_policy(route):
        response = route.fetch()
        headers = {one: value for one, value in response.headers.items() if one != "content-security-policy"}
        route.fulfill(response=response, headers=headers)

    corp.site["/alone"] = page_with(f"<iframe src='{corp.address}/embed' title=x></iframe>")
    page = person.new_page()
    page.route("**/embed", without_policy)
    page.add_init_script(COUNTING)
    page.goto(f"data:text/html,{corp.site['/alone']}" if name == "null" else corp.site.origin(name) + "/alone")
    assert page.evaluate("origin") == ("null" if name == "null" else corp.site.origin(name))
    frame = page.query_selector("iframe").content_frame()
    frame.wait_for_selector("#told button")
    page.evaluate(SAYING, {"token": corp.token()})
    frame.wait_for_function("() => heard === 10")
    frame.get_by_role("button", name="Sign in again").click()
    frame.wait_for_selector("#told button")
    assert "has not said who you are" in frame.inner_text("#told")
    assert frame.input_value("#ask textarea") == ""
    assert frame.locator(".turn").count() == 0
    page.close()


def test_no_message_asks_and_a_listed_page_says_no_more_than_a_token(person, corp):
    with visiting(person, corp.site.origin() + "/frame") as page:
        frame = frame_of(page)
        frame.evaluate(COUNTING)
        asked = []
        page.on("request", lambda one: asked.append(one.url) if one.method == "POST" else None)
        page.evaluate(SAYING, {"token": corp.token()})
        frame.wait_for_function("() => heard === 10")
        assert frame.input_value("#ask textarea") == ""
        ask(frame, QUESTION)  # and it works as before
        assert [urlsplit(one).path for one in asked] == [f"{PATH}/api/conversations"]


def test_a_neighbour_in_the_same_page_is_not_listened_to(person, corp):
    token = corp.token()
    neighbour = f"<script>parent.frames[0].postMessage({{ type: 'footnote:token', token: '{token}' }}, '*')</script>"
    corp.site["/neighbour"] = neighbour
    corp.site["/neighbours"] = page_with(
        f"<iframe src='{corp.address}/embed' title=x></iframe>"
        "<script>document.querySelector('iframe').onload = () => {"
        "const other = document.createElement('iframe'); other.src = '/neighbour'; document.body.append(other); "
        "}</script>"
    )
    with visiting(person, corp.site.origin() + "/neighbours", allowed=("401",)) as page:
        page.wait_for_selector("iframe[src='/neighbour']")
        frame = page.query_selector("iframe").content_frame()
        frame.wait_for_selector("#told button")
        assert frame.inner_text("#told span").startswith("This page has not said who you are.")


HARMFUL = {
    "q": "<img src=x onerror=alert(1)>",
    "autosubmit": "1",
    "theme": '"><script>alert(2)</script>',
    "title": "</title><script>alert(3)</script>",
    "lang": "../../x",
    "api": "https://evil.example",
    "c": "1",
}


def test_parameters_of_the_address_do_no_harm(person, corp):
    address = f"{corp.address}/embed?{urlencode(HARMFUL)}"
    corp.site["/harm"] = corp.site["/frame"].replace(f"{corp.address}/embed?lang=en", address.replace("&", "&amp;"))
    with visiting(person, corp.site.origin() + "/harm") as page:
        frame = frame_of(page)
        assert frame.input_value("#ask textarea") == HARMFUL["q"]
        assert frame.locator(".turn").count() == 0
        assert frame.locator("html").get_attribute("lang") == "en"
        assert not frame.evaluate("document.body.classList.contains('dark')")
        assert frame.locator("img, body > script:not([src])").count() == 0
        frame.press("#ask textarea", "Enter")
        frame.wait_for_selector(".exchange .acts")
        assert frame.text_content(".question") == HARMFUL["q"]


def test_words_of_strangers_are_only_words_in_the_frame(person, corp):
    with visiting(person, corp.site.origin() + "/frame") as page:
        frame = frame_of(page)
        ask(frame, "quote attacker")
        frame.locator("a.cite").first.click()
        frame.wait_for_selector("#sources .reader")
        ask(frame, f"abstain {HOSTILE.text}", turn=2)
        assert HOSTILE.text.split()[0] in frame.text_content("#q-2")
        strange = "img, form:not(#ask), style, [style]:not(#hover), script:not([src]):not([type='application/json'])"
        assert frame.locator(f"body :is({strange})").count() == 0
        assert frame.evaluate("window.pwned") is None


def another(frame, before):
    """Return the class of the answer that has taken the place of the one before, once it has ended."""
    frame.wait_for_selector(f".exchange:not(.{before}) .acts")
    return frame.locator(".exchange").get_attribute("class").split()[1]


def test_an_answer_is_stopped_asked_again_and_its_question_changed(person, corp):
    with visiting(person, corp.site.origin() + "/frame") as page:
        frame = frame_of(page)
        frame.fill("#ask textarea", "hang on")
        frame.press("#ask textarea", "Enter")
        frame.get_by_role("button", name="Stop").click()
        frame.wait_for_selector(".card.stopped")
        frame.get_by_role("button", name="Edit").click()
        assert frame.input_value("#ask textarea") == "hang on"
        assert "Editing question 1" in frame.inner_text("#tray .tag")
        first = frame.locator(".exchange").get_attribute("class").split()[1]
        frame.fill("#ask textarea", QUESTION)
        frame.press("#ask textarea", "Enter")
        second = another(frame, first)
        assert frame.text_content("#q-1") == QUESTION
        frame.get_by_role("button", name="Ask again").click()
        another(frame, second)
        assert frame.locator(".exchange").count() == frame.locator(".question").count() == 1
        frame.get_by_role("button", name="New conversation").click()
        assert frame.locator("#hello").is_visible()


def test_an_answer_whose_connection_breaks_off_is_followed_on(person, corp):
    broken = []

    def once(route):
        if len(broken) < 2:
            broken.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    with visiting(person, corp.site.origin() + "/frame", allowed=("ERR_FAILED",)) as page:
        frame = frame_of(page)
        page.route("**/live", once)
        ask(frame, QUESTION)
        assert len(broken) == 2
        page.route("**/live", lambda route: route.abort())
        frame.fill("#ask textarea", QUESTION)
        frame.press("#ask textarea", "Enter")
        frame.wait_for_selector("text=The server cannot be reached.")
        page.unroute_all()
        frame.get_by_role("button", name="Try again").click()
        frame.wait_for_selector(".exchange[id$='-2'] .acts")


def test_a_question_that_is_refused_stays_in_the_box_and_says_why(person, corp):
    with visiting(person, corp.site.origin() + "/frame", allowed=("422",)) as page:
        frame = frame_of(page)
        frame.fill("#ask textarea", "a" * 3000)
        frame.press("#ask textarea", "Enter")
        frame.wait_for_selector("#told:has-text('3,000 characters')")
        assert len(frame.input_value("#ask textarea")) == 3000
        ask(frame, QUESTION)


@pytest.mark.parametrize(("language", "said"), [("de", "Fragen"), ("uk", "Запитати"), ("nl", "Ask")])
def test_the_panel_and_its_answers_speak_the_language_of_the_page(person, corp, language, said):
    corp.site["/spoken"] = page_with(corp.site["/"].partition("</main>")[2], lang=f"{language}-x")
    with visiting(person, corp.site.origin() + "/spoken") as page:
        frame = opened(page)
        assert frame.inner_text("#ask [type=submit]") == said
        ask(frame, QUESTION)
        expected = words_for(language)("action.copy")
        assert frame.inner_text(".act.copy") == expected


EVENTS = {
    "data: one\n\n": [["message", "one"]],
    "event: a\r\ndata: x\r\ndata:y\r\n\r\n": [["a", "x\ny"]],
    "event:a\rdata:  z\r\r": [["a", " z"]],
    ": ping\n\ndata\n\ndata:\n\n": [["message", ""], ["message", ""]],
    "event: lost\n\ndata: kept: with colon\n\n": [["message", "kept: with colon"]],
    "id: 1\nretry: 5\nother: x\ndata: ж😀 \u2028 e\u0301\n\n": [["message", "ж😀 \u2028 e\u0301"]],
    "data: done\n\ndata: broken off\n": [["message", "done"]],
    "\ufeffdata: a\n\n": [["message", "a"]],
    "": [],
}


def test_events_are_read_wherever_the_stream_is_cut(person, corp):
    read = """async ({ written, address }) => {
        const { events } = await import(address);
        const bytes = new TextEncoder().encode(written);
        const all = new Set();
        const pieces = [[bytes], [...bytes].map((one) => Uint8Array.of(one))];
        for (let at = 1; at < bytes.length; at += 1) pieces.push([bytes.slice(0, at), bytes.slice(at)]);
        for (const some of pieces) {
            const body = new ReadableStream({ start: (to) => (some.forEach((one) => to.enqueue(one)), to.close()) });
            const found = [];
            for await (const { name, data } of events(body)) found.push([name, data]);
            all.add(JSON.stringify(found));
        }
        return [...all];
    }"""
    with visiting(person, f"{corp.address}/embed", allowed=("401",)) as page:
        for written, expected in EVENTS.items():
            found = page.evaluate(read, {"written": written, "address": f"{PATH}/footnote/embed/events.js"})
            assert [json.loads(one) for one in found] == [expected], written


WORDPRESS = """<?php
// As much of WordPress as the snippet uses; its own code is what is tried.
const FOOTNOTE_KEY = '%(key)s';
$actions = [];
function add_action($name, $act) { global $actions; $actions[$name] = $act; }
function is_user_logged_in() { return true; }
function admin_url($path) { return '/wp-admin/' . $path; }
function esc_url($url) { return htmlspecialchars($url, ENT_QUOTES); }
function wp_get_current_user() { return (object) ['user_login' => 'Ann']; }
function wp_json_encode($what) { return json_encode($what); }
function wp_remote_post($url, $how) {
    $lines = array_map(fn ($name, $value) => "$name: $value\\r\\n", array_keys($how['headers']), $how['headers']);
    $headers = implode($lines);
    $http = ['method' => 'POST', 'header' => $headers, 'content' => $how['body'], 'ignore_errors' => true];
    $body = file_get_contents($url, false, stream_context_create(['http' => $http]));
    return ['body' => $body, 'code' => (int) explode(' ', $http_response_header[0])[1]];
}
function wp_remote_retrieve_response_code($answer) { return $answer['code']; }
function wp_remote_retrieve_body($answer) { return $answer['body']; }
function wp_send_json($what, $status = 200) { echo json_encode(['status' => $status] + $what); exit; }
require '%(functions)s';
$actions[$argv[1]]();
"""


@pytest.mark.skipif(shutil.which("php") is None, reason="no PHP here; install `php-cli`")
def test_the_snippet_for_wordpress_makes_a_token_and_puts_up_the_button(person, corp, tmp_path):
    (tmp_path / "functions.php").write_text(corp.told(snippets("php")[0]), encoding="utf-8")

    def php(action, key):
        (tmp_path / "run.php").write_text(WORDPRESS % {"key": key, "functions": tmp_path / "functions.php"})
        done = subprocess.run(["php", tmp_path / "run.php", action], capture_output=True, text=True, check=True)
        return done.stdout

    told = json.loads(php("wp_ajax_footnote_token", corp.key))
    assert told["token"].startswith("fe_")
    assert json.loads(php("wp_ajax_footnote_token", "fn_wrong"))["status"] == 502
    script = php("wp_footer", corp.key)
    corp.site["/wp-admin/admin-ajax.php"] = lambda request: (200, {}, php("wp_ajax_footnote_token", corp.key))
    corp.site["/wordpress"] = page_with(script)
    with visiting(person, corp.site.origin() + "/wordpress") as page:
        ask(opened(page), QUESTION)
