"""Working with answers on the real page: stopping, asking again, changing a question, narrowing, adding, copying."""

import re

import pytest
from browsing import NARROW, NEEDS_CHROMIUM, QUESTION, answered, ask, get, is_wide_enough, reading
from scripted import ARTICLES, scripted_assistant
from serving import serving

from assistant.feedback import FeedbackStore
from assistant.open import open_assistant, open_settings_embedder
from assistant.settings import Settings
from assistant.uploads import open_uploads
from assistant.web.app import create_app
from vectorstore.library import Library
from vectorstore.sync import sync

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(_env_file=None, library=tmp_path_factory.mktemp("scripted"))


@pytest.fixture(scope="module")
def address(settings):
    with serving(create_app(scripted_assistant(), settings)) as address:
        yield address


@pytest.fixture(scope="module")
def real_address(tmp_path_factory):
    settings = Settings(_env_file=None, library=tmp_path_factory.mktemp("real") / "library")
    embedder = open_settings_embedder(settings)
    sync([ARTICLES], Library.create(settings.library), embedder, passage_tokens=settings.passage_tokens)
    assistant = open_assistant(settings)
    with serving(create_app(assistant, settings, uploads=open_uploads(assistant.library, settings))) as address:
        yield address


def questions(page):
    return page.locator(".question").all_inner_texts()


def test_asking_again_takes_the_place_of_the_last_answer(chromium, address):
    with reading(chromium, address) as page:
        ask(page, "abstain please")
        ask(page, QUESTION, turn=2)
        first = page.locator(".exchange").last.get_attribute("class")
        page.locator(".act.again").last.click()
        page.wait_for_function(
            "before => [...document.querySelectorAll('.exchange')].at(-1).className !== before", arg=first
        )
        answered(page, 2)
        assert questions(page) == ["abstain please", QUESTION]


def test_asking_an_older_question_again_loses_nothing(chromium, address):
    with reading(chromium, address) as page:
        ask(page, QUESTION)
        ask(page, "abstain please", turn=2)
        page.locator(".act.again").first.click()
        answered(page, 3)
        assert questions(page) == [QUESTION, "abstain please", QUESTION]
        page.locator(".act.edit").nth(1).click()
        assert page.locator("#ask textarea").input_value() == "abstain please"
        assert page.locator("#tray .tag").count() == 0
        page.press("#ask textarea", "Enter")
        answered(page, 4)


def test_the_last_question_can_be_changed(chromium, address):
    with reading(chromium, address) as page:
        ask(page, "abstain please")
        page.locator(".act.edit").click()
        assert page.locator("#ask textarea").input_value() == "abstain please"
        assert "Editing question 1" in page.locator("#tray .tag").inner_text()
        page.fill("#ask textarea", QUESTION)
        page.press("#ask textarea", "Enter")
        page.wait_for_selector(".exchange .claim")
        answered(page)
        assert questions(page) == [QUESTION]
        assert page.locator("#tray .tag").count() == 0


def test_while_an_answer_is_written_nothing_else_is_asked_and_nothing_is_lost(chromium, tmp_path):
    settings = Settings(_env_file=None, library=tmp_path)
    with serving(create_app(scripted_assistant(kind="model"), settings)) as address, reading(chromium, address) as page:
        ask(page, "abstain please")
        page.fill("#ask textarea", "hang on")
        page.press("#ask textarea", "Enter")
        page.wait_for_selector(".draft")
        page.locator(".act.again").first.click()
        page.fill("#ask textarea", "quote more")
        page.press("#ask textarea", "Enter")
        assert page.locator("#ask textarea").input_value() == "quote more"
        page.get_by_role("button", name="Stop").click()
        page.wait_for_selector(".card.stopped")
        assert questions(page) == ["abstain please", "hang on"]


def test_changing_a_question_can_be_left(chromium, address):
    with reading(chromium, address) as page:
        ask(page, "abstain please")
        page.locator(".act.edit").click()
        page.get_by_role("button", name="Cancel").click()
        assert page.locator("#ask textarea").input_value() == ""
        ask(page, QUESTION, turn=2)
        assert questions(page) == ["abstain please", QUESTION]


def test_after_a_failure_the_question_is_there_to_be_asked_again(chromium, address):
    with reading(chromium, address) as page:
        ask(page, "fail now")
        assert "Reference" in page.locator(".card.error").inner_text()
        first = page.locator(".card.error").inner_text()
        page.get_by_role("button", name="Try again").click()
        page.wait_for_function("text => document.querySelector('.card.error')?.innerText !== text", arg=first)
        answered(page)
        assert questions(page) == ["fail now"]


@pytest.mark.parametrize("length", [2_500, 20_001])
def test_a_question_that_is_too_long_is_told_and_goes_back_into_its_box(chromium, address, length):
    with reading(chromium, address) as page:
        page.fill("#ask textarea", "x" * length)
        page.press("#ask textarea", "Enter")
        page.wait_for_function("() => document.body.innerText.includes('at most 2,000')")
        page.wait_for_function("length => document.querySelector('#ask textarea').value.length === length", arg=length)
        assert page.locator(".question").count() == 0


def test_filters_show_as_tags_that_can_be_taken_away_and_narrow_the_answer(chromium, real_address):
    outlet = get(real_address, "/api/library")["outlets"][0]
    with reading(chromium, real_address) as page:
        page.get_by_role("button", name="Filter").click()
        page.get_by_role("checkbox", name=outlet).check()
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        assert page.locator("#tray .tag").inner_text().startswith(outlet)
        ask(page, "What did Russia say about NATO troops?")
        shown = page.locator(".source .where").all_text_contents()
        assert shown
        assert all(one.startswith(outlet) for one in shown)
        page.get_by_role("button", name=f"Remove: {outlet}").click()
        assert page.locator("#tray .tag").count() == 0


def test_an_abstention_under_filters_offers_to_search_everything(chromium, real_address):
    with reading(chromium, real_address) as page:
        page.get_by_role("button", name="Filter").click()
        page.get_by_label("From").fill("2031-01-01")
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        ask(page, "What did Russia say about NATO troops?")
        card = page.locator(".card.abstained")
        assert "The documents do not say" in card.inner_text()
        assert "1 Jan 2031" in card.inner_text()
        page.get_by_role("button", name="Search all documents").click()
        page.wait_for_selector(".answer .claim")
        answered(page)
        assert page.locator("#tray .tag").count() == 0
        assert len(questions(page)) == 1


def test_a_document_can_be_found_and_chosen_as_a_filter(chromium, real_address):
    found = get(real_address, "/api/documents?search=")[0]
    with reading(chromium, real_address, NARROW) as page:
        page.get_by_role("button", name="Filter").click()
        page.get_by_role("searchbox", name="Find a document").fill(found["title"][:12])
        page.get_by_role("dialog").get_by_role("button", name=found["title"]).first.click()
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        assert found["title"] in page.locator("#tray .tag").inner_text()
        assert is_wide_enough(page)


def test_documents_are_added_each_with_its_outcome_and_answered_from(chromium, real_address, tmp_path):
    good, bad = tmp_path / "Ferry.txt", tmp_path / "picture.bmp"
    good.write_text("The ferry to Brel\n\nThe ferry to Brel carries 412 passengers, said captain Ida Holm.")
    bad.write_bytes(b"BM\0\0")
    with reading(chromium, real_address) as page:
        page.get_by_role("button", name="Conversations and settings").click()
        page.set_input_files("#shelf input[type=file]", [good, bad])
        page.wait_for_function("() => document.querySelectorAll('#shelf .outcomes li progress').length === 0")
        page.wait_for_function("() => document.querySelectorAll('#shelf .outcomes li').length === 2")
        told = page.locator("#shelf .outcomes li").all_inner_texts()
        assert told[0] == "Ferry.txt: Added"
        assert told[1].startswith("picture.bmp: Left out: ")
        page.keyboard.press("Escape")
        ask(page, "How many passengers does the ferry to Brel carry?")
        assert "412 passengers" in page.locator(".answer .claim").first.inner_text()


def test_suggestions_from_the_sources_ask_themselves(chromium, real_address):
    with reading(chromium, real_address) as page:
        ask(page, "What did Russia say about NATO troops?")
        page.wait_for_selector("#tray .suggestion")
        question = page.locator("#tray .suggestion").first.inner_text()
        page.locator("#tray .suggestion").first.click()
        answered(page, 2)
        assert questions(page)[1] == question
        assert page.locator(".exchange").nth(1).locator(".claim").count() >= 1


def test_a_copied_answer_keeps_its_footnotes(chromium, address):
    with reading(chromium, address, permissions=["clipboard-read", "clipboard-write"]) as page:
        ask(page, QUESTION)
        page.get_by_role("button", name="Copy").click()
        page.get_by_role("button", name="Copied with its footnotes").wait_for()
        text = page.evaluate("navigator.clipboard.readText()")
        body, _, notes = text.partition("\n\n[")
        numbers = re.findall(r"\[(\d+)\]", body)
        assert numbers
        for number in numbers:
            quote = page.locator(f"#s-1-{number} mark").evaluate("one => one.textContent")
            assert f"{number}] “{quote}” — " in notes


def test_a_copied_selection_keeps_its_footnotes(chromium, address):
    with reading(chromium, address, permissions=["clipboard-read", "clipboard-write"]) as page:
        ask(page, QUESTION)
        page.evaluate("getSelection().selectAllChildren(document.querySelector('.claim'))")
        page.keyboard.press("Control+C")
        text = page.evaluate("navigator.clipboard.readText()")
        quote = page.locator("#s-1-1 mark").evaluate("one => one.textContent")
        assert "[1]" in text.partition("\n\n")[0]
        assert f"[1] “{quote}” — " in text


def test_a_thumb_is_kept_with_the_whole_answer_and_its_reason(chromium, address, settings):
    with reading(chromium, address) as page:
        ask(page, QUESTION)
        page.get_by_role("button", name="Good answer").click()
        page.wait_for_selector(".act.good[aria-pressed=true]")
        page.get_by_role("button", name="Something is wrong").click()
        page.get_by_role("radio", name="Something is missing").check()
        page.get_by_role("textbox", name="In your own words").fill("Who said so?")
        page.get_by_role("button", name="Send").click()
        page.wait_for_selector(".act.bad[aria-pressed=true]")
    up, down = FeedbackStore(settings.library).all()[-2:]
    assert (up.vote, down.vote, down.reason, down.words) == ("up", "down", "incomplete", "Who said so?")
    assert up.answer["question"] == QUESTION
    assert up.answer["citations"] == down.answer["citations"] != []
