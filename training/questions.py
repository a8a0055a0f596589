"""Questions on passages, from the rows of the answer data whose licences are permissive or share-alike.

Questions without an answer are as important as those with one: SQuAD 2.0 has them, and more are made by asking a
question of another passage that shares many of its words, and by changing one name, number or turn of a question.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from assistant.names import names
from assistant.wording import content_of
from training.examples import Question, read_lines
from training.turns import OPPOSITES

# Multi-sentence passages, and how often each question is seen. SQuADShifts is CC BY 4.0, by its data card.
PASSAGES: dict[str, float] = {
    "squad2_halfdev": 2.0,
    "squadshifts_new_wiki": 0.8,
    "squadshifts_amazon_reviews": 0.1,
    "squadshifts_reddit": 0.1,
    "selqa_dev": 1.0,
    "selqa_test": 1.0,
    "policyqa_dev": 0.2,
    "policyqa_test": 0.2,
    "qed_dev": 1.5,
}
# Single sentences, of which neighbours in their file make passages.
SENTENCES: dict[str, float] = {
    "nqg_squad_dev": 0.15,
    "nqg_squad_test": 0.15,
    "qamr_dev": 0.05,
    "qamr_test": 0.05,
    "qnli_dev": 0.4,
}
ELSEWHERE = 0.22  # share of the answered questions that are also asked of another passage
CHANGED = 0.25  # and that are also changed so that their own passage no longer answers
LONGEST = 12  # sentences of a passage


def read_questions(folder: Path, random_: random.Random) -> list[Question]:
    """Return the chosen questions of folder, an answer/train folder, with those that were made."""
    found: list[Question] = []
    for name, share in PASSAGES.items():
        groups = [_passage(list(rows)) for _, rows in groupby(read_lines(folder / f"{name}.jsonl.gz"), key=_group)]
        whole = [one for one in groups if one.sentences]
        found += _taken(whole, share, random_) + _without_answer(
            whole, share, random_, changed=name != "squad2_halfdev"
        )
    for name, share in SENTENCES.items():
        found += _taken(_neighbours(list(read_lines(folder / f"{name}.jsonl.gz")), random_), share, random_)
    return found


def _group(row: dict[str, str]) -> tuple[str, str]:
    return row["group"], row["question"]


def _passage(rows: Sequence[dict[str, str]]) -> Question:
    """Return a question with at most LONGEST of its sentences, those that answer among them."""
    first = next((at for at, row in enumerate(rows) if row["label"]), 0)
    start = max(0, min(first - LONGEST // 2, len(rows) - LONGEST))
    rows = rows[start : start + LONGEST]
    return Question(
        rows[0]["question"], tuple(row["sentence"] for row in rows), tuple(bool(row["label"]) for row in rows)
    )


def _taken(questions: Sequence[Question], share: float, random_: random.Random) -> list[Question]:
    whole, rest = int(share), share - int(share)
    return [*questions] * whole + random_.sample(list(questions), int(rest * len(questions)))


def _without_answer(
    questions: Sequence[Question], share: float, random_: random.Random, *, changed: bool
) -> list[Question]:
    """Return questions made unanswerable, in proportion to how often their set is seen."""
    answered = [one for one in questions if any(one.answers)]
    made = []
    by_word: dict[str, list[int]] = defaultdict(list)
    contents = [content_of(" ".join(one.sentences)) for one in questions]
    for number, words in enumerate(contents):
        for word in words:
            by_word[word].append(number)
    for one in random_.sample(answered, min(len(answered), int(ELSEWHERE * share * len(answered)))):
        other = _other_passage(one, questions, by_word, random_)
        if other:
            made.append(Question(one.text, other.sentences, (False,) * len(other.sentences)))
    if changed:
        for one in random_.sample(answered, min(len(answered), int(CHANGED * share * len(answered)))):
            text = _changed(one, random_)
            if text:
                made.append(Question(text, one.sentences, (False,) * len(one.sentences)))
    return made


def _other_passage(
    one: Question, questions: Sequence[Question], by_word: dict[str, list[int]], random_: random.Random
) -> Question | None:
    """Return a passage that shares many rare words with the question and none of its sentences."""
    score: Counter[int] = Counter()
    for word in content_of(one.text):
        held = by_word.get(word, [])
        if len(held) < 400:
            for number in held:
                score[number] += 1 / (3 + len(held))
    own = set(one.sentences)
    best = [number for number, _ in score.most_common(30) if not own & set(questions[number].sentences)]
    return questions[random_.choice(best[:5])] if best else None


def _changed(one: Question, random_: random.Random) -> str | None:
    """Return the question with one thing changed for another of the passage, so that its passage does not answer."""
    passage = " ".join(one.sentences)
    asked = one.text
    ways = []
    inside = [name for name in names(asked) if name.text in passage]
    others = [name.text for name in names(passage) if name.text not in asked and len(name.text) > 2]
    if inside and others:
        name = random_.choice(inside)
        ways.append(asked[: name.span.start] + random_.choice(others) + asked[name.span.end :])
    years = re.findall(r"\b\d{2,4}\b", asked)
    if years:
        year = random_.choice(years)
        new = str(int(year) + random_.choice([-11, -3, -1, 1, 2, 7, 12]))
        if new not in passage or random_.random() < 0.5:
            ways.append(asked.replace(year, new, 1))
    for first, second in random_.sample(OPPOSITES, len(OPPOSITES)):
        if re.search(rf"\b{first}\b", asked):
            ways.append(re.sub(rf"\b{first}\b", second, asked, count=1))
            break
    denied = re.sub(
        r"\b(did|does|was|were|is|are|can|could|has|have)\b ((?:the |a )?\w+)", r"\1 \2 not", asked, count=1
    )
    if denied != asked and random_.random() < 0.3:
        ways.append(denied)
    return random_.choice(ways) if ways else None


def _neighbours(rows: Sequence[dict[str, str]], random_: random.Random) -> list[Question]:
    """Return each question on its sentence with up to two sentences that stand before and after it in the file."""
    order = list(dict.fromkeys(row["sentence"] for row in rows))
    place = {sentence: number for number, sentence in enumerate(order)}
    found = []
    for row in rows:
        at = place[row["sentence"]]
        before, after = random_.randint(0, 2), random_.randint(0, 2)
        sentences = order[max(0, at - before) : at + after + 1]
        answers = tuple(bool(row["label"]) and one == row["sentence"] for one in sentences)
        found.append(Question(row["question"], tuple(sentences), answers))
    return found
