"""The chat page for people who signed in: who they are, the way out, what is theirs, and a session that ends."""

import pytest
from browsing import LEAVING, NARROW, NEEDS_CHROMIUM, QUESTION, WIDE, ask, is_wide_enough, reading, violations
from entering import Building
from playwright.sync_api import expect
from scripted import Marking, Script
from serving import serving
from stand_ins import WordEmbedder

from assistant.pipeline import Assistant
from assistant.uploads import Uploads
from assistant.web.sessions import COOKIE
from vectorstore.library import Library
from vectorstore.retrieve import Retriever
from vectorstore.sync import sync

pytestmark = NEEDS_CHROMIUM

COLLECTIONS = """
news: {documents: ["news/*"], read: [everybody], write: [editors]}
wire: {documents: ["wire/*"], read: [everybody], write: [editors, agency]}
"""
OVER = ("Failed to load resource: the server responded with a status of 401", "Error: ", "Unexpected error")


@pytest.fixture(scope="module")
def building(tmp_path_factory):
    folder, embedder = tmp_path_factory.mktemp("signed-in"), WordEmbedder()
    library = Library.create(folder / "library")
    (folder / "news").mkdir()
    (folder / "news" / "rain.md").write_text("# Rain\n\nThis is a categorical rejection of rain.", encoding="utf-8")
    sync([folder / "news"], library, embedder, passage_tokens=60)
    (folder / "collections.yaml").write_text(COLLECTIONS, encoding="utf-8")
    assistant = Assistant(library, Retriever(library, embedder, None), answerer=Script(), verifier=Marking())
    uploads = Uploads(library, embedder, folder / "uploads", passage_tokens=60, limit=100_000)
    return Building(folder / "library", assistant=assistant, uploads=uploads, collections=folder / "collections.yaml")


@pytest.fixture(scope="module")
def address(building):
    with serving(building.app("key")) as address:
        yield address


@pytest.fixture
def entered(chromium, building, address):
    """A page of somebody who has signed in with a new key of the name that is given."""

    def enter(name, *scopes, groups=(), allowed=LEAVING, **more):
        building.key(name, "ask", "read", *scopes, groups=groups)
        cookie = building.signed_in_with(name).headers["cookie"]
        return reading(chromium, address, allowed=allowed, extra_http_headers={"cookie": cookie}, **more)

    return enter


def drawer(page):
    page.get_by_role("button", name="Conversations and settings").click()
    return page.locator("#shelf")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_somebody_signs_in_reads_who_they_are_and_signs_out(chromium, building, address, viewport):
    secret = building.keys.add(f"anna-{viewport['width']}", ["ask"])
    context = chromium.new_context(viewport=viewport)
    page = context.new_page()
    page.goto(f"{address}/?c=none")
    page.get_by_label("API key").fill(secret)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/?c=none")
    page.wait_for_selector("#tray .tools", state="attached")
    shelf = drawer(page)
    expect(shelf.locator(".account p")).to_contain_text(f"Signed in as \u2068anna-{viewport['width']}\u2069")
    assert is_wide_enough(page)
    assert violations(page) == []
    shelf.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in?signed-out")
    assert not [one for one in context.cookies() if one["name"] == COOKIE]
    page.goto(address)
    assert "/sign-in" in page.url
    context.close()


def test_everything_of_ones_own_is_deleted_once_it_is_confirmed(entered, building):
    building.key("carla", "ask")
    with entered("dora") as page:
        ask(page, QUESTION)
        shelf = drawer(page)
        expect(shelf.locator(".rows li")).to_have_count(1)
        shelf.get_by_role("button", name="Delete everything of mine").click()
        expect(shelf.locator(".account")).to_contain_text("cannot be undone")
        expect(shelf.locator(".account button.strong")).to_be_focused()
        shelf.get_by_role("button", name="Cancel").click()
        expect(shelf.get_by_role("button", name="Sign out")).to_be_visible()
        assert page.evaluate("fetch('api/conversations').then(one => one.json()).then(some => some.length)") == 1
        shelf.get_by_role("button", name="Delete everything of mine").click()
        shelf.locator(".account button.strong").click()
        page.wait_for_url("**/")
        page.wait_for_selector("#tray .tools", state="attached")
        expect(drawer(page).locator(".rows")).to_contain_text("No conversations yet.")


def test_whoever_may_write_nowhere_sees_no_place_to_add_documents(entered):
    with entered("erik", "write", groups=["readers"]) as page:
        shelf = drawer(page)
        expect(shelf.locator(".library")).to_contain_text("1 document")
        expect(shelf.locator(".account p")).to_be_visible()
        assert shelf.locator(".drop").count() == 0


def test_whoever_may_write_to_one_collection_adds_to_it_and_is_asked_nothing(entered, building):
    with entered("fay", "write", groups=["agency"]) as page:
        shelf = drawer(page)
        shelf.locator("input[type=file]").set_input_files(
            {"name": "snow.md", "mimeType": "text/markdown", "buffer": b"# Snow\n\nIt snowed."}
        )
        expect(shelf.locator(".outcomes")).to_contain_text("snow.md: Added", timeout=30_000)
        assert shelf.locator(".collection").count() == 0
    assert building.assistant.library.find("uploads/wire/snow.md") is not None


def test_whoever_may_write_to_several_collections_chooses_one_of_them(entered, building):
    with entered("gus", "write", groups=["editors"]) as page:
        shelf = drawer(page)
        choice = shelf.get_by_label("Add to")
        expect(choice.locator("option")).to_have_text(["news", "wire"])
        for collection, name in (("wire", "fog.md"), ("news", "wind.md")):
            choice.select_option(collection)
            shelf.locator("input[type=file]").set_input_files(
                {"name": name, "mimeType": "text/markdown", "buffer": f"# {name}\n\nIt was {name}.".encode()}
            )
            expect(shelf.locator(".outcomes")).to_contain_text(f"{name}: Added", timeout=30_000)
            expect(choice).to_have_value(collection)
    assert building.assistant.library.find("uploads/wire/fog.md") is not None
    assert building.assistant.library.find("uploads/news/wind.md") is not None


@pytest.mark.parametrize("doing", ["asking", "opening the drawer"])
def test_a_session_that_ends_says_so_and_leads_back_to_where_one_was(entered, building, doing):
    name = f"hal-{doing.split()[0]}"
    with entered(name, allowed=(*LEAVING, *OVER)) as page:
        ask(page, QUESTION)
        here = page.url
        building.keys.revoke(name)
        if doing == "asking":
            page.fill("#ask textarea", "quote rain")
            page.press("#ask textarea", "Enter")
        else:
            drawer(page)
        over = page.get_by_role("dialog", name="Your session is over")
        expect(over).to_be_visible()
        assert violations(page) == []
        if doing == "asking":
            assert page.input_value("#ask textarea") == "quote rain"
            page.wait_for_selector(".toast-body", state="attached")  # what Gradio says of it
            expect(page.locator(".toast-body")).to_be_hidden()
            expect(page.locator(".answer")).to_be_visible()
        over.get_by_role("link", name="Sign in again").click()
        page.wait_for_url("**/sign-in?next=**")
        secret = building.keys.add(f"{name}-again", ["ask"])
        page.context.set_extra_http_headers({})
        page.get_by_label("API key").fill(secret)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(here)


def test_where_a_proxy_signs_people_in_there_is_no_way_out_here(chromium, building):
    ours = Building(building.folder, assistant=building.assistant, proxies=("127.0.0.0/8",))
    named = {"x-forwarded-user": "anna"}
    with (
        serving(ours.app("proxy")) as address,
        reading(chromium, address, allowed=LEAVING, extra_http_headers=named) as page,
    ):
        shelf = drawer(page)
        expect(shelf.locator(".account p")).to_contain_text("anna")
        assert shelf.get_by_role("button", name="Sign out").count() == 0
        assert shelf.get_by_role("button", name="Delete everything of mine").count() == 1


def test_where_nobody_signs_in_nobody_is_named(chromium, building):
    with serving(building.app("none")) as address, reading(chromium, address, allowed=LEAVING) as page:
        shelf = drawer(page)
        expect(shelf.locator(".library")).to_contain_text("document")
        expect(shelf.locator(".account")).to_be_hidden()
