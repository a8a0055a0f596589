"""The real page for everyone: keys alone, screen readers, phones, the dark, five languages, both directions of text."""

import datetime

import pytest
from browsing import LEAVING, NARROW, NEEDS_CHROMIUM, QUESTION, WIDE, answered, ask, is_wide_enough, reading, violations
from scripted import scripted_assistant
from serving import serving

from assistant.settings import Settings
from assistant.web.app import create_app
from assistant.web.words import LANGUAGES, words_for
from vectorstore.types import Document

pytestmark = NEEDS_CHROMIUM

ARABIC = Document(
    "nahr.txt",
    "الجسر فوق النهر",
    "أغلق الجسر يوم الاثنين. The bridge (built in 1912) is closed.\nقال العمدة إن الجسر سيفتح قريبا.",
    published=datetime.date(2025, 8, 18),
    outlet="الصحيفة",
)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    settings = Settings(_env_file=None, library=tmp_path_factory.mktemp("scripted"))
    with serving(create_app(scripted_assistant(), settings, [QUESTION])) as address:
        yield address


@pytest.fixture(scope="module")
def written_address(tmp_path_factory):
    settings = Settings(_env_file=None, library=tmp_path_factory.mktemp("written"))
    with serving(create_app(scripted_assistant(kind="model"), settings)) as address:
        yield address


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way_of_anyone(chromium, address, written_address, viewport, scheme):
    found = {}
    with reading(chromium, address, viewport, scheme) as page:
        found["welcome"] = violations(page)
        ask(page, QUESTION)
        found["answer"] = violations(page)
        page.locator("a.cite").first.hover()
        page.wait_for_selector("#hover:not([hidden])")
        found["hover"] = violations(page)
        page.locator("a.cite").first.click()
        page.wait_for_selector("#sources .reader")
        found["reader"] = violations(page)
        page.keyboard.press("Escape")
        ask(page, "abstain please", turn=2)
        page.locator(".sources > summary").last.click()
        found["abstention"] = violations(page)
        ask(page, "fail now", turn=3)
        found["failure"] = violations(page)
        page.get_by_role("button", name="Conversations and settings").click()
        page.wait_for_selector("#shelf .rows li")
        page.locator("#shelf .rows li > button").first.click()
        found["conversations"] = violations(page)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Filter").click()
        page.wait_for_selector("dialog form")
        found["filters"] = violations(page)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Something is wrong").first.click()
        found["feedback"] = violations(page)
    with reading(chromium, written_address, viewport, scheme) as page:
        ask(page, "written categorical rejection")
        found["verdicts"] = violations(page)
    assert {where: what for where, what in found.items() if what} == {}


def test_a_person_with_keys_alone_asks_reads_a_source_and_copies(chromium, address):
    with reading(chromium, address) as page:
        page.keyboard.type(QUESTION)  # the question box has the focus from the start
        page.keyboard.press("Enter")
        answered(page)
        for _ in range(60):
            page.keyboard.press("Shift+Tab")
            if page.evaluate("document.activeElement.matches('a.cite')"):
                break
        assert page.locator("#hover").is_hidden() or page.locator("#hover .quote").inner_text()
        page.keyboard.press("Enter")
        page.wait_for_selector("#sources .reader")
        assert page.evaluate("document.activeElement.id") == "sources-heading"
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.matches('a.cite')")
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('.act.again')"):
                break
        page.keyboard.press("Enter")
        page.wait_for_selector(".act.again")


def test_the_quotation_behind_a_number_shows_on_pointing_and_on_focus_and_leaves_on_escape(chromium, address):
    with reading(chromium, address) as page:
        ask(page, QUESTION)
        quote = page.locator("#s-1-1 mark").evaluate("one => one.textContent")
        page.locator("a.cite").first.hover()
        page.wait_for_selector("#hover:not([hidden])")
        assert page.locator("#hover .quote").evaluate("one => one.textContent") == quote
        assert page.locator("a.cite").first.get_attribute("aria-describedby") == "hover"
        page.keyboard.press("Escape")
        assert page.locator("#hover").is_hidden()
        assert page.locator("#sources").is_visible()  # the first Escape closes only what is on top


def test_a_screen_reader_hears_of_an_answer_once(chromium, written_address):
    with reading(chromium, written_address) as page:
        page.evaluate(
            """() => {
                window.said = [];
                const region = document.querySelector("p[role=status]");
                const hear = () => region.textContent && said.push(region.textContent);
                new MutationObserver(hear).observe(region, {childList: true, characterData: true, subtree: true});
            }"""
        )
        ask(page, "written categorical rejection")
        page.wait_for_function("() => said.length > 0")
        assert page.evaluate("said") == [page.locator("#a-1").text_content()]
        assert page.locator("[role=log]").get_attribute("aria-live") == "off"


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_the_page_speaks_the_language_of_the_browser(chromium, address, language):
    words = words_for(language)
    with reading(chromium, address, NARROW, locale=language) as page:
        page.wait_for_function(
            "text => document.querySelector('#ask textarea').placeholder === text", arg=words("ask.placeholder")
        )
        assert page.evaluate("document.documentElement.lang") == language
        assert words("welcome.what") in page.locator("#hello").inner_text()
        page.fill("#ask textarea", "abstain please")
        page.get_by_role("button", name=words("ask.send"), exact=True).click()
        answered(page)
        assert words("abstained.title") in page.locator(".card").inner_text()
        assert page.get_by_role("button", name=words("action.again")).count() == 1
        assert is_wide_enough(page)
        assert violations(page) == []


def test_another_language_can_be_chosen_and_is_remembered(chromium, address):
    with reading(chromium, address, allowed=LEAVING) as page:
        page.get_by_role("button", name="Conversations and settings").click()
        page.get_by_label("Language").select_option("uk")
        page.wait_for_selector("html[lang=uk]")
        page.reload()
        page.wait_for_selector("html[lang=uk]")


def test_text_that_runs_from_right_to_left_does_and_the_rest_does_not(chromium, tmp_path):
    settings = Settings(_env_file=None, library=tmp_path)
    with serving(create_app(scripted_assistant(ARABIC), settings)) as address, reading(chromium, address) as page:
        ask(page, "quote الجسر")
        direction = "one => getComputedStyle(one).direction"
        assert page.locator(".answer p[dir]").first.evaluate(direction) == "rtl"
        page.locator("a.cite").first.click()
        page.wait_for_selector("#sources .reader")
        assert page.locator("#sources .title").evaluate(direction) == "rtl"
        assert page.locator("#sources .text > *").first.evaluate(direction) == "rtl"
        assert page.locator("#sources .where").evaluate(direction) == "ltr"
        assert page.locator("#sources .text").evaluate("one => one.textContent") == ARABIC.text


def test_nothing_moves_where_a_person_wants_it_still(chromium, address):
    with reading(chromium, address, reduced_motion="reduce") as page:
        ask(page, QUESTION)
        moving = page.evaluate(
            """() => [...document.querySelectorAll("*")].map(one => getComputedStyle(one)).filter(
                style => style.transitionDuration !== "0s" || style.animationName !== "none").length"""
        )
        assert moving == 0


def test_nothing_moves_when_the_sources_arrive(chromium, address):
    with reading(chromium, address) as page:
        page.evaluate(
            """() => { window.moved = []; new PerformanceObserver(list => list.getEntries().forEach(one => {
                if (!one.hadRecentInput) moved.push(one.value) })).observe({type: "layout-shift", buffered: false}) }"""
        )
        page.fill("#ask textarea", QUESTION)
        page.press("#ask textarea", "Enter")
        page.wait_for_selector(".status, .exchange")
        question = page.locator(".question").bounding_box()
        answered(page)
        page.wait_for_selector("#sources .cards")
        assert page.locator(".question").bounding_box()["x"] == question["x"]
        assert page.locator(".question").bounding_box()["width"] == question["width"]
        assert sum(page.evaluate("moved")) < 0.1
