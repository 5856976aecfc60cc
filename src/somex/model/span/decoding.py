"""Scores of spans become mentions that do not overlap (flat), the surest first (greedy)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from somex.core.schema import ENTITY_TYPES
from somex.decoding import DecodingConfig, FloatArray, SpanPrediction


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """A span of units with the type, by its place in the prompt, that fits it best."""

    unit_start: int
    unit_end: int
    label: int
    confidence: float


def decode_spans(scores: FloatArray, *, least: float = 0.0) -> list[ScoredSpan]:
    """Take spans by falling score, each that overlaps none taken before.

    Args:
        scores: (U, K, C) log odds that the span of 1 to K units from each of U units is of a type.
        least: Log odds that a span must exceed.

    Returns:
        The spans in reading order; the confidence is the probability, 0 to 1.
    """
    n_units = len(scores)
    starts, widths, labels = np.nonzero(scores > least)
    ends = starts + widths + 1
    chosen = scores[starts, widths, labels]
    order = np.lexsort((labels, widths, starts, -chosen))
    taken = np.zeros(n_units, bool)
    spans = []
    for i in order.tolist():
        start, end = int(starts[i]), int(ends[i])
        if end <= n_units and not taken[start:end].any():
            taken[start:end] = True
            confidence = 1.0 / (1.0 + np.exp(-float(chosen[i])))
            spans.append(ScoredSpan(start, end, int(labels[i]), float(confidence)))
    return sorted(spans, key=lambda span: span.unit_start)


def decode_schema_spans(
    scores: FloatArray, config: DecodingConfig | None = None
) -> list[SpanPrediction]:
    """Decode scores (U, K, 14) of the schema's types, with the thresholds of a configuration."""
    config = config or DecodingConfig()
    calibrate = config.calibrations.mentions.apply
    mentions = [
        SpanPrediction(s.unit_start, s.unit_end, ENTITY_TYPES[s.label], calibrate(s.confidence))
        for s in decode_spans(scores, least=config.lean)
    ]
    return [m for m in mentions if m.confidence >= config.min_confidence]


def log_odds(probability: float) -> float:
    """Return the log odds of a probability between 0 and 1."""
    return float(np.log(probability) - np.log1p(-probability))
