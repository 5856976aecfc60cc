"""int8 products with fixed scales: nothing in a batch can change another sentence's result.

ONNX Runtime's dynamic quantisation takes one scale for a whole activation tensor at run time, so
that a sentence's numbers depend on its neighbours in the batch, and each product reads its input
twice. Here the range of each activation is measured once, over calibration sentences, and fixed in
the graph; values beyond it saturate. Weights have one scale a column; sums are exact in int32.
Source: Jacob et al. 2018, Quantization and Training of Neural Networks, sections 2.1 and 3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import NodeProto, TensorProto, helper, numpy_helper

WEIGHT_LEVELS = 127
ACTIVATION_LEVELS = 255
_LEAST = 1e-12  # scale of a channel of zeros, so that nothing is divided by zero
_DOMAIN = "com.microsoft"

Feeds = Iterable[Mapping[str, np.ndarray]]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Product:
    """A product of an activation (..., K) with a constant matrix.

    Attributes:
        node: MatMul or Gemm.
        matrix: fp32 (K, N).
    """

    node: NodeProto
    matrix: np.ndarray


def find_products(graph: onnx.GraphProto, *, keep: Callable[[str], bool]) -> list[Product]:
    """Return the products with constant matrices, but for those whose weight's name is kept."""
    weights = {t.name: t for t in graph.initializer}
    found: list[Product] = []
    for node in graph.node:
        if node.op_type not in ("MatMul", "Gemm") or node.input[1] not in weights:
            continue
        weight = weights[node.input[1]]
        if len(weight.dims) == 2 and not keep(weight.name):
            matrix = numpy_helper.to_array(weight)
            turned = any(a.name == "transB" and a.i for a in node.attribute)
            found.append(Product(node, matrix.T if turned else matrix))
    return found


def measure_ranges(path: Path, products: Iterable[Product], feeds: Feeds) -> dict[str, Range]:
    """Run a graph and return the range of each product's activation, by the product's output.

    Channels that meet nothing but zero weights do not count: what is there can saturate.

    Args:
        path: The fp32 graph.
        products: Of that graph.
        feeds: Inputs of the graph, one call each.
    """
    products = list(products)
    model = onnx.load(path)
    names = sorted({p.node.input[0] for p in products})
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    counts = {p.node.output[0]: np.abs(p.matrix).max(axis=1) > 0 for p in products}
    ranges: dict[str, Range] = {p.node.output[0]: (0.0, 0.0) for p in products}
    for feed in feeds:
        values = dict(zip(names, session.run(names, dict(feed)), strict=True))
        for product in products:
            name = product.node.output[0]
            seen = values[product.node.input[0]][..., counts[name]]
            if seen.size:
                low, high = ranges[name]
                ranges[name] = min(low, float(seen.min())), max(high, float(seen.max()))
    return ranges


def quantize_products(
    model: onnx.ModelProto, products: Iterable[Product], ranges: Mapping[str, Range]
) -> None:
    """Replace products by int8 ones, in place; a bias that is added next goes in with them.

    Args:
        model: The graph that the products are of.
        products: What to replace.
        ranges: Of each product's activation, by the product's output.
    """
    graph = model.graph
    rewriter = _Rewriter({t.name: t for t in graph.initializer}, ranges)
    of_node = {p.node.output[0]: p for p in products}
    uses: dict[str, list[NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            uses.setdefault(name, []).append(node)
    folded: set[str] = set()
    for node in graph.node:
        product = of_node.get(node.output[0])
        if product is not None:
            folded |= rewriter.replace(product, uses.get(node.output[0], []))
        elif node.output[0] not in folded:
            rewriter.nodes.append(node)
    used = {name for node in rewriter.nodes for name in node.input}
    kept = [t for t in graph.initializer if t.name in used] + [*rewriter.constants.values()]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(rewriter.nodes)
    graph.initializer.extend(kept)
    if all(o.domain != _DOMAIN for o in model.opset_import):
        model.opset_import.append(helper.make_opsetid(_DOMAIN, 1))


@dataclass(slots=True)
class _Rewriter:
    """Nodes of the new graph as they come, with the constants that they need.

    Attributes:
        weights: Constants of the old graph by name.
        ranges: Of each product's activation, by the product's output.
        nodes: The new graph so far.
        constants: New constants by name.
    """

    weights: Mapping[str, TensorProto]
    ranges: Mapping[str, Range]
    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, TensorProto] = field(default_factory=dict)

    def replace(self, product: Product, users: list[NodeProto]) -> set[str]:
        """Append the int8 form of a product; return the output of the Add that it takes in."""
        node = product.node
        name = node.output[0]
        scale, zero = activation_scale(*self.ranges[name])
        columns, scales = quantize_columns(product.matrix)
        of_rows = self._constant(f"{name}_rows_scale", scale), self._constant(f"{name}_zero", zero)
        rows = self._quantized(node.input[0], of_rows, (float(scale), int(zero)))
        inputs = [rows, self._constant(f"{name}_int8", columns), of_rows[0]]
        inputs += [self._constant(f"{name}_columns_scale", scales), of_rows[1], ""]
        bias = node.input[2] if len(node.input) > 2 else self._bias(name, users)
        output, folded = name, set()
        if bias is not None:
            inputs.append(bias)
            if len(node.input) == 2:
                output = users[0].output[0]
                folded = {output}
        self._node("MatMulIntegerToFloat", inputs, output, domain=_DOMAIN)
        return folded

    def _bias(self, name: str, users: list[NodeProto]) -> str | None:
        """Return the constant vector that alone is added to a product, if there is one."""
        if len(users) != 1 or users[0].op_type != "Add":
            return None
        (other,) = [i for i in users[0].input if i != name] or [""]
        return other if other in self.weights and len(self.weights[other].dims) == 1 else None

    def _quantized(self, name: str, of_rows: tuple[str, str], key: tuple[float, int]) -> str:
        """Quantise an activation; products of one activation and one scale share it."""
        output = f"{name}_int8_{key[0]:.9g}_{key[1]}"
        if all(node.output[0] != output for node in self.nodes):
            self._node("QuantizeLinear", [name, *of_rows], output)
        return output

    def _constant(self, name: str, value: np.ndarray | np.generic) -> str:
        self.constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def _node(self, kind: str, inputs: Sequence[str], output: str, domain: str = "") -> None:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain))


def activation_scale(low: float, high: float) -> tuple[np.float32, np.uint8]:
    """Return scale and zero point of uint8 for a range, which is widened to hold zero."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = max((high - low) / ACTIVATION_LEVELS, _LEAST)
    return np.float32(scale), np.uint8(np.clip(np.rint(-low / scale), 0, ACTIVATION_LEVELS))


def quantize_columns(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quantise a weight (K, N) with one scale a column.

    Returns:
        int8 (K, N) within ±127, and float32 scales (N,); their product is the weight to within
        half a scale.
    """
    scales = np.maximum(np.abs(matrix).max(axis=0) / WEIGHT_LEVELS, _LEAST).astype(np.float32)
    return np.rint(matrix / scales).astype(np.int8), scales
