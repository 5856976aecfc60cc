"""How many operations the encoder needs: what its time is held against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EncoderSize:
    """What the number of operations of a transformer encoder depends on.

    Attributes:
        hidden: Width of a piece's vector.
        inner: Width of the feed-forward layer.
        layers: Number of layers.
    """

    hidden: int
    inner: int
    layers: int

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> EncoderSize:
        """Read the sizes from a Hugging Face configuration (BERT's names)."""
        names = ("hidden_size", "intermediate_size", "num_hidden_layers")
        return cls(*(int(str(config[name])) for name in names))

    def operations(self, lengths: Iterable[int]) -> float:
        """Return the additions and multiplications for windows of so many pieces each.

        Counted are the products: four of H x H and two of H x I a piece, and for each pair of
        pieces 2 H in the attention (scores and weighted sum); a multiply-add is two operations.
        """
        of_piece = 4 * self.hidden**2 + 2 * self.hidden * self.inner
        total = sum(n * of_piece + 2 * n * n * self.hidden for n in lengths)
        return 2.0 * self.layers * total
