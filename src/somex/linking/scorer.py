"""How likely two names mean one software: a logistic regression over `FEATURES`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from somex.core.errors import ModelError
from somex.linking.features import FEATURES

WEIGHTS_FILE = Path(__file__).with_name("weights.json")
SCORER_VERSION = "somex.linking/1"

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PairScorer:
    """Scores pairs of names.

    Attributes:
        weights: A weight for each of `FEATURES`, shape (n_features,).
        bias: Log odds where all features are 0.
        threshold: Log odds from which on two names are joined.
        trained: How it was trained, for readers.
    """

    weights: FloatArray
    bias: float
    threshold: float
    trained: Mapping[str, Any]

    def score(self, features: FloatArray) -> FloatArray:
        """Return log odds that pairs mean one software.

        Args:
            features: Shape (n_pairs, n_features).

        Returns:
            Shape (n_pairs,).
        """
        return features @ self.weights + self.bias

    def to_json(self) -> dict[str, Any]:
        """Return the scorer as a JSON object."""
        return {
            "schema": SCORER_VERSION,
            "weights": {
                name: round(float(w), 6) for name, w in zip(FEATURES, self.weights, strict=True)
            },
            "bias": round(self.bias, 6),
            "threshold": self.threshold,
            "trained": dict(self.trained),
        }


def read_scorer(path: Path = WEIGHTS_FILE) -> PairScorer:
    """Read a scorer; that of the package by default.

    Raises:
        ModelError: The file is missing or does not have a weight for each feature.
    """
    try:
        obj = json.loads(path.read_text(encoding="utf-8"))
        version, weights = obj["schema"], obj["weights"]
        bias, threshold, trained = float(obj["bias"]), float(obj["threshold"]), obj["trained"]
        values = np.array([float(weights[name]) for name in FEATURES])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is no linking scorer: {error!r:.120}") from None
    if version != SCORER_VERSION or set(weights) != set(FEATURES):
        raise ModelError(
            f"{path} is of version {version!r} with weights {', '.join(weights)}; "
            f"valid: {SCORER_VERSION!r} with {', '.join(FEATURES)}"
        )
    return PairScorer(values, bias, threshold, trained)


def fit_logistic(
    features: FloatArray, labels: NDArray[np.bool_], *, l2: float, n_steps: int = 50
) -> tuple[FloatArray, float]:
    """Fit a logistic regression by Newton's method; the bias is not held down.

    Args:
        features: Shape (n_pairs, n_features).
        labels: Which pairs mean one software, shape (n_pairs,).
        l2: Strength that holds the weights down, above 0.
        n_steps: Steps at most.

    Returns:
        Weights, shape (n_features,), and bias.
    """
    x = np.hstack([features, np.ones((len(features), 1))])
    y = labels.astype(np.float64)
    penalty = np.full(x.shape[1], l2)
    penalty[-1] = 1e-6
    theta = np.zeros(x.shape[1])
    for _ in range(n_steps):
        p = 1 / (1 + np.exp(-np.clip(x @ theta, -30, 30)))
        gradient = x.T @ (p - y) + penalty * theta
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        theta = theta - step
        if np.abs(step).max() < 1e-8:
            break
    return theta[:-1], float(theta[-1])
