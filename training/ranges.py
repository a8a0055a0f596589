"""What the inputs of the dense layers range over, and the graph of the embedder that is quantised by these ranges.

One scale for all texts costs two passes over the numbers where a scale for each token (`training/graph.py`) costs nine,
and keeps what that one kept: a text's vector does not depend on its neighbours. A few channels are thirty times as
large as the others; each is divided by the root of its range and its weights are multiplied by it, so that neither the
inputs nor the weights have to bear all of it.

Source: Xiao et al., "SmoothQuant: accurate and efficient post-training quantization for large language models",
ICML 2023, with a strength of 0.5.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper

from training.graph import LARGEST_WEIGHT, ZERO, Floats, Graph

MARGIN = 1.25  # of the ranges, for texts unlike those that were measured: what is clipped costs more than coarser steps
SMALLEST = 0.01  # range of a channel, so that one that is never used is not blown up


@dataclass(frozen=True, slots=True)
class Range:
    """The smallest and the largest input of each channel of a dense layer."""

    low: Floats
    high: Floats


def measure_ranges(weights: dict[str, Floats], rows: Iterable[Sequence[int]]) -> dict[str, Range]:
    """Return the ranges of the inputs of the dense layers, by the name of the (first) layer, over rows of token ids."""
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]  # it has no stubs

    graph = _Observed(weights)
    session = InferenceSession(graph.embedder().SerializeToString(), providers=["CPUExecutionProvider"])
    ranges: dict[str, Range] = {}
    for row in rows:
        inputs = session.run(list(graph.observed), {"ids": np.array([row])})
        for name, x in zip(graph.observed.values(), inputs, strict=True):
            old = ranges.get(name, Range(x[0, 0], x[0, 0]))
            ranges[name] = Range(np.minimum(old.low, x[0].min(axis=0)), np.maximum(old.high, x[0].max(axis=0)))
    return ranges


class _Observed(Graph):
    """The float model; it also puts out what `observed` names, each with the name of the dense layer that takes it."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        super().__init__(weights)
        self.observed: dict[str, str] = {}

    def embedder(self) -> onnx.ModelProto:
        model = super().embedder()
        model.graph.output.extend(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in self.observed
        )
        return model

    def _dense(self, x: str, *names: str, after_gelu: bool = False) -> str:
        self.observed[x] = names[0]
        weights, bias = self._side_by_side(names)
        product = self._node("MatMul", x, self._constant(weights.T))
        return self._node("Add", product, self._constant(bias))


class RangedGraph(Graph):
    """MiniLM with the inputs of its dense layers quantised by ranges that were measured."""

    def __init__(self, weights: dict[str, Floats], ranges: dict[str, Range]) -> None:
        super().__init__(weights)
        self._ranges = ranges

    def _dense(self, x: str, *names: str, after_gelu: bool = False) -> str:
        weights, bias = self._side_by_side(names)
        found = self._ranges[names[0]]
        channels = np.sqrt(np.maximum(np.maximum(found.high, -found.low), SMALLEST))
        low, high = float((found.low / channels).min()), float((found.high / channels).max())
        if after_gelu:  # it has a floor, which needs no margin
            step = (MARGIN * high - low) / 255
            zero = round(-low / step)
        else:
            step, zero = MARGIN * max(high, -low) / 127, ZERO
        weights = weights * channels
        scale = np.abs(weights).max(axis=1) / LARGEST_WEIGHT
        evened = self._node("Mul", x, self._constant((1 / channels).astype(np.float32)))
        zero_point, one_step = self._constant(np.uint8(zero)), self._constant(np.float32(step))
        return self._node(
            "MatMulIntegerToFloat",
            self._node("QuantizeLinear", evened, one_step, zero_point),
            self._constant(np.round(weights / scale[:, None]).T.astype(np.int8)),
            one_step,
            self._constant(scale.astype(np.float32)),
            zero_point,
            "",
            self._constant(bias),
            domain="com.microsoft",
        )
