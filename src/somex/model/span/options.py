"""What a model of the span family is made of, beside what every model has."""

from __future__ import annotations

from dataclasses import dataclass

from somex.core.config import check_ranges


@dataclass(frozen=True, slots=True)
class SpanOptions:
    """The part ``span`` of a model's configuration.

    Attributes:
        max_width: Longest span, in units; longer mentions can't be found. SOMD 2025's training
            data has none above 12 words, and 10 of 4,182 above 20 atoms.
        drop_types: Probability with which training leaves a type out of a sentence's prompt, with
            its mentions. Types come in a new order each time, so that a model learns to read them.
        width: Width of the span head; 0 for that of the unit vectors.
        lstm: Read the units with a bidirectional LSTM before spans are built, as GLiNER does.
        from_gliner: ``encoder`` names a public GLiNER checkpoint: training starts from its
            encoder and its span head (needs the extra ``gliner``).
    """

    max_width: int = 20
    drop_types: float = 0.1
    width: int = 0
    lstm: bool = False
    from_gliner: bool = False

    def __post_init__(self) -> None:
        check_ranges(self, {"max_width": (1, 64), "drop_types": (0.0, 0.9), "width": (0, 8192)})
