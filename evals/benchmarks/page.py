"""How soon the chat page can be used: python -m evals.benchmarks.page FOLDER [--rounds N].

Indexes FOLDER into a temporary library, serves it on loopback, and opens the page N times in the distribution's
Chromium: cold in a fresh profile, then once more warm. Prints the median and the slowest of the seconds until the
question box can be typed in, of those from a question to its finished answer, and the layout shift (web.dev's CLS,
good below 0.1) while an answer comes. Needs the test extra and `chromium` on the path; a shared machine is noisy.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PORT = 7893
QUESTION = "What did Russia say about NATO troops?"
SHIFTS = """() => {
    window.shifted = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((one) => {
        if (!one.hadRecentInput) shifted += one.value;
    })).observe({ type: "layout-shift", buffered: true });
}"""


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("There is no Chromium on the path; install the distribution's chromium.")
    with tempfile.TemporaryDirectory() as library:
        footnote = Path(sys.executable).with_name("footnote")
        command = [footnote, "--library", library, "serve", given.folder, "--port", str(PORT)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                address = f"http://127.0.0.1:{PORT}/"
                _await(address, server)
                _print(_measured(chromium, address, given.rounds))
            finally:
                server.terminate()


def _await(address: str, server: "subprocess.Popen[bytes]") -> None:
    while True:
        if server.poll() is not None:
            sys.exit(f"The server ended before it listened on port {PORT}.")
        try:
            urllib.request.urlopen(address).close()
        except OSError:
            time.sleep(0.1)
        else:
            return


def _measured(chromium: str, address: str, rounds: int) -> dict[str, list[float]]:
    from playwright.sync_api import sync_playwright

    measured: dict[str, list[float]] = {"cold": [], "warm": [], "answer": [], "shift": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(rounds):
            _round(browser, address, measured)
        browser.close()
    return measured


def _round(browser: "Browser", address: str, measured: dict[str, list[float]]) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    for kind in ("cold", "warm"):
        measured[kind].append(_usable(page, address))
        page.wait_for_load_state("networkidle")
    page.evaluate(SHIFTS)
    started = time.perf_counter()
    page.fill("#ask textarea", QUESTION)
    page.press("#ask textarea", "Enter")
    page.wait_for_selector(".acts")
    measured["answer"].append(time.perf_counter() - started)
    page.wait_for_selector("#sources .cards")
    measured["shift"].append(page.evaluate("() => shifted"))
    context.close()


def _usable(page: "Page", address: str) -> float:
    """Return the seconds until the question box can be typed in and the page's script has done its part."""
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector("#ask textarea:enabled")
    page.wait_for_selector("#tray .tools")
    return time.perf_counter() - started


def _print(measured: dict[str, list[float]]) -> None:
    sys.stdout.write("| | n | median | slowest |\n|---|---|---|---|\n")
    for kind, name in (("cold", "usable, cold (s)"), ("warm", "usable, warm (s)"), ("answer", "answer (s)")):
        values = measured[kind]
        sys.stdout.write(f"| {name} | {len(values)} | {statistics.median(values):.2f} | {max(values):.2f} |\n")
    shift = measured["shift"]
    sys.stdout.write(f"| layout shift | {len(shift)} | {statistics.median(shift):.3f} | {max(shift):.3f} |\n")


if __name__ == "__main__":
    main()
