import datetime
import io
import re
import warnings

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from loading import one, parts_of, reason, zipped

from vectorstore.errors import SkippedFile
from vectorstore.loaders.csv import find_delimiter, load_csv
from vectorstore.loaders.tables import Row, TableWriter
from vectorstore.loaders.xlsx import load_xlsx
from vectorstore.text import normalise


def saved(book):
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def book_of(*rows, title="Bridges"):
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    return book


HEAD = ("Name", "Built", "Share", "Note")


def test_each_row_is_a_sentence_with_the_names_of_its_columns():
    book = book_of(
        ["Bridges of the county"],
        [],
        HEAD,
        ["Mill Bridge", datetime.date(1832, 5, 1), 0.25, "Closed."],
        ["Ford", 1900, 1.5],
    )
    book.active["C4"].number_format = "0%"
    found, notes = one(load_xlsx, saved(book))
    assert found.text == (
        "Bridges of the county\n\nName: Mill Bridge; Built: 1832-05-01; Share: 25%; Note: Closed.\n\n"
        "Name: Ford; Built: 1900; Share: 1.5."
    )
    assert [landmark.label for landmark in found.landmarks] == ["Bridges, row 1", "Bridges, row 4", "Bridges, row 5"]
    assert (found.title, found.author, found.published, notes) == ("Bridges of the county", None, None, [])


def test_times_errors_and_whole_numbers_are_written_as_a_person_writes_them():
    cells = [datetime.datetime(2025, 3, 3, 14, 5), datetime.time(9, 30), 3.0, 0.1 + 0.2, True, "#N/A"]
    book = book_of(["Seen", "At", "Count", "Sum", "Open", "Bad"], cells)
    found, _ = one(load_xlsx, saved(book))
    assert found.text == "Seen: 2025-03-03 14:05; At: 09:30; Count: 3; Sum: 0.3; Open: TRUE."


def test_what_a_workbook_hides_is_left_out_with_a_note():
    book = book_of(HEAD, ["Mill Bridge", 1832, 1, "x"], ["Secret", 1, 2, "y"], ["Ford", 1900, 2, "z"])
    book.active.row_dimensions[3].hidden = True
    book.active.column_dimensions["D"].hidden = True
    book.create_sheet("Salaries").append(["secret"])
    book["Salaries"].sheet_state = "veryHidden"
    found, notes = one(load_xlsx, saved(book))
    assert found.text == "Name: Mill Bridge; Built: 1832; Share: 1.\n\nName: Ford; Built: 1900; Share: 2."
    assert [landmark.label for landmark in found.landmarks] == ["Bridges, row 2", "Bridges, row 4"]
    assert notes == ["left out: hidden rows of Bridges (1), hidden columns of Bridges (1), hidden sheet Salaries"]


def test_a_formula_gives_the_value_that_was_calculated_and_one_without_is_told():
    book = book_of(["Item", "Cost"], ["Stone", "=1+1"], ["Wood", "=2+2"])
    parts = parts_of(saved(book))
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet], changed = re.subn(rb"(?<=<f>1\+1</f>)<v\s*(?:/>|></v>)", b"<v>2</v>", parts[sheet])
    assert changed == 1
    found, notes = one(load_xlsx, zipped(parts))
    assert found.text == "Item: Stone; Cost: 2.\n\nItem: Wood."
    assert notes == ["formulas of Bridges without a value left out: 1; save it in Excel"]


def test_rows_of_several_sheets_are_told_apart():
    book = book_of(["Item", "Cost"], ["Stone", 3])
    book.create_sheet("Boats").append(["Name", "Length"])
    book["Boats"].append(["Heron", 12])
    found, _ = one(load_xlsx, saved(book))
    assert [landmark.label for landmark in found.landmarks] == ["Bridges, row 2", "Boats, row 2"]
    assert found.place(len(found.text)) == "Boats, row 2"


def test_a_size_that_is_a_lie_fills_nothing():
    parts = parts_of(saved(book_of(["Item", "Cost"], ["Stone", 3])))
    sheet = "xl/worksheets/sheet1.xml"
    assert b'<dimension ref="A1:B2"' in parts[sheet]
    parts[sheet] = parts[sheet].replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"')
    assert one(load_xlsx, zipped(parts))[0].text == "Item: Stone; Cost: 3."


def test_a_workbook_that_is_none_or_broken_is_told():
    raw = saved(book_of(["Item", "Cost"], ["Stone", 3]))
    assert reason(load_xlsx, saved(openpyxl.Workbook())) == "empty"
    assert reason(load_xlsx, b"Item,Cost\nStone,3\n") == "type_mismatch"
    assert reason(load_xlsx, raw[:1000]) == "damaged"
    parts = parts_of(raw)
    assert reason(load_xlsx, zipped(parts | {"xl/workbook.xml": b"<workbook/>"})) in ("damaged", "empty")
    assert reason(load_xlsx, zipped(parts | {"xl/worksheets/sheet1.xml": b"<worksheet><row"})) == "damaged"
    assert reason(load_xlsx, zipped(parts | {"xl/media/a": b"\0" * 5_000_000})) == "expands_too_much"


@pytest.mark.parametrize("part", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/workbook.xml"])
@pytest.mark.parametrize(
    "dtd",
    [
        '<!ENTITY e SYSTEM "file:///etc/passwd">',
        "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "lol"}">' for i in range(12)) + '<!ENTITY e "&l11;">',
    ],
    ids=["a file", "a billion laughs"],
)
def test_entities_are_not_read(part, dtd):
    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw) as book:  # it writes the texts of cells into a part of their own, as Excel does
        book.add_worksheet("MARK").write_row(0, 0, ["MARK", 3])
    parts = parts_of(raw.getvalue())
    rest = parts[part].decode().split("?>", 1)[-1]
    rest = rest.replace("MARK", "b&e;") if "MARK" in rest else rest.replace("<v>3</v>", "<v>3&e;</v>")
    parts[part] = f"<!DOCTYPE x [{dtd}]>{rest}".encode()
    assert b"&e;" in parts[part]
    try:
        found, _ = one(load_xlsx, zipped(parts))
    except SkippedFile as skipped:
        assert skipped.reason in ("damaged", "empty")  # noqa: PT017 - either is right
    else:
        assert "root:" not in found.text + found.landmarks[0].label
        assert "lol" not in found.text + found.landmarks[0].label


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_parts_the_values_is_found_by_evidence(delimiter):
    rows = [["Name", "Price", "Place"], ["Bridge", "3.50", "Aune"], ["Ford, old", "1.20", "Bonn; south"]]
    text = "\n".join(delimiter.join(f'"{c}"' if {",", ";"} & set(c) else c for c in row) for row in rows)
    assert find_delimiter(text) == delimiter
    found, notes = one(load_csv, text.encode())
    assert found.text == "Name: Bridge; Price: 3.50; Place: Aune.\n\nName: Ford, old; Price: 1.20; Place: Bonn; south."
    assert [landmark.label for landmark in found.landmarks] == ["row 2", "row 3"]
    assert notes == []


def test_a_table_of_another_encoding_is_read_with_a_note():
    raw = "Name;Preis\nBrücke;3,50 €\nSteg;1,20 €\n".encode("cp1252")
    found, notes = one(load_csv, raw)
    assert found.text == "Name: Brücke; Preis: 3,50 €.\n\nName: Steg; Preis: 1,20 €."
    assert len(notes) == 1
    assert "Windows-1252" in notes[0]
    assert (
        one(load_csv, "sep=|\nName|Price\nBridge, old|3\n".encode("utf-16"))[0].text == "Name: Bridge, old; Price: 3."
    )


def test_a_value_over_several_lines_stays_in_its_row():
    found, _ = one(load_csv, b'Name,Note\r\nBridge,"closed\r\nin March"\r\n\r\nFord,open\r\n')
    assert found.text == "Name: Bridge; Note: closed in March.\n\nName: Ford; Note: open."


def test_a_table_without_names_is_read_without_them():
    assert one(load_csv, b"1832,Mill Bridge\n1900,Ford\n")[0].text == "1832; Mill Bridge\n\n1900; Ford"
    assert one(load_csv, b"one line\n")[0].text == "one line"


def test_years_that_follow_each_other_name_columns_and_one_among_words_does_not():
    found, _ = one(load_csv, b"Item,2023,2024\nStone,3,4\nWood,1,2\n")
    assert found.text == "Item: Stone; 2023: 3; 2024: 4.\n\nItem: Wood; 2023: 1; 2024: 2."
    assert one(load_csv, b"Ford,1900\nWeir,1950\n")[0].text == "Ford; 1900\n\nWeir; 1950"


def test_a_table_is_called_by_what_stands_above_it_or_its_file():
    raw = b"Name,Price\nBridge,3\n"
    assert one(load_csv, raw, source="data/bridge prices.csv")[0].title == "Bridge prices"
    assert one(load_csv, b"Prices in March,\n" + raw, source="data/x.csv")[0].title == "Prices in March"
    assert one(load_csv, raw, source="data/x.csv")[0].title == "x"


def test_a_text_file_that_is_none_is_told():
    assert reason(load_csv, b"") == "empty"
    assert reason(load_csv, b",,,\n,,\n") == "empty"
    assert reason(load_csv, b"%PDF-1.7") == "not_text"
    assert reason(load_csv, b'a,"' + b"x" * 200_000) == "damaged"


cells = st.text("aZé\u0301 ;:.1אب漢\U0001f600\n", max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(cells, max_size=4), max_size=30), st.sampled_from([None, "Sheet1"]))
def test_each_rows_text_begins_at_its_landmark(table, sheet):
    writer = TableWriter()
    writer.write([Row(number, tuple(row)) for number, row in enumerate(table, 1)], sheet=sheet)
    starts = [landmark.span.start for landmark in writer.landmarks] + [len(writer.text) + 2]
    assert starts == sorted(starts)
    for landmark, end in zip(writer.landmarks, starts[1:], strict=False):
        row = table[int(landmark.label.rsplit(" ", 1)[1]) - 1]
        written = writer.text[landmark.span.start : end - 2]
        held = [words for cell in row if (words := " ".join(normalise(cell).split()))]
        assert written.rstrip(".").endswith(held[-1].rstrip("."))
        assert all(words in written for words in held)
        assert "\n" not in written


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # openpyxl's, about files that we broke
        yield
