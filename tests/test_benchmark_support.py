"""The support benchmark on sets small enough to be worked out by hand."""

import gzip

import pytest
from benchmark_data import cells, write_lines

from evals.benchmarks.support import SETS, Overlap, measure, overlap
from vectorstore.errors import UserError

PREMISE = "The old bridge fell in March. Nobody was hurt."
PAIRS = [
    ("The old bridge fell.", 1),
    ("The old bridge fell in March.", 1),
    ("The bridge was never old, Paul!", 0),
    ("Cats purr.", 0),
]


def write_set(data, name, pairs=PAIRS, **more):
    rows = [{"premise": PREMISE, "claim": claim, "label": label, **more} for claim, label in pairs]
    write_lines(data / "support" / "dev" / f"{name}.jsonl.gz", rows)


def test_overlap_is_the_share_of_content_words_and_of_neighbours():
    # The content words of the premise: old, bridge, fell, march, nobody, hurt.
    assert [overlap(claim, PREMISE) for claim, _ in PAIRS] == [
        Overlap(3 / 3, 2 / 2),
        Overlap(4 / 4, 3 / 3),
        Overlap(2 / 4, 0 / 3),
        Overlap(0 / 2, 0 / 1),
    ]
    assert overlap("It is.", "") == overlap("", PREMISE) == Overlap(1, 1)


def row(table, name):
    return cells(table, "set")[name,]


def test_overlap_and_verifier_are_measured_as_by_hand(tmp_path):
    write_set(tmp_path, "fm2_half")
    found = row(measure(tmp_path), "FoolMeTwice half")
    assert found["n"] == 4
    assert found["AUC words"].value == found["AUC pairs of words"].value == 1
    assert found["best balanced accuracy words"].value == found["best balanced accuracy pairs"].value == 1
    assert found["AUC verifier"].value == found["balanced accuracy verifier"].value == 1
    assert found["verifier − best overlap"].value == 0


def test_what_overlap_cannot_tell_apart_it_is_not_credited_with(tmp_path):
    # Both claims hold only words of the premise, of the second no two in their order.
    write_set(tmp_path, "fm2_half", [("The old bridge fell.", 1), ("Hurt, March fell old.", 0)])
    found = row(measure(tmp_path), "FoolMeTwice half")
    assert found["AUC words"].value == found["best balanced accuracy words"].value == 0.5
    assert found["AUC pairs of words"].value == found["best balanced accuracy pairs"].value == 1
    difference = found["balanced accuracy verifier"].value - 1
    assert found["verifier − best overlap"].value == pytest.approx(difference)


def test_pairs_on_one_passage_are_one_cluster_unless_the_set_names_its_own(tmp_path):
    write_set(tmp_path, "fm2_half")
    folder = tmp_path / "support" / "dev"
    rows = [
        {"premise": PREMISE, "claim": claim, "label": label, "group": f"page {number}"}
        for number, (claim, label) in enumerate(PAIRS)
    ]
    write_lines(folder / "vitaminc_pages.jsonl.gz", rows)
    table = measure(tmp_path)
    assert row(table, "FoolMeTwice half")["AUC words"].low is None
    assert row(table, "VitaminC pages")["AUC words"].low == 1


def test_absent_sets_are_named_with_their_pairs_and_unknown_ones_measured(tmp_path):
    write_set(tmp_path, "zz_other")
    table = measure(tmp_path)
    assert [cell[0] for cell in table.rows] == ["zz_other"]
    assert table.skipped[0] == "support/dev/vitaminc_pages.jsonl.gz is absent (3,080 pairs)"
    assert len(table.skipped) == len(SETS)


def test_without_any_set_there_is_no_row(tmp_path):
    table = measure(tmp_path)
    assert table.rows == ()
    assert len(table.skipped) == len(SETS)


def test_the_mean_is_over_the_six_families_and_only_when_all_are_there(tmp_path):
    six = [name for name, _, _, counts in SETS if counts]
    for name in six[:-1]:
        write_set(tmp_path, name)
    write_set(tmp_path, "frank_bbc_valid", [("Cats purr.", 1), ("The old bridge fell.", 0)])
    assert ("mean of the first six",) not in cells(measure(tmp_path), "set")
    write_set(tmp_path, six[-1], [("The old bridge fell.", 0), ("Cats purr.", 1)])
    assert row(measure(tmp_path), "mean of the first six")["AUC words"].value == pytest.approx(5 / 6)


def test_a_limit_takes_the_same_pairs_each_time_and_progress_counts_them(tmp_path):
    write_set(tmp_path, "fm2_half", PAIRS * 5)
    told = []
    tables = [measure(tmp_path, limit=7, on_progress=lambda done, total: told.append((done, total))) for _ in range(2)]
    assert tables[0] == tables[1]
    assert row(tables[0], "FoolMeTwice half")["n"] == 7
    assert told[:7] == [(done, 7) for done in range(1, 8)]


@pytest.mark.parametrize("line", ['{"claim": "so"}', "[]", "{", '"premise claim label"'])
def test_a_set_of_another_form_is_a_mistake_with_its_line(tmp_path, line):
    path = tmp_path / "support" / "dev" / "fm2_half.jsonl.gz"
    write_lines(path, [{"premise": PREMISE, "claim": "so", "label": 1}])
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + line.encode()))
    with pytest.raises(UserError, match="Line 2 of"):
        measure(tmp_path)
    path.write_text("not compressed")
    with pytest.raises(UserError, match="cannot be read"):
        measure(tmp_path)
