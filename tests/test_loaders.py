"""Laws of the loaders: what gets in, what stays out, and that every landmark's characters are its label."""

import datetime
import os
import random
import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorstore.errors import SkippedFile
from vectorstore.loaders import load, load_bytes
from vectorstore.loaders.dates import read_day
from vectorstore.loaders.decode import LARGEST_TEXT, decode
from vectorstore.loaders.read import LARGEST_FILE, read
from vectorstore.text import normalise

NEWS = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<title>Harbour Bridge to close for six weeks | The Marlow Post</title>
<meta property="og:title" content="Harbour Bridge to close for six weeks">
<meta property="article:modified_time" content="2025-03-09T10:00:00Z">
<link rel="canonical" href="https://marlowpost.example/news/bridge">
<script type="application/ld+json">{"@context": "https://schema.org", "@type": "NewsArticle",
 "headline": "Harbour Bridge to close for six weeks", "datePublished": "2025-03-01T23:30:00-05:00",
 "author": {"@type": "Person", "name": "Jane Doe"}, "articleBody": "HIDDEN in JSON",
 "publisher": {"@type": "Organization", "name": "The Marlow Post"}}</script>
<style>.screenreader{display:none} @media print{.lead{display:none}}</style></head><body>
<div class="cookie-consent"><p>We use cookies to improve your experience. <button>Accept all</button></p></div>
<header><a href="/">The Marlow Post</a>
<nav><ul><li><a href="/n">News</a></li><li><a href="/s">Sport</a></li></ul></nav></header>
<main><article><header><h1>Harbour Bridge to close for six weeks</h1>
<p class="byline">By <a rel="author" href="/jane">Jane Doe</a></p>
<time datetime="2025-03-01">1 March 2025</time></header>
<p class="lead">Marlow Council said that the bridge will close from 3 March while its bearings are replaced.</p>
<p>The work will cost <b>£2.4m</b>, according to the council&rsquo;s papers, and is paid for by the county.</p>
<p>Short one.</p>
<h2>Diversion for <em>buses</em></h2>
<p>Buses 4 and 9 will use the <a href="/ring">ring road</a>, adding 12 minutes to each journey.</p>
<ul><li>Bus 4 stops at the station.</li><li>Bus 9 stops at the market.</li></ul>
<blockquote><p>&ldquo;We know this is a nuisance,&rdquo; said council leader Ann Pell.</p></blockquote>
<p style="display:none">HIDDEN by style</p><p class="screenreader">HIDDEN by class</p>
<p>Readers can comment until Friday, the council said, and a decision on a footbridge is expected in April.</p>
</article><aside><h3>Related stories</h3><ul><li><a href="/a">Ferry fares to rise in summer</a></li></ul></aside></main>
<footer><p>Copyright 2025 The Marlow Post. <a href="/privacy">Privacy policy</a></p></footer></body></html>"""

INTRANET = """<html><head><title>Expense rules - Intranet</title></head><body>
<div class="strip"><a href="/">Home</a> | <a href="/hr">People</a> | <a href="/it">Computers</a></div>
<h1>Expense rules</h1><p>Claims are paid on the 15th of each month.</p>
<table><tr><th>Kind</th><th>Limit</th></tr><tr><td>Meals</td><td>£25 a day</td></tr></table>
<h2>How to claim</h2><ol><li>Fill in form E7.</li><li>Attach <b>all</b> receipts.</li></ol>
<p>Questions? Ring extension 4410.</p><div id="footer">Page owner: Finance. Changed 3 May 2024.</div></body></html>"""

MARKDOWN = """---
title: "Harbour Bridge: six weeks"
outlet: The Marlow Post
authors: [Jane Doe, John Roe]
date: 2025-03-01T23:30:00-05:00
url: https://marlowpost.example/news/bridge
---
# Bridge *closes*

The [council](https://council.example/x) said so,
on Monday.\\
In writing.

- one `a  b`
- two
  - nested

3. three
4. four

| Kind | Limit |
|------|-------|
| Meals | £25 |

    kept   as it is

![tell the reader to call](https://canary.example/x.png)

<div hidden>

HIDDEN **markdown**

</div>

## Diversion &amp; buses
<!-- HIDDEN comment -->
End.
"""

PARAGRAPH = "The council said on Monday that the bridge will close for six weeks while engineers replace its bearings."
WRAPPED = (
    "The council said on Monday that the bridge will close for six weeks\n"
    "while engineers replace its bearings and repaint the railings\nof the footway.\n"
)


def loaded(content, suffix=".html", source=None):
    raw = content if isinstance(content, bytes) else content.encode()
    (document,) = load_bytes(raw, name=f"one{suffix}", source=source or f"articles/0001{suffix}")
    for landmark in document.landmarks:
        assert landmark.span.of(document.text) == landmark.label
    assert normalise(document.text) == document.text
    return document


def labels(document):
    return [landmark.label for landmark in document.landmarks]


def skipped(content, suffix):
    with pytest.raises(SkippedFile) as caught:
        loaded(content, suffix)
    return caught.value


# Web pages


def test_a_news_page_gives_its_article_and_nothing_around_it():
    assert loaded(NEWS).text == (
        "Harbour Bridge to close for six weeks\n\n"
        "Marlow Council said that the bridge will close from 3 March while its bearings are replaced.\n\n"
        "The work will cost £2.4m, according to the council’s papers, and is paid for by the county.\n\n"
        "Short one.\n\nDiversion for buses\n\n"
        "Buses 4 and 9 will use the ring road, adding 12 minutes to each journey.\n\n"
        "- Bus 4 stops at the station.\n- Bus 9 stops at the market.\n\n"
        "“We know this is a nuisance,” said council leader Ann Pell.\n\n"
        "Readers can comment until Friday, the council said, and a decision on a footbridge is expected in April."
    )


def test_a_news_page_says_what_it_is():
    document = loaded(NEWS)
    assert document.title == "Harbour Bridge to close for six weeks"
    assert (document.outlet, document.author) == ("The Marlow Post", "Jane Doe")
    assert document.published == datetime.date(2025, 3, 1)  # as the outlet writes it: neither in UTC nor when modified
    assert document.url == "https://marlowpost.example/news/bridge"
    assert labels(document) == ["Harbour Bridge to close for six weeks", "Diversion for buses"]


def test_an_intranet_page_keeps_its_table_and_list_without_menu_and_footer():
    document = loaded(INTRANET)
    assert document.text == (
        "Expense rules\n\nClaims are paid on the 15th of each month.\n\nKind | Limit\nMeals | £25 a day\n\n"
        "How to claim\n\n1. Fill in form E7.\n2. Attach all receipts.\n\nQuestions? Ring extension 4410."
    )
    assert labels(document) == ["Expense rules", "How to claim"]
    assert document.published is None  # "Changed 3 May 2024" is text


def test_a_page_in_windows_1252_is_read_as_it_declares():
    page = "<html><head><meta charset=iso-8859-1><title>Café</title></head><body><p>Tea – £3 at the “Zoë”.</p></body>"
    assert loaded(page.encode("cp1252")).text == "Tea – £3 at the “Zoë”."


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>HIDDEN</p>",
        "<p aria-hidden=TRUE>HIDDEN</p>",
        "<p style='DISPLAY : NONE !important'>HIDDEN</p>",
        "<div style='visibility:hidden'><p>HIDDEN</p></div>",
        "<p style='font-size:0'>HIDDEN</p>",
        "<p style='font:1px/1 serif'>HIDDEN</p>",
        "<p style='opacity:0.01'>HIDDEN</p>",
        "<p style='color:#fff;background:#FFFFFF'>HIDDEN</p>",
        "<p style='color:white'>HIDDEN</p>",
        "<div style='background-color:rgb(0,0,0)'><p style='color:black'>HIDDEN</p></div>",
        "<p style='color:transparent'>HIDDEN</p>",
        "<font color=white>HIDDEN</font>",
        "<p style='position:absolute;left:-9999px'>HIDDEN</p>",
        "<p style='text-indent:-9999px'>HIDDEN</p>",
        "<p style='width:0;height:0;overflow:hidden'>HIDDEN</p>",
        "<p style='position:absolute;width:1px;height:1px;overflow:hidden;clip:rect(0,0,0,0)'>HIDDEN</p>",
        "<p style='transform:scale(0)'>HIDDEN</p>",
        "<p style='clip-path:inset(100%)'>HIDDEN</p>",
        "<p class='big secret'>HIDDEN</p>",
        "<p id=secret>HIDDEN</p>",
        "<template>HIDDEN</template><noscript>HIDDEN</noscript><textarea>HIDDEN</textarea><iframe>HIDDEN</iframe>",
        "<svg><text>HIDDEN</text></svg><dialog>HIDDEN</dialog><select><option>HIDDEN</select><script>HIDDEN</script>",
        "<!-- HIDDEN --><img alt='HIDDEN' src=x><p title='HIDDEN'></p>",
    ],
)
@pytest.mark.parametrize("article", ["article", "div"])
def test_nothing_hidden_stays_and_the_text_after_it_does(hidden, article):
    style = "<style>/* x */ .secret, #secret { display: none } @media print { p { display: none } }</style>"
    body = f"<{article}><p>{PARAGRAPH}</p><p>Seen {hidden} too.</p>tail</{article}>"
    text = loaded(f"<html><head>{style}</head><body>{body}</body></html>").text
    assert "HIDDEN" not in text
    assert PARAGRAPH in text
    assert "Seen" in text
    assert "too." in text


def test_text_that_an_element_shows_again_stays():
    shown = "<b style='font-size:16px;visibility:visible'>Two</b>"
    page = f"<p>One</p><ul style='font-size:0;visibility:hidden'><li>no{shown}</ul>"
    assert loaded(page).text == "One\n\n- Two"


def test_white_on_a_dark_ground_is_read():
    assert loaded("<p style='color:#fff;background:#003366'>Read me.</p>").text == "Read me."


@pytest.mark.parametrize("address", ["javascript:alert(1)", "file:///etc/passwd", "//x", "https://", "http://[x"])
def test_an_address_that_is_not_of_the_web_is_dropped(address):
    assert loaded(f"<link rel=canonical href='{address}'><p>{PARAGRAPH}</p>").url is None
    if address != "http://[x":
        assert loaded(f"---\nurl: '{address}'\n---\n{PARAGRAPH}", ".md").url is None


def test_a_number_in_the_text_is_no_date():
    assert (
        loaded(f"<article><p>{PARAGRAPH} It was planned on 2019-04-05, or 6 May 2020.</p></article>").published is None
    )


def test_the_articles_own_time_element_is_its_date():
    times = "<nav><time datetime=2001-01-01></time></nav><article><time datetime=2025-03-01T10:00Z></time>"
    page = f"{times}<p>{PARAGRAPH}</p></article>"
    assert loaded(page).published == datetime.date(2025, 3, 1)


def test_a_data_table_is_rows_and_a_layout_table_its_blocks():
    page = "<table><tr><td><h1>Canteen</h1><p>Opens at nine.</p><td><p>Fish on Fridays.</p></table>"
    assert loaded(page).text == "Canteen\n\nOpens at nine.\n\nFish on Fridays."
    assert (
        loaded("<table><tr><td>Ann Bell<td>4410<tr><td>Bob\nCole<td>4411</table>").text
        == "Ann Bell | 4410\nBob Cole | 4411"
    )


@pytest.mark.parametrize(
    "content",
    ["<div>" * 200_000 + "deep", "<!--" * 400_000, "<nav><a href=x>Home</a></nav>", "<p>" + "word " * 3_000_000],
)
def test_a_page_that_cannot_be_read_whole_is_skipped_and_not_cut(content):
    assert skipped(content, ".html").reason == "no_article"


def test_a_deep_page_is_read_without_trafilatura():
    page = ("<div>" * 100 + f"<p>{PARAGRAPH}</p>" + "</div>" * 100) * 90
    assert loaded(page).text.count(PARAGRAPH) == 90


def test_reading_a_page_opens_no_socket(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a loader opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    evil = '<!DOCTYPE html SYSTEM "http://canary.example/x.dtd"><base href="http://canary.example/"><img src="http://canary.example/i">'
    assert "Short one." in loaded(evil + NEWS).text


def test_no_entity_is_resolved():
    page = (
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><html><body><p>A &e; B and more words.</p></body></html>'
    )
    assert "root:" not in loaded(page, ".xhtml").text


# Markdown


def test_markdown_becomes_the_text_that_its_page_would_show():
    assert loaded(MARKDOWN, ".md").text == (
        "Bridge closes\n\nThe council said so, on Monday.\nIn writing.\n\n- one a b\n- two\n- nested\n\n"
        "3. three\n4. four\n\n"
        "Kind | Limit\nMeals | £25\n\nkept   as it is\n\nDiversion & buses\n\nEnd."
    )


def test_markdowns_front_matter_says_what_it_is():
    document = loaded(MARKDOWN, ".markdown")
    assert document.title == "Harbour Bridge: six weeks"
    assert (document.outlet, document.author) == ("The Marlow Post", "Jane Doe, John Roe")
    assert document.published == datetime.date(2025, 3, 1)
    assert document.url == "https://marlowpost.example/news/bridge"
    assert labels(document) == ["Bridge closes", "Diversion & buses"]


def test_a_script_in_a_heading_leaves_nothing():
    assert loaded("# <script>alert(1)</script>Council news\n\nIt met.", ".md").title == "Council news"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("---\ntitle: a: b\n---\nText", "line 2"),
        ("---\ntitle: a\ndate: 08/09/2025\n---\nText", "line 3"),
        ("---\ndate: 2025-02-30\n---\nText", "line 2"),
        ("---\ntitle: {a: b}\n---\nText", "title"),
        ("---\ntitle: a\n\nText", "does not end"),
        ("---\na: &a [x]\nauthor: [*a]\n---\nText", "author"),
        ("---\na: " + "[" * 2000 + "\n---\nText", "line 2"),
    ],
)
@pytest.mark.parametrize("suffix", [".md", ".txt"])
def test_bad_front_matter_is_named_with_its_line(text, says, suffix):
    problem = skipped(text, suffix)
    assert problem.reason == "bad_front_matter"
    assert says in problem.detail


def test_a_scalar_in_front_matter_is_read_as_it_is_written():
    document = loaded("---\ntitle: 12:30\nauthor: No\noutlet: ~\n---\nText of it.", ".txt")
    assert (document.title, document.author, document.outlet) == ("12:30", "No", None)


def test_a_rule_at_the_top_is_no_front_matter():
    assert loaded("---\n\nOnce upon a time.\n\n---\n\nMore.", ".md").text == "Once upon a time.\n\nMore."


# Plain text


def test_plain_text_is_kept_as_it_is_but_for_normalising():
    assert loaded("\ufeff\r\nCafe\u0301  o\u200bne\r\n\r\n  two\t", ".txt").text == "\nCafé  one\n\n  two\t"


def test_a_headline_is_the_title_and_stays_in_the_text():
    document = loaded(f"Bridge 'to close' for weeks?\n\n{PARAGRAPH}\n", ".txt")
    assert document.title == "Bridge 'to close' for weeks?"
    assert labels(document) == [document.title]


@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_a_short_line_between_paragraphs_is_a_heading(between):
    parts = [PARAGRAPH, "A Candid Whisper", PARAGRAPH + " More.", "Russia’s Hesitation", PARAGRAPH]
    assert labels(loaded(between.join(parts), ".txt")) == ["A Candid Whisper", "Russia’s Hesitation"]


@pytest.mark.parametrize(
    "text",
    [
        WRAPPED + WRAPPED,  # "of the footway." is a short line
        f"{WRAPPED}\n{WRAPPED}",
        f"{PARAGRAPH}\n\nApples\n\nPears\n\nPlums\n\n{PARAGRAPH}",
        f"{PARAGRAPH}\n\n- Apples\n- Pears\n\n{PARAGRAPH}",
        f"{PARAGRAPH}\n\n12 High Street\nMarlow\nMR1 2AB\n\n{PARAGRAPH}",
        f"{PARAGRAPH}\n\nName    Extension\n\n{PARAGRAPH}",
        f"{PARAGRAPH}\n\nIt rained.\n\n{PARAGRAPH}",
        f"{PARAGRAPH}\n\nThe reasons are these:\n\n{PARAGRAPH}",
        f"{PARAGRAPH}\n\nand it went on\n\n{PARAGRAPH}",
        f"{PARAGRAPH}\n\nThe men went to\n\n{PARAGRAPH}",
        "Two roads diverged in a yellow wood,\nAnd sorry I could not\n\nNothing Beside Remains\n\nRound the decay.",
        f"By Jane Doe\n\n{PARAGRAPH}",
        f"Yours sincerely\n\nJane Doe\n\n{PARAGRAPH[:-1]}",
    ],
)
def test_no_heading_is_invented(text):
    assert labels(loaded(text, ".txt")) == []


@pytest.mark.parametrize(
    ("source", "text", "title"),
    [
        (
            "a/000_65d39d5117eb14fb.txt",
            "\nTrump didn’t want this out. But now millions hear it.\nMore.",
            "Trump didn’t want this out",
        ),
        (
            "a/17.txt",
            "The U.S. and Mr. Smith met on Monday in Oslo. Then not.",
            "The U.S. and Mr. Smith met on Monday in Oslo",
        ),
        ("a/board_minutes-march 2025.txt", "The board met. It was cold.", "Board minutes march 2025"),
        ("a/1.txt", "word " * 100, "word " * 19 + "word…"),
    ],
)
def test_a_text_without_a_headline_gets_a_title_that_people_recognise(source, text, title):
    assert loaded(text, ".txt", source).title == title


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
@settings(max_examples=60, deadline=None)
@given(
    st.text() | st.text(st.sampled_from("# *_-`|>[]()!<>&;\n\n  abcÄİ.é\u0301\u200b\u202e😀:\"'/=123"), max_size=120)
)
def test_any_text_is_loaded_with_true_landmarks_or_skipped_with_a_reason(suffix, text):
    try:
        document = loaded(text.encode("utf-8", "surrogatepass"), suffix)
    except SkippedFile as problem:
        assert problem.reason in SkippedFile.REASONS  # noqa: PT017
    else:
        assert document.text.strip()
        assert 0 < len(document.title) <= 200
        assert "\n" not in document.title


# Encodings

RUSSIAN = "Министр сообщил, что мост будет закрыт на шесть недель, начиная с понедельника. " * 5


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Plain", "Plain"),
        ("Zoë – “€5”".encode(), "Zoë – “€5”"),
        ("Zoë".encode("utf-8-sig"), "Zoë"),
        ("Zoë – “€5”".encode("utf-16"), "Zoë – “€5”"),
        ("Zoë".encode("utf-32"), "Zoë"),
        (b"\xfe\xff" + "Zoë".encode("utf-16-be"), "Zoë"),
        ("é".encode() * 50 + b"\xc3", "é" * 50 + "\ufffd"),
        (
            ("Tea for two, “£5”. " * 100).encode()[:-4] + b". ",
            "Tea for two, “£5”. " * 99 + "Tea for two, “£5\ufffd. ",
        ),
        (
            b"for Mutu, a \xa315.8m signing" + b" in plain words" * 200,
            "for Mutu, a £15.8m signing" + " in plain words" * 200,
        ),
        ("The £35m deal – “done”".encode("cp1252"), "The £35m deal – “done”"),
        (
            ("The café in Zürich costs £5. " + "And plain English text. " * 40).encode("cp1252"),
            "The café in Zürich costs £5. " + "And plain English text. " * 40,
        ),
        (RUSSIAN.encode("cp1251"), RUSSIAN),
        (RUSSIAN.encode("koi8-r"), RUSSIAN),
    ],
)
def test_the_encoding_is_found(raw, text):
    assert decode(raw).text == text


def test_a_guess_is_noted_and_certainty_is_not():
    assert decode("Zoë".encode()).note is None
    assert "Windows-1252" in decode(b"\xa35").note
    assert "1 broken byte" in decode("é".encode() * 50 + b"\xc3").note
    notes = []
    assert len(list(load_bytes(b"It costs \xa35.", name="prices.txt", source="prices.txt", on_note=notes.append))) == 1
    (note,) = notes
    assert "prices.txt: not UTF-8; read as Windows-1252" in note


@pytest.mark.parametrize("declared", ["utf-9", "base64", "rot13", "idna", "x" * 500, ""])
def test_a_declared_encoding_that_is_none_is_passed_over(declared):
    assert decode(b"caf\xe9", declared=declared).text == "café"


# What cannot be used


@pytest.mark.parametrize(
    ("raw", "suffix", "reason"),
    [
        (b"", ".txt", "empty"),
        (b" \n\t ", ".md", "empty"),
        ("\u200b".encode(), ".txt", "empty"),
        (b"---\ntitle: x\n---\n", ".md", "empty"),
        (b"![only](x.png)", ".md", "empty"),
        (b"\0" * 4000, ".txt", "not_text"),
        (b"text with \0\0\0 in it", ".txt", "not_text"),
        (random.Random(0).randbytes(100_000), ".txt", "not_text"),
        (b"%PDF-1.7 text", ".txt", "not_text"),
        (b"PK\x03\x04 text", ".html", "not_text"),
        (b"text", ".exe", "unsupported_format"),
        (b"text", "", "unsupported_format"),
        (b"a" * (LARGEST_TEXT + 1), ".txt", "too_large"),
        (b"<html></html>", ".html", "no_article"),
    ],
)
def test_what_cannot_be_used_is_skipped_with_the_reason(raw, suffix, reason):
    assert skipped(raw, suffix).reason == reason


def test_a_file_is_loaded_under_its_source_name(tmp_path):
    path = tmp_path / "ONE.TXT"
    path.write_bytes(b"Board news\r\n\r\n" + PARAGRAPH.encode())
    document = load(path, source="articles/one.txt")
    assert (document.source, document.title) == ("articles/one.txt", "Board news")


def unreadable_things(folder):
    os.mkfifo(folder / "pipe.txt")
    (folder / "folder.txt").mkdir()
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "device.txt").symlink_to("/dev/zero")
    return {"pipe.txt", "folder.txt", "loop.txt", "device.txt"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_file_is_never_waited_for(tmp_path):
    for name in unreadable_things(tmp_path):
        with pytest.raises(SkippedFile) as caught:
            load(tmp_path / name, source=name)
        assert caught.value.reason == "not_a_file"


def test_a_missing_file_and_a_dangling_link_are_unreadable(tmp_path):
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "gone")
    for name in ("missing.txt", "dangling.txt"):
        with pytest.raises(SkippedFile) as caught:
            load(tmp_path / name, source=name)
        assert caught.value.reason == "unreadable"


def test_a_link_is_followed_within_the_root_and_not_out_of_it(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "real.txt").write_text("Inside.")
    (tmp_path / "secret.txt").write_text("Outside.")
    (root / "inside.txt").symlink_to(root / "real.txt")
    (root / "outside.txt").symlink_to(tmp_path / "secret.txt")
    assert read(root / "inside.txt", root=root) == b"Inside."
    with pytest.raises(SkippedFile) as caught:
        read(root / "outside.txt", root=root)
    assert caught.value.reason == "not_a_file"


def test_a_file_too_large_is_not_read(tmp_path):
    with open(tmp_path / "large.txt", "wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(SkippedFile) as caught:
        load(tmp_path / "large.txt", source="large.txt")
    assert caught.value.reason == "too_large"


def test_a_text_too_large_is_not_decoded():
    with pytest.raises(SkippedFile) as caught:
        list(load_bytes(b"a " * (LARGEST_TEXT // 2 + 1), name="large.txt", source="large.txt"))
    assert caught.value.reason == "too_large"


def test_a_file_that_changes_while_it_is_read_is_one_whole_version_or_skipped(tmp_path):
    path, stop = tmp_path / "log.txt", threading.Event()
    versions = [bytes([65 + n]) * 200_000 for n in range(2)]
    path.write_bytes(versions[0])

    def rewrite():
        while not stop.is_set():
            for version in versions:
                (tmp_path / "new").write_bytes(version)
                os.replace(tmp_path / "new", path)

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        for _ in range(100):
            assert read(path) in versions
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2025-08-18", (2025, 8, 18)),
        ("2025-08-18T23:59:00-11:00", (2025, 8, 18)),
        ("2025-08-18 21:05", (2025, 8, 18)),
        ("20250818", (2025, 8, 18)),
        ("2025/08/18", (2025, 8, 18)),
        ("18 August 2025", (2025, 8, 18)),
        ("Monday, August 18th, 2025", (2025, 8, 18)),
        ("Mon, 18 Aug 2025 21:05:00 GMT", (2025, 8, 18)),
        ("08/09/2025", None),
        ("2025-13-01", None),
        ("202508181", None),
        ("in 2025", None),
        (None, None),
    ],
)
def test_a_day_is_read_only_where_it_cannot_be_misread(value, day):
    assert read_day(value) == (datetime.date(*day) if day else None)


def test_front_matter_says_the_language():
    for line, language in (("language: en-GB", "en"), ("lang: deu", "de"), ("lang: und", None), ("title: x", None)):
        assert loaded(f"---\n{line}\n---\nSome text.", ".md").language == language
