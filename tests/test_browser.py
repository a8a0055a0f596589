import pytest
from browsing import (
    NARROW,
    NEEDS_CHROMIUM,
    QUESTION,
    WIDE,
    answered,
    ask,
    asked_by_api,
    is_wide_enough,
    marked,
    reading,
)
from scripted import ARTICLES, scripted_assistant
from serving import serving

from assistant.open import open_assistant, open_settings_embedder
from assistant.settings import Settings
from assistant.web.app import create_app
from vectorstore.library import Library
from vectorstore.sync import sync

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    settings = Settings(_env_file=None, library=tmp_path_factory.mktemp("scripted"))
    with serving(create_app(scripted_assistant(), settings, [QUESTION])) as address:
        yield address


@pytest.fixture(scope="module")
def real_address(tmp_path_factory):
    """The sample articles, the bundled embedding, the extractive answerer: what `footnote serve` serves."""
    settings = Settings(_env_file=None, library=tmp_path_factory.mktemp("real") / "library")
    embedder = open_settings_embedder(settings)
    sync([ARTICLES], Library.create(settings.library), embedder, passage_tokens=settings.passage_tokens)
    with serving(create_app(open_assistant(settings), settings)) as address:
        yield address


@pytest.fixture(scope="module")
def written_address(tmp_path_factory):
    settings = Settings(_env_file=None, library=tmp_path_factory.mktemp("written"))
    with serving(create_app(scripted_assistant(kind="model"), settings)) as address:
        yield address


is_in_sight = """mark => {
    const box = mark.getBoundingClientRect(), panel = document.querySelector("#sources").getBoundingClientRect();
    return box.top >= panel.top && box.bottom <= innerHeight;
}"""


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chip_opens_the_very_words_of_the_source_and_escape_goes_back(chromium, real_address, viewport, scheme):
    question = "What did Russia say about NATO troops?"
    answer = asked_by_api(real_address, question)
    assert answer["state"] == "complete"
    assert len({citation["document_id"] for citation in answer["citations"]}) >= 2
    assert {claim["verdict"] for claim in answer["claims"]} == {"supported"}
    with reading(chromium, real_address, viewport, scheme) as page:
        assert is_wide_enough(page)
        ask(page, question)
        for citation in answer["citations"]:
            chip = page.locator(f"a.cite[href='#s-1-{citation['number']}']").first
            chip.click()
            panel = page.locator("#sources")
            page.wait_for_function(
                "number => document.querySelector(`#sources mark.here.m-${number}`)", arg=citation["number"]
            )
            assert marked(page) == citation["quote"]
            assert page.locator("#sources mark.here").first.evaluate(is_in_sight)
            assert citation["title"] in panel.inner_text()
            assert chip.get_attribute("aria-expanded") == "true"
            assert page.evaluate("document.querySelector('#sources').contains(document.activeElement)")
            assert is_wide_enough(page)
            page.keyboard.press("Escape")
            assert not panel.locator(".reader").is_visible()
            assert chip.evaluate("chip => chip === document.activeElement")
            page.mouse.move(
                0, 0
            )  # as a person's would on its way to the next: what it points at is quoted over the page
            page.wait_for_selector("#hover", state="hidden")


def test_a_chip_is_visible_while_its_source_is_open_on_a_phone(chromium, address):
    with reading(chromium, address, NARROW) as page:
        ask(page, QUESTION)
        chip = page.locator("a.cite").last
        chip.click()
        page.wait_for_function(
            """() => document.querySelector('a.cite[aria-expanded]').getBoundingClientRect().bottom
                     <= document.querySelector('#sources').getBoundingClientRect().top"""
        )


def test_sources_are_read_from_the_keyboard(chromium, address):
    with reading(chromium, address) as page:
        ask(page, QUESTION)
        page.locator("a.cite").first.focus()
        page.keyboard.press("Enter")
        heading = page.locator("#sources-heading")
        page.wait_for_selector("#sources .reader")
        assert heading.inner_text().startswith("Source 1 (1 of")
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "() => document.querySelector('#sources-heading').textContent.startsWith('Source 2 (2 of')"
        )
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        last, _, count = heading.inner_text().partition("(")[2].removesuffix(")").partition(" of ")
        assert last == count
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.matches('a.cite')")


def test_what_a_screen_reader_needs_has_a_name_and_is_said_once(chromium, address):
    with reading(chromium, address) as page:
        assert page.get_by_role("button", name="Ask", exact=True).count() == 1
        assert page.get_by_role("textbox", name="Question").count() == 1
        ask(page, QUESTION)
        page.wait_for_function(
            "[...document.querySelectorAll('[role=status]')].some(one => one.textContent.startsWith('Answer with '))"
        )
        assert page.locator("[role=log]").get_attribute("aria-live") == "off"
        assert page.get_by_role("link", name="Source 1").count() == 1
        page.locator("a.cite").first.click()
        assert page.get_by_role("complementary", name="Source 1 (1 of").count() == 1
        assert page.get_by_role("button", name="Close").count() == 1


def test_an_example_asks_itself(chromium, address):
    with reading(chromium, address) as page:
        page.get_by_role("button", name=QUESTION).click()
        answered(page)
        assert page.locator(".question").inner_text() == QUESTION
        assert page.locator("#examples").is_hidden()


def test_a_question_stays_as_it_was_typed(chromium, address):
    question = "abstain if a<b then **bold** <b>x</b> &amp; $$x$$ ![i](https://evil.example/i.png)"
    with reading(chromium, address) as page:
        ask(page, question)
        assert page.locator(".question").evaluate("one => one.textContent") == question
        assert "The documents do not say" in page.locator(".card").inner_text()


def test_a_hostile_document_is_only_words(chromium, address):
    with reading(chromium, address) as page:
        ask(page, "quote only words")
        ask(page, "quote evil.example", turn=2)
        for chip in page.locator("a.cite").all():
            chip.click()
        for fold in page.locator("details").all():
            fold.evaluate("fold => { fold.open = true }")
        assert "<img src=//evil.example/x onerror=window.pwned=1>" in page.locator("#conversation").inner_text()
        assert page.evaluate("window.pwned") is None
        made = "img, script, form, style, iframe, input, svg, video, object"
        assert page.locator(":is([data-testid=bot], [data-testid=user], #sources, #hover)").locator(made).count() == 0
        assert page.locator("#conversation a:not(.cite)").count() == 0


def test_a_written_answer_shows_every_verdict_in_words(chromium, written_address):
    with reading(chromium, written_address, NARROW) as page:
        ask(page, "written categorical rejection")
        text = page.locator(".answer").inner_text()
        assert "Not supported" in text
        assert "No source" in text
        assert "Cut short" in text
        assert page.locator(".said strong").inner_text() == "bold"
        assert "<b>tags</b>" in text
        assert is_wide_enough(page)


def test_an_answer_can_be_stopped_and_the_next_one_asked(chromium, written_address):
    with reading(chromium, written_address) as page:
        page.fill("#ask textarea", "hang on")
        page.press("#ask textarea", "Enter")
        page.wait_for_selector(".draft")
        assert "not checked yet" in page.locator(".draft").inner_text()
        page.get_by_role("button", name="Stop").click()
        page.wait_for_selector(".card.stopped")
        assert "You stopped the answer" in page.locator(".card").inner_text()
        ask(page, "abstain please", turn=2)
        assert page.locator(".question").count() == 2


def test_a_failure_says_so_without_its_internals(chromium, address):
    with reading(chromium, address) as page:
        page.fill("#ask textarea", "fail now")
        page.press("#ask textarea", "Enter")
        page.wait_for_selector(".card.error")
        assert "Reference" in page.locator(".card").inner_text()
        assert "sk-12345" not in page.content()


def test_the_theme_can_be_chosen_in_the_address(chromium, address):
    with reading(chromium, address, path="/?__theme=dark") as page:
        red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert max(red, green, blue) < 60
