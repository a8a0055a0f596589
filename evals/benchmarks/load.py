"""What the server does under load: python -m evals.benchmarks.load [--folder DIR] [--concurrent N] [--questions N].

Indexes a folder (without one, the sample articles) into a temporary library, serves it with `footnote serve` in a
process of its own, and asks it from this one: first so many questions at the same moment, each as a stream, then so
many in a row. Once against the extractive answerer and once against a model that takes 300 ms to its first token and
then writes for 2 s (slow_model.py), again a process of its own. A question that is refused with 503 is asked again
after Retry-After, as a client should. Meanwhile another process asks GET /healthz: how long that takes shows how long
the server's event loop stands still. All of them share one machine.

What is looked for: no error but 503, none that hangs, the first byte within 1.5 s for 95 of 100, and at most 20 MB
that the server grows by in 5,000 questions.
"""

import argparse
import asyncio
import itertools
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from assistant.reading import evidence_of
from assistant.sample import sample_corpus
from evals.benchmarks.crowd import ask_at_once, ask_in_a_row, looking
from evals.benchmarks.served import Server, index, served
from vectorstore.library import Library

WARM_UP = 500  # questions before memory is looked at: models, caches and threads are there by then
OF_THE_MODEL = 10  # it takes longer: it is asked one in so many
DIFFERENT = 48  # questions, asked in turn
SPEAKERS = 6  # of a document who are asked about
NOWHERE = ("What does a loaf of bread cost in Lima?", "Who won the chess olympiad in 1972?", "quantum chromodynamics")
ANSWERERS = ("extractive", "model")


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="documents to ask of; else the sample articles")
    parser.add_argument("--concurrent", type=int, default=200, help="questions at the same moment; 0: none")
    parser.add_argument("--questions", type=int, default=5000, help="questions in a row, after a warm-up; 0: none")
    parser.add_argument("--answerer", choices=ANSWERERS, help="only this one; else both")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        library = Path(temporary) / "library"
        index(given.folder or sample_corpus(), library)
        questions = _questions(Library.open(library))
        for answerer in [given.answerer] if given.answerer else ANSWERERS:
            in_a_row = given.questions if answerer == "extractive" else given.questions // OF_THE_MODEL
            with served(library, model=answerer == "model") as server:
                asyncio.run(ask_in_a_row(server.address, questions[:4]))  # what is loaded at the first question
                if given.concurrent:
                    _crowd(answerer, server, _turns(questions, given.concurrent))
                if in_a_row:
                    _row(answerer, server, questions, in_a_row)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"\ncores {len(os.sched_getaffinity(0))}, load {load} over 1, 5 and 15 minutes, our own included")


def _questions(library: Library) -> list[str]:
    """Return what may be asked of a library, the same every time, and a few questions that it does not answer."""
    made = []
    for document in library.documents():
        speakers = {one.speaker for one in evidence_of(document, library.sentences(document.id)) if one.speaker}
        made += [f"What did {speaker} say about {document.title}?" for speaker in sorted(speakers)[:SPEAKERS]]
    chance = random.Random(0)
    chosen = chance.sample(sorted(made), min(DIFFERENT - len(NOWHERE), len(made)))
    return chance.sample([*chosen, *NOWHERE], len(chosen) + len(NOWHERE))


def _turns(questions: Sequence[str], number: int) -> list[str]:
    return list(itertools.islice(itertools.cycle(questions), number))


def _crowd(answerer: str, server: Server, questions: Sequence[str]) -> None:
    address = urlsplit(server.address)
    with looking(address.hostname or "", address.port or 0) as alive:
        clients = asyncio.run(ask_at_once(server.address, questions))
    first = [client.first for client in clients]
    answers = [one for one in first if one.ended == "answer"]
    print(f"\n| {answerer}, {len(clients)} questions at the same moment | n | p50 (s) | p95 (s) | slowest (s) |")
    print("|---|---|---|---|---|")
    _line("first byte of whatever came", (one.first_byte for one in first))
    _line("first event of an answer", (one.first_event for one in answers))
    _line("first sentence", (one.first_sentence for one in answers))
    _line("whole answer", (one.whole for one in answers))
    _line("refusal", (one.whole for one in first if one.ended == "503"))
    _line("answered in the end, if asked again", (client.answered for client in clients))
    _line("`GET /healthz` meanwhile", alive)
    ended = Counter(one.ended for one in first).most_common()
    given_up = sum(client.answered is None for client in clients)
    print(f"\nended as {', '.join(f'{name} {number}' for name, number in ended)}; never answered {given_up}; ", end="")
    print(f"{sum(client.tries for client in clients)} requests in all")


def _row(answerer: str, server: Server, questions: Sequence[str], number: int) -> None:
    asyncio.run(ask_in_a_row(server.address, _turns(questions, min(WARM_UP, number))))
    before = server.held()
    began = time.perf_counter()
    tried = asyncio.run(ask_in_a_row(server.address, _turns(questions, number)))
    seconds = time.perf_counter() - began
    after = server.held()
    ended = Counter(one.ended for one in tried).most_common()
    print(f"\n| {answerer}, {number} questions in a row | before | after | growth |")
    print("|---|---|---|---|")
    print(f"| resident memory (MiB) | {before.memory:.1f} | {after.memory:.1f} | {after.memory - before.memory:+.1f} |")
    print(f"| threads | {before.threads} | {after.threads} | {after.threads - before.threads:+d} |")
    print(f"| open files | {before.files} | {after.files} | {after.files - before.files:+d} |")
    print(
        f"\nended as {', '.join(f'{name} {count}' for name, count in ended)}; {number / seconds:.1f} questions a second"
    )


def _line(what: str, seconds: Iterable[float | None]) -> None:
    ordered = sorted(one for one in seconds if one is not None)
    if ordered:
        p50, p95 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95))
        print(f"| {what} | {len(ordered)} | {p50:.3f} | {p95:.3f} | {ordered[-1]:.3f} |", flush=True)


if __name__ == "__main__":
    main()
