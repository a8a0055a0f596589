"""Laws of the page's words: five catalogues that say the same, and a language that is chosen without ever failing."""

import datetime
import json
import re
from typing import get_args

import pytest
from babel import Locale
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.settings import Settings
from assistant.web.words import CATALOGUE, LANGUAGES, Words, script_words, words_for

DAY = datetime.date(2025, 8, 18)
OTHERS = [language for language in LANGUAGES if language != "en"]
FIELD = re.compile(r"\{(\w+)\}")

# Words that happen to be the same as in English, by language; every other equal string was forgotten.
SAME = {
    "Markdown", "JSON", "{sentences}: {tally}",
    *("fr: " + words for words in (
        "{count} document", "{count} documents", "{count} passage", "{count} passages", "{count} source",
        "{count} sources", "Question", "Sources", "Source {number}", "Documents", "Conversations",
    )),
    "es: Error",
    "de: in {names}",
}  # fmt: skip


def catalogue(language):
    return json.loads((CATALOGUE / f"{language}.json").read_text(encoding="utf-8"))


def forms(entry):
    """Return the strings of an entry by plural form, the one string of a plain entry by ""."""
    return entry if isinstance(entry, dict) else {"": entry}


def strings(language):
    return [(key, said) for key, entry in catalogue(language).items() for said in forms(entry).values()]


def test_every_language_of_the_page_has_a_catalogue_and_can_be_set():
    assert {path.stem for path in CATALOGUE.iterdir()} == set(LANGUAGES)
    (allowed, _) = get_args(Settings.model_fields["language"].annotation)
    assert set(get_args(allowed)) == set(LANGUAGES)


def test_a_catalogue_names_no_key_twice():
    def single(pairs):
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    for language in LANGUAGES:
        json.loads((CATALOGUE / f"{language}.json").read_text(encoding="utf-8"), object_pairs_hook=single)


@pytest.mark.parametrize("language", OTHERS)
def test_all_catalogues_have_the_same_keys_in_the_same_order(language):
    assert list(catalogue(language)) == list(catalogue("en"))


@pytest.mark.parametrize("language", OTHERS)
def test_every_form_of_a_translation_names_the_fields_of_the_english(language):
    english = catalogue("en")
    for key, said in strings(language):
        (fields,) = {frozenset(FIELD.findall(one)) for one in forms(english[key]).values()}
        assert set(FIELD.findall(said)) == fields, (language, key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plural_has_exactly_the_forms_that_the_language_uses_below_a_million(language):
    needed = {Locale.parse(language).plural_form(number) for number in range(1000)} | {"other"}
    english = catalogue("en")
    for key, entry in catalogue(language).items():
        if isinstance(entry, dict):
            assert set(entry) == needed, (language, key)
            assert all("{count}" in said for said in entry.values()), (language, key)
        else:
            assert isinstance(english[key], str), f"{key} has plural forms in English, so {language} needs them too"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_empty_and_no_brace_is_left_over(language):
    for key, said in strings(language):
        assert said.strip() == said != "", (language, key)
        assert not re.search(r"[{}<>]", FIELD.sub("", said)), (language, key)


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_is_left_in_a_translation(language):
    english = {said for _, said in strings("en")}
    forgotten = {said for _, said in strings(language) if said in english}
    assert {said for said in forgotten if not {said, f"{language}: {said}"} & SAME} == set()


def test_french_never_breaks_a_line_before_its_punctuation():
    spaced = [said for _, said in strings("fr") if re.search(r"[^\u00a0\u202f][:;?!»]|«[^\u00a0]", said)]
    assert spaced == []


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["0 documents", "1 document", "2 documents", "5 documents", "21 documents", "1,000,000 documents"]),
        ("de", ["0 Dokumente", "1 Dokument", "2 Dokumente", "5 Dokumente", "21 Dokumente", "1.000.000 Dokumente"]),
        ("fr", ["0 document", "1 document", "2 documents", "5 documents", "21 documents", "1 000 000 documents"]),
        (
            "es",
            ["0 documentos", "1 documento", "2 documentos", "5 documentos", "21 documentos", "1.000.000 documentos"],
        ),
        (
            "uk",
            ["0 документів", "1 документ", "2 документи", "5 документів", "21 документ", "1 000 000 документів"],
        ),
    ],
)
def test_a_count_takes_the_form_and_the_grouping_of_its_language(language, expected):
    words = words_for(None, language)
    said = [words("units.documents", count=count) for count in (0, 1, 2, 5, 21, 1_000_000)]
    assert [re.sub(r"[\u00a0\u202f]", " ", one) for one in said] == expected


@pytest.mark.parametrize(("language", "expected"), [("en", "1,234"), ("de", "1.234"), ("es", "1234")])
def test_four_digits_are_grouped_where_the_language_does(language, expected):
    assert words_for(None, language).number(1234) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "18 Aug 2025"),
        ("de", "18.08.2025"),
        ("fr", "18 août 2025"),
        ("es", "18 ago 2025"),
        ("uk", "18 серп. 2025\u202fр."),
    ],
)
def test_a_day_is_written_as_its_language_does(language, expected):
    assert words_for(None, language).date(DAY) == expected


def test_no_sentence_ends_in_two_full_stops_after_an_ukrainian_date():
    words = words_for("uk")
    day = words.date(DAY)
    filters = words("filters.before", date=day)
    said = [words("summary.newest", date=day), words("abstained.narrowed", filters=filters)]
    assert [one for one in said if ".." in one] == []


@given(value=st.text())
@example(value="{count}")
@example(value="{speaker}")
@example(value="{0.__class__}")
@example(value="\\1 \\g<0> %s")
def test_a_value_is_inserted_as_it_is(value):
    assert words_for("en")("sources.said_by", speaker=value) == f"Said by {value}"


def test_an_unknown_key_and_a_missing_value_are_mistakes_of_the_caller():
    with pytest.raises(KeyError):
        words_for("en")("units.elephants", count=1)
    with pytest.raises(KeyError):
        words_for("en")("sources.said_by")
    with pytest.raises(KeyError):
        words_for("en")("units.documents")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
        ("en;q=0.3, uk;q=0.8", "uk"),
        ("it, es-419;q=0.5", "es"),
        ("it, pl;q=0.9", "en"),
        ("de;q=0, fr;q=0.1", "fr"),
        ("*, de;q=0.5", "en"),
        ("de;q=2", "en"),
        ("de;q=abc", "en"),
        ("../../etc/passwd", "en"),
        (";;;,,,q=1", "en"),
        ("\x00de", "en"),
    ],
)
def test_the_header_of_a_browser_chooses_by_its_weights(header, expected):
    assert words_for(header).language == expected


@given(header=st.text() | st.from_regex(r"([a-zA-Z]{2}(-[A-Z]{2})?(;q=[01](\.[0-9])?)?, ?){0,5}", fullmatch=True))
def test_no_header_and_no_cookie_of_a_stranger_fails(header):
    assert words_for(header, header).language in LANGUAGES


def test_the_setting_goes_before_the_choice_and_the_choice_before_the_browser():
    assert words_for("de", "fr", "uk").language == "uk"
    assert words_for("de", "fr").language == "fr"
    assert words_for("de", "xx").language == "de"


def test_a_catalogue_is_read_once():
    assert words_for("de-AT") is words_for("fr", "de")


def test_words_are_equal_if_their_language_is():
    assert Words("de", {}) == words_for("de") != words_for("fr")
    assert len({Words("de", {}), words_for("de")}) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_script_gets_its_own_words_and_the_name_of_their_language(language):
    said = script_words(words_for(language))
    assert said.pop("language") == language
    assert said == {key: entry for key, entry in catalogue(language).items() if key.startswith("script.")}
    assert said["script.language"]
