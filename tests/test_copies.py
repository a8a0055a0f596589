"""Copies are found whatever was done to them, and nothing that one of them alone says is lost."""

import datetime
import random
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_ins import WordEmbedder

from assistant.copied import cite, with_origins
from assistant.plain import also
from assistant.reading import read
from assistant.types import Citation
from vectorstore import copies
from vectorstore.library import Library
from vectorstore.originals import Copy, in_order, reason, without_repeats
from vectorstore.passages import split_passages
from vectorstore.retrieve import Retriever
from vectorstore.sentences import split_sentences
from vectorstore.sync import sync
from vectorstore.types import Document, Filters, Hit, Readable, Span, Why
from vectorstore.writer import writing

ALL = Filters()
EMBEDDER = WordEmbedder()
STORY = (
    "The harbour bridge will close for repairs on Monday, the ministry of transport said in a statement. "
    "Engineers found cracks in two of its eight pillars during an inspection that nobody had announced. "
    "Lorries are to take the northern tunnel, where the toll is waived until the work is finished.\n\n"
    "The repair will cost 12 million crowns and take until the end of October, according to the minister. "
    "Shopkeepers on the island fear for their trade and ask for a ferry in the meantime. "
    "The mayor promised an answer by Thursday, after a meeting with the owners of the shipping line."
)


def kept(folder, texts, **about):
    """Return a library that holds exactly these texts, by name, as a run would leave it but without vectors."""
    library = Library.create(folder / "library")
    with writing(library) as writer:
        for olds in writer.known().values():
            for old in olds:
                if old.source not in texts or library.document(old.id).text != texts[old.source]:
                    writer.remove(old.id)
        held = {old.source for olds in writer.known().values() for old in olds}
        for name in sorted(texts.keys() - held):
            document = Document(name, f"About {name}", texts[name], **about.get(name.removesuffix(".txt"), {}))
            sentences = split_sentences(document)
            passages = split_passages(document, sentences, count=EMBEDDER.count_many, limit=60)
            writer.put(document, path=name.encode(), file_hash=b"", sentences=sentences, passages=passages)
    return library


def clusters(library):
    """Return the names of the documents that are copies of each other, each group once."""
    found = library.connection.execute("SELECT leader, source FROM copies JOIN documents ON number = document")
    groups = {}
    for leader, source in found:
        groups.setdefault(leader, set()).add(source)
    return sorted(map(sorted, groups.values()))


def cited(library, filters=ALL):
    """Return every sentence of every passage that a search could give, by its quote, as it would be cited."""
    documents = {document.id: document for document in library.documents(filters)}
    everything = [passage for id in documents for passage in library.passages_of(id)]
    passages = without_repeats(library, everything, filters)
    hits = [Hit(one, documents[one.document_id], 1.0, Why(1.0, 1.0, 1.0)) for one in passages]
    evidence = with_origins(read(hits, library), library, filters)
    return {(one.document.source, one.quote): one for one in (cite(sentence, 1) for sentence in evidence)}


def names(found):
    return [copy.source for copy in found]


def changed(text, share, seed):
    """Return text with that share of its words changed."""
    rng = random.Random(seed)
    return re.sub(r"\w+", lambda word: f"word{rng.randrange(999)}" if rng.random() < share else word[0], text)


@pytest.mark.parametrize(
    "copy",
    [
        STORY,
        f"LONDON, 12 March (Reuters) — {STORY}",
        STORY[: len(STORY) * 2 // 3],
        f"{STORY}\n\nThe bridge was built in 1931 and carries forty thousand cars on an ordinary working day.",
        STORY.replace("12 million", "15 million"),
        STORY.upper(),
        STORY.replace(" ", "\n"),
        changed(STORY, 0.08, seed=1),
    ],
    ids="same dateline cut longer number shouted wrapped words".split(),
)
def test_a_copy_is_found_whatever_was_done_to_it(tmp_path, copy):
    library = kept(tmp_path, {"a.txt": STORY, "b.txt": copy, "other.txt": "Tomatoes like sun. " * 20})
    assert clusters(library) == [["a.txt", "b.txt"], ["other.txt"]]


def test_short_texts_are_copies_only_word_for_word(tmp_path):
    note = "Room 12 is free from noon until four o'clock on Tuesday and has a screen."
    texts = {"a.txt": note, "b.txt": note.upper(), "c.txt": note.replace("12", "14")}
    assert clusters(kept(tmp_path, texts)) == [["a.txt", "b.txt"], ["c.txt"]]


def test_a_run_compares_what_is_new_and_gives_the_copies_of_what_is_gone_another_leader(tmp_path):
    longer = f"{STORY}\n\nThe bridge was built in 1931 and carries forty thousand cars on an ordinary working day."
    kept(tmp_path, {"a.txt": STORY, "long.txt": longer})
    library = kept(tmp_path, {"a.txt": STORY, "long.txt": longer, "new.txt": STORY})
    assert clusters(library) == [["a.txt", "long.txt", "new.txt"]]
    library = kept(tmp_path, {"a.txt": STORY, "new.txt": STORY})
    assert clusters(library) == [["a.txt", "new.txt"]]
    library = kept(tmp_path, {"a.txt": "Tomatoes like sun. " * 20, "new.txt": STORY})
    assert clusters(library) == [["a.txt"], ["new.txt"]]


def test_signatures_made_in_another_way_are_made_again(tmp_path):
    library = kept(tmp_path, {"a.txt": STORY})
    library.connection.execute("UPDATE meta SET value = 'older' WHERE key = 'copies'")
    library.connection.execute("UPDATE copies SET signature = zeroblob(length(signature))")
    assert clusters(kept(tmp_path, {"a.txt": STORY, "b.txt": STORY})) == [["a.txt", "b.txt"]]


def test_a_sentence_of_five_copies_is_found_and_cited_once_from_the_first_published(tmp_path):
    (tmp_path / "texts").mkdir()
    for day in (5, 2, 4, 3, 6):
        about = f"---\ntitle: Bridge {day}\noutlet: Paper {day}\npublished: 2025-03-1{day}\n---\n"
        (tmp_path / f"texts/{day}.txt").write_text(about + STORY, encoding="utf-8")
    library = Library.create(tmp_path / "library")
    sync([tmp_path / "texts"], library, EMBEDDER, passage_tokens=60)
    hits = Retriever(library, EMBEDDER).search("What will the repair cost?", k=20)
    assert len({hit.text for hit in hits}) == len(hits) > 1
    assert {hit.document.source for hit in hits} == {"texts/2.txt"}
    for one in (cite(evidence, 1) for evidence in with_origins(read(hits, library), library, ALL)):
        assert (one.document.source, one.original) == ("texts/2.txt", "published_first")
        assert names(one.also) == ["texts/3.txt", "texts/4.txt", "texts/5.txt", "texts/6.txt"]
        assert one.also[0] == Copy("texts/3.txt", "Bridge 3", "Paper 3", datetime.date(2025, 3, 13))


def test_a_copy_that_says_something_else_in_a_sentence_is_cited_for_it(tmp_path):
    texts = {"a.txt": STORY, "b.txt": STORY.replace("12 million", "15 million"), "c.txt": STORY}
    found = {one.quote: one for one in cited(kept(tmp_path, texts)).values()}
    twelve, fifteen, fear = (
        next(one for quote, one in found.items() if words in quote) for words in ("12 mill", "15 mill", "Shopkeepers")
    )
    assert (twelve.document.source, names(twelve.also)) == ("a.txt", ["c.txt"])
    assert (fifteen.document.source, names(fifteen.also), fifteen.original) == ("b.txt", [], None)
    assert (fear.document.source, names(fear.also)) == ("a.txt", ["b.txt", "c.txt"])


def test_what_may_not_be_read_or_was_left_out_by_a_filter_is_neither_cited_nor_named(tmp_path):
    def about(outlet, day):
        return {"outlet": outlet, "published": datetime.date(2025, 3, day)}

    texts = {"a.txt": STORY, "b.txt": STORY, "c.txt": STORY}
    library = kept(tmp_path, texts, a=about("Wire", 1), b=about("Post", 2), c=about("Post", 3))
    assert {(source, *names(one.also)) for (source, _), one in cited(library).items()} == {("a.txt", "b.txt", "c.txt")}
    for filters in (Filters(readable=Readable(("[bc].txt",))), Filters(outlets=("post",))):
        found = cited(library, filters)
        assert {(source, *names(one.also)) for (source, _), one in found.items()} == {("b.txt", "c.txt")}
    alone = cited(library, Filters(readable=Readable(("c.txt",))))
    assert {(source, one.also, one.original) for (source, _), one in alone.items()} == {("c.txt", (), None)}


def test_white_space_makes_no_difference_and_every_quote_stays_its_documents_own(tmp_path):
    found = cited(kept(tmp_path, {"a.txt": STORY.replace("cost 12", "cost  12"), "b.txt": STORY}))
    assert {(source, *names(one.also)) for (source, _), one in found.items()} == {("a.txt", "b.txt")}
    assert any("cost  12" in quote for _, quote in found)
    assert all(one.quote == one.document.text[one.span.start : one.span.end] for one in found.values())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sets(st.integers(0, 5)), min_size=2, max_size=4))
def test_no_sentence_is_lost_among_copies(edits):
    # Each copy says sentence n in its own way where n is among its edits.
    said = [
        ". ".join(f"{one} in {number}" if n in edit else one for n, one in enumerate(STORY.split(". ")))
        for number, edit in enumerate(edits)
    ]
    with TemporaryDirectory() as folder:
        library = kept(Path(folder), {f"{n}.txt": text for n, text in enumerate(said)})
        found = cited(library)
        everything = {s.span.of(d.text) for d in library.documents() for s in library.sentences(d.id)}
        library.close()
    assert {quote for _, quote in found} == everything
    assert len(found) == len(everything)


def test_in_words_some_of_the_copies_are_named():
    def footnote(*copies):
        return Citation(1, Document("a.md", "A", "It rained."), Span(0, 10), also=copies)

    assert also(footnote(Copy("b.md", "B", "Wire\n[2]", None))) == "also in 1 other: Wire [2]"
    many = [Copy(f"{n}.md", "B", None, None) for n in range(9)]
    assert also(footnote(*many)) == "also in 9 others: 0.md, 1.md, 2.md, 3.md, 4.md, …"


def copy(source, outlet=None, day=None, edges=""):
    return Copy(source, "", outlet, day and datetime.date(2025, 3, day), edges)


@pytest.mark.parametrize(
    ("group", "first", "why"),
    [
        ([copy("a", day=2), copy("b", day=1)], "b", "published_first"),
        ([copy("a", "Post", edges="By A. Poe, Associated Press"), copy("b", "AP")], "b", "credited"),
        ([copy("a", "Post", edges="LONDON (Reuters) - Rain"), copy("b", "Reuters")], "b", "credited"),
        ([copy("a", "Post", 1, "OSLO (AFP) - Rain"), copy("b", "Agence France-Presse", 1)], "b", "credited"),
        ([copy("a", "Post", 1, "OSLO (AFP) - Rain"), copy("b", "AFP")], "b", "credited"),
        ([copy("a", "Post", edges="Originally published by The Wire."), copy("b", "Wire")], "b", "credited"),
        ([copy("a", "Post", 1, "Rain (Reuters)"), copy("b", "Reuters", 2)], "a", "published_first"),
        ([copy("a"), copy("b", day=3)], "b", "published_first"),
        ([copy("a", "Reuters", edges="OSLO (Reuters) - Rain"), copy("b", "Post")], "a", "first_by_source"),
        ([copy("b", "Post", edges="He is an ap developer"), copy("a", "AP")], "a", "first_by_source"),
        ([copy("b", day=1), copy("a", day=1)], "a", "first_by_source"),
    ],
)
def test_the_original_is_published_first_or_credited_or_first_by_source(group, first, why):
    ordered = in_order(group)
    assert (ordered[0].source, reason(ordered)) == (first, why)
    assert in_order(group[::-1]) == ordered


@given(st.text(), st.text())
def test_likeness_is_that_of_two_sets(one, other):
    assert 0.0 <= copies.likeness(one, other) == copies.likeness(other, one) <= 1.0
    assert copies.likeness(one, one) in (0.0, 1.0)  # a text without words is like nothing
