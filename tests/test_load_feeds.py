"""Laws of feeds: an entry is a document, its text is what the feed gives, and nothing in it is fetched or expanded."""

import datetime
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorstore.errors import SkippedFile
from vectorstore.loaders.feeds import load_feed
from vectorstore.text import normalise

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>The Marlow &amp; Post</title><link>https://post.example/</link><language>en-gb</language>
<managingEditor>editor@post.example (The Editor)</managingEditor>
<item><title>Bridge &lt;b&gt;closes&lt;/b&gt;: AT&amp;amp;T</title><guid isPermaLink="false">tag:post,1</guid>
<link>https://post.example/bridge</link><pubDate>Mon, 18 Aug 2025 23:30:00 -0500</pubDate>
<dc:creator>Jane Doe</dc:creator>
<description>A short form.</description>
<content:encoded><![CDATA[<h2>What happens</h2><p>The <b>bridge</b> closes.</p><p style="display:none">HIDDEN</p>
<script>HIDDEN()</script><ul><li>One</li><li>Two</li></ul>]]></content:encoded></item>
<item><title>Ferry</title><link>/ferry</link><pubDate>2 hours ago</pubDate><author>jo@post.example (Jo Roe)</author>
<description>&lt;p&gt;Fares rise &amp;amp; fall.&lt;/p&gt;</description></item>
<item><title>Only a title</title></item>
<item><title>Sums</title><description>1 &lt; 2, and that is all.</description></item>
</channel></rss>"""

ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">
<title type="html">Die &lt;i&gt;Post&lt;/i&gt;</title><author><name>Die Redaktion</name></author>
<entry xml:lang="fr"><id>urn:1</id><title type="text">a &lt; b</title><updated>2025-08-18T23:30:00-05:00</updated>
<link rel="alternate" href="https://post.example/1"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><h2>Titre</h2><p>x &amp; y</p></div></content></entry>
<entry><id>urn:2</id><title>Zwei</title><author><name>A</name></author><author><name>B</name></author>
<published>2025-08-01T00:00:00Z</published><updated>2025-09-01T00:00:00Z</updated>
<summary type="text">Plain &lt;b&gt; stays.</summary><source><title>Elsewhere</title></source></entry></feed>"""


def read(feed):
    notes = []
    raw = feed if isinstance(feed, bytes) else feed.encode()
    documents = list(load_feed(raw, source="news.xml", on_note=notes.append))
    for document in documents:
        assert normalise(document.text) == document.text
        assert [one.span.of(document.text) for one in document.landmarks] == [one.label for one in document.landmarks]
    return documents, notes


def skipped(feed):
    with pytest.raises(SkippedFile) as caught:
        read(feed)
    return caught.value.reason


def items(*texts, head=""):
    return (
        f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>t</title>'
        + "".join(f"<item><title>x</title><description>{text}</description></item>" for text in texts)
        + "</channel></rss>"
    )


def test_an_rss_item_is_a_document_with_the_feed_as_its_outlet():
    (bridge, ferry, sums), notes = read(RSS)
    assert bridge.title == "Bridge closes: AT&T"
    assert bridge.text == "What happens\n\nThe bridge closes.\n\n- One\n- Two"
    assert bridge.place(20) == "What happens"
    assert (bridge.outlet, bridge.author, bridge.language) == ("The Marlow & Post", "Jane Doe", "en")
    assert (bridge.published, bridge.url) == (datetime.date(2025, 8, 18), "https://post.example/bridge")
    assert (ferry.text, ferry.author, ferry.published, ferry.url) == ("Fares rise & fall.", "Jo Roe", None, None)
    assert sums.text == "1 < 2, and that is all."
    assert notes == ["news.xml: 1 entry has no text besides the title"]


def test_an_atom_entry_is_a_document_with_its_own_language_and_source():
    (first, second), notes = read(ATOM)
    assert (first.title, first.text, first.language) == ("a < b", "Titre\n\nx & y", "fr")
    assert (first.outlet, first.author, first.published) == ("Die Post", "Die Redaktion", datetime.date(2025, 8, 18))
    assert (second.text, second.author, second.outlet) == ("Plain <b> stays.", "A, B", "Elsewhere")
    assert (second.published, second.language, second.url) == (datetime.date(2025, 8, 1), "de", None)
    assert notes == []


def test_an_entry_keeps_its_source_when_others_come_and_go():
    begin, *entries = RSS.replace("</channel></rss>", "").split("<item>")
    sources = [one.source for one in read(RSS)[0]]
    assert sources[0].startswith("news.xml#tag-post-1-")
    for i in range(len(entries)):
        left = entries[:i] + entries[i + 1 :]
        found = [one.source for one in read(begin + "".join(f"<item>{one}" for one in left) + "</channel></rss>")[0]]
        assert set(found) <= set(sources)
        assert len(found) >= 2


def test_a_broken_feed_gives_what_can_be_read_and_says_so():
    documents, notes = read(RSS[: RSS.index("<item><title>Sums")] + "<item><title>cut")
    assert [one.title for one in documents] == ["Bridge closes: AT&T", "Ferry"]
    assert "the feed is broken" in notes[0]


def test_a_feed_in_another_encoding_is_read():
    feed = '<?xml version="1.0" encoding="iso-8859-1"?>' + items("Zoë zahlt.").partition("?>")[2]
    assert read(feed.encode("latin-1"))[0][0].text == "Zoë zahlt."


@pytest.mark.parametrize(
    "xml",
    [
        "<a>x</a>",
        "<html><body><p>x</p></body></html>",
        "<urlset/>",
        "plain",
        "<?xml version='1.0'?>",
        "<item><title>x</title></item>",
    ],
)
def test_xml_that_is_no_feed_is_an_unsupported_format(xml):
    assert skipped(xml) == "unsupported_format"


def test_bytes_that_are_no_text_are_no_feed():
    assert skipped(b"\0\xff" * 99) == "not_text"


def test_a_feed_with_a_torn_byte_keeps_its_letters_and_says_so():
    torn = items("Zoë et Noël, à la fête", "déjà vu").encode().replace("déjà".encode(), b"d\xc3j\xc3\xa0")
    documents, notes = read(torn)
    assert documents[0].text == "Zoë et Noël, à la fête"
    assert notes == ["news.xml: 1 broken byte in utf-8 replaced by U+FFFD"]
    assert read(items("Zoë").replace('"1.0"', '"1.0" encoding="\udcc2x"').encode("utf-8", "surrogateescape"))[0]


def test_a_feed_without_a_text_is_empty():
    assert skipped("") == skipped(" ") == "empty"
    assert skipped(items()) == skipped(items("", "<![CDATA[<img src='x'>]]>")) == "empty"


def test_no_entity_of_a_file_or_an_address_is_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    for address in (secret.as_uri(), "http://127.0.0.1:9/x"):
        head = f"<!DOCTYPE rss [<!ENTITY xxe SYSTEM {quoteattr(address)}>]>"
        (document,), _ = read(items("Before &xxe; after.", head=head))
        assert "SECRET" not in document.text
        assert "Before" in document.text


def test_a_feed_that_names_a_file_is_not_that_file(tmp_path):
    path = tmp_path / "feed.xml"
    path.write_text(RSS)
    assert skipped(str(path)) == "unsupported_format"


def test_entities_do_not_multiply():
    inner = "\n".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    for head, text in (
        (f'\n<!DOCTYPE rss [\n<!ENTITY l0 "lol">\n{inner}\n]>', "begin &l11; end"),
        (f'\n<!DOCTYPE rss [\n<!ENTITY big "{"x" * 10_000}">\n]>', "begin " + "&big;" * 10_000),
    ):
        (document,), _ = read(items(text, head=head))
        assert len(document.text) < 100_000


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.sampled_from("ab <>&;\n'\"]é\u0301"), max_size=30), max_size=6), st.booleans())
def test_each_entry_with_a_text_is_one_document(texts, atom):
    kept = {" ".join(normalise(text).split()) for text in texts} - {""}
    if atom:
        entries = "".join(
            f'<entry><id>urn:{i}</id><title>t</title><summary type="text">{escape(t)}</summary></entry>'
            for i, t in enumerate(texts)
        )
        feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>f</title>{entries}</feed>'
    else:
        feed = items(*(escape(escape(text)) for text in texts))
    if not kept:
        assert skipped(feed) == "empty"
        return
    documents, _ = read(feed)
    assert {" ".join(one.text.split()) for one in documents} == kept
    assert len({one.source for one in documents}) == len(documents)
