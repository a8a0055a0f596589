"""One small file of every format that is read, all saying the same, made by the libraries that programs use."""

import email.message
import io
import plistlib
import zipfile

import docx
import openpyxl
import pptx
from reportlab.pdfgen.canvas import Canvas
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

SAYS = "The lighthouse at Skudenes was lit again on 4 March 2025."
PAGE = f"<html lang=en><title>Lighthouses</title><article><h1>Lighthouses</h1><p>{SAYS}</p></article></html>"
MESSAGE = email.message.EmailMessage()
MESSAGE["From"], MESSAGE["To"], MESSAGE["Subject"] = "Kari Moe <kari@port.example>", "all@port.example", "Lighthouses"
MESSAGE["Date"], MESSAGE["Message-ID"] = "Tue, 04 Mar 2025 09:00:00 +0100", "<1@port.example>"
MESSAGE.set_content(SAYS)


def _saved(save):
    raw = io.BytesIO()
    save(raw)
    return raw.getvalue()


def _pdf():
    raw = io.BytesIO()
    canvas = Canvas(raw)
    canvas.drawString(72, 700, "This page is about something else.")
    canvas.showPage()
    canvas.drawString(72, 700, SAYS)
    canvas.save()
    return raw.getvalue()


def _docx():
    document = docx.Document()
    document.add_heading("Lighthouses", 1)
    document.add_paragraph(SAYS)
    return _saved(document.save)


def _pptx():
    slides = pptx.Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[1])
    slide.shapes.title.text, slide.placeholders[1].text = "Lighthouses", SAYS
    return _saved(slides.save)


def _xlsx():
    book = openpyxl.Workbook()
    book.active.title = "Lights"
    for row in (("Place", "News"), ("Skudenes", SAYS)):
        book.active.append(row)
    return _saved(book.save)


def _epub():
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr(
            "META-INF/container.xml",
            '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
            'full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        )
        book.writestr(
            "book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Lighthouses</dc:title></metadata><manifest><item '
            'id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine>'
            "</package>",
        )
        body = (
            f"<html xmlns='http://www.w3.org/1999/xhtml'><head><title>L</title></head><body><h1>Skudenes</h1><p>{SAYS}"
        )
        book.writestr("a.xhtml", f"{body}</p></body></html>")
    return raw.getvalue()


def _warc(packed):
    raw = io.BytesIO()
    writer = WARCWriter(raw, gzip=packed)
    headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
    payload = io.BytesIO(PAGE.encode())
    writer.write_record(
        writer.create_warc_record("https://port.example/1", "response", payload=payload, http_headers=headers)
    )
    return raw.getvalue()


def _mhtml():
    page = email.message.EmailMessage()
    page["Subject"], page["Snapshot-Content-Location"] = "Lighthouses", "https://port.example/1"
    page.set_content(PAGE, subtype="html")
    page.make_related()
    return page.as_bytes()


_RSS = (
    '<rss version="2.0"><channel><title>Port News</title><item><title>Lighthouses</title><guid>1</guid>'
    f"<description>{SAYS}</description></item></channel></rss>"
)
_ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>Port News</title><id>f</id><entry><title>Lighthouses</title>'
    f"<id>1</id><updated>2025-03-04T09:00:00Z</updated><summary>{SAYS}</summary></entry></feed>"
)
_SAFARI = {
    "WebMainResource": {
        "WebResourceData": PAGE.encode(),
        "WebResourceMIMEType": "text/html",
        "WebResourceTextEncodingName": "UTF-8",
        "WebResourceURL": "https://port.example/1",
    }
}
_MARKDOWN = f"# Lighthouses\n\n{SAYS}\n".encode()

# By suffix: the bytes of a file, and where in it a citation of SAYS points, None where there is no such place.
SAMPLES = {
    ".txt": (SAYS.encode(), None),
    ".text": (SAYS.encode(), None),
    ".md": (_MARKDOWN, "Lighthouses"),
    ".markdown": (_MARKDOWN, "Lighthouses"),
    ".html": (PAGE.encode(), "Lighthouses"),
    ".htm": (PAGE.encode(), "Lighthouses"),
    ".xhtml": (PAGE.encode(), "Lighthouses"),
    ".eml": (MESSAGE.as_bytes(), None),
    ".mbox": (b"From kari@port.example Tue Mar  4 09:00:00 2025\n" + MESSAGE.as_bytes() + b"\n", None),
    ".rss": (_RSS.encode(), None),
    ".atom": (_ATOM.encode(), None),
    ".xml": (_RSS.encode(), None),
    ".epub": (_epub(), "Skudenes"),
    ".mht": (_mhtml(), "Lighthouses"),
    ".mhtml": (_mhtml(), "Lighthouses"),
    ".webarchive": (plistlib.dumps(_SAFARI, fmt=plistlib.FMT_BINARY), "Lighthouses"),
    ".warc": (_warc(packed=False), "Lighthouses"),
    ".warc.gz": (_warc(packed=True), "Lighthouses"),
    ".pdf": (_pdf(), "page 2"),
    ".docx": (_docx(), "Lighthouses"),
    ".pptx": (_pptx(), "slide 1, Lighthouses"),
    ".xlsx": (_xlsx(), "Lights, row 2"),
    ".csv": (f"Place,News\nSkudenes,{SAYS}\n".encode(), "row 2"),
    ".tsv": (f"Place\tNews\nSkudenes\t{SAYS}\n".encode(), "row 2"),
    ".rtf": (rf"{{\rtf1\ansi {SAYS}\par}}".encode(), None),
}
