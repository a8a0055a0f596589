"""How well a follow-up question is made to stand alone, beside the same question rewritten by a person.

Source: CANARD (Elgohary, Peskov and Boyd-Graber, EMNLP 2019): the questions of QuAC's conversations about a section of
Wikipedia, each with what was said before it and a rewrite by a person that can be understood alone.
"""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.conversation import stand_alone
from assistant.types import Turn
from evals.benchmarks.lines import sample
from evals.benchmarks.progress import Step, steps
from evals.benchmarks.summaries import PASSAGE_TOKENS, library_of, mean_figure
from evals.benchmarks.table import Figure, OnProgress, Table
from evals.wording import fold
from vectorstore.embed import open_embedder
from vectorstore.errors import UserError
from vectorstore.retrieve import Retriever
from vectorstore.words import terms

COLUMNS = (
    "question", "n", "word recall", "word precision", "word F1", "exact",
    "added words found", "added words right", "changed, person left it", "left, person changed it",
    "search: first", "search: among 5",
)  # fmt: skip
PUBLISHED = (
    "MTRAG (IBM), recall@5 of last turn → rewritten by a model: BM25 .20 → .25, BGE-base .30 → .37, Elser .49 → .52",
    "MTRAG-UN, recall@5 of last turn → rewritten: BM25 .29 → .36, BGE .25 → .38, Elser .40 → .49",
)
_DEPTH = 5


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question of a conversation; `said` are title, section, first question, its answer, … in turn."""

    conversation: str
    said: tuple[str, ...]
    question: str
    rewrite: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like a person's rewrite a question is, in content words (stems without stop words); None: undefined.

    `recall` is the share of the rewrite's words that the question has, `precision` the share of its words that the
    rewrite has, `f1` their harmonic mean. `found` and `right` are the same of only those words that the person, or
    the candidate, added to what was asked. `exact` compares the folded texts without their last punctuation.
    """

    recall: float | None
    precision: float | None
    f1: float | None
    found: float | None
    right: float | None
    exact: bool


def measure(data: Path, *, limit: int | None = None, on_progress: OnProgress | None = None) -> Table:
    """Return the table for every JSON file in `data/followups`; limit bounds the questions.

    The last two columns are the share of questions whose own conversation the shipped search finds first, or among
    the first five passages, in a library of all the conversations (title, section and every answer they tell).

    Raises:
        UserError: if a file there is not CANARD's.
    """
    title = "Follow-up questions made to stand alone (CANARD)"
    files = sorted((data / "followups").glob("*.json"))
    every = [one for file in files for one in read_follow_ups(file)]
    if not every:
        return Table(title, COLUMNS, (), skipped=("CANARD: no *.json in followups/; 0 questions measured",))
    chosen = sample(every, limit, "followups")
    candidates = {name: [write(one) for one in chosen] for name, write in REWRITERS.items()}
    with tempfile.TemporaryDirectory() as folder:
        places = _found(Path(folder), every, chosen, candidates, steps(len(chosen), on_progress))
    rows = tuple((name, len(chosen), *_figures(chosen, candidates[name], places[name], name)) for name in REWRITERS)
    firsts = sum(len(one.said) == 2 for one in chosen)
    return Table(
        title,
        COLUMNS,
        rows,
        settings=(
            f"n = {len(chosen)} questions of {len({one.conversation for one in chosen})} conversations, "
            f"{firsts} of them first questions, before which there is only the title and the section",
            "intervals: bootstrap over conversations, 2,000 samples, seeded",
            f"search: as shipped, bundled embedder, passages of at most {PASSAGE_TOKENS} tokens, "
            f"{len({one.conversation for one in every})} conversations in one library",
        ),
        published=PUBLISHED,
        skipped=() if len(chosen) == len(every) else (f"{len(every) - len(chosen)} questions beyond the limit",),
    )


def read_follow_ups(file: Path) -> tuple[FollowUp, ...]:
    """Return the questions of a file of CANARD in its order.

    Raises:
        UserError: if the file has another form.
    """
    try:
        return tuple(
            FollowUp(one["QuAC_dialog_id"], tuple(one["History"]), one["Question"], one["Rewrite"])
            for one in json.loads(file.read_text(encoding="utf-8"))
        )
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{file} is not a file of CANARD (a list of objects with QuAC_dialog_id, History, Question and Rewrite); "
            "leave only its own files there"
        ) from error


def alike(candidate: str, follow_up: FollowUp) -> Likeness:
    """Compare a candidate for a stand-alone question with the person's rewrite."""
    asked, wanted, given = map(_content, (follow_up.question, follow_up.rewrite, candidate))
    both, added, wanted_added = given & wanted, given - asked, wanted - asked
    return Likeness(
        recall=_share(len(both), len(wanted)),
        precision=_share(len(both), len(given)),
        f1=_share(2 * len(both), len(given) + len(wanted)),
        found=_share(len(added & wanted_added), len(wanted_added)),
        right=_share(len(added & wanted_added), len(added)),
        exact=_same(candidate, follow_up.rewrite),
    )


def _turns(said: Sequence[str]) -> tuple[Turn, ...]:
    return tuple(Turn("assistant" if number % 2 else "user", content) for number, content in enumerate(said))


REWRITERS: dict[str, Callable[[FollowUp], str]] = {
    "as it was asked": lambda one: one.question,
    "stand_alone, from the turns": lambda one: stand_alone(one.question, _turns(one.said[2:])),
    "stand_alone, title and section as first turns": lambda one: stand_alone(one.question, _turns(one.said)),
    "rewritten by a person": lambda one: one.rewrite,
}


def _figures(
    chosen: Sequence[FollowUp], candidates: Sequence[str], places: Sequence[int | None], name: str
) -> tuple[Figure | None, ...]:
    conversations = [one.conversation for one in chosen]
    likenesses = [alike(candidate, one) for candidate, one in zip(candidates, chosen, strict=True)]
    left = [_same(one.question, one.rewrite) for one in chosen]
    changed = [not _same(candidate, one.question) for candidate, one in zip(candidates, chosen, strict=True)]
    columns: dict[str, list[float | None]] = {
        "recall": [one.recall for one in likenesses],
        "precision": [one.precision for one in likenesses],
        "f1": [one.f1 for one in likenesses],
        "exact": [float(one.exact) for one in likenesses],
        "found": [one.found for one in likenesses],
        "right": [one.right for one in likenesses],
        "needless": [float(ours) if person else None for ours, person in zip(changed, left, strict=True)],
        "missed": [None if person else float(not ours) for ours, person in zip(changed, left, strict=True)],
        "first": [float(place == 0) for place in places],
        "among": [float(place is not None) for place in places],
    }
    return tuple(mean_figure(values, conversations, "followups", name, column) for column, values in columns.items())


def _found(
    folder: Path,
    every: Sequence[FollowUp],
    chosen: Sequence[FollowUp],
    candidates: dict[str, list[str]],
    step: Step,
) -> dict[str, list[int | None]]:
    """Return, for each way of rewriting, the rank (from 0) of the first passage of each question's conversation."""
    longest: dict[str, tuple[str, ...]] = {}
    for one in every:
        longest[one.conversation] = max(longest.get(one.conversation, ()), one.said, key=len)
    names = {conversation: f"{number:05}" for number, conversation in enumerate(longest)}
    texts = {names[key]: "\n\n".join([*said[:2], *said[3::2]]) for key, said in longest.items()}
    embedder = open_embedder("bundled")
    library = library_of(texts, folder, embedder)
    retriever = Retriever(library, embedder)
    ranked: dict[str, list[str]] = {}
    places: dict[str, list[int | None]] = {name: [] for name in candidates}
    for number, one in enumerate(chosen):
        for name, written in candidates.items():
            query = written[number]
            if query not in ranked:
                ranked[query] = [Path(hit.document.source).stem for hit in retriever.search(query, k=_DEPTH)]
            own = names[one.conversation]
            places[name].append(ranked[query].index(own) if own in ranked[query] else None)
        step()
    library.close()
    return places


def _content(text: str) -> frozenset[str]:
    return frozenset(term.text for term in terms(text) if not term.stop)


def _same(one: str, other: str) -> bool:
    return fold(one).rstrip(" ?.!") == fold(other).rstrip(" ?.!")


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
