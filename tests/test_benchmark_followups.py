import json

import pytest

from evals.benchmarks.followups import COLUMNS, REWRITERS, FollowUp, alike, measure, read_follow_ups
from evals.benchmarks.table import Figure
from vectorstore.errors import UserError

BERG = ["Anna Berg", "The dam", "What did Anna Berg build?", "She built the dam of Oslo."]


def asked(question, rewrite, said=BERG):
    return FollowUp("one", tuple(said), question, rewrite)


def published(conversation, said, question, rewrite):
    return {"QuAC_dialog_id": conversation, "History": said, "Question": question, "Rewrite": rewrite}


def test_words_that_the_person_added_are_counted_apart():
    one = alike("When did Anna Berg resign?", asked("When did she resign?", "When did engineer Anna Berg resign?"))
    assert (one.recall, one.precision, one.f1) == (3 / 4, 1, 6 / 7)  # anna, berg, resign; engineer is missing
    assert (one.found, one.right, one.exact) == (2 / 3, 1, False)


def test_a_question_left_as_it_was_added_nothing_that_could_be_right():
    one = alike("When did she resign?", asked("When did she resign?", "When did Anna Berg resign?"))
    assert (one.recall, one.precision, one.found, one.right) == (1 / 3, 1, 0, None)


def test_a_question_of_stop_words_has_no_precision_and_no_recall_where_nothing_is_wanted():
    assert alike("Why?", asked("Why?", "Why did Berg?")).precision is None
    assert alike("Berg?", asked("Why?", "Why?")).recall is None


@pytest.mark.parametrize("question", ["when did ANNA BERG resign", "When did Anna Berg  resign ?"])
def test_case_spaces_and_the_last_sign_do_not_make_a_question_another(question):
    assert alike(question, asked("When?", "When did Anna Berg resign?")).exact


def test_title_and_section_are_turns_only_where_the_row_says_so():
    one = asked("When did she resign?", "When did Anna Berg resign?", said=BERG[:2])
    assert REWRITERS["stand_alone, from the turns"](one) == "When did she resign?"
    assert REWRITERS["stand_alone, title and section as first turns"](one) == "When did Anna Berg resign?"


def test_the_table_has_the_figures_that_a_hand_counts(tmp_path):
    folder = tmp_path / "followups"
    folder.mkdir()
    jansen = ["Piet Jansen", "Tunnels", "What did Piet Jansen dig?", "He dug the tunnel of Bergen."]
    (folder / "half.json").write_text(
        json.dumps(
            [
                published("a", BERG, "When did she retire?", "When did Anna Berg retire?"),
                published("b", jansen, "Was it deep?", "Was the tunnel deep?"),
                published(
                    "b",
                    [*jansen, "Was it deep?", "Yes."],
                    "Is the tunnel of Bergen safe?",
                    "Is the tunnel of Bergen safe?",
                ),
            ]
        )
    )
    calls = []
    table = measure(tmp_path, on_progress=lambda *call: calls.append(call))
    rows = {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in table.rows}
    before, ours, person = rows["as it was asked"], rows["stand_alone, from the turns"], rows["rewritten by a person"]
    assert calls == [(1, 3), (2, 3), (3, 3)]
    assert (before["n"], before["exact"].value, ours["exact"].value) == (3, 1 / 3, 2 / 3)
    assert before["added words found"] == Figure(0.0, 0.0, 0.0, n=2)  # of the two that the person changed
    assert before["added words right"] is None
    assert ours["added words found"].value == 1  # Anna Berg, and the tunnel
    assert ours["added words right"].value == (1 + 1 / 2) / 2  # but of Bergen, which the person left out
    assert ours["changed, person left it"].value == 0
    assert ours["left, person changed it"].value == 0
    assert person["search: first"].value == 1
    assert person["search: among 5"].value == 1
    assert table.skipped == ()
    assert "2 conversations" in table.settings[0]


def test_a_limit_is_counted_as_skipped(tmp_path):
    (tmp_path / "followups").mkdir()
    rows = [published("a", BERG, f"When did she retire in {year}?", "When?") for year in (1990, 2000)]
    (tmp_path / "followups" / "half.json").write_text(json.dumps(rows))
    table = measure(tmp_path, limit=1)
    assert [row[1] for row in table.rows] == [1] * 4
    assert table.skipped == ("1 questions beyond the limit",)


def test_absent_data_is_named_and_counted(tmp_path):
    table = measure(tmp_path)
    assert table.rows == ()
    assert table.skipped == ("CANARD: no *.json in followups/; 0 questions measured",)


@pytest.mark.parametrize("content", ["{", "[1]", '[{"Question": "Why?"}]', '{"Question": "Why?"}'])
def test_a_file_of_another_form_is_named(tmp_path, content):
    file = tmp_path / "other.json"
    file.write_text(content)
    with pytest.raises(UserError, match=r"other\.json is not a file of CANARD"):
        read_follow_ups(file)
