import shutil
from contextlib import contextmanager

import pytest
from eval_values import ATTACKED, DOWN, FAILING, NASTY, PASSING, REPORTS, WHISPER, many

from evals.reports.html import report_html
from evals.reports.phrases import holding_line, tally_line, verdict

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; install the distribution's `chromium`")

WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 800}
CONTRASTS = """() => {
    const luminance = (colour) => {
        const [red, green, blue] = colour.match(/[\\d.]+/g).slice(0, 3).map((one) => one / 255)
            .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const ground = (element) => {
        for (let one = element; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;
            if (!/^rgba.*, 0\\)$/.test(colour)) return colour;
        }
    };
    const contrasts = new Map();
    for (const element of document.querySelectorAll("main *")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!own || !element.checkVisibility() || element.matches("option")) continue;
        const [ink, paper] = [getComputedStyle(element).color, ground(element)];
        const [dark, light] = [luminance(ink), luminance(paper)].sort((a, b) => a - b);
        contrasts.set(`${ink} on ${paper}`, (light + 0.05) / (dark + 0.05));
    }
    return Object.fromEntries(contrasts);
}"""


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def reading(chromium, tmp_path):
    """Open a report from a file, in a page that is quiet: no request, nothing in the console, no error, no dialog."""

    @contextmanager
    def reading(report, viewport=WIDE, scheme="light", script=True, place=""):
        noise = []
        path = tmp_path / "report.html"
        path.write_text(report_html(report), encoding="utf-8")
        context = chromium.new_context(viewport=viewport, color_scheme=scheme, java_script_enabled=script)
        page = context.new_page()
        page.set_default_timeout(10_000)
        address = path.as_uri()
        page.on("request", lambda one: one.url.startswith((address, "data:,")) or noise.append(one.url))
        page.on("console", lambda one: noise.append(one.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on("dialog", lambda dialog: (noise.append(dialog.message), dialog.dismiss()))
        page.goto(address + place)
        yield page
        context.close()
        assert noise == []

    return reading


def shown(page):
    return page.locator("article.case:visible").evaluate_all("cases => cases.map((one) => one.dataset.state)")


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", REPORTS)
def test_every_page_is_quiet_fits_its_window_and_can_be_read(reading, name, viewport, scheme):
    with reading(REPORTS[name], viewport, scheme) as page:
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator("h1").is_visible()
        assert {pair: ratio for pair, ratio in page.evaluate(CONTRASTS).items() if ratio < 4.5} == {}
        red, green, blue = page.evaluate("getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g)")
        assert (int(red) + int(green) + int(blue) < 200) == (scheme == "dark")


def test_a_failing_case_is_open_and_tells_why_and_from_what(reading):
    with reading(FAILING) as page:
        case = page.locator("article.failed")
        text = case.inner_text()
        for said in ("✕ Failed", "▼ Regressed", "must pass", *WHISPER.faults, "What did Trump whisper?"):
            assert said in text
        for verdict in ("✕ Not supported", "○ No source", "◐ Partly supported", "✓ Said", "✕ Missing"):
            assert verdict in text
        mark = case.locator("mark")
        assert mark.inner_text() == WHISPER.outcome.answer.citations[0].quote
        around = case.locator("blockquote:has(mark)").inner_text()
        assert "Mr Macron, asked about the whisper on NBC News that evening" in around
        assert 300 < len(around) < len(mark.inner_text()) + 620


def test_a_passing_case_is_folded_and_opens_with_its_verdicts(reading):
    with reading(PASSING) as page:
        case = page.locator("article.passed").first
        assert not case.locator(".answer").is_visible()
        case.locator("summary").first.click()
        assert case.locator(".claim .verdict").all_inner_texts() == ["✓ Supported 0.961"] * 2
        assert case.locator(".facts .verdict").all_inner_texts() == ["✓ Said", "○ Not said, not required"]


def test_an_abstention_is_said_once_with_its_reason(reading):
    with reading(PASSING, place="#case-nothing-1") as page:
        answer = page.locator("article:has-text('What did the Pope say?') .answer").inner_text()
        assert answer.count("The documents do not say.") == 1
        assert "No passage is about the Pope." in answer
        assert "Quoted from the documents" not in answer


def test_a_measure_of_which_less_is_better_says_so(reading):
    with reading(PASSING) as page:
        rows = page.locator(".measures tbody tr")
        lower = rows.filter(has=page.locator(".lower")).locator("th").all_inner_texts()
        assert lower == [f"{one.metric.replace('_', ' ')} ↓" for one in PASSING.measures if not one.higher_is_better]
        assert lower
        assert "↓: lower is better" in page.locator("#measures .legend").inner_text()


def test_the_verdict_of_the_run_names_the_gates_beside_the_cases_that_failed(reading):
    with reading(FAILING) as page:
        assert page.locator("h1").inner_text() == f"F{verdict(FAILING)[1:]}"
        told = page.locator("header .what").first.inner_text()
        assert told == f"{holding_line(FAILING.gates)}; {tally_line(FAILING)}."


def test_what_could_not_be_compared_does_not_count_as_unchanged(reading):
    with reading(FAILING) as page:
        since = page.locator("#since").inner_text()
        assert "1 measure did not change, 1 could not be compared" in since
        assert "−0.010 (−0.019 to −0.001)" in since
        assert page.locator("#since tr.worse").count() == 1
        assert page.locator("#since tr.unsure").count() == 1


def test_a_case_is_found_again_by_its_address_even_folded_or_filtered_out(reading):
    with reading(FAILING, place="#case-whisper%2F2%20%D0%B1-s1") as page:
        assert page.locator("article.failed li:target").is_visible()
        page.get_by_text("✓ Passed 2").click()
        assert not page.locator("article.failed").is_visible()
        page.locator("#since").get_by_role("link", name="whisper/2 б").click()
        assert page.locator("article.failed").is_visible()
        page.locator("article.passed summary").first.click()
        page.locator("article.passed a.cite").first.click()
        assert page.locator("article.passed li:target mark").is_visible()


def test_the_filters_show_what_was_asked_for(reading):
    report = many(61)
    with reading(report) as page:
        failed = sum(judged.passed is False for judged in report.judged)
        assert shown(page) == ["failed"] * failed + ["passed"] * (61 - failed)
        page.get_by_text(f"✕ Failed {failed}").click()
        assert shown(page) == ["failed"] * failed
        assert page.locator("output").inner_text() == f"{failed} of 61 shown"
        page.locator("select").select_option("number")
        numbers = page.locator("article.case:visible").evaluate_all("all => all.map((one) => one.dataset.category)")
        assert set(numbers) == {"number"}
        page.get_by_text("All 61").click()
        page.locator("select").select_option("")
        page.get_by_text("Changed", exact=True).click()
        assert page.locator("article.case:visible").count() == 3
        page.get_by_role("button", name="Open all").click()
        assert page.locator("article.case:visible > details[open]").count() == 3
        page.get_by_role("button", name="Fold all").click()
        assert page.locator("article.case:visible > details[open]").count() == 0


def test_the_filters_know_what_could_not_be_judged(reading):
    with reading(REPORTS["unjudged"]) as page:
        page.get_by_text("! Not judged 1").click()
        assert shown(page) == ["unjudged"]
        assert DOWN.outcome.error in page.locator("article.unjudged").inner_text()


def test_the_filters_work_from_the_keyboard(reading):
    with reading(FAILING) as page:
        page.get_by_role("radio", name="All 3").focus()
        page.keyboard.press("ArrowRight")
        assert shown(page) == ["failed"]
        page.keyboard.press("Enter")
        assert page.url.endswith("report.html")


def test_without_scripts_everything_is_there_but_the_filters(reading):
    with reading(FAILING, script=False) as page:
        assert page.locator("article.case:visible").count() == 3
        assert not page.locator("#filters").is_visible()


def test_hostile_text_stays_text(reading):
    with reading(ATTACKED) as page:
        unfold(page)
        assert page.evaluate("window.pwned") is None
        assert page.locator("img, iframe, object, main script, main style").count() == 0
        carried = NASTY.replace("\x00", "\ufffd").replace("\x1b", "\ufffd").replace("\ud800", "\ufffd")
        assert page.evaluate("document.querySelector('main').textContent").count(carried) >= 20
        assert page.locator("article.case mark").first.evaluate("mark => mark.textContent") == carried
        assert page.title().startswith("<script>pwned=1</script>")


def test_the_policy_of_the_page_lets_no_other_script_run_and_nothing_be_fetched(chromium, tmp_path):
    path = tmp_path / "report.html"
    injected = "<script>pwned=1</script><img src=http://evil.example/x><style>main{display:none}</style>"
    page, fetched = chromium.new_page(), []
    page.route("**/evil.example/*", lambda route: (fetched.append(route.request.url), route.abort()))
    for policy, reached in (("Content-Security-Policy", 0), ("No-Policy", 1)):
        html = report_html(PASSING).replace("Content-Security-Policy", policy)
        path.write_text(html.replace("</main>", f"{injected}</main>"), encoding="utf-8")
        page.goto(path.as_uri())
        assert page.evaluate("window.pwned") == (1 if reached else None)
        assert page.locator("h1").is_visible() == (not reached)
        assert len(fetched) == reached
    page.close()


def test_on_paper_there_is_dark_ink_on_white_and_no_form(reading):
    with reading(FAILING, scheme="dark") as page:
        page.emulate_media(media="print")
        assert not page.locator("#filters").is_visible()
        assert page.locator("article.failed .answer").is_visible()
        ink = page.evaluate("getComputedStyle(document.documentElement).color.match(/\\d+/g).map(Number)")
        assert max(ink) < 60
