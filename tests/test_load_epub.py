"""Laws of books: chapters in reading order under their headings, and an archive from a stranger hurts nobody."""

import datetime
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorstore.errors import SkippedFile
from vectorstore.loaders.epub import load_epub
from vectorstore.text import normalise

CONTAINER = """<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
METADATA = """<dc:title>The Ferry</dc:title><dc:creator>Jane Doe</dc:creator><dc:creator>Jo Roe</dc:creator>
<dc:publisher>Marlow Press</dc:publisher><dc:date>2019</dc:date><dc:date>2021-03-04</dc:date>
<dc:language>en-GB</dc:language><dc:identifier>https://press.example/ferry</dc:identifier>"""
NAV = """<html xmlns="http://www.w3.org/1999/xhtml"><body><nav><ol><li><a href="text/c1.xhtml">Not this</a></li>
<li><a href="text/c2.xhtml#top">The <i>Second</i></a></li>
<li><a href="text/c%203.xhtml">A Name</a></li></ol></nav></body></html>"""


def page(body, head="<title/>"):
    return (
        '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head>{head}</head><body>{body}</body></html>"
    )


CHAPTERS = {
    "c1.xhtml": page(
        '<h1><a id="x"/>One</h1><p>First&#160;text.<br/><span epub:type="pagebreak"/>More.</p><h2>Part</h2><p>End.</p>'
    ),
    "c2.xhtml": page('<p class="title">the second</p><p>Second text.</p><p style="display:none">HIDDEN</p>'),
    "c 3.xhtml": page("<p>Third text.</p>"),
}


def book(chapters=CHAPTERS, *, metadata=METADATA, spine=None, others=None, container=CONTAINER, opf=None):
    names = list(chapters)
    items = "".join(
        f'<item id="i{i}" href="text/{name.replace(" ", "%20")}" media-type="application/xhtml+xml"/>'
        for i, name in enumerate(names)
    )
    order = "".join(f'<itemref idref="i{i}"/>' for i in (range(len(names)) if spine is None else spine))
    opf = opf or (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">{metadata}</metadata><manifest>{items}'
        '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        f'<item id="cover" href="c.png" media-type="image/png"/></manifest><spine><itemref idref="nav"/>'
        f'<itemref idref="cover"/>{order}<itemref idref="lost"/></spine></package>'
    )
    members = {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "OEBPS/book.opf": opf}
    members |= {f"OEBPS/text/{name}": text for name, text in chapters.items()}
    return zipped(members | ({"OEBPS/nav.xhtml": NAV} if others is None else others))


def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def read(raw, source="books/ferry.epub"):
    notes = []
    (document,) = load_epub(raw, source=source, on_note=notes.append)
    assert normalise(document.text) == document.text
    assert [mark.span.of(document.text) for mark in document.landmarks] == [mark.label for mark in document.landmarks]
    assert list(document.landmarks) == sorted(document.landmarks, key=lambda mark: mark.span)
    return document, notes


def skipped(raw):
    with pytest.raises(SkippedFile) as caught:
        read(raw)
    return caught.value.reason


def test_a_book_is_its_chapters_in_reading_order_with_a_heading_each():
    document, notes = read(book())
    assert document.text == (
        "One\n\nFirst\u00a0text.\nMore.\n\nPart\n\nEnd.\n\nthe second\n\nSecond text.\n\nA Name\n\nThird text."
    )
    assert [mark.label for mark in document.landmarks] == ["One", "Part", "the second", "A Name"]
    assert document.place(len(document.text) - 1) == "A Name"
    assert notes == []
    assert read(book(spine=[2, 0, 1]))[0].text.startswith("A Name\n\nThird text.\n\nOne")


def test_a_book_says_what_it_is():
    document, _ = read(book())
    assert (document.title, document.author, document.outlet) == ("The Ferry", "Jane Doe, Jo Roe", "Marlow Press")
    assert (document.published, document.language) == (datetime.date(2021, 3, 4), "en")
    assert document.url == "https://press.example/ferry"
    bare, _ = read(book(metadata=""))
    assert (bare.title, bare.author, bare.published, bare.url) == ("One", None, None, None)


def test_the_older_table_of_contents_names_chapters_too():
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Old Name</text></navLabel>'
        '<content src="text/c%203.xhtml#a"/></navPoint></navMap></ncx>'
    )
    document, _ = read(book(others={"OEBPS/toc.ncx": ncx}))
    assert [mark.label for mark in document.landmarks] == ["One", "Part", "Old Name"]
    assert read(book(others={"OEBPS/toc.ncx": "broken"}))[0].text == read(book(others={}))[0].text


def locked(method):
    data = f'<enc:EncryptedData><enc:EncryptionMethod Algorithm="{method}"/></enc:EncryptedData>'
    return {
        "META-INF/encryption.xml": '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"'
        f' xmlns:enc="http://www.w3.org/2001/04/xmlenc#">{data}</encryption>'
    }


def test_a_locked_book_is_encrypted_and_one_with_scrambled_fonts_is_not():
    assert skipped(book(others=locked("http://www.w3.org/2001/04/xmlenc#aes128-cbc"))) == "encrypted"
    assert read(book(others=locked("http://www.idpf.org/2008/embedding")))[0].title == "The Ferry"


def test_a_chapter_that_is_missing_is_noted_and_the_rest_are_read():
    raw = zipped({name: content for name, content in members(book()).items() if not name.endswith("c2.xhtml")})
    document, notes = read(raw)
    assert "Third text." in document.text
    assert notes == ["books/ferry.epub: 1 part of the book could not be read"]


def members(raw):
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "type_mismatch"),
        (b"no archive", "type_mismatch"),
        (b"PK\x03\x04 cut off", "damaged"),
        (zipped({"mimetype": "application/epub+zip"}), "type_mismatch"),
        (book(container="<container/>"), "damaged"),
        (book(container="<container"), "damaged"),
        (book(container=CONTAINER.replace("book.opf", "../../../../etc/passwd")), "damaged"),
        (book(opf="broken"), "damaged"),
        (book({"c.xhtml": page('<img src="x.png"/>')}), "empty"),
        (book({}), "empty"),
        (book(others={"OEBPS/big": b"a" * 20_000_000}), "expands_too_much"),
    ],
)
def test_what_is_no_book_is_skipped_with_the_reason(raw, reason):
    assert skipped(raw) == reason


def test_a_chapter_outside_the_archive_is_not_read(tmp_path):
    secret = tmp_path / "secret.xhtml"
    secret.write_text(page("<p>SECRET</p>"))
    opf = members(book())["OEBPS/book.opf"].decode()
    for path in (str(secret), "../" * 20 + str(secret).lstrip("/"), secret.as_uri(), "http://[broken"):
        document, notes = read(book(opf=opf.replace("text/c2.xhtml", path)))
        assert "SECRET" not in document.text
        assert len(notes) == 1


def with_entities(declared, entity):
    """Return a book that uses an entity in its title and in a chapter."""
    head = f"<!DOCTYPE package [{declared}]>"
    opf = members(book())["OEBPS/book.opf"].decode().replace('<?xml version="1.0"?>', head)
    chapters = CHAPTERS | {"c1.xhtml": head + page(f"<p>Before {entity} after.</p>")}
    return book(chapters, opf=opf.replace("The Ferry", f"The {entity} Ferry"))


def test_no_entity_of_a_file_is_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    for address in (secret.as_uri(), "http://127.0.0.1:9/x"):
        document, _ = read(with_entities(f'<!ENTITY xxe SYSTEM "{address}">', "&xxe;"))
        assert "SECRET" not in document.text + document.title
        assert "Before" in document.text


def test_entities_do_not_multiply():
    declared = '<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    assert skipped(with_entities(declared, "&l11;")) == "damaged"
    assert "lol" not in read(with_entities(declared, "&l1;"))[0].text


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.text(st.sampled_from("ab é\u0301İ😀"), max_size=9)), min_size=1, max_size=6)
)
def test_each_chapter_stands_under_its_own_heading(chapters):
    pages = {
        f"{i}.xhtml": page((f"<h1>H{i} {text}</h1>" if headed else "") + f"<p>body {i}</p>")
        for i, (headed, text) in enumerate(chapters)
    }
    document, _ = read(book(pages, others={}))
    headed = [i for i, (headed, _) in enumerate(chapters) if headed]
    assert [mark.label.split()[0] for mark in document.landmarks] == [f"H{i}" for i in headed]
    for i in range(len(chapters)):
        place = document.place(document.text.index(f"body {i}"))
        last = max((one for one in headed if one <= i), default=None)
        assert place is None if last is None else place.split()[0] == f"H{last}"
