"""Laws of a house's own look: one colour that can be read everywhere, and a logo that is nothing but a picture."""

import colorsys
import re
import shutil
from contextlib import suppress

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from hypothesis import example, given
from hypothesis import strategies as st
from serving import serving

from assistant.settings import Settings
from assistant.web.app import STATIC
from assistant.web.brand import DARK_PAPERS, LARGEST, LIGHT_PAPERS, Brand, Logo, contrast
from vectorstore.errors import UserError

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NOTES = re.compile(r":root\{--note:(#[0-9a-f]{6})\}:root:has\(body\.dark\)\{--note:(#[0-9a-f]{6})\}")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>'
COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def branded(**given):
    return Brand.read(Settings(_env_file=None, **given))


def notes(accent):
    return NOTES.fullmatch(branded(accent=accent).css()).groups()


def channels(colour):
    return tuple(bytes.fromhex(colour[1:]))


def luminance(colour):
    """Written anew, step by step, as WCAG 2.2 defines it."""
    linear = []
    for channel in channels(colour):
        value = channel / 255
        linear.append(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one, other):
    brighter, darker = max(luminance(one), luminance(other)), min(luminance(one), luminance(other))
    return (brighter + 0.05) / (darker + 0.05)


def test_the_papers_are_those_of_the_page():
    style = (STATIC / "style" / "page.css").read_text(encoding="utf-8")
    light, _, dark = style.partition(":root:has(body.dark)")
    for part, papers in ((light, LIGHT_PAPERS), (dark, DARK_PAPERS)):
        assert tuple(re.search(rf"--{name}: (#\w+);", part)[1] for name in ("paper", "sheet", "wash")) == papers


def test_contrast_is_what_the_standard_says():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast("#9a2c16", "#9a2c16") == 1


@given(accent=COLOURS)
@example(accent="#000000")
@example(accent="#ffffff")
@example(accent="#ffff00")
@example(accent="#0000ff")
def test_any_accent_can_be_read_on_every_paper_and_paper_on_it(accent):
    light, dark = notes(accent)
    assert min(ratio(light, paper) for paper in LIGHT_PAPERS) >= 4.5
    assert min(ratio(dark, paper) for paper in DARK_PAPERS) >= 4.5


@given(accent=COLOURS)
def test_an_accent_that_can_be_read_is_left_as_it_is(accent):
    light, dark = notes(accent)
    assert (light == accent) == (min(ratio(accent, paper) for paper in LIGHT_PAPERS) >= 4.5)
    assert (dark == accent) == (min(ratio(accent, paper) for paper in DARK_PAPERS) >= 4.5)


@given(accent=COLOURS)
def test_an_accent_keeps_its_hue_and_changes_no_more_than_it_must(accent):
    def hls(colour):
        return colorsys.rgb_to_hls(*(channel / 255 for channel in channels(colour)))

    for note, papers in zip(notes(accent), (LIGHT_PAPERS, DARK_PAPERS), strict=True):
        spread = max(channels(note)) - min(channels(note))
        away = abs(hls(note)[0] - hls(accent)[0])
        if spread:  # grey has no hue, and the less colour there is, the more eight bits round it
            assert min(away, 1 - away) <= 1 / (2 * spread)
        if note != accent:
            assert min(ratio(note, paper) for paper in papers) < 4.7


def test_without_an_accent_the_page_keeps_its_own():
    assert branded() == Brand("Footnote", None, None, None)
    assert branded().css() == ""
    assert branded(accent="", welcome="") == Brand()


@pytest.mark.parametrize("written", ["#9a2c16", "9A2C16", " #9A2C16 "])
def test_a_colour_may_be_written_in_several_ways(written):
    assert branded(accent=written).accent == "#9a2c16"


def test_three_digits_are_a_colour_too():
    assert branded(accent="#0aF").accent == "#00aaff"


@given(written=st.text(min_size=1))
@example(written="#fff}</style><script>alert(1)</script>")
@example(written="url(//evil.example)")
@example(written="#٩٩٩")
@example(written="#fff\n")
def test_whatever_is_set_as_accent_is_a_colour_or_refused(written):
    if re.fullmatch(r"\s*#?([0-9a-fA-F]{3}){1,2}\s*", written):
        assert NOTES.fullmatch(branded(accent=written).css())
    else:
        with pytest.raises(UserError, match=re.escape(f'FOOTNOTE_ACCENT is "{written}"') + '.*for example "#9a2c16"'):
            branded(accent=written)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(PNG, "image/png"), (SVG, "image/svg+xml"), (b'<?xml version="1.0"?>\n<!-- drawn -->' + SVG, "image/svg+xml")],
)
def test_a_logo_is_known_by_its_content(tmp_path, content, media_type):
    (tmp_path / "logo").write_bytes(content)
    assert branded(logo=tmp_path / "logo").logo == Logo(content, media_type)


def test_the_mark_of_footnote_could_be_a_logo():
    assert branded(logo=STATIC / "mark.svg").logo.media_type == "image/svg+xml"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "neither an SVG nor a PNG"),
        (b"\xff\xd8\xff\xe0 a photograph", "neither an SVG nor a PNG"),
        (b"<html xmlns='http://www.w3.org/1999/xhtml'><svg/></html>", "neither an SVG nor a PNG"),
        (b"<svg width='8'/>", "neither an SVG nor a PNG"),
        (SVG[:-3], "neither an SVG nor a PNG"),
        (b"<?xml version='1.0' encoding='x-none'?>" + SVG, "neither an SVG nor a PNG"),
        (PNG + bytes(LARGEST), "more than 200 kB"),
    ],
)
def test_what_no_browser_shows_as_a_picture_is_refused(tmp_path, content, said):
    (tmp_path / "logo.svg").write_bytes(content)
    with pytest.raises(UserError, match=said):
        branded(logo=tmp_path / "logo.svg")


def test_a_logo_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.svg cannot be read \(No such file or directory\)"):
        branded(logo=tmp_path / "none.svg")
    with pytest.raises(UserError, match="Is a directory"):
        branded(logo=tmp_path)


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_no_content_of_a_logo_is_anything_but_a_picture_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any-logo"
    path.write_bytes(content)
    with suppress(UserError):
        assert branded(logo=path).logo.content == content


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; install the distribution's `chromium`")
def test_a_script_in_a_logo_never_runs_whether_it_is_shown_or_opened():
    from playwright.sync_api import sync_playwright

    script = b"<script>document.documentElement.setAttribute('ran', 'yes')</script></svg>"
    logo = Logo(SVG.replace(b"</svg>", script), "image/svg+xml")
    app = FastAPI()
    app.get("/bare")(lambda: Response(logo.content, media_type=logo.media_type))
    app.get("/logo")(lambda: Response(logo.content, media_type=logo.media_type, headers=dict(logo.headers)))
    app.get("/page")(lambda: HTMLResponse("<img src='/logo'>"))
    with serving(app) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        ran = {}
        for name in ("bare", "logo"):
            page.goto(f"{address}/{name}")
            ran[name] = page.locator("svg").get_attribute("ran")
        page.goto(f"{address}/page")
        width = page.evaluate("document.querySelector('img').naturalWidth")
        browser.close()
    assert ran == {"bare": "yes", "logo": None}
    assert width == 8
