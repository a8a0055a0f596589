"""Laws of mail: what the sender wrote comes first, what hangs on it is named, and sources stay as they are."""

import datetime
import mailbox
from contextlib import suppress
from email.message import EmailMessage
from email.mime.text import MIMEText
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorstore.errors import SkippedFile
from vectorstore.loaders.mail import load_eml, own_text_first
from vectorstore.loaders.many import short_key
from vectorstore.loaders.mbox import load_mbox
from vectorstore.text import normalise

REPLY = """Yes, Tuesday suits me.

On Mon, 18 Aug 2025 at 09:00, Jo Roe <jo@long.example>
wrote:
> Can we meet on Tuesday?
>
> Jo
"""


def checked(document):
    assert normalise(document.text) == document.text
    assert [mark.span.of(document.text) for mark in document.landmarks] == [mark.label for mark in document.landmarks]
    assert list(document.landmarks) == sorted(document.landmarks, key=lambda mark: mark.span)
    return document


def read(raw):
    """Return the document of one message, and the notes."""
    notes = []
    (document,) = load_eml(raw if isinstance(raw, bytes) else raw.encode(), source="post/one.eml", on_note=notes.append)
    return checked(document), notes


def opened(raw):
    """Return the documents of a mailbox, and the notes."""
    notes = []
    return [checked(one) for one in load_mbox(raw, source="in.mbox", on_note=notes.append)], notes


def skipped(load, raw):
    with pytest.raises(SkippedFile) as caught:
        list(load(raw, source="x", on_note=lambda note: None))
    return caught.value.reason


def message(text="Hello there.", **headers):
    made = EmailMessage()
    made.set_content(text)  # first, as it takes headers away
    made["From"] = headers.pop("sender", "Änne Müller <anne@long.example>")
    made["Subject"] = headers.pop("subject", "Prüfung am Montag")
    made["Date"] = format_datetime(
        datetime.datetime(2025, 8, 18, 23, 30, tzinfo=datetime.timezone(-5 * datetime.timedelta(hours=1)))
    )
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    return made


def boxed(*messages, kind=mailbox.mbox, path):
    box = kind(path)
    for one in messages:
        box.add(one)
    box.flush()
    box.close()
    return path.read_bytes()


def test_a_message_says_who_wrote_what_and_when_by_the_clock_of_its_sender():
    document, notes = read(bytes(message(REPLY, Content_Language="en-GB")))
    assert (document.title, document.author) == ("Prüfung am Montag", "Änne Müller")
    assert (document.published, document.language) == (datetime.date(2025, 8, 18), "en")
    assert document.text == REPLY.strip()
    assert (document.source, notes) == ("post/one.eml", [])


@pytest.mark.parametrize(
    ("sender", "author"),
    [
        ("jo@long.example", "jo@long.example"),
        ('"Roe, Jo" <jo@long.example>', "Roe, Jo"),
        ("=?utf-8?q?Roe=2C_J=C3=B6?= <jo@long.example>", "Roe, Jö"),
        ("=?iso-2022-jp?b?GyRCOzNFRBsoQg==?= <y@long.example>", "山田"),
        ("A <a@x.example>, b@x.example", "A, b@x.example"),
        ("=?nonsense?q?Jo?= <jo@long.example>", "Jo"),
        ("=?utf-8?b?!?= <jo@long.example>", "jo@long.example"),
        ("", None),
    ],
)
def test_the_author_is_the_name_and_else_the_address(sender, author):
    assert read(f"From: {sender}\nSubject: x\n\nHello.")[0].author == author


@pytest.mark.parametrize(
    ("date", "day"),
    [
        ("Mon, 18 Aug 2025 00:30:00 +1400", datetime.date(2025, 8, 18)),
        ("18 Aug 25 10:00 GMT", datetime.date(2025, 8, 18)),
        ("Thu, 31 Feb 2025 10:00:00 +0000", None),
        ("yesterday", None),
        ("9" * 5000, None),
    ],
)
def test_a_date_is_read_or_left_out(date, day):
    assert read(f"Subject: x\nDate: {date}\n\nHello.")[0].published == day


def test_a_header_in_bytes_of_any_kind_is_read():
    assert read("Subject: Grüße\n\nHello.".encode())[0].title == "Grüße"
    assert read("Subject: Grüße\n\nHello.".encode("latin-1"))[0].title == "Grüße"


def test_plain_text_is_read_and_its_html_only_where_there_is_none():
    both = message("The plain text.")
    both.add_alternative("<h1>The page</h1><p>Its text.</p>", subtype="html")
    assert read(bytes(both))[0].text == "The plain text."
    page = message()
    page.set_content(
        "<title>x</title><h1>News</h1><p>Short.</p><ul><li>One</li></ul><p style='display:none'>HIDDEN</p>"
        "<img src='https://track.example/1.gif'><blockquote>On Monday Jo wrote: yes?</blockquote>",
        subtype="html",
    )
    document, _ = read(bytes(page))
    assert document.text == "News\n\nShort.\n\n- One\n\nOn Monday Jo wrote: yes?"
    assert [mark.label for mark in document.landmarks] == ["News"]
    empty = message(" \n")
    empty.add_alternative("<p>Only here.</p>", subtype="html")
    assert read(bytes(empty))[0].text == "Only here."


def test_attachments_are_named_and_pictures_in_the_text_are_not():
    made = message("See the files.")
    made.add_alternative("<p>See <img src='cid:logo'></p>", subtype="html")
    made.get_payload()[1].add_related(b"GIF8", "image", "gif", cid="<logo>", filename="logo.gif", disposition="inline")
    made.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="../../etc/Bericht für Jo.pdf")
    made.add_attachment("SECRET of the attached text", filename="C:\\notes.txt")
    made.add_attachment(message("SECRET of the forwarded message"))
    document, notes = read(bytes(made))
    assert document.text == "See the files."
    assert notes == ["post/one.eml: 3 attachments were not read: Bericht für Jo.pdf, notes.txt, message/rfc822"]


def test_a_text_around_an_inline_attachment_is_read_whole():
    raw = (
        "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nBefore it.\n"
        "--b\nContent-Type: application/pdf\n\n%PDF\n--b\nContent-Type: text/html\n\n<h2>After</h2><p>it.</p>\n--b--\n"
    )
    document, notes = read(raw)
    assert document.text == "Before it.\n\nAfter\n\nit."
    assert document.place(len(document.text) - 1) == "After"
    assert notes == ["post/one.eml: 1 attachment was not read: application/pdf"]


def test_a_part_that_cannot_be_read_is_noted_and_the_others_are_read():
    made = message("The text.")
    made.make_mixed()
    made.attach(MIMEText("<!-- nothing -->", "html"))
    document, notes = read(bytes(made))
    assert document.text == "The text."
    assert notes == ["post/one.eml: a part of the message was not read: the page is empty"]


def test_a_quotation_above_the_reply_is_moved_below_it_as_it_stands():
    assert own_text_first("Jo wrote:\n> a\n>\n> b\n\nYes.\n\nBye") == "Yes.\n\nBye\n\nJo wrote:\n> a\n>\n> b"
    assert own_text_first("> a\n\nYes.") == "Yes.\n\n> a"


@pytest.mark.parametrize(
    "text", ["> a\nYes.\n> b\nNo.", "Hi,\n> a\nYes.", "> only\n> quoted", REPLY.strip(), "No quotation."]
)
def test_other_quotations_stay_where_they_are(text):
    assert own_text_first(text) == text


@given(st.text("> abc:\n", max_size=60))
def test_moving_a_quotation_loses_no_line(text):
    before, after = (sorted(line.strip() for line in some.split("\n")) for some in (text, own_text_first(text)))
    assert [line for line in after if line] == [line for line in before if line]


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("utf-8", "It costs £5 – naïve.".encode("cp1252"), "It costs £5 – naïve."),
        ("us-ascii", "Grüße, Zoë".encode(), "Grüße, Zoë"),
        ("no-such", b"Plain words.", "Plain words."),
        ("iso-2022-jp", "日本語の手紙".encode("iso-2022-jp"), "日本語の手紙"),
        ("zip", b"Plain words.", "Plain words."),
        ("utf-8", b"A NUL\0here" + b" among many words" * 9, "A NULhere" + " among many words" * 9),
    ],
)
def test_a_charset_can_lie(charset, body, text):
    raw = b"Subject: x\nContent-Type: text/plain; charset=" + charset.encode() + b"\n\n" + body
    assert read(raw)[0].text.strip() == text.strip()


def nested(depth):
    outer = "".join(f'Content-Type: multipart/mixed; boundary="{i}"\n\n--{i}\n' for i in range(depth))
    return f"Subject: x\n{outer}Content-Type: text/plain\n\nDeep down.\n".encode()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "type_mismatch"),
        (b"no headers at all", "type_mismatch"),
        (nested(10_000), "damaged"),
        (b"Subject: all is said here\n\n", "empty"),
        ("Subject: x\n\n \u200b\n".encode(), "empty"),
        (b"Subject: x\nContent-Type: multipart/encrypted; boundary=b\n\n--b\n\nx\n--b--", "encrypted"),
        (b"Subject: x\nContent-Type: application/pkcs7-mime\n\nAAAA", "encrypted"),
        (b"Subject: x\n\n" + bytes(range(32)) * 20, "not_text"),
        (b"Subject: x\n\n%PDF-1.7", "not_text"),
    ],
)
def test_a_message_that_cannot_be_used_is_skipped_with_the_reason(raw, reason):
    assert skipped(load_eml, raw) == reason


def test_parts_nested_as_mailers_nest_them_are_read():
    assert read(nested(30))[0].text == "Deep down."


@pytest.mark.parametrize("header", ["Subject", "From", "Date", "Message-ID", "Content-Type"])
@pytest.mark.parametrize("unit", ["=?utf-8?q?a?= ", "(", '"', ";a=", "<"])
def test_a_header_of_a_megabyte_costs_no_more_than_its_bytes(header, unit):
    raw = f"Subject: x\n{header}: {unit * (1_000_000 // len(unit))}\n\nHello."
    if header == "Subject":
        raw = raw.removeprefix("Subject: x\n")
    document, _ = read(raw)
    assert document.text == "Hello."
    assert len(document.title) <= 200
    assert len(document.author or "") <= 600


def test_messages_of_a_mailbox_are_documents_of_their_own(tmp_path):
    raw = boxed(
        message("First.\n\nFrom here on it is quoted.", Message_ID="<a.1@long.example>"),
        message("Second.", Message_ID="<very/odd/id@x>", subject=""),
        message("Third."),
        path=tmp_path / "in.mbox",
    )
    documents, notes = opened(raw)
    assert [one.source for one in documents[:2]] == [
        "in.mbox#a.1@long.example",
        f"in.mbox#{short_key('very/odd/id@x')}",
    ]
    assert [one.text for one in documents] == ["First.\n\nFrom here on it is quoted.", "Second.", "Third."]
    assert [one.title for one in documents] == ["Prüfung am Montag", "Second", "Prüfung am Montag"]
    assert notes == []


def test_a_damaged_message_is_noted_and_the_rest_are_read(tmp_path):
    locked = EmailMessage()
    locked["Subject"] = "Secret"
    locked["Content-Type"] = "application/pkcs7-mime"
    with_file = message("With a file.", Message_ID="<file@x>")
    with_file.add_attachment(b"x", maintype="application", subtype="zip", filename="a.zip")
    raw = boxed(message("Before."), locked, with_file, path=tmp_path / "in.mbox")
    raw += b"\nFrom - Mon Aug 18 10:00:00 2025\n" + nested(10_000)
    raw += b"\nFrom - Mon Aug 18 10:00:00 2025\r\nSubject: After\r\n\r\nFrom Monday on we meet at 9:30\r\nin 2025: yes."
    documents, notes = opened(raw)
    assert [one.text for one in documents] == [
        "Before.",
        "With a file.",
        "From Monday on we meet at 9:30\nin 2025: yes.",
    ]
    assert notes == [
        "in.mbox: 1 attachment was not read",
        "in.mbox: 1 message: not read: the message is encrypted or sealed; save a copy that is not",
        "in.mbox: 1 message: not read: the parts of the message lie too deep in each other; save it anew",
    ]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "type_mismatch"),
        (b"Subject: x\n\nOne message.", "type_mismatch"),
        (b"From - Mon Aug 18 10:00:00 2025\nSubject: x\n\n", "empty"),
    ],
)
def test_what_is_no_mailbox_is_skipped(raw, reason):
    assert skipped(load_mbox, raw) == reason


TEXTS = st.text(st.sampled_from("ab >:.\nFrom éß\u0301😀"), min_size=1, max_size=40).map(lambda text: f"Hello {text}")
IDS = st.none() | st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="<>()"), min_size=1, max_size=90
)


def mailbox_of(pairs):
    """Return a mailbox as a mailer writes it, of (id, text) pairs."""
    raw = b""
    for given_id, text in pairs:
        made = MIMEText(text, "plain", "utf-8")
        made["Subject"] = "s"
        if given_id:
            made["Message-ID"] = f"<{given_id}>"
        raw += b"From - Mon Aug 18 10:00:00 2025\n" + made.as_bytes() + b"\n\n"
    return raw


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(IDS, TEXTS),
        min_size=2,
        max_size=8,
        unique_by=(lambda pair: pair[0] or pair[1], lambda pair: "".join(pair[1].split())),
    )
)
def test_n_messages_are_n_sources_that_stay_when_another_is_added(pairs):
    documents, notes = opened(mailbox_of(pairs))
    sources = [one.source for one in documents]
    assert len(set(sources)) == len(sources) == len(pairs)
    assert notes == []
    assert [one.source for one in opened(mailbox_of(pairs[:-1]))[0]] == sources[:-1]
    assert [one.source for one in opened(mailbox_of(pairs[1:]))[0]] == sources[1:]


def test_a_second_copy_is_left_out_and_another_text_under_the_same_id_is_not():
    documents, notes = opened(
        mailbox_of([("a@x", "One."), ("a@x", "One."), ("a@x", "Two."), (None, "One."), (None, "One.")])
    )
    assert [one.text for one in documents] == ["One.", "Two.", "One."]
    assert len({one.source for one in documents}) == 3
    assert notes == ["in.mbox: 2 copies of what is in the file already left out"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["", "multipart/mixed; boundary=b", "text/html", "message/rfc822"]))
def test_any_bytes_are_a_document_or_skipped(raw, kind):
    head = f"Subject: x\nContent-Type: {kind}\n\n" if kind else ""
    with suppress(SkippedFile):
        read(head.encode() + raw.replace(b"~", b"\n--b\n"))
