from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from somex.model.inputs import Batch
from somex.model.onnx_backend import ENCODE_FILE, RELATE_FILE, OnnxBackend

WIDTH, N_TAGS = 64, 29


def _write_graph(path: Path) -> None:
    """Write a graph that multiplies piece ids (uint8) by the largest int8 weights."""
    nodes = [
        helper.make_node("Cast", ["piece_ids"], ["bytes"], to=TensorProto.UINT8),
        helper.make_node("MatMulInteger", ["bytes", "weights"], ["sums"]),
        helper.make_node("Cast", ["sums"], ["tag_logits"], to=TensorProto.FLOAT),
        helper.make_node("Identity", ["tag_logits"], ["unit_vectors"]),
    ]
    shape = ["b", WIDTH]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("piece_ids", TensorProto.INT64, shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", N_TAGS])
            for name in ("tag_logits", "unit_vectors")
        ],
        [numpy_helper.from_array(np.full((WIDTH, N_TAGS), 127, np.int8), "weights")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), path)


def test_int8_sums_are_exact_on_every_cpu(tmp_path: Path) -> None:
    """Without VNNI, ONNX Runtime would saturate 255 * 127 * 2 at 16 bits."""
    for name in (ENCODE_FILE, RELATE_FILE):
        _write_graph(tmp_path / name)
    blank = {f.name: np.zeros((0,), np.int64) for f in dataclasses.fields(Batch)}
    batch = Batch(**{**blank, "piece_ids": np.full((3, WIDTH), 255, np.int64)})
    sums, _ = OnnxBackend(tmp_path).encode(batch)
    assert sums.tolist() == np.full((3, N_TAGS), 255 * 127 * WIDTH, float).tolist()
