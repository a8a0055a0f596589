"""Whether the product finds who said what, beside people's annotation of news articles.

Source: PolNeAR 1.0 (Newell, Margolin and Ruths, LREC 2018): news of the US election of 2016 in which every attribution
is marked with its source, its cue ("said", "thinks") and its content. No licence is stated: to measure with only.

What counts. The product gives each sentence of an article one speaker, or none. An attribution with a source is
*found* if the sentence that holds most of its content is given its source; a sentence that is given a speaker is
*right* if that is the source of an attribution that touches it with source, cue or content. Recall is found / annotated
attributions, precision right / given sentences, F1 their harmonic mean. A speaker is the source if

* a head word of the speaker's name is a head word of the source ("Steve Witkoff" and "the envoy, Mr. Witkoff"), or
* the frame that the product read in the source's own sentence has a subject with such a head word ("he", "the envoy"),
  and it took that subject for this speaker. PolNeAR does not say who "he" is, so neither is that judged, except in
  one row: there the name must also be that of the last source before it that is written with a name.

Thoughts, plans, attacks and beliefs are attributions here as statements are. Statements, in rows of their own, are told
by their words: the content is at least partly quoted, or the cue has a verb of saying, "according to", or no letter at
all (a colon). A sentence that touches no attribution and is given a speaker is wrong. The kind of a source goes by its
words: a pronoun, a name (a head word with a capital), or another description. A content is a direct quotation if all
its letters and digits stand in quotation marks, partly quoted if some do. Of a wrong sentence the kinds are those that
the product took for the source, and of the sentence itself, and it counts as a statement.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from assistant.quotations import mask
from assistant.reading import evidence_of
from assistant.speakers import report
from evals.benchmarks.figures import Weights, estimate, ratio
from evals.benchmarks.lines import sample
from evals.benchmarks.progress import steps
from evals.benchmarks.table import Figure, OnProgress, Table
from evals.statistics import seed_of
from vectorstore.errors import UserError
from vectorstore.sentences import split_sentences
from vectorstore.types import Document, Span
from vectorstore.words import terms

COLUMNS = ("attributions", "annotated", "given", "precision", "recall", "F1")
_PRONOUNS = frozenset("i you he she it we they who him her them us me".split())


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who said something: the spans of an article that are its source, its cue and its content, each at least one."""

    source: tuple[Span, ...]
    cue: tuple[Span, ...]
    content: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One annotated attribution (`kind` "annotated") or one sentence that was given a speaker ("given").

    `source` is pronoun, name or description; `content` direct, partly quoted or indirect; `statement` says that it is
    one; `named_right` that it is right and the name is also that of the last named source before it.
    """

    kind: str
    right: bool
    source: str
    content: str
    statement: bool
    named_right: bool


def measure(data: Path, *, limit: int | None = None, on_progress: OnProgress | None = None) -> Table:
    """Return the table for `data/polnear/dev`; limit bounds the articles.

    Of an article that several people annotated, the annotation whose file name comes first is taken. Intervals are
    by bootstrap over articles.

    Raises:
        UserError: if an annotation is not brat's, or its article is missing.
    """
    title = "Who said it (PolNeAR dev)"
    folder = data / "polnear" / "dev"
    annotations: dict[str, Path] = {}
    files = sorted((folder / "attributions").glob("*.ann"))
    for file in files:
        annotations.setdefault(file.stem.rpartition("_")[0], file)
    if not annotations:
        return Table(title, COLUMNS, (), skipped=("PolNeAR: no polnear/dev/attributions/*.ann; 0 articles measured",))
    names = sorted(annotations)
    chosen = sample(names, limit, "speakers")
    step = steps(len(chosen), on_progress)
    articles: list[tuple[Case, ...]] = []
    sourceless = 0
    for name in chosen:
        text = _read(folder / "text" / f"{name}.txt", annotations[name])
        attributions, without = read_attributions(annotations[name], length=len(text))
        articles.append(judge(text, attributions))
        sourceless += without
        step()
    rows = [_row(name, articles, chooses, lambda case: case.right) for name, chooses in ROWS.items()]
    rows.insert(3, _row(_NAMED, articles, ROWS["statements, a pronoun"], lambda case: case.named_right))
    again, beyond = len(files) - len(annotations), len(names) - len(chosen)
    return Table(
        title,
        COLUMNS,
        tuple(row for row in rows if row),
        settings=(
            f"n = {len(chosen)} articles, intervals by bootstrap over them, 2,000 samples, seeded; head words compared",
            "speakers as at answering time, over the whole article, rules only",
        ),
        published=("none that is comparable is known to us; the bar we set ourselves is F1 .70",),
        skipped=(
            f"{sourceless} attributions whose source is not written in the article",
            *([f"{again} further annotations of articles that several people annotated"] if again else []),
            *([f"{beyond} articles beyond the limit"] if beyond else []),
        ),
    )


def read_attributions(file: Path, *, length: int) -> tuple[tuple[Attribution, ...], int]:
    """Return the attributions with a source of a brat file, by the place of their cue, and how many have none.

    `length` is that of the article in code points.

    Raises:
        UserError: if a line has another form or a span lies outside the article.
    """
    lines = file.read_text(encoding="utf-8").splitlines()
    try:
        spans = dict(_labelled(line) for line in lines if line.startswith("T"))
        events = [_roles(line, spans) for line in lines if line.startswith("E")]
        if any(span.end > length for places in spans.values() for span in places):
            raise ValueError(f"a span ends after the article's {length} characters")
    except (ValueError, KeyError, IndexError) as error:
        raise UserError(f"{file} is not brat's annotation of its article ({error}); unpack both anew") from error
    found = [
        Attribution(one["Source"], one["Cue"], one["Content"])
        for one in events
        if one.keys() >= {"Source", "Cue", "Content"}
    ]
    return tuple(sorted(found, key=lambda one: one.cue)), len(events) - len(found)


def judge(text: str, attributions: Sequence[Attribution]) -> tuple[Case, ...]:
    """Return the cases of one article: every attribution, and every sentence that the product gives a speaker."""
    document = Document(source="article.txt", title="", text=text)  # not loaded: the annotation counts these characters
    evidence = evidence_of(document, split_sentences(document))
    sentences = [one.sentence.span for one in evidence]
    said = [one.speaker for one in evidence]
    subjects = [frame.subject if (frame := report(one.text)) else None for one in evidence]
    sources = [" ".join(span.of(text) for span in one.source) for one in attributions]
    masked = mask(text)

    def is_source(number: int, sentence: int) -> bool:
        speaker = said[sentence]
        if speaker is None:
            return False
        at = _sentence_of(attributions[number].source, sentences)
        subject = subjects[at]
        taken = subject is not None and said[at] == speaker and bool(heads(subject) & heads(sources[number]))
        return taken or bool(heads(speaker) & heads(sources[number]))

    def is_named(number: int, sentence: int) -> bool:
        named = next((one for one in reversed(sources[:number]) if kind_of(one) == "name"), "")
        return bool(heads(said[sentence] or "") & heads(named))

    def case(kind: str, number: int, sentence: int, right: bool) -> Case:
        one = attributions[number]
        content = _quoted(one.content, text, masked)
        statement = content != "indirect" or says(" ".join(span.of(text) for span in one.cue))
        return Case(kind, right, kind_of(sources[number]), content, statement, right and is_named(number, sentence))

    cases = []
    for number, one in enumerate(attributions):
        sentence = _sentence_of(one.content, sentences)
        cases.append(case("annotated", number, sentence, is_source(number, sentence)))
    for sentence, speaker in enumerate(said):
        if speaker is None:
            continue
        touching = [number for number, one in enumerate(attributions) if _touches(one, sentences[sentence])]
        right = next((number for number in touching if is_source(number, sentence)), None)
        if right is None:
            took = kind_of(subjects[sentence] or speaker)
            cases.append(Case("given", False, took, _quoted([sentences[sentence]], text, masked), True, False))
        else:
            cases.append(case("given", right, sentence, True))
    return tuple(cases)


def heads(name: str) -> frozenset[str]:
    """Return the head words of a noun phrase and of what stands beside it, folded.

    "Rep. Ann Lee (R-Ohio), the chairwoman of the panel" has "lee" and "chairwoman".
    """
    found = set()
    for part in re.split(r"[,;:—]|\s-\s", re.sub(r"\([^()]*\)", "", name)):
        for piece in re.split(r"\s(?:and|or)\s", _AFTER_HEAD.sub("", part)):
            words = [word for word in _WORD.findall(piece) if word.rstrip(".").casefold() not in _SUFFIXES]
            if words:
                found.add(_POSSESSIVE.sub("", words[-1]).casefold().replace(".", ""))
    return frozenset(found)


def kind_of(source: str) -> str:
    """Return what a source is written as: "pronoun", "name" or "description"."""
    words = _WORD.findall(source)
    if len(words) == 1 and words[0].casefold() in _PRONOUNS:
        return "pronoun"
    capitals = {_POSSESSIVE.sub("", word).casefold().replace(".", "") for word in words if word[0].isupper()}
    return "name" if heads(source) & capitals else "description"


def says(cue: str) -> bool:
    """Return whether a cue is one of a statement rather than of a thought, a plan or a deed."""
    stems = _stems(cue)
    return not stems or not stems.isdisjoint(_stems(_SAYING))


ROWS: dict[str, Callable[[Case], bool]] = {
    "statements": lambda case: case.statement,
    "statements, the source a name": lambda case: case.statement and case.source == "name",
    "statements, a pronoun": lambda case: case.statement and case.source == "pronoun",
    "statements, another description": lambda case: case.statement and case.source == "description",
    "statements, directly quoted": lambda case: case.content == "direct",
    "statements, partly quoted": lambda case: case.content == "partly quoted",
    "statements, indirect": lambda case: case.statement and case.content == "indirect",
    "all attributions": lambda case: True,
    "all, the source a name": lambda case: case.source == "name",
    "all, a pronoun": lambda case: case.source == "pronoun",
    "all, another description": lambda case: case.source == "description",
}
_NAMED = "statements, a pronoun, named as the last named source"

# Verbs of saying, whatever the product's own cues are; the irregular ones in each form.
_SAYING = """
    say said tell told write wrote written according accuse acknowledge add admit allege announce answer argue ask
    assert boast caution claim comment complain concede confirm contend declare deny disclose emphasize explain insist
    joke maintain mention note observe pledge predict promise quip recall reiterate remark repeat reply report respond
    reveal state stress suggest testify tweet urge vow warn
"""

# What follows a head word: "a spokesman | for the campaign", "officials | who asked not to be named".
_AFTER_HEAD = re.compile(
    r"(?<=\S)\s(?:of|for|in|from|at|with|on|to|by|about|against|near|under|within|among|behind|inside|who|whom|whose|that|"
    r"which|as|close|familiar|including|[a-z]+ing)\b.*",
    re.DOTALL,
)
_WORD = re.compile(r"\w+(?:[-'’.&]\w+)*\.?(?:['’](?=\s|$))?")
_POSSESSIVE = re.compile(r"['’]s?$")
_SUFFIXES = frozenset("jr sr ii iii iv".split())


@lru_cache
def _stems(text: str) -> frozenset[str]:
    return frozenset(term.text for term in terms(text))


def _labelled(line: str) -> tuple[str, tuple[Span, ...]]:
    """Return the id and the spans of a line "T1<tab>Content 10 20;25 30<tab>text"."""
    name, place, _ = line.split("\t", 2)
    return name, tuple(Span(int(start), int(end)) for start, end in map(str.split, place.partition(" ")[2].split(";")))


def _roles(line: str, spans: Mapping[str, tuple[Span, ...]]) -> dict[str, tuple[Span, ...]]:
    """Return the spans by role of a line "E1<tab>Cue:T4 Source:T1 Content:T3 Content2:T5", both contents as one."""
    roles: dict[str, tuple[Span, ...]] = {}
    for part in line.split("\t")[1].split():
        role, _, name = part.partition(":")
        role = role.rstrip("0123456789")
        roles[role] = (*roles.get(role, ()), *spans[name])
    return roles


def _read(file: Path, annotation: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise UserError(f"{annotation} has no article {file.name} in {file.parent}; unpack both anew") from error


def _shared(spans: Iterable[Span], sentence: Span) -> int:
    return sum(max(0, min(span.end, sentence.end) - max(span.start, sentence.start)) for span in spans)


def _sentence_of(spans: Sequence[Span], sentences: Sequence[Span]) -> int:
    """Return the number of the sentence that holds most of the spans, the first of equals."""
    return max(range(len(sentences)), key=lambda number: (_shared(spans, sentences[number]), -number))


def _touches(one: Attribution, sentence: Span) -> bool:
    return _shared((*one.source, *one.cue, *one.content), sentence) > 0


def _quoted(spans: Iterable[Span], text: str, masked: str) -> str:
    places = [place for span in spans for place in range(span.start, span.end) if text[place].isalnum()]
    inside = sum(masked[place] == "\x00" for place in places)
    if not inside:
        return "indirect"
    return "direct" if inside == len(places) else "partly quoted"


def _row(
    name: str, articles: Sequence[Sequence[Case]], chooses: Callable[[Case], bool], succeeds: Callable[[Case], bool]
) -> tuple[str | int | Figure | None, ...] | None:
    """Return the row of the cases that are chosen, or None if there are none."""
    cases = [(number, case) for number, article in enumerate(articles) for case in article if chooses(case)]
    if not cases:
        return None
    annotated = np.array([case.kind == "annotated" for _, case in cases])
    right = np.array([succeeds(case) for _, case in cases])
    precision, recall = ratio(right & ~annotated, ~annotated), ratio(right & annotated, annotated)

    def f1(weights: Weights) -> float:
        both = precision(weights), recall(weights)
        return 2 * both[0] * both[1] / sum(both) if sum(both) else sum(both)

    clusters = [number for number, _ in cases]
    figures = [estimate(one, clusters, seed=seed_of("speakers", name)).figure() for one in (precision, recall, f1)]
    return (name, int(annotated.sum()), int((~annotated).sum()), *figures)
