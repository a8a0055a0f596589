"""Whatever a model makes of its markers, sentences come out with what they cite, however the reply was cut."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.markers import MarkerParser, defuse
from assistant.types import Evidence
from vectorstore.types import Document, Sentence, Span

SOURCE = Document("articles/a.md", "A", "One. Two. Three. Four.")
SPANS = (Span(0, 4), Span(5, 9), Span(10, 16), Span(17, 22))
SHOWN = tuple(Evidence(f"S{n}", SOURCE, Sentence(SOURCE.id, n, span, 0)) for n, span in enumerate(SPANS, start=1))


def read(*pieces):
    parser = MarkerParser(SHOWN)
    drafts = [draft for piece in pieces for draft in parser.feed(piece)]
    return drafts + parser.finish()


def cited(*pieces):
    return [(draft.text, [one.id for one in draft.evidence]) for draft in read(*pieces)]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("One is so [S1]. Two is so [S2].", [("One is so.", ["S1"]), ("Two is so.", ["S2"])]),
        ("One is so. [S1] Two is so. [S2]", [("One is so.", ["S1"]), ("Two is so.", ["S2"])]),
        ("One is so.[S1] Two is so.[S2]\n", [("One is so.", ["S1"]), ("Two is so.", ["S2"])]),
        ("One is so.[S1]Two is so.[S2]", [("One is so.", ["S1"]), ("Two is so.", ["S2"])]),
        ("Both are so [S1][S3].", [("Both are so.", ["S1", "S3"])]),
        ("Both are so [S1, S3].", [("Both are so.", ["S1", "S3"])]),
        ("Both are so [S1 and S3].", [("Both are so.", ["S1", "S3"])]),
        ("Both are so [S1], [S3].", [("Both are so.", ["S1", "S3"])]),
        ("All are so [S1-S3].", [("All are so.", ["S1", "S2", "S3"])]),
        ("All are so [S1–3].", [("All are so.", ["S1", "S2", "S3"])]),
        ("So it is【S1】.", [("So it is.", ["S1"])]),
        ("So it is (S1).", [("So it is.", ["S1"])]),
        ("So it is [[S1]].", [("So it is.", ["S1"])]),
        ("So it is [^S1].", [("So it is.", ["S1"])]),
        ("So it is [s01].", [("So it is.", ["S1"])]),
        ("One [S1] and two [S2] are so.", [("One and two are so.", ["S1", "S2"])]),
        ("Twice the same [S2][S2].", [("Twice the same.", ["S2"])]),
        ("One is so.\n[S1]\n\nTwo is so.", [("One is so.", ["S1"]), ("Two is so.", [])]),
        ("[S1] One is so. Two is so [S2].", [("One is so.", ["S1"]), ("Two is so.", ["S2"])]),
        ("He met the U.S. [S1] Then he left.", [("He met the U.S.", ["S1"]), ("Then he left.", [])]),
        ('"It is so." [S1] He left. [S2]', [('"It is so."', ["S1"]), ("He left.", ["S2"])]),
        ("文一です。[S1]文二です。[S2]", [("文一です。", ["S1"]), ("文二です。", ["S2"])]),
        ("No full stop [S1]", [("No full stop", ["S1"])]),
        ("", []),
        ("[S1]", []),
        ("…", []),
    ],
)
def test_a_marker_leaves_the_text_and_stays_with_its_sentence(reply, expected):
    assert cited(reply) == expected


def test_lines_of_a_list_are_sentences_and_their_bullets_lead():
    drafts = read("It is so:\n- one [S1]\n- [S2] two\n3. three. [S3]")
    assert [(draft.lead, draft.text, [one.id for one in draft.evidence]) for draft in drafts] == [
        ("", "It is so:", []),
        ("\n- ", "one", ["S1"]),
        ("\n- ", "two", ["S2"]),
        ("\n3. ", "three.", ["S3"]),
    ]


def test_rows_of_a_table_and_lines_of_code_keep_their_markers_and_are_not_cut():
    table = "| Who. What | Ids |\n|---|---|\n| A. B [S1] | b [S2] |\n"
    assert cited(table) == [("| Who. What | Ids |", []), ("| A. B | b |", ["S1", "S2"])]
    code = "```text\nOne. Two. [S1]\nThree. Four. [S3]\n```\nFive. Six."
    assert cited(code) == [("One. Two.", ["S1"]), ("Three. Four.", ["S3"]), ("Five.", []), ("Six.", [])]


def test_an_id_that_was_never_shown_is_invented():
    (draft,) = read("It is so [S1][S77].")
    assert (draft.text, [one.id for one in draft.evidence], draft.invented) == ("It is so.", ["S1"], ("S77",))


def test_a_range_cites_what_was_shown_and_invents_no_more_than_its_ends():
    (draft,) = read("It is so [S3-S99999].")
    assert ([one.id for one in draft.evidence], draft.invented) == (["S3", "S4"], ("S99999",))


@pytest.mark.parametrize(
    "text", ["The S3 (S77) is a phone.", "It began in [2019].", "He [sic] went.", "In f(x) it is."]
)
def test_brackets_that_are_no_markers_stay(text):
    assert cited(text) == [(text, [])]


@pytest.mark.parametrize("reply", ["It is so [1].", "It is so. [1]", "It is [12] so.", "It is so [1, 2]."])
def test_a_bare_number_goes_since_a_reader_would_take_it_for_a_footnote(reply):
    assert cited(reply) == [("It is so.", [])]


@pytest.mark.parametrize("end", ["[", "[S", "[S1", "[S1,", "[S1, S", "【S1", "(S1", "[S1 an"])
def test_half_a_marker_at_the_end_of_a_broken_reply_is_none(end):
    assert cited("It is so", " " + end) == [("It is so", [])]


FRAGMENTS = st.sampled_from(
    [
        "One is so",
        "Mr. Smith of the U.S. said",
        " ",
        ". ",
        ".",
        "\n",
        "\n\n- ",
        "\n1. ",
        "[S1]",
        "[S2, S3]",
        "【S4】",
        "(S1)",
        "[S1-S3]",
        "[S9]",
        "[1]",
        "[",
        "]",
        "(",
        "\n```\n",
        "| a | b |\n",
        "; ",
        ", while ",
        "No. ",
        '"Yes."',
        "文。",
        "İ",
        "e\u0301",
        "\U0001f600",
        "\r\n",
        "…",
    ]
)
REPLIES = st.lists(FRAGMENTS, max_size=25).map("".join) | st.text(max_size=60)


@settings(max_examples=150, deadline=None)
@given(st.data(), REPLIES)
@example(None, "One is so. [S1] Two is so [S2, S3]. Three\n- four [S4]")
def test_however_a_reply_is_cut_the_same_drafts_come_out(data, reply):
    whole = read(reply)
    if data is not None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(reply)), max_size=12)))
        assert read(*(reply[a:b] for a, b in zip([0, *cuts], [*cuts, len(reply)], strict=True))) == whole
    assert read(*reply) == whole


@settings(max_examples=100, deadline=None)
@given(REPLIES)
def test_no_letter_of_a_reply_is_lost_or_made_up(reply):
    def letters(text):
        return [one for one in text if one.isalpha()]

    without = re.sub(r"[\[【(][^\[\]【】()]*[\]】)]|(?m:^[ \t]*(```|~~~)[^`\n]*(\n|\Z))", "", reply)
    said = letters("".join(draft.lead + draft.text for draft in read(reply)))
    assert len(said) <= len(letters(reply))
    if "[" not in without and "(" not in without and "【" not in without:
        assert len(said) >= len(letters(without))


@settings(max_examples=60, deadline=None)
@given(REPLIES)
def test_what_is_pending_grows_only_at_its_end_until_a_draft_takes_it(reply):
    parser, before = MarkerParser(SHOWN), ""
    for character in reply.replace("`", ""):
        drafts = parser.feed(character)
        assert drafts or parser.pending.startswith(before)
        assert not re.search(r"\[S", parser.pending)
        before = parser.pending


@settings(max_examples=100, deadline=None)
@given(REPLIES | st.lists(st.sampled_from("[]【】()Ss123,- ^\n"), max_size=12).map("".join))
@example("He said [S3], [[S1]], 【S2】 and (S4), see [1] and [2, 3].")
def test_nothing_in_a_defused_text_can_pass_for_a_marker(text):
    quoted = "He said " + defuse(text).replace("`", "").replace("~", "")
    drafts = read(quoted)
    assert not any(draft.evidence or draft.invented for draft in drafts)


def test_defusing_leaves_other_brackets_alone_and_makes_one_line():
    assert defuse("A [sic] thing (2019)\nof [S3] and [1] (S4).") == "A [sic] thing (2019) of ［S3］ and ［1］ （S4）."


def test_a_part_of_a_sentence_with_citations_of_its_own_is_a_draft_of_its_own():
    reply = (
        "Lee said it was safe [S1]; the council denied that [S2], while Hale left [S3]. It rained; it was cold [S1]."
    )
    drafts = read(reply)
    assert [(draft.lead, draft.text, [one.id for one in draft.evidence]) for draft in drafts] == [
        ("", "Lee said it was safe", ["S1"]),
        ("; ", "the council denied that", ["S2"]),
        (", ", "while Hale left.", ["S3"]),
        (" ", "It rained; it was cold.", ["S1"]),
    ]


def test_a_no_goes_with_the_sentence_that_says_why():
    drafts = read("No. The bridge is closed [S1]. Yes. No [S2]. Correct!")
    assert [draft.text for draft in drafts] == ["No. The bridge is closed.", "Yes. No.", "Correct!"]
