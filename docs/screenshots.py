"""Take the pictures of the documentation from the real pages: `.venv/bin/python docs/screenshots.py`.

The chat page: indexes the sample articles, and a few short texts of our own that disagree, into temporary folders,
serves them without a model and asks. The report: grades the suite of the sample articles and opens a case that fails
and one that passes. Both in the distribution's Chromium. Needs the test extras and `chromium` on the path.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

IMAGES = ROOT / "docs" / "images"
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 800}
SCALE = 1.5  # pixels a point: sharp at the size of a README, and below 400 kB
QUESTION = "What did Russia say about NATO troops?"
ON_A_PHONE = "What did Rubio say about a deal?"  # its answer and the source fit above each other
DISPUTED = "How long will the harbour bridge be closed?"
CATEGORY = "misattribution"  # short answers: a case that fails and one that passes fit into one picture

# Two of them plainly contradict each other, which assistant/disagreements.py has to find out by itself.
NEWS = {
    "bridge-to-close.md": """---
title: Harbour bridge to close for repairs
outlet: Port Elm Herald
published: 2026-03-02
---

The harbour bridge will be closed for six weeks, the town council said. Work begins on Monday.

Engineers found rust in two of the piers last autumn. Cars will be sent round by the mill road; buses and cyclists may
use the lock gates. The repairs will cost about $4 million, and the council hopes that the state will pay half of it.
""",
    "long-detour.md": """---
title: Drivers face a long detour at the harbour
outlet: Coast Gazette
published: 2026-03-04
---

“The harbour bridge will be closed for nine weeks,” said harbour master Per Lind. He does not believe that the piers can
be painted while the river is high.

Shops on the east quay fear for their spring trade, and the fish market will open an hour earlier for those who come the
long way round.
""",
    "second-ferry.md": """---
title: A second ferry crosses the harbour
outlet: Elm Valley Radio
published: 2026-03-05
---

A second ferry crosses the harbour every twenty minutes while there is no way over the bridge. A ticket costs $3, and
children travel free.

The ferry carries 120 passengers and 30 bicycles, but no cars.
""",
}


def main() -> None:
    """Write answer.png, reader.png, disagreement.png, phone.png and eval-report.png into docs/images."""
    from playwright.sync_api import sync_playwright
    from serving import serving

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("There is no Chromium on the path; install the distribution's chromium.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        news = folder / "news"
        news.mkdir()
        for file, text in NEWS.items():
            (news / file).write_text(text, encoding="utf-8")
        # All before the browser is started: while it runs, so does its event loop, and answering needs one of its own.
        report = graded(folder / "report")
        articles, disputes = chat(ROOT / "articles", folder / "library"), chat(news, folder / "disputes")
        with serving(articles) as address, serving(disputes) as disputed, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            take_chat(browser, address, disputed)
            take_report(browser, report.as_uri())
            browser.close()


def chat(documents: Path, library: Path) -> "FastAPI":
    """Return the chat page over a folder of documents; the library is made there."""
    from assistant.open import open_assistant, open_settings_embedder
    from assistant.settings import Settings
    from assistant.web.app import create_app
    from vectorstore.library import Library
    from vectorstore.sync import sync

    settings = Settings(_env_file=None, library=library)
    embedder = open_settings_embedder(settings)
    sync([documents], Library.create(settings.library), embedder, passage_tokens=settings.passage_tokens)
    return create_app(open_assistant(settings), settings)


def graded(folder: Path) -> Path:
    """Return the page of the report on the suite of the sample articles, whether its gates hold or not."""
    from evals.command import run

    run(["eval", str(ROOT / "evals" / "suites" / "articles.jsonl"), "--out", str(folder)])
    return folder / "report.html"


def take_chat(browser: "Browser", articles: str, disputed: str) -> None:
    """Take an answer with its sources beside it, one of them open, sources that disagree, and a source on a phone."""
    with asked(browser, articles, QUESTION, DESK) as page:
        take(page, "answer.png")
    with asked(browser, articles, QUESTION, DESK, scheme="dark") as page:
        read_source(page, 3)
        take(page, "reader.png")
    with asked(browser, disputed, DISPUTED, DESK) as page:
        take(page, "disagreement.png")
    with asked(browser, articles, ON_A_PHONE, PHONE) as page:
        read_source(page, 1)
        take(page, "phone.png")


@contextmanager
def asked(
    browser: "Browser", address: str, question: str, viewport: dict[str, int], scheme: str = "light"
) -> Iterator["Page"]:
    """Give a page on which a question is answered and what to ask next has been looked for."""
    page = browser.new_page(viewport=viewport, color_scheme=scheme, device_scale_factor=SCALE, reduced_motion="reduce")
    page.goto(address)
    page.fill("#ask textarea", question)
    with page.expect_response("**/next"):
        page.press("#ask textarea", "Enter")
        page.wait_for_selector(".exchange .acts")
    yield page
    page.close()


def read_source(page: "Page", number: int) -> None:
    """Open the whole text behind a footnote."""
    page.locator(f"a.cite[href='#s-1-{number}']").first.click()
    page.wait_for_selector(f"#sources mark.here.m-{number}")


def take(page: "Page", name: str) -> None:
    """Write what the page shows to somebody who reads: nothing is pointed at, nothing has the focus."""
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(500)  # fonts and layout settle
    page.screenshot(path=IMAGES / name)


def take_report(browser: "Browser", address: str) -> None:
    """Open the first case of CATEGORY that fails, and the first that passes."""
    page = browser.new_page(viewport={"width": 1280, "height": 1900}, device_scale_factor=SCALE)
    page.goto(address)
    page.locator("#filters select").select_option(CATEGORY)
    for state in ("failed", "passed"):
        page.locator(f"article.{state}:visible summary").first.click()
    page.locator("#kinds").evaluate("kinds => kinds.scrollIntoView()")
    take(page, "eval-report.png")
    page.close()


if __name__ == "__main__":
    main()
