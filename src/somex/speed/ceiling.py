"""What the machine can do at most: large matrix products in fp32 and int8, and memory copies."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnxruntime
from onnx import NodeProto, TensorProto, helper, numpy_helper

from somex.model.onnx_backend import EXACT_SUMS

ROWS, INNER, COLUMNS = 768, 768, 3072
COPY_BYTES = 256 * 1024 * 1024
N_TRIES = 8


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Rates of the machine.

    Attributes:
        fp32: Floating-point operations a second of a product in fp32.
        int8: Operations a second of a product of uint8 with int8.
        copy: Bytes copied a second.
    """

    fp32: float
    int8: float
    copy: float


def measure_ceiling(*, n_threads: int | None) -> Ceiling:
    """Measure the machine; the best of a few tries counts, since others may use it too."""
    rng = np.random.default_rng(0)
    operations = 2.0 * ROWS * INNER * COLUMNS
    floats = rng.normal(size=(ROWS, INNER)).astype(np.float32)
    whole = rng.integers(0, 255, (ROWS, INNER), dtype=np.uint8)
    fp32, int8 = _fp32_product(rng, n_threads), _int8_product(rng, n_threads)
    source = np.ones(COPY_BYTES, dtype=np.uint8)
    target = np.empty_like(source)
    return Ceiling(
        fp32=operations / _fastest(lambda: fp32.run(None, {"a": floats})),
        int8=operations / _fastest(lambda: int8.run(None, {"a": whole})),
        copy=COPY_BYTES / _fastest(lambda: np.copyto(target, source)),
    )


def _fp32_product(rng: np.random.Generator, n_threads: int | None) -> onnxruntime.InferenceSession:
    weights = {"b": rng.normal(size=(INNER, COLUMNS)).astype(np.float32)}
    node = helper.make_node("MatMul", ["a", "b"], ["y"])
    return _session(node, weights, TensorProto.FLOAT, n_threads)


def _int8_product(rng: np.random.Generator, n_threads: int | None) -> onnxruntime.InferenceSession:
    weights: dict[str, np.ndarray] = {
        "b": rng.integers(-127, 127, (INNER, COLUMNS), dtype=np.int8),
        "scale": np.float32(0.01) * np.ones((), np.float32),
        "scales": np.full(COLUMNS, 0.01, np.float32),
        "zero": np.array(128, np.uint8),
    }
    inputs = ["a", "b", "scale", "scales", "zero"]
    node = helper.make_node("MatMulIntegerToFloat", inputs, ["y"], domain="com.microsoft")
    return _session(node, weights, TensorProto.UINT8, n_threads)


def _session(
    node: NodeProto, weights: dict[str, np.ndarray], kind: int, n_threads: int | None
) -> onnxruntime.InferenceSession:
    graph = helper.make_graph(
        [node],
        "ceiling",
        [helper.make_tensor_value_info("a", kind, [ROWS, INNER])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [ROWS, COLUMNS])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    versions = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=versions, ir_version=9)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry(*EXACT_SUMS)
    if n_threads is not None:
        options.intra_op_num_threads = n_threads
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _fastest(work: Callable[[], object]) -> float:
    """Return the seconds of the fastest of a few tries."""
    seconds = []
    for _ in range(N_TRIES + 1):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds[1:])
