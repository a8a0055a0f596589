"""Claims with human labels, from the rows of the support data whose licences are permissive or share-alike."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.wording import content_of, holds, words_of
from training.examples import Label, Pair, read_lines
from vectorstore.sentences import sentence_spans
from vectorstore.types import Span

# How many pairs of each set are taken; a factor above 1 repeats a small set that is close to our own use.
SETS: dict[str, float] = {
    "vitaminc_real": 1.0,
    "vitaminc_synthetic": 0.5,
    "eraser_fever_evidence": 1.0,
    "docnli_fever_dev": 0.5,
    "docnli_fever_test": 0.5,
    "docnli_mnli_dev": 0.5,
    "docnli_mnli_test": 0.4,
    "snli_dev_test": 0.3,
    "semiauto_nli_base_wiki": 1.0,
    "semiauto_nli_sim_wiki": 0.6,
    "semiauto_nli_translate_wiki": 0.6,
    "propsegment_dev": 1.0,
    "med": 0.3,
    "scitail_dev_test": 1.0,
    "fm2": 3.0,
    "factcheckgpt_stance": 1.0,
    "faithdial_audit": 1.0,
    "q2_wow": 2.0,
    "begin_cmu-dog": 1.0,
    "begin_topicalchat": 1.0,
    "gofigure_samsum": 1.0,
    "summedits_samsum": 2.0,
    "summedits_ectsum": 2.0,
    "summedits_scitldr": 2.0,
    "summedits_sales_call": 1.0,
    "summedits_sales_email": 1.0,
    "summedits_qmsumm": 1.0,
    "summedits_podcast": 1.0,
}
WINDOW = 4  # sentences
_THREE_WAY: dict[str, Label] = {
    "SUPPORTS": "supported",
    "REFUTES": "refuted",
    "NOT ENOUGH INFO": "neither",
    "entailment": "supported",
    "contradiction": "refuted",
    "neutral": "neither",
    "e": "supported",
    "c": "refuted",
    "n": "neither",
}


def read_pairs(folder: Path, random_: random.Random) -> list[Pair]:
    """Return the chosen pairs of folder, a support/train folder, set by set."""
    pairs: list[Pair] = []
    for name, share in SETS.items():
        rows = list(read_lines(folder / f"{name}.jsonl.gz"))
        for _ in range(int(share)):
            pairs += map(_pair, rows)
        rest = share - int(share)
        pairs += map(_pair, random_.sample(rows, int(rest * len(rows))))
    return pairs


def _pair(row: dict[str, Any]) -> Pair:
    label = _THREE_WAY.get(row.get("l3") or "", "supported" if row["label"] else "not supported")
    if (label == "supported") != bool(row["label"]):
        label = "supported" if row["label"] else "not supported"
    return Pair(row["claim"], best_window(row["claim"], row["premise"]), label)


def best_window(claim: str, premise: str) -> str:
    """Return the WINDOW neighbouring sentences of premise that hold most of the content words of claim."""
    spans = sentence_spans(premise)
    if len(spans) <= WINDOW:
        return premise
    return max(_windows(premise, spans), key=lambda window: _held(claim, window))


def _windows(premise: str, spans: Sequence[Span]) -> Iterator[str]:
    for start in range(len(spans) - WINDOW + 1):
        yield premise[spans[start].start : spans[start + WINDOW - 1].end]


def _held(claim: str, window: str) -> int:
    words = words_of(window)
    return sum(holds(words, word) for word in content_of(claim))
