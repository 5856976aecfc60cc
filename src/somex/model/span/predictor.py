"""Mentions found by a span model that is asked for the schema's types."""

from __future__ import annotations

from collections.abc import Sequence

from somex.decoding import DecodingConfig, SpanPrediction
from somex.model.backend import Backend
from somex.model.inputs import FloatArray, Window
from somex.model.span.decoding import decode_schema_spans
from somex.model.span.prompts import SCHEMA_LABELS, Prompter


class SchemaFinder:
    """Finds the mentions of windows with a span model, in the place of `find_by_tags`.

    Args:
        prompter: Puts the types in front of the windows.
    """

    def __init__(self, prompter: Prompter) -> None:
        self._prompter = prompter

    def __call__(
        self, backend: Backend, windows: Sequence[Window], *, pad_id: int, decoding: DecodingConfig
    ) -> tuple[list[list[SpanPrediction]], FloatArray]:
        """Return the mentions of B windows and their unit vectors (B, U, H)."""
        labels = [SCHEMA_LABELS] * len(windows)
        batch = self._prompter.collate(windows, labels, pad_id=pad_id)
        scores, units = backend.encode(batch)
        lengths = batch.n_units.tolist()
        return [
            decode_schema_spans(scores[row, :n], decoding) for row, n in enumerate(lengths)
        ], units
