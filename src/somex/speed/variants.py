"""The ways to run a model that the speed bench compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["torch", "onnx", "gliner"]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run a model.

    Attributes:
        name: Short name, as in the JSON output.
        title: What it is, for the table.
        kind: What runs the network.
        precision: ``fp32`` or ``int8``.
        is_naive: One sentence at a time, one call of the relation head a pair.
        has_prefilter: The cheap filter spares the network sentences.
        is_fast: The network is that of the fast model.
    """

    name: str
    title: str
    kind: Kind
    precision: Literal["fp32", "int8"]
    is_naive: bool = False
    has_prefilter: bool = False
    is_fast: bool = False


VARIANTS = (
    Variant("naive", "PyTorch fp32, sentence by sentence, pair by pair", "torch", "fp32", True),
    Variant("torch", "PyTorch fp32, batches", "torch", "fp32"),
    Variant("gliner", "the gliner package, an encoder of equal size", "gliner", "fp32"),
    Variant("onnx-fp32", "ONNX Runtime fp32", "onnx", "fp32"),
    Variant("onnx-int8", "ONNX Runtime int8", "onnx", "int8"),
    Variant("cascade", "int8 behind the prefilter", "onnx", "int8", has_prefilter=True),
    Variant("fast-int8", "the fast model, int8", "onnx", "int8", is_fast=True),
    Variant(
        "fast-cascade",
        "the fast model behind the prefilter",
        "onnx",
        "int8",
        has_prefilter=True,
        is_fast=True,
    ),
)
BY_NAME = {variant.name: variant for variant in VARIANTS}
