"""The border between arrays and whatever runs the network: one small protocol."""

from __future__ import annotations

from typing import Protocol

from somex.model.inputs import Batch, FloatArray
from somex.model.pairs import MentionBatch, PairBatch


class Backend(Protocol):
    """Runs the network of a model; torch and ONNX Runtime implement it, tests fake it."""

    def encode(self, batch: Batch) -> tuple[FloatArray, FloatArray]:
        """Return tag logits (B, U, 29) and the relation head's unit vectors (B, U, H)."""
        ...

    def relate(self, units: FloatArray, pairs: PairBatch) -> FloatArray:
        """Return pair logits (P, 12) from unit vectors (B, U, H)."""
        ...

    def tell_purposes(self, units: FloatArray, mentions: MentionBatch) -> FloatArray:
        """Return purpose logits (M, 4) from unit vectors (B, U, H); M is 1 or more."""
        ...
