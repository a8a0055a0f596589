"""Laws of saved web pages: the page itself is read, under the address it was saved from; nothing else is unpacked."""

import datetime
import gzip
import io
import plistlib
import zlib
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import brotli
import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from vectorstore.errors import SkippedFile
from vectorstore.loaders import load_bytes
from vectorstore.loaders.archives import load_mhtml, load_webarchive
from vectorstore.loaders.html import load_html
from vectorstore.loaders.warc import load_warc
from vectorstore.parsing import Parser

PAGE = """<html lang="en-GB"><head><title>Expense rules</title><link rel="canonical" href="https://claimed.example/">
</head><body><nav><a href="/">Home</a></nav><h1>Expense rules</h1><p>Claims are paid on the 15th – always.</p>
<p hidden>HIDDEN</p></body></html>"""
TEXT = "Expense rules\n\nClaims are paid on the 15th – always."
ADDRESS = "https://intranet.example/rules"


def read(load, raw):
    notes = []
    return list(load(raw, source="saved.file", on_note=notes.append)), notes


def skipped(load, raw):
    with pytest.raises(SkippedFile) as caught:
        read(load, raw)
    return caught.value.reason


def mhtml(*parts, **headers):
    archive = MIMEMultipart("related")
    for name, value in headers.items():
        archive[name.replace("_", "-")] = value
    for part in parts:
        archive.attach(part)
    return archive.as_bytes()


def page_part(text=PAGE, charset="utf-8", **headers):
    part = MIMEText(text, "html", charset)
    for name, value in headers.items():
        part[name.replace("_", "-")] = value
    return part


def test_the_page_of_an_mhtml_file_is_read_under_its_address():
    raw = mhtml(page_part(), page_part("<p>A frame.</p>"), MIMEImage(b"GIF8", "gif"), Snapshot_Content_Location=ADDRESS)
    (document,), notes = read(load_mhtml, raw)
    assert (document.text, document.title, document.url) == (TEXT, "Expense rules", ADDRESS)
    assert (document.language, document.published, document.source) == ("en", None, "saved.file")
    assert notes == []


def test_the_start_of_an_mhtml_file_need_not_be_its_first_part():
    raw = mhtml(
        page_part("<p>A frame.</p>", Content_ID="<f>"), page_part(Content_ID="<main>", Content_Location=ADDRESS)
    )
    raw = raw.replace(b"multipart/related;", b'multipart/related; start="<main>";', 1)
    (document,), _ = read(load_mhtml, raw)
    assert (document.text, document.url) == (TEXT, ADDRESS)


def test_an_mhtml_file_that_lies_about_its_charset_is_read():
    raw = mhtml(page_part(charset="utf-8")).replace(b'charset="utf-8"', b'charset="cp037"')
    assert read(load_mhtml, raw)[0][0].text == TEXT


@pytest.mark.parametrize("raw", [b"", b"plain text", mhtml(MIMEImage(b"GIF8", "gif"))])
def test_an_mhtml_file_without_a_page_is_another_type(raw):
    assert skipped(load_mhtml, raw) == "type_mismatch"


def webarchive(form=plistlib.FMT_BINARY, **fields):
    main = {
        "WebResourceData": PAGE.encode("utf-16"),
        "WebResourceURL": ADDRESS,
        "WebResourceTextEncodingName": "utf-16",
        "WebResourceMIMEType": "text/html",
    } | fields
    others = [{"WebResourceData": b"GIF8", "WebResourceURL": "https://x.example/a.gif"}]
    return plistlib.dumps({"WebMainResource": main, "WebSubresources": others}, fmt=form)


@pytest.mark.parametrize("form", [plistlib.FMT_BINARY, plistlib.FMT_XML])
def test_the_page_of_a_safari_archive_is_read_under_its_address(form):
    (document,), notes = read(load_webarchive, webarchive(form))
    assert (document.text, document.url, notes) == (TEXT, ADDRESS, [])
    (document,), _ = read(load_webarchive, webarchive(form, WebResourceURL="file:///etc/passwd"))
    assert document.url == "https://claimed.example/"


LAUGHS = """<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>
<plist version="1.0"><dict><key>WebMainResource</key><string>&b;&x;</string></dict></plist>"""


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"plain text",
        b"bplist00 cut off",
        webarchive()[:-40],
        LAUGHS.encode(),
        plistlib.dumps([1]),
        plistlib.dumps({"WebMainResource": {"WebResourceData": "a text"}}),
        b"<plist>" + b"<array>" * 100_000,
    ],
)
def test_what_is_no_safari_archive_is_another_type(raw):
    assert skipped(load_webarchive, raw) == "type_mismatch"


def warc(*pages, packed=False):
    """Return a WARC file of (address, content, {header: value}) with the status under ":status"."""
    file = io.BytesIO()
    writer = WARCWriter(file, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("a.warc", {"software": "a test"}))
    for address, content, headers in pages:
        sent = {"Content-Type": "text/html; charset=utf-8"} | headers
        status = sent.pop(":status", "200 OK")
        http = StatusAndHeaders(status, list(sent.items()), protocol="HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(
                address,
                "response",
                payload=io.BytesIO(content),
                http_headers=http,
                warc_headers_dict={"WARC-Date": "2024-05-06T07:08:09Z"},
            )
        )
    return file.getvalue()


def other(text):
    return PAGE.replace("Expense rules", text).encode()


@pytest.mark.parametrize("packed", [False, True])
def test_each_page_of_a_crawl_is_a_document(packed):
    raw = warc(
        (ADDRESS, PAGE.encode(), {}),
        ("https://x.example/gone", other("Gone"), {":status": "404 Not Found"}),
        ("https://x.example/a.png", b"PNG", {"Content-Type": "image/png"}),
        ("https://x.example/b", other("Second"), {"Content-Type": "application/xhtml+xml"}),
        packed=packed,
    )
    (first, second), notes = read(load_warc, raw)
    assert (first.text, first.url, first.published) == (TEXT, ADDRESS, datetime.date(2024, 5, 6))
    assert first.source.startswith("saved.file#intranet.example-rules-")
    assert (second.title, second.url) == ("Second", "https://x.example/b")
    assert notes == []
    assert [one.source for one in read(load_warc, warc((ADDRESS, PAGE.encode(), {})))[0]] == [first.source]


def test_the_day_that_a_page_gives_itself_goes_before_that_of_the_crawl():
    page = PAGE.replace("<head>", '<head><meta property="article:published_time" content="2023-01-02">').encode()
    assert read(load_warc, warc((ADDRESS, page, {})))[0][0].published == datetime.date(2023, 1, 2)


def raw_deflate(content):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("br", brotli.compress),
        ("gzip", bytes),
        ("br", bytes),
    ],
)
def test_a_page_is_unpacked_as_its_server_packed_it(encoding, pack):
    assert read(load_warc, warc((ADDRESS, pack(PAGE.encode()), {"Content-Encoding": encoding})))[0][0].text == TEXT


def test_a_page_in_chunks_is_put_together():
    content = PAGE.encode()
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(content[i : i + 50]), content[i : i + 50]) for i in range(0, len(content), 50)
    )
    raw = warc((ADDRESS, chunks + b"0\r\n\r\n", {"Transfer-Encoding": "chunked"}))
    assert read(load_warc, raw)[0][0].text == TEXT


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("br", brotli.compress)])
def test_a_page_that_expands_too_much_is_left_out(encoding, pack):
    bomb = pack(b"a" * 50_000_000)
    raw = warc((ADDRESS, bomb, {"Content-Encoding": encoding}), ("https://x.example/b", other("Second"), {}))
    (document,), notes = read(load_warc, raw)
    assert document.title == "Second"
    assert "a page was left out" in notes[0]


def test_a_crawl_that_is_cut_off_gives_what_stands_before():
    whole = warc((ADDRESS, PAGE.encode(), {}), ("https://x.example/b", other("Second"), {}), packed=True)
    (document,), notes = read(load_warc, whole[:-60])
    assert document.url == ADDRESS
    assert [note for note in notes if "cut off or broken" in note]
    assert [note for note in notes if "the archive ends within it" in note]
    broken = warc((ADDRESS, PAGE.encode(), {})) + b"no record\r\n\r\n"
    assert read(load_warc, broken)[0][0].text == TEXT


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "type_mismatch"),
        (b"plain text", "type_mismatch"),
        (gzip.compress(b"plain text"), "type_mismatch"),
        (gzip.compress(warc((ADDRESS, PAGE.encode(), {}), packed=True)), "type_mismatch"),
        (b"\x1f\x8bbroken", "damaged"),
        (b"WARC/1.0\r\n", "no_article"),
        (warc((ADDRESS, b"", {})), "no_article"),
        (gzip.compress(b"WARC/1.0\r\n" + b"\0" * 100_000_001), "expands_too_much"),
    ],
)
def test_what_holds_no_page_is_skipped_with_the_reason(raw, reason):
    assert skipped(load_warc, raw) == reason


@pytest.mark.parametrize(
    ("page", "language"),
    [
        ('<html lang="en-GB"><body><p>x</p></body></html>', "en"),
        ('<html xml:lang="pt_BR"><body><p>x</p></body></html>', "pt"),
        ('<html><head><meta property="og:locale" content="de_DE"></head><body><p>x</p></body></html>', "de"),
        ('<html><head><meta http-equiv="Content-Language" content="fr"></head><body><p>x</p></body></html>', "fr"),
        ('<html lang="{{ language }}"><body><p>x</p></body></html>', None),
        ('<html lang="ger"><body><p>x</p></body></html>', "de"),
        ('<html lang="und"><body><p>x</p></body></html>', None),
        ("<p lang='fr'>x</p>", None),
    ],
)
def test_a_page_says_its_language(page, language):
    assert read(load_html, page.encode())[0][0].language == language


CRAWL = warc((ADDRESS, PAGE.encode(), {}))


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("a.mht", mhtml(page_part())),
        ("a.MHTML", mhtml(page_part())),
        ("a.webarchive", webarchive()),
        ("a.warc", CRAWL),
        ("a.warc.gz", gzip.compress(CRAWL)),
        ("a.eml", mhtml(page_part(), Subject="x")),
        ("a.mbox", b"From - Mon Aug 18 10:00:00 2025\n" + mhtml(page_part(), Subject="x")),
        ("a.xml", b"<rss version='2.0'><channel><item><description>x</description></item></channel></rss>"),
    ],
)
def test_a_file_is_read_by_how_its_name_ends(name, raw):
    (document,) = load_bytes(raw, name=name, source=name)
    assert document.source.startswith(name)


def test_the_process_that_reads_files_reads_these():
    notes = []
    with Parser() as parser:
        (page,) = parser.documents(CRAWL, name="a.warc", source="a.warc", on_note=notes.append)
        with pytest.raises(SkippedFile):
            list(parser.documents(b"<urlset/>", name="a.xml", source="a.xml"))
    assert (page.text, page.language, notes) == (TEXT, "en", [])
