"""Confidences that mean what they say: fitted on held-out predictions, measured by their error.

A confidence c becomes sigmoid(slope * logit(c) + intercept), Platt's scaling in the log odds (Platt
1999, "Probabilistic outputs for support vector machines"); the order of the mentions stays. Errors
are expected calibration errors (Guo et al. 2017, ICML, Eq. 3).
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from somex.core.errors import ConfigError, ModelError
from somex.core.types import LabeledDocument

CALIBRATION_FILE = "calibration.json"
N_BINS = 15
_EDGE = 1e-6
_MAX_STEPS = 100

FloatArray = npt.NDArray[np.float64]
Outcomes = tuple[FloatArray, FloatArray]
"""Confidences (N,) and whether each was right (N,), 0 or 1."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map of confidences: ``sigmoid(slope * logit(confidence) + intercept)``.

    Raises:
        ConfigError: The slope is not above 0, or a value is no number.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.slope) and math.isfinite(self.intercept) and self.slope > 0):
            raise ConfigError(
                f"calibration with slope {self.slope} and intercept {self.intercept}: "
                "valid are numbers, the slope above 0"
            )

    def apply(self, confidence: float) -> float:
        """Map a confidence, 0 to 1."""
        if self.slope == 1 and self.intercept == 0:
            return confidence
        odds = math.log(max(confidence, _EDGE)) - math.log(max(1.0 - confidence, _EDGE))
        return 1.0 / (1.0 + math.exp(-(self.slope * odds + self.intercept)))


@dataclass(frozen=True, slots=True)
class Calibrations:
    """Those of mentions and of relations."""

    mentions: Calibration = Calibration()
    relations: Calibration = Calibration()


def read_calibrations(folder: Path) -> Calibrations:
    """Read ``calibration.json`` of a model folder; without the file confidences stay raw.

    Raises:
        ModelError: The file is no JSON of the expected form.
    """
    path = folder / CALIBRATION_FILE
    if not path.is_file():
        return Calibrations()
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        parts = {
            name: Calibration(float(values[name]["slope"]), float(values[name]["intercept"]))
            for name in ("mentions", "relations")
        }
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} must hold mentions and relations, each with slope and intercept ({error!r})"
        ) from None
    return Calibrations(**parts)


def write_calibrations(
    calibrations: Calibrations, folder: Path, *, source: dict[str, Any] | None = None
) -> Path:
    """Write ``calibration.json`` into a model folder, with what it was fitted on."""
    path = folder / CALIBRATION_FILE
    values = {**dataclasses.asdict(calibrations), "source": source or {}}
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    return path


def mention_outcomes(pairs: Iterable[tuple[LabeledDocument, LabeledDocument]]) -> Outcomes:
    """Return the confidences of predicted mentions, and which have a gold span and type.

    Args:
        pairs: Gold and predicted document (``pair_documents``).
    """
    rows = []
    for gold, predicted in pairs:
        right = {m.key for m in gold.annotation.mentions}
        rows += [(m.confidence, m.key in right) for m in predicted.annotation.mentions]
    return _columns(rows)


def relation_outcomes(pairs: Iterable[tuple[LabeledDocument, LabeledDocument]]) -> Outcomes:
    """Return the same of predicted relations between mentions that are both right.

    A relation at a wrong mention says nothing about the choice of the host.
    """
    rows = []
    for gold, predicted in pairs:
        mentions = {m.key for m in gold.annotation.mentions}
        right = {(r.type, r.head.key, r.tail.key) for r in gold.annotation.relations}
        rows += [
            (r.confidence, (r.type, r.head.key, r.tail.key) in right)
            for r in predicted.annotation.relations
            if r.head.key in mentions and r.tail.key in mentions
        ]
    return _columns(rows)


def _columns(rows: Sequence[tuple[float, bool]]) -> Outcomes:
    table = np.array(rows, np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def fit_calibration(confidences: FloatArray, right: FloatArray) -> Calibration:
    """Fit slope and intercept by maximum likelihood.

    Args:
        confidences: (N,) raw confidences, 0 to 1.
        right: (N,) whether each was right, 0 or 1. As Platt does, a count of one is added to
            both, so that nothing is ever certain.

    Returns:
        The calibration; one that changes nothing where fewer than two outcomes differ.
    """
    n_right, n_wrong = right.sum(), (1 - right).sum()
    if not n_right or not n_wrong:
        return Calibration()
    target = np.where(right > 0, (n_right + 1) / (n_right + 2), 1 / (n_wrong + 2))
    design = np.stack([_log_odds(confidences), np.ones_like(confidences)], axis=1)

    def loss(weights: FloatArray) -> float:
        odds = design @ weights
        return float(np.logaddexp(0, odds).sum() - target @ odds)

    weights = np.array([1.0, 0.0])
    for _ in range(_MAX_STEPS):  # Newton's method, steps halved until they help
        probs = 1 / (1 + np.exp(-design @ weights))
        hessian = (design * (probs * (1 - probs))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (target - probs))
        while loss(weights + step) > loss(weights) and np.abs(step).max() > 1e-9:
            step /= 2
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    slope = float(weights[0])
    return Calibration(slope, float(weights[1])) if slope > 0 else Calibration()


def _log_odds(confidences: FloatArray) -> FloatArray:
    clipped = np.clip(confidences, _EDGE, 1 - _EDGE)
    odds: FloatArray = np.log(clipped) - np.log(1 - clipped)
    return odds


def expected_calibration_error(
    confidences: FloatArray, right: FloatArray, *, n_bins: int = N_BINS
) -> float:
    """Return the mean distance, 0 to 1, of confidence and share of right ones over bins.

    Args:
        confidences: (N,) 0 to 1.
        right: (N,) 0 or 1.
        n_bins: Number of bins of equal width (Guo et al. 2017 use 15).
    """
    bins = np.minimum((confidences * n_bins).astype(int), n_bins - 1)
    gaps = [np.abs(confidences[bins == b].sum() - right[bins == b].sum()) for b in np.unique(bins)]
    return float(sum(gaps) / len(confidences)) if len(confidences) else 0.0


def cross_fitted(outcomes: Sequence[Outcomes]) -> Outcomes:
    """Calibrate each part with what was fitted on the others, so that its error is honest.

    Args:
        outcomes: Two or more parts, such as the documents of each fold.

    Returns:
        Calibrated confidences and outcomes of all parts.
    """
    calibrated, rights = [], []
    for index, (confidences, right) in enumerate(outcomes):
        others = [part for i, part in enumerate(outcomes) if i != index]
        fitted = fit_calibration(*(np.concatenate(column) for column in zip(*others, strict=True)))
        calibrated.append(np.array([fitted.apply(c) for c in confidences.tolist()]))
        rights.append(right)
    return np.concatenate(calibrated), np.concatenate(rights)
