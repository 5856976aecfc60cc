"""The network in ONNX Runtime: what users run; no torch."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnxruntime

from somex.core.errors import ModelError
from somex.model.inputs import Batch, FloatArray
from somex.model.pairs import MentionBatch, PairBatch

ENCODE_FILE = "encode.onnx"
RELATE_FILE = "relate.onnx"
PURPOSE_FILE = "purpose.onnx"
"""Only models with a purpose head have it."""


DEVICES = ("cpu", "cuda")

EXACT_SUMS = ("session.x64quantprecision", "1")
"""Session option. On CPUs with AVX2 but without VNNI, ONNX Runtime would add pairs of int8 products
in 16 bits, where they saturate. With it only last digits of fp32 differ.
"""


def has_fixed_scales(folder: Path) -> bool:
    """Tell whether an exported model rounds activations by scales that are fixed in its graph.

    Then, and only then, a result is the same to the last digit whatever else is in its batch.
    """
    graph = (folder / ENCODE_FILE).read_bytes()
    return b"QuantizeLinear" in graph and b"DynamicQuantize" not in graph


class OnnxBackend:
    """Runs the graphs of an exported model folder.

    Args:
        folder: Holds the graphs.
        n_threads: Threads that share a batch; ONNX Runtime's own choice by default.
        device: One of `DEVICES`.

    Raises:
        ModelError: A graph is missing or damaged, or the device can't run it.
    """

    def __init__(self, folder: Path, *, n_threads: int | None = None, device: str = "cpu") -> None:
        self._providers = _providers(folder, device)
        options = onnxruntime.SessionOptions()
        if n_threads is not None:
            options.intra_op_num_threads = n_threads
        options.log_severity_level = 3
        options.add_session_config_entry(*EXACT_SUMS)
        self._encode = self._open(folder / ENCODE_FILE, options)
        self._relate = self._open(folder / RELATE_FILE, options)
        self._encode_inputs = {i.name for i in self._encode.get_inputs()}
        has_purposes = (folder / PURPOSE_FILE).is_file()
        self._purpose = self._open(folder / PURPOSE_FILE, options) if has_purposes else None
        self._relate_inputs = {i.name for i in self._relate.get_inputs()}

    def _open(
        self, path: Path, options: onnxruntime.SessionOptions
    ) -> onnxruntime.InferenceSession:
        if not path.is_file():
            raise ModelError(f"{path} is missing; `somex export` writes it from a trained model")
        try:
            return onnxruntime.InferenceSession(path, options, providers=self._providers)
        except Exception as error:  # ONNX Runtime has a class of its own for each code
            message = f"{path} or its weights beside it can't be loaded: {error}"
            raise ModelError(message) from None

    def encode(self, batch: Batch) -> tuple[FloatArray, FloatArray]:
        """Return tag logits (B, U, 29) and unit vectors (B, U, H)."""
        feed = {k: v for k, v in _arrays(batch).items() if k in self._encode_inputs}
        logits, units = self._encode.run(["tag_logits", "unit_vectors"], feed)
        return logits, units

    def relate(self, units: FloatArray, pairs: PairBatch) -> FloatArray:
        """Return pair logits (P, 12) from unit vectors (B, U, H)."""
        feed = {k: v for k, v in _arrays(pairs).items() if k in self._relate_inputs}
        result: FloatArray = self._relate.run(["pair_logits"], {"unit_vectors": units, **feed})[0]
        return result

    def tell_purposes(self, units: FloatArray, mentions: MentionBatch) -> FloatArray:
        """Return purpose logits (M, 4) from unit vectors (B, U, H).

        Raises:
            ModelError: The model has no purpose head.
        """
        if self._purpose is None:
            raise ModelError(f"the model folder holds no {PURPOSE_FILE}")
        names = [f.name for f in dataclasses.fields(MentionBatch)]
        feed = {"unit_vectors": units, **{name: getattr(mentions, name) for name in names}}
        result: FloatArray = self._purpose.run(["purpose_logits"], feed)[0]
        return result


def _arrays(value: Batch | MentionBatch) -> dict[str, np.ndarray]:
    return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}


def _providers(folder: Path, device: str) -> list[str]:
    """Return ONNX Runtime's names of what may run a model on a device."""
    if device == "cpu":
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in (has := onnxruntime.get_available_providers()):
        raise ModelError(
            f"device is {device!r}, but this ONNX Runtime has only {', '.join(has)}; "
            "install onnxruntime-gpu in place of onnxruntime, or use the CPU"
        )
    graph = folder / ENCODE_FILE
    if graph.is_file() and b"QuantizeLinear" in graph.read_bytes():
        raise ModelError(
            f"device is {device!r}, but {graph} is an int8 graph, which is for CPUs; "
            "`somex export --precision fp16` makes one for GPUs from the trained model"
        )
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]
