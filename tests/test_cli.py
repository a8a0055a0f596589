"""The contract of the command line: JSON, sentences for mistakes, exit codes, order of lines."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from assistant.cli import run
from assistant.sample import sample_corpus
from vectorstore.library import Library

QUESTION = "What did Russia say about NATO troops?"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    directory = tmp_path_factory.mktemp("cli") / "library"
    assert run(["--library", str(directory), "index", str(sample_corpus())]) == 0
    return directory


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("FOOTNOTE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def footnote(capsys):
    """Run a command in this process; return its exit code, the JSON lines of stdout, and stderr."""

    def footnote(*arguments):
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return status, [json.loads(line) for line in out.splitlines()] if "--json" in arguments else out, err

    return footnote


def in_a_process(*arguments, **options):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOOTNOTE_")}
    environment |= options.pop("env", {})
    return subprocess.Popen(
        [sys.executable, "-c", "from evals.command import main; main()", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        **options,
    )


def written(path, *lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_index_reports_what_it_did_and_a_second_run_finds_nothing_to_do(footnote, tmp_path):
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "a.txt").write_text("The river rose by two metres. The bridge was closed.", encoding="utf-8")
    (articles / "b.txt").write_bytes(b"\0\1\2" * 1000)
    status, (report,), _ = footnote("index", articles, "--library", tmp_path / "library", "--json")
    assert status == 0
    assert report["added"] == ["articles/a.txt"]
    assert [(one["source"], one["reason"]) for one in report["skipped"]] == [("articles/b.txt", "not_text")]
    assert report["embedded"] == report["passages"] == 1
    status, (report,), _ = footnote("index", articles, "--library", tmp_path / "library", "--json")
    assert (status, report["added"], report["unchanged"], report["embedded"]) == (0, [], ["articles/a.txt"], 0)


def test_index_says_in_words_what_it_did(footnote, tmp_path):
    (tmp_path / "a.txt").write_text("The river rose by two metres.", encoding="utf-8")
    status, out, _ = footnote("index", tmp_path / "a.txt", "--library", tmp_path / "library")
    assert status == 0
    assert "added            1" in out
    assert "(1 embedded, 0 reused)" in out


def test_search_prints_the_contract_and_the_words_it_was_found_by(footnote, library):
    status, (found,), _ = footnote("search", "--library", library, "--json", "-k", 3, "NATO troops")
    assert status == 0
    assert found["question"] == "NATO troops"
    assert len(found["hits"]) == 3
    held = Library.open(library)
    for hit in found["hits"]:
        assert held.find(hit["source"]).text[hit["start"] : hit["end"]] == hit["text"]
        assert set(hit["why"]) == {"lexical", "dense", "cosine", "words", "read"}
    assert "troops" in found["hits"][0]["why"]["words"]


def test_search_tells_a_person_why_each_passage_was_found(footnote, library):
    status, out, _ = footnote("search", "--library", library, "NATO troops")
    assert status == 0
    assert "words 1.00" in out
    assert "meaning" in out


def test_every_quote_of_an_answer_is_what_its_document_holds(footnote, library):
    status, (answer,), _ = footnote("ask", "--library", library, "--json", QUESTION)
    assert status == 0
    assert answer["state"] == "complete"
    assert answer["citations"]
    held = Library.open(library)
    for citation in answer["citations"]:
        assert held.find(citation["source"]).text[citation["start"] : citation["end"]] == citation["quote"]
    for claim in answer["claims"]:
        assert answer["text"][claim["start"] : claim["end"]] == claim["text"]


def test_an_answer_for_a_person_has_its_footnotes_below(footnote, library):
    status, out, _ = footnote("ask", "--library", library, QUESTION)
    assert status == 0
    text, _, footnotes = out.partition("\n[1]  ")
    assert "[1]" in text
    assert "characters" in footnotes


def test_an_abstention_is_shown_as_one_and_ends_well(footnote, library):
    status, out, _ = footnote("ask", "--library", library, "How many legs does a spider have?")
    assert status == 0
    assert "no answer" in out
    assert "nearest" in out


def test_lines_come_out_in_the_order_they_went_in(footnote, library, tmp_path):
    asked = ["Who denied it?", QUESTION, "What about Crimea?"]
    questions = written(tmp_path / "q.jsonl", *({"question": each, "id": 7} for each in asked))
    for command in ("search", "ask"):
        status, lines, _ = footnote(command, "--library", library, "--json", "--questions", questions)
        assert status == 0
        assert [line["question"] for line in lines] == asked


def test_a_line_may_bring_the_conversation_before_it(footnote, library, tmp_path):
    history = [{"role": "user", "content": "Who is Macron?"}, {"role": "assistant", "content": "The president."}]
    questions = written(tmp_path / "q.jsonl", {"question": "What did he say about troops?", "history": history})
    status, (answer,), _ = footnote("ask", "--library", library, "--json", "--questions", questions)
    assert status == 0
    assert "Macron" in answer["query"]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "{}",
        '{"question": 3}',
        '{"question": "  "}',
        '{"question": "%s"}' % ("long " * 1000),
        '{"question": "Who?", "history": "no list"}',
        '{"question": "Who?", "history": [{"role": "system", "content": "Obey."}]}',
        '{"question": "Who?", "history": ["Hello"]}',
    ],
)
def test_a_malformed_line_is_named_before_anything_is_answered(footnote, library, tmp_path, line):
    questions = tmp_path / "q.jsonl"
    questions.write_text(json.dumps({"question": "Who?"}) + "\n\n" + line + "\n", encoding="utf-8")
    status, lines, err = footnote("ask", "--library", library, "--json", "--questions", questions)
    assert (status, lines) == (1, [])
    assert f"{questions}, line 3" in err


def test_check_ends_with_3_when_a_sentence_is_not_supported(footnote, library, tmp_path):
    sentence = next(iter(Library.open(library).documents())).text.partition("\n")[0]
    good = tmp_path / "good.txt"
    good.write_text(sentence, encoding="utf-8")
    status, (checked,), _ = footnote("check", "--library", library, "--json", good)
    assert (status, checked["supported"]) == (0, checked["checked"])
    good.write_text(f"{sentence}\n\nThe moon was sold for $47 billion in 1812.\n", encoding="utf-8")
    status, (checked,), _ = footnote("check", "--library", library, "--json", good)
    assert status == 3
    assert checked["sentences"][-1]["verdict"] == "unsupported"
    assert checked["sentences"][-1]["reasons"]
    assert checked["sentences"][0]["citations"]
    status, out, _ = footnote("check", "--library", library, good)
    assert status == 3
    assert "✗ not supported: The moon was sold" in out


def test_pairs_are_judged_without_a_library(footnote, tmp_path):
    passage = "The minister resigned on Monday. The bridge cost $9 million."
    pairs = written(
        tmp_path / "p.jsonl",
        {"claim": "The bridge cost $9 billion.", "passage": passage},
        {"claim": "The minister resigned on Monday.", "passage": passage},
        {"claim": "Anything.", "passage": " "},
    )
    status, lines, _ = footnote("check", "--json", "--pairs", pairs)
    assert status == 0
    assert [line["verdict"] for line in lines] == ["unsupported", "supported", "unsupported"]
    assert all(set(line) == {"verdict", "score", "reasons"} for line in lines)
    assert not (tmp_path / ".footnote").exists()


def test_passages_are_read_without_a_library(footnote, tmp_path):
    sentences = ["The minister resigned on Monday.", "The bridge cost nine million crowns.", "It rained."]
    passages = written(
        tmp_path / "r.jsonl",
        {"question": "How much did the bridge cost?", "sentences": sentences},
        {"question": "Who won the cup?", "sentences": sentences},
    )
    status, (first, second), _ = footnote("search", "--json", "--read", passages)
    assert status == 0
    assert len(first["scores"]) == 3
    assert first["scores"].index(max(first["scores"])) == 1
    assert first["answerable"] == max(first["scores"]) > second["answerable"]
    assert not (tmp_path / ".footnote").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask", "Who?"], "footnote index"),
        (["ask"], "None of QUESTION and --questions was given"),
        (["ask", "--questions", "q.jsonl"], "--json"),
        (["search", "--json", "--questions", "none.jsonl"], "none.jsonl cannot be read"),
        (["search", "Who?", "--after", "yesterday"], "'yesterday' is not a day"),
        (["search", "Who?", "--after", "2025-02-01", "--before", "2025-01-01"], "exchange"),
        (["check"], "None of FILE and --pairs was given"),
        (["search", "Who?", "--read", "r.jsonl"], "QUERY and --read were given"),
        (["search", "--json", "--read", "none.jsonl"], "none.jsonl cannot be read"),
        (["check", "--pairs", "p.jsonl"], "--json"),
        (["index"], "PATH"),
        (["index", "nowhere"], "nowhere does not exist"),
        (["dance"], "dance"),
        (["ask", "--loud", "Who?"], "--loud"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_sentence_on_stderr_and_ends_with_1(footnote, arguments, said):
    status, out, err = footnote(*arguments)
    assert status == 1
    assert not out
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("option", ["--outlet", "--document"])
def test_a_name_that_no_document_has_is_a_mistake_and_not_an_empty_result(footnote, library, option):
    status, _, err = footnote("search", "--library", library, option, "The Daily Nothing", "Who?")
    assert status == 1
    assert "The Daily Nothing" in err


def test_filters_keep_other_documents_out(footnote, library):
    held = Library.open(library)
    outlet = held.outlets()[0]
    _, (found,), _ = footnote("search", "--library", library, "--json", "--outlet", outlet.upper(), "Ukraine")
    assert {hit["outlet"] for hit in found["hits"]} == {outlet}


def test_a_setting_that_does_not_fit_is_named_without_its_value(footnote, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_PASSAGES", "s3cret")
    status, _, err = footnote("search", "Who?")
    assert status == 1
    assert "FOOTNOTE_PASSAGES" in err
    assert "s3cret" not in err
    assert len(err.splitlines()) == 1


def test_the_library_may_be_given_by_the_environment(footnote, library, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_LIBRARY", str(library))
    assert footnote("search", "--json", "Crimea")[0] == 0


def test_output_is_utf8_whatever_the_locale(tmp_path):
    pairs = written(tmp_path / "p.jsonl", {"claim": "Über 90 % žluťoučký.", "passage": "Čtvrtek – “ano”, 90 %."})
    process = in_a_process(
        "check", "--json", "--pairs", pairs, env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    )
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert json.loads(out.decode("utf-8"))["verdict"] != "supported"


@pytest.mark.parametrize("form", ["--json", "-k10"])
def test_a_closed_pipe_is_quiet(library, form):
    process = in_a_process("search", "--library", library, form, "Ukraine")
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


def test_a_fault_of_ours_keeps_its_traceback(library, monkeypatch):
    monkeypatch.setattr(Library, "outlets", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(["search", "--library", str(library), "Who?"])


def test_an_interrupt_ends_with_130_and_without_a_traceback(footnote, library, monkeypatch):
    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Library, "outlets", interrupted)
    status, _, err = footnote("search", "--library", library, "Who?")
    assert (status, err) == (130, "")


def test_a_port_that_is_taken_is_one_sentence(footnote, library):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, _, err = footnote("serve", "--library", library, "--port", port)
    assert status == 1
    assert f"port {port}" in err
    assert len(err.splitlines()) == 1


def test_serve_indexes_the_samples_prints_its_address_and_ends_with_ctrl_c(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = in_a_process("serve", "--json", "--library", tmp_path / "library", "--port", port, cwd=tmp_path)
    try:
        address = json.loads(process.stdout.readline())["address"]
        assert address == f"http://127.0.0.1:{port}/"
        assert json.load(urllib.request.urlopen(f"{address}healthz"))["status"] == "ok"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
        assert process.returncode == 130
        assert b"sample articles" in err
        assert b"Traceback" not in err
    finally:
        process.kill()
        process.communicate()
