"""The day of publication is read from a text's first lines only where it cannot be another day."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.loaders import load_bytes
from vectorstore.loaders.dates import stated_day

DAY = datetime.date(2024, 3, 12)
BODY = "The harbour bridge will close for repairs, the ministry said in a statement that nobody had expected."


@pytest.mark.parametrize(
    "line",
    [
        "Published 12 March 2024",
        "Published: 12 March 2024",
        "First published on Tue, 12 Mar 2024 at 10:15 GMT",
        "Posted March 12, 2024 10.15 a.m.",
        "PUBLISHED TUESDAY, MARCH 12TH, 2024",
        "Published 2024-03-12",
        "Published 12 March 2024 | Last updated 3 April 2025, 10:00",
        "By Jane Doe · 12 March 2024, 10:15",
        "By Jane van der Doe | March 12, 2024",
        "By Jane Doe, published 12 March 2024, 22:01 CET",
        "LONDON, 12 March 2024 (Reuters) — The harbour bridge closed.",
        "NEW YORK, March 12, 2024 (AP) -- The harbour bridge closed.",
        "Frankfurt am Main, 12 March 2024 (dpa/AFX) - The harbour bridge closed.",
        "WASHINGTON, D.C., Mar. 12, 2024 (PR Newswire) – The harbour bridge closed.",
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_a_text_that_says_when_it_was_published_has_that_day(name, line):
    text = f"<html><body><h1>Bridge</h1><p>{line}</p><p>{BODY}</p></body></html>"
    raw = text if name == "a.html" else f"Bridge to close\n\n{line}\n\n{BODY}\n"
    (document,) = load_bytes(raw.encode(), name=name, source=name, on_note=print)
    assert document.published == DAY


@pytest.mark.parametrize(
    "line",
    [
        "12 March 2024",
        "Tuesday 12 March 2024, 19:30",
        "Updated 12 March 2024",
        "Published 12 March",
        "Published 12/03/2024",
        "Published 2024",
        "Published 31 February 2024",
        "Published 12 March 2024 by Penguin, this novel has 300 pages.",
        "Published 12 March 2024 the report names nobody.",
        "The report was published 12 March 2024",
        "By Tuesday, 12 March 2024",
        "By 12 March 2024",
        "By Royal Decree, 12 March 2024",
        "Applications by post, 12 March 2024",
        "LONDON, March 12 (Reuters) — The harbour bridge closed.",
        "BERLIN, 12 March 2024 — The wall fell at midnight.",
        "BERLIN, 12 March 2024 (a Tuesday) was a warm day.",
        "He said on 12 March 2024 (Reuters) that it closed.",
        "The pact of Minsk, 12 March 2024 (see below) binds nobody.",
        "As agreed in London, 12 March 2024 (Annex II) - the parties shall meet.",
    ],
)
def test_a_day_that_may_be_another_is_not_taken_for_that_of_publication(line):
    assert stated_day(f"Bridge to close\n\n{line}\n\n{BODY}\n") is None


def test_only_the_first_lines_count():
    assert stated_day("A line.\n" * 5 + "Published 12 March 2024") == DAY
    assert stated_day("A line.\n" * 6 + "Published 12 March 2024") is None


def test_what_the_front_matter_says_goes_before_what_the_text_says():
    raw = b"---\npublished: 2023-01-02\n---\nBridge\n\nPublished 12 March 2024\n\nIt closed.\n"
    (document,) = load_bytes(raw, name="a.txt", source="a.txt", on_note=print)
    assert document.published == datetime.date(2023, 1, 2)


@given(st.text())
def test_any_text_has_a_day_or_none(text):
    assert stated_day(text) is None or isinstance(stated_day(text), datetime.date)
