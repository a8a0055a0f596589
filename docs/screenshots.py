"""Take the screenshots of the documentation from the real pages: `.venv/bin/python docs/screenshots.py`.

The chat page: indexes the sample articles into a temporary folder, serves them, asks one of the page's own examples and
opens a source. The report: grades the suite of the sample articles and opens a case that fails and one that passes.
Both in the distribution's Chromium. Needs the test extras and `chromium` on the path.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

IMAGES = ROOT / "docs" / "images"
QUESTION = "What did Russia say about NATO troops?"
CATEGORY = "injection"  # short answers: a case that fails and one that passes fit into one picture


def main() -> None:
    """Write docs/images/answer.png, the same in the dark, and docs/images/eval-report.png."""
    from playwright.sync_api import sync_playwright
    from serving import serving

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("There is no Chromium on the path; install the distribution's chromium.")
    with tempfile.TemporaryDirectory() as folder:
        # Both before the browser is started: while it runs, so does its event loop, and answering needs one of its own.
        report = graded(Path(folder) / "report")
        app = chat(Path(folder) / "library")
        with serving(app) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            take_chat(browser, address)
            take_report(browser, report.as_uri())
            browser.close()


def chat(library: Path) -> "FastAPI":
    """Return the chat page over the sample articles; the library is made there."""
    from assistant.examples import examples
    from assistant.open import open_assistant, open_settings_embedder
    from assistant.settings import Settings
    from assistant.web.app import create_app
    from vectorstore.library import Library
    from vectorstore.sync import sync

    settings = Settings(_env_file=None, library=library)
    embedder = open_settings_embedder(settings)
    sync([ROOT / "articles"], Library.create(settings.library), embedder, passage_tokens=settings.passage_tokens)
    assistant = open_assistant(settings)
    return create_app(assistant, settings, examples(assistant, patience=60))


def graded(folder: Path) -> Path:
    """Return the page of the report on the suite of the sample articles, whether its gates hold or not."""
    from evals.command import run

    run(["eval", str(ROOT / "evals" / "suites" / "articles.jsonl"), "--out", str(folder)])
    return folder / "report.html"


def take_chat(browser: "Browser", address: str) -> None:
    """Ask QUESTION, once in the light and once in the dark, and open the first source."""
    for scheme, name in (("light", "answer.png"), ("dark", "answer-dark.png")):
        page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme=scheme, device_scale_factor=2)
        page.goto(address)
        page.fill("#ask textarea", QUESTION)
        page.press("#ask textarea", "Enter")
        page.wait_for_selector("#a-1", state="attached")
        page.locator("a.cite").first.click()
        page.wait_for_timeout(500)  # fonts and layout settle
        page.screenshot(path=IMAGES / name)
        page.close()


def take_report(browser: "Browser", address: str) -> None:
    """Open the first case of CATEGORY that fails, and the first that passes."""
    page = browser.new_page(viewport={"width": 1280, "height": 1900}, device_scale_factor=2)
    page.goto(address)
    page.locator("#filters select").select_option(CATEGORY)
    for state in ("failed", "passed"):
        page.locator(f"article.{state}:visible summary").first.click()
    page.locator("#kinds").evaluate("kinds => kinds.scrollIntoView()")
    page.mouse.move(0, 0)  # the question that was clicked last is no longer coloured
    page.screenshot(path=IMAGES / "eval-report.png")
    page.close()


if __name__ == "__main__":
    main()
