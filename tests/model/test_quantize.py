"""int8 products: close to fp32, and the same whatever else stands in the batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from somex.model.onnx_backend import EXACT_SUMS
from somex.model.quantize import (
    activation_scale,
    find_products,
    measure_ranges,
    quantize_columns,
    quantize_products,
)

WIDTH, INNER = 24, 40


def _graph(path: Path) -> dict[str, np.ndarray]:
    """Write relu(x @ a + b) @ c, and (the same x) @ kept; return the constants."""
    rng = np.random.default_rng(0)
    constants = {
        "a": rng.normal(size=(WIDTH, INNER)).astype(np.float32),
        "b": rng.normal(size=INNER).astype(np.float32),
        "c": rng.normal(size=(INNER, 5)).astype(np.float32),
        "kept": rng.normal(size=(WIDTH, 3)).astype(np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["xa"]),
        helper.make_node("Add", ["b", "xa"], ["inner"]),
        helper.make_node("Relu", ["inner"], ["relu"]),
        helper.make_node("MatMul", ["relu", "c"], ["y"]),
        helper.make_node("MatMul", ["x", "kept"], ["z"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "l", WIDTH])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", "l", None]) for n in "yz"],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), path)
    return constants


def _inputs(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 7, WIDTH)).astype(np.float32)


@pytest.fixture
def quantized(tmp_path: Path) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    path = tmp_path / "fp32.onnx"
    constants = _graph(path)
    model = onnx.load(path)
    products = find_products(model.graph, keep=lambda name: name == "kept")
    ranges = measure_ranges(path, products, ({"x": _inputs(1, seed)} for seed in range(20)))
    quantize_products(model, products, ranges)
    return model, constants


def _run(model: onnx.ModelProto, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry(*EXACT_SUMS)
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    y, z = session.run(["y", "z"], {"x": x})
    return y, z


def test_quantize_products_are_close_to_fp32(
    quantized: tuple[onnx.ModelProto, dict[str, np.ndarray]],
) -> None:
    model, w = quantized
    x = _inputs(4)
    expected = np.maximum(x @ w["a"] + w["b"], 0) @ w["c"]
    y, z = _run(model, x)
    assert np.linalg.norm(y - expected) / np.linalg.norm(expected) < 0.03
    assert np.abs(z - x @ w["kept"]).max() < 1e-5
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("MatMulIntegerToFloat") == 2
    assert kinds.count("MatMul") == 1
    assert "Add" not in kinds  # the bias went in with the product


def test_quantize_products_of_a_row_do_not_depend_on_the_others(
    quantized: tuple[onnx.ModelProto, dict[str, np.ndarray]],
) -> None:
    model, _ = quantized
    x = _inputs(6)
    x[3] *= 50  # would stretch a scale that is taken over the batch
    y, _ = _run(model, x)
    for row in range(len(x)):
        alone, _ = _run(model, x[row : row + 1])
        assert (alone[0] == y[row]).all()


def test_quantize_leaves_channels_of_zero_weights_out_of_the_range(tmp_path: Path) -> None:
    path = tmp_path / "fp32.onnx"
    _graph(path)
    model = onnx.load(path)
    a = next(t for t in model.graph.initializer if t.name == "a")
    matrix = numpy_helper.to_array(a).copy()
    matrix[5] = 0.0
    a.CopyFrom(numpy_helper.from_array(matrix, "a"))
    onnx.save(model, path)
    x = np.zeros((1, 1, WIDTH), dtype=np.float32)
    x[..., 5], x[..., 6] = 1000.0, -2.0
    products = find_products(model.graph, keep=lambda name: name != "a")
    assert measure_ranges(path, products, [{"x": x}]) == {"xa": (-2.0, 0.0)}


@given(st.floats(-50, 50), st.floats(0, 50))
def test_quantize_activation_scale_holds_zero_and_the_range(low: float, width: float) -> None:
    scale, zero = activation_scale(low, low + width)
    values = np.array([min(low, 0.0), 0.0, max(low + width, 0.0)])
    levels = np.clip(np.rint(values / scale) + float(zero), 0, 255)
    back = (levels - float(zero)) * scale
    assert np.abs(back - values).max() <= scale * 1.01
    assert back[1] == 0.0


def test_quantize_columns_takes_one_scale_a_column() -> None:
    matrix = np.array([[1.0, 0.0, -300.0], [-0.5, 0.0, 2.0]], dtype=np.float32)
    columns, scales = quantize_columns(matrix)
    assert columns.tolist() == [[127, 0, -127], [-64, 0, 1]]
    assert np.abs(columns * scales - matrix).max(axis=0) == pytest.approx([0, 0, 0.37], abs=0.01)
