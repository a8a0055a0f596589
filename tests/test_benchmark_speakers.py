import pytest

from evals.benchmarks.speakers import COLUMNS, heads, judge, kind_of, measure, read_attributions, says
from vectorstore.errors import UserError

ARTICLE = (
    "Anna Berg said that the dam was safe.\n\n"
    "“It will hold,” she said.\n\n"
    "Several neighbours fear for their gardens.\n\n"
    "Piet Jansen told the council that nobody had asked him.\n"
)
ATTRIBUTIONS = (
    ("Anna Berg", "said that", "the dam was safe"),
    ("she", "she said", "It will hold"),
    ("Several neighbours", "fear", "for their gardens"),
)


def annotation(text, attributions, *, sourceless=()):
    """The lines of a brat file; each part is at its first place in the text."""
    lines, events = [], []
    for source, cue, content in (*attributions, *sourceless):
        roles = []
        for role, part in (("Source", source), ("Cue", cue), ("Content", content)):
            if (source, cue, content) in sourceless and role == "Source":
                continue
            start = text.index(part)
            lines.append(f"T{len(lines) + 1}\t{role} {start} {start + len(part)}\t{part}")
            roles.append(f"{role}:T{len(lines)}")
        events.append(f"E{len(events) + 1}\t{' '.join(roles)}")
    return "\n".join([*events, *lines]) + "\n"  # an event may stand before what it names


def write_article(data, name="outlet_2016_dam", annotators=("aa",), **more):
    folder = data / "polnear" / "dev"
    for part in ("text", "attributions"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "text" / f"{name}.txt").write_text(ARTICLE)
    for annotator in annotators:
        file = folder / "attributions" / f"{name}_{annotator}.ann"
        file.write_text(annotation(ARTICLE, ATTRIBUTIONS, **more))
    return file


def figures(table):
    return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in table.rows}


def test_the_table_has_the_figures_that_a_hand_counts(tmp_path):
    # Of three attributions the fear is not found; of three sentences given a speaker Jansen's is in no annotation.
    write_article(tmp_path)
    rows = figures(measure(tmp_path))
    every = rows["all attributions"]
    assert (every["annotated"], every["given"]) == (3, 3)
    assert (every["precision"].value, every["recall"].value, every["F1"].value) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    stated = rows["statements"]
    assert (stated["annotated"], stated["recall"].value, stated["F1"].value) == (2, 1, pytest.approx(0.8))
    name = rows["statements, the source a name"]
    assert (name["annotated"], name["given"], name["precision"].value) == (1, 2, 1 / 2)
    pronoun = rows["statements, a pronoun"]
    assert (pronoun["annotated"], pronoun["given"], pronoun["F1"].value) == (1, 1, 1)
    assert rows["statements, a pronoun, named as the last named source"]["F1"].value == 1
    assert rows["all, another description"]["recall"].value == 0
    assert rows["all, another description"]["precision"] is None
    assert rows["statements, directly quoted"]["annotated"] == 1


def test_of_several_annotations_of_an_article_the_first_counts_and_the_others_are_told(tmp_path):
    write_article(tmp_path, annotators=("bb", "aa", "cc"), sourceless=[("", "told", "nobody had asked him")])
    table = measure(tmp_path)
    assert figures(table)["all attributions"]["annotated"] == 3
    assert table.skipped == (
        "1 attributions whose source is not written in the article",
        "2 further annotations of articles that several people annotated",
    )


def test_a_limit_bounds_the_articles_and_two_have_an_interval(tmp_path):
    for name in ("one_x", "two_x", "three_x"):
        write_article(tmp_path, name)
    calls = []
    table = measure(tmp_path, limit=2, on_progress=lambda *call: calls.append(call))
    assert calls == [(1, 2), (2, 2)]
    figure = figures(table)["all attributions"]["F1"]
    assert figure.value == figure.low == figure.high == pytest.approx(2 / 3)  # articles that are alike
    assert table.skipped[-1] == "1 articles beyond the limit"


def test_a_pronoun_is_found_without_asking_whom_it_means_but_a_wrong_name_is_seen(tmp_path):
    text = "Anna Berg met Piet Jansen.\n\nMaria Lund said no.\n\n“It will hold,” she said.\n"
    file = tmp_path / "x_a.ann"
    file.write_text(annotation(text, [("Anna Berg", "met", "Piet Jansen"), ("she", "she said", "It will hold")]))
    attributions, _ = read_attributions(file, length=len(text))
    case = next(case for case in judge(text, attributions) if case.kind == "annotated" and case.source == "pronoun")
    assert (case.right, case.named_right) == (True, False)  # the product says Maria Lund


def test_a_pronoun_is_not_found_where_the_product_gave_its_words_to_somebody_else(tmp_path):
    text = "Anna Berg met the press.\n\nShe said no.\n\nPiet Jansen said it will hold.\n"
    file = tmp_path / "x_a.ann"
    file.write_text(annotation(text, [("She", "said", "it will hold")]))
    attributions, _ = read_attributions(file, length=len(text))
    assert [case.right for case in judge(text, attributions) if case.kind == "annotated"] == [False]


def test_a_speaker_who_is_not_the_source_is_wrong_both_ways():
    text = "Anna Berg said that Piet Jansen thinks the dam is safe.\n"
    cases = judge(text, ())
    assert [(case.kind, case.right) for case in cases] == [("given", False)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Rep. Ann Lee (R-Ohio), the chairwoman of the panel", {"lee", "chairwoman"}),
        ("a spokesman for the Berg campaign", {"spokesman"}),
        ("officials who asked not to be named", {"officials"}),
        ("Berg's campaign", {"campaign"}),
        ("Anna Berg and Piet Jansen", {"berg", "jansen"}),
        ("Donald Trump Jr.", {"trump"}),
        ("the U.S.", {"us"}),
        ("she", {"she"}),
        ("", set()),
        ("…", set()),
    ],
)
def test_head_words(source, expected):
    assert heads(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("She", "pronoun"),
        ("Anna Berg", "name"),
        ("The New York Post", "name"),
        ("the mayor of Oslo", "description"),
        ("The mayor", "description"),
        ("Berg's friends", "description"),
    ],
)
def test_the_kind_of_a_source_goes_by_its_head_word(source, expected):
    assert kind_of(source) == expected


def test_a_cue_of_saying_or_a_bare_sign_makes_a_statement_a_wish_does_not():
    assert all(map(says, ("said", "has repeatedly warned", "According to", ":")))
    assert not any(map(says, ("wants", "plans to")))


def test_absent_data_is_named_and_counted(tmp_path):
    table = measure(tmp_path)
    assert table.rows == ()
    assert table.skipped == ("PolNeAR: no polnear/dev/attributions/*.ann; 0 articles measured",)


@pytest.mark.parametrize(
    "line", ["T1\tSource 0 9999\tAnna", "T1\tSource x 3\tAnna", "T1 Source", "E1\tSource:T9", "E1", "T1\tSource 5 2\tA"]
)
def test_an_annotation_that_does_not_fit_is_named(tmp_path, line):
    file = tmp_path / "article_aa.ann"
    file.write_text(line + "\n")
    with pytest.raises(UserError, match=r"article_aa\.ann is not brat's annotation of its article"):
        read_attributions(file, length=100)


def test_an_annotation_without_its_article_is_named(tmp_path):
    write_article(tmp_path)
    (tmp_path / "polnear" / "dev" / "text" / "outlet_2016_dam.txt").unlink()
    with pytest.raises(UserError, match=r"has no article outlet_2016_dam\.txt"):
        measure(tmp_path)


def test_a_content_in_two_places_is_one_content(tmp_path):
    file = tmp_path / "article_aa.ann"
    file.write_text(
        "T1\tSource 0 4\tAnna\nT2\tCue 5 9\tsaid\nT3\tContent 10 12;20 22\tno no\nT4\tContent 30 35\tnever\n"
        "E1\tSource:T1 Cue:T2 Content:T3 Content2:T4\n"
    )
    ((one,), without) = read_attributions(file, length=100)
    assert [(span.start, span.end) for span in one.content] == [(10, 12), (20, 22), (30, 35)]
    assert without == 0
