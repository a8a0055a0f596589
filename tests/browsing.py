"""A real Chromium on a real server: pages that must stay quiet, and what a person does on them."""

import json
import shutil
import urllib.request
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; install the distribution's `chromium`")
# What Gradio's own script says when a page is left or loaded again while its stream is open.
LEAVING = (
    "AbortError: signal is aborted",
    "AbortError: BodyStreamBuffer was aborted",
    "Unexpected error Connection errored out",
    "Connection errored out",
)
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 800}
QUESTION = "quote categorical rejection"  # the scripted assistant quotes the sentences that hold these words


@contextmanager
def reading(chromium, address, viewport=WIDE, scheme="light", path="/", allowed=(), **context):
    """A page that is quiet: no request elsewhere, nothing in the console, no error, no dialog.

    `allowed` are beginnings of console messages that a test brings about on purpose.
    """
    noise = []
    context = chromium.new_context(viewport=viewport, color_scheme=scheme, **context)
    page = context.new_page()
    page.set_default_timeout(30_000)
    context.on("request", lambda one: one.url.startswith((address, "data:", "blob:")) or noise.append(one.url))
    page.on("console", lambda one: noise.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("dialog", lambda dialog: (noise.append(dialog.message), dialog.dismiss()))
    page.goto(address + path)
    page.wait_for_selector("#ask textarea")
    page.wait_for_selector("#tray .tools", state="attached")
    yield page
    context.close()
    heard = [one for one in noise if not one.startswith(tuple(allowed))]
    assert not heard, heard


def ask(page, question, turn=1):
    """Ask, and wait until the answer is there."""
    page.fill("#ask textarea", question)
    page.press("#ask textarea", "Enter")
    answered(page, turn)


def answered(page, turn=1):
    """Wait until the answer of a turn has ended."""
    page.wait_for_selector(f".exchange[id$='-{turn}'] .acts", state="attached")


def get(address, path):
    with urllib.request.urlopen(f"{address}{path}") as response:
        return json.load(response)


def asked_by_api(address, question):
    request = urllib.request.Request(
        f"{address}/api/ask", json.dumps({"question": question}).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def is_wide_enough(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def marked(page):
    """Return the characters that the reader marks as the chosen quotation."""
    return page.locator("#sources mark.here").evaluate_all("marks => marks.map(one => one.textContent).join('')")


def footnotes(page):
    """Return every footnote on the page: its name, number, title, place and quotation, character by character."""
    return page.evaluate(
        """() => [...document.querySelectorAll('#conversation li.source')].map(one => [
            one.id, one.value, one.querySelector('.title').textContent, one.querySelector('.where').textContent,
            one.querySelector('mark').textContent])"""
    )


def violations(page):
    """Return what axe finds serious or worse on the page as it stands."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
