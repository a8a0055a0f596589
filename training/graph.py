"""MiniLM as ONNX nodes with 8-bit weights: for the embedder, and for the judges with their linear layer on top.

Every token's activations are quantised with a scale of their own, those of the embedder as `ranges.py` says. The usual
dynamic quantisation takes one scale for the whole batch: its vectors depend on which texts are embedded together
(cosine down to 0.985 for the same text), and ours are kept by content hash. Weights keep to 7 of their 8 bits, because
x86 processors without VNNI add two products in 16 bits, with saturation: 2 * 255 * 64 just fits, so that every machine
computes the same.
"""

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

HIDDEN, LAYERS, HEADS, EPSILON = 384, 6, 12, 1e-12  # of the model's config.json
LARGEST_WEIGHT = 64
ZERO = 128  # of the 8-bit activations
GELU_SHIFT = 0.17  # Gelu is never below -0.17: shifted by it, its output uses all 256 steps of an unsigned byte

Floats = NDArray[np.float32]


class Graph:
    """BERT as ONNX nodes, from its weights by their names; one graph builds one model."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def embedder(self) -> onnx.ModelProto:
        """Return the embedder: ids, shape (texts, tokens), to unit vectors, shape (texts, HIDDEN).

        Texts that are read together have as many tokens each, so there is nothing to mask.
        """
        hidden = self._layers(self._embeddings())
        # The sum over the tokens points where their mean does, and only the direction is kept.
        total = self._node("ReduceSum", hidden, self._constant(np.array([1])), keepdims=0)
        vectors = self._node("LpNormalization", total, axis=-1, p=2)
        return self._model("all-MiniLM-L6-v2", ("ids",), vectors, "vectors", ["texts", HIDDEN])

    def judges(self) -> onnx.ModelProto:
        """Return the judges: ids, types and mask, shape (rows, tokens), to the head's numbers for each token.

        The head are the weights "head.weight", shape (numbers, HIDDEN), and "head.bias"; they stay floats.
        """
        mask = self._node("Cast", "mask", to=TensorProto.INT32)
        hidden = self._layers(self._embeddings(typed=True), mask)
        weight, bias = self._weights["head.weight"], self._weights["head.bias"]
        product = self._node("MatMul", hidden, self._constant(weight.T.astype(np.float32)))
        numbers = self._node("Add", product, self._constant(bias.astype(np.float32)))
        shape = ["rows", "tokens", weight.shape[0]]
        return self._model("judges", ("ids", "types", "mask"), numbers, "numbers", shape)

    def _model(
        self, name: str, inputs: tuple[str, ...], result: str, output: str, shape: list[str | int]
    ) -> onnx.ModelProto:
        self._nodes.append(helper.make_node("Identity", [result], [output]))
        taken = [helper.make_tensor_value_info(one, TensorProto.INT64, ["rows", "tokens"]) for one in inputs]
        given = helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)
        graph = helper.make_graph(self._nodes, name, taken, [given], self._constants)
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="training/graph.py")

    def _layers(self, hidden: str, mask: str = "") -> str:
        for number in range(LAYERS):
            hidden = self._layer(hidden, mask, f"encoder.layer.{number}")
        return hidden

    def _embeddings(self, *, typed: bool = False) -> str:
        """Look up words (8 bits, a scale for each) and add positions (16 bits) and types; all 0 if not typed."""
        words = self._weights["embeddings.word_embeddings.weight"]
        scale = np.abs(words).max(axis=1, keepdims=True) / 127
        looked_up = self._node("Gather", self._constant(np.round(words / scale).astype(np.int8)), "ids")
        word = self._node(
            "Mul",
            self._node("Cast", looked_up, to=TensorProto.FLOAT),
            self._node("Gather", self._constant(scale), "ids"),
        )
        places = self._weights["embeddings.position_embeddings.weight"]
        types = self._weights["embeddings.token_type_embeddings.weight"]
        places = places if typed else places + types[0]
        first, length = self._constant(np.array([0])), self._node("Shape", "ids", start=1, end=2)
        place = self._node("Slice", self._constant(places.astype(np.float16)), first, length, first)
        place = self._node("Cast", place, to=TensorProto.FLOAT)
        total = self._node("Add", word, place)
        if typed:
            total = self._node("Add", total, self._node("Gather", self._constant(types), "types"))
        return self._normalise(total, "embeddings.LayerNorm")

    def _layer(self, hidden: str, mask: str, name: str) -> str:
        parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        joined = self._dense(hidden, *parts)
        query, key, value = self._split(joined, len(parts))
        attended = self._node(
            "MultiHeadAttention", query, key, value, "", mask, domain="com.microsoft", num_heads=HEADS
        )
        attended = self._dense(attended, f"{name}.attention.output.dense")
        hidden = self._normalise(self._node("Add", hidden, attended), f"{name}.attention.output.LayerNorm")
        inner = self._node("Gelu", self._dense(hidden, f"{name}.intermediate.dense"))
        inner = self._dense(inner, f"{name}.output.dense", after_gelu=True)
        return self._normalise(self._node("Add", hidden, inner), f"{name}.output.LayerNorm")

    def _dense(self, x: str, *names: str, after_gelu: bool = False) -> str:
        """Multiply x by the weights of these dense layers side by side, in bytes, and add their biases."""
        weights, bias = self._side_by_side(names)
        scale = np.abs(weights).max(axis=1) / LARGEST_WEIGHT
        quantised = np.round(weights / scale[:, None])
        if after_gelu:
            x, zero, steps = self._node("Add", x, self._constant(np.float32(GELU_SHIFT))), 0, 255
            bias = bias - GELU_SHIFT * (quantised * scale[:, None]).sum(axis=1)
            largest = self._node("ReduceMax", x, self._constant(np.array([-1])))
        else:
            zero, steps = ZERO, 127
            largest = self._node("ReduceMax", self._node("Abs", x), self._constant(np.array([-1])))
        step = self._node("Mul", largest, self._constant(np.float32(1 / steps)))
        rounded = self._node("Round", self._node("Div", x, step))
        rounded = self._node("Add", rounded, self._constant(np.float32(zero))) if zero else rounded
        product = self._node(
            "MatMulIntegerToFloat",
            self._node("Cast", rounded, to=TensorProto.UINT8),
            self._constant(quantised.T.astype(np.int8)),
            self._constant(np.float32(1)),
            self._constant(scale.astype(np.float32)),
            self._constant(np.uint8(zero)),
            domain="com.microsoft",
        )
        return self._node("Add", self._node("Mul", product, step), self._constant(bias.astype(np.float32)))

    def _side_by_side(self, names: Sequence[str]) -> tuple[Floats, Floats]:
        weights, biases = ([self._weights[f"{name}.{part}"] for name in names] for part in ("weight", "bias"))
        return np.concatenate(weights), np.concatenate(biases)

    def _normalise(self, x: str, name: str) -> str:
        gain, bias = (self._constant(self._weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self._node("LayerNormalization", x, gain, bias, axis=-1, epsilon=EPSILON)

    def _split(self, x: str, parts: int) -> list[str]:
        names = [f"{x}.{part}" for part in range(parts)]
        self._nodes.append(helper.make_node("Split", [x], names, axis=-1, num_outputs=parts))
        return names

    def _node(self, kind: str, *inputs: str, **attributes: str | int | float) -> str:
        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def _constant(self, value: NDArray[np.generic] | np.generic) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name))
        return name
