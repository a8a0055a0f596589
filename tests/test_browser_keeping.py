"""What is kept: after reload, restart and export every footnote is the same, character by character."""

import json

import pytest
from browsing import LEAVING, NARROW, NEEDS_CHROMIUM, QUESTION, answered, ask, footnotes, get, is_wide_enough, reading
from markdown_it import MarkdownIt
from playwright.sync_api import expect
from scripted import scripted_assistant
from serving import serving

from assistant.settings import Settings
from assistant.web.app import create_app

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def settings(tmp_path):
    return Settings(_env_file=None, library=tmp_path)


@pytest.fixture
def address(settings):
    with serving(create_app(scripted_assistant(), settings)) as address:
        yield address


def path_of(page):
    return "/" + page.evaluate("location.search")


def test_after_reload_and_restart_the_same_words_have_the_same_footnotes(chromium, settings):
    with (
        serving(create_app(scripted_assistant(), settings)) as address,
        reading(chromium, address, allowed=LEAVING) as page,
    ):
        ask(page, QUESTION)
        ask(page, "quote Zelensky", turn=2)
        path, before = path_of(page), footnotes(page)
        said = page.locator(".answer").all_inner_texts()
        page.reload()
        answered(page, 2)
        assert footnotes(page) == before
    with (
        serving(create_app(scripted_assistant(), settings)) as address,
        reading(chromium, address, path=path, allowed=LEAVING) as page,
    ):
        answered(page, 2)
        assert footnotes(page) == before
        assert page.locator(".answer").all_inner_texts() == said
        ask(page, "abstain now", turn=3)
        assert page.locator(".question").count() == 3
    assert len(before) >= 3


def test_every_export_has_the_footnotes_of_the_page(chromium, address):
    with reading(chromium, address, allowed=LEAVING) as page:
        ask(page, QUESTION)
        ask(page, "quote Zelensky", turn=2)
        shown = [(number, quote) for _, number, _, _, quote in footnotes(page) if quote]
        conversation = page.evaluate("new URLSearchParams(location.search).get('c')")
        exported = {
            form: page.request.get(f"{address}/api/conversations/{conversation}/export?form={form}").text()
            for form in ("json", "html", "markdown")
        }
        answers = [one["answer"] for one in json.loads(exported["json"])["exchanges"]]
        cited = [(one["number"], one["quote"]) for answer in answers for one in answer["citations"]]
        assert set(cited) <= set(shown)
        assert all(one["document_hash"] for answer in answers for one in answer["citations"])
        other = page.context.new_page()
        other.set_content(exported["html"])
        text = other.locator("body").evaluate("body => body.textContent")
        rendered = MarkdownIt("commonmark", {"html": False}).render(exported["markdown"])
        other.set_content(rendered)
        lines = " ".join(other.locator("body").evaluate("body => body.textContent").split())
        for number, quote in cited:
            assert quote in text
            assert f"[{number}]" in lines
            assert " ".join(quote.split()) in lines


def test_an_answer_goes_on_when_the_page_is_left_and_is_there_on_coming_back(chromium, settings):
    with serving(create_app(scripted_assistant(kind="model"), settings)) as address:
        with reading(chromium, address, allowed=LEAVING) as page:
            page.fill("#ask textarea", "hang on")
            page.press("#ask textarea", "Enter")
            page.wait_for_selector(".draft")
            page.wait_for_url("**/?c=*")
            path = path_of(page)
        with reading(chromium, address, path=path, allowed=LEAVING) as page:
            page.wait_for_selector(".draft")
            page.get_by_role("button", name="Stop").click()
            page.wait_for_selector(".card.stopped")
            page.reload()
            page.wait_for_selector(".card.stopped")


def test_a_question_whose_answer_was_never_finished_is_still_there(chromium, settings):
    with serving(create_app(scripted_assistant(kind="model"), settings)) as address:
        with reading(chromium, address, allowed=LEAVING) as page:
            page.fill("#ask textarea", "hang on")
            page.press("#ask textarea", "Enter")
            page.wait_for_url("**/?c=*")
            path = path_of(page)
        # The next process finds a question without an answer, as after a power cut.
        with (
            serving(create_app(scripted_assistant(), settings)) as restarted,
            reading(chromium, restarted, path=path, allowed=LEAVING) as page,
        ):
            page.wait_for_selector(".card.error")
            assert page.locator(".question").inner_text() == "hang on"
            assert "the server ended" in page.locator(".card.error").inner_text()
            assert page.get_by_role("button", name="Try again").count() == 1


def test_conversations_are_listed_found_renamed_and_deleted(chromium, address):
    with reading(chromium, address, NARROW, allowed=LEAVING) as page:
        ask(page, QUESTION)
        page.locator("#bar .fresh").click()
        page.wait_for_selector("#ask textarea")
        ask(page, "abstain please")
        page.get_by_role("button", name="Conversations and settings").click()
        links = page.locator("#shelf .rows li > a")
        expect(links).to_have_text(["abstain please", QUESTION])
        page.get_by_role("searchbox", name="Search conversations").fill("REJECTION")
        expect(links).to_have_text([QUESTION])
        page.locator("#shelf .rows li > button").click()
        page.get_by_role("button", name="Rename", exact=True).click()
        page.get_by_role("textbox", name="Rename").fill("What Moscow said")
        page.get_by_role("button", name="Save").click()
        expect(links).to_have_text(["What Moscow said"])
        page.get_by_role("searchbox", name="Search conversations").fill("")
        expect(links).to_have_count(2)
        assert is_wide_enough(page)
        page.locator("#shelf .rows li", has_text="abstain please").locator("> button").click()
        page.get_by_role("button", name="Delete", exact=True).click()
        assert "cannot be undone" in page.locator("#shelf .more").inner_text()
        page.get_by_role("button", name="Delete", exact=True).click()
        page.wait_for_url(f"{address}/")  # it was the one that was open
        page.wait_for_selector("#ask textarea")
        assert [one["title"] for one in get(address, "/api/conversations")] == ["What Moscow said"]


def test_a_conversation_that_is_gone_says_so(chromium, address):
    with reading(chromium, address, path="/?c=nothing") as page:
        page.wait_for_selector(".card.error")
        assert "no such conversation" in page.locator(".card.error").inner_text()


def test_a_source_that_has_changed_since_is_shown_as_it_was_cited(chromium, settings):
    assistant = scripted_assistant()
    with serving(create_app(assistant, settings)) as address, reading(chromium, address, allowed=LEAVING) as page:
        with page.expect_response("**/next"):  # the questions to go on with are found in the same documents
            ask(page, QUESTION)
        quote = page.locator("#s-1-1 mark").evaluate("one => one.textContent")
        assistant.library.all.clear()
        page.locator("a.cite").first.click()
        page.wait_for_selector("#sources .reader")
        assert "not in the library any more" in page.locator("#sources .notice").inner_text()
        assert page.locator("#sources mark.here").first.evaluate("one => one.textContent") in quote
