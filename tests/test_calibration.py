from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from somex.calibration import (
    Calibration,
    Calibrations,
    cross_fitted,
    expected_calibration_error,
    fit_calibration,
    mention_outcomes,
    read_calibrations,
    relation_outcomes,
    write_calibrations,
)
from somex.core import (
    Annotation,
    ConfigError,
    Document,
    LabeledDocument,
    Mention,
    ModelError,
    Relation,
)
from somex.core.schema import EntityType, RelationType

E = EntityType


def _overconfident(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw outcomes whose true odds are the square root of what the confidence says."""
    rng = np.random.default_rng(seed)
    confidences = rng.uniform(0.05, 0.999, n)
    odds = (confidences / (1 - confidences)) ** 0.5
    return confidences, (rng.uniform(size=n) < odds / (1 + odds)).astype(float)


def test_fit_calibration_finds_what_made_the_outcomes() -> None:
    fitted = fit_calibration(*_overconfident(20_000, seed=1))
    assert fitted.slope == pytest.approx(0.5, abs=0.03)
    assert fitted.intercept == pytest.approx(0.0, abs=0.05)


def test_cross_fitted_lowers_the_error() -> None:
    parts = [_overconfident(1000, seed=s) for s in range(4)]
    before = expected_calibration_error(*(np.concatenate(c) for c in zip(*parts, strict=True)))
    after = expected_calibration_error(*cross_fitted(parts))
    assert before > 0.08
    assert after < 0.03


@pytest.mark.parametrize("right", [[1.0, 1.0], [0.0, 0.0], []])
def test_fit_calibration_of_one_outcome_changes_nothing(right: list[float]) -> None:
    confidences = np.array([0.3, 0.9][: len(right)])
    assert fit_calibration(confidences, np.array(right)) == Calibration()


def test_fit_calibration_never_turns_the_order_round() -> None:
    confidences = np.array([0.1, 0.2, 0.8, 0.9] * 10)
    assert fit_calibration(confidences, 1 - (confidences > 0.5)).slope > 0


def test_fit_calibration_bears_separable_outcomes() -> None:
    confidences = np.array([0.1, 0.2, 0.8, 0.9] * 10)
    fitted = fit_calibration(confidences, (confidences > 0.5).astype(float))
    assert fitted.apply(0.9) > 0.9 > 0.1 > fitted.apply(0.1)


def test_expected_calibration_error_by_hand() -> None:
    confidences = np.array([0.9, 0.9, 0.9, 0.9, 0.2])
    right = np.array([1.0, 1.0, 1.0, 0.0, 1.0])
    # bin of 0.9: |0.9 - 0.75| * 4/5; bin of 0.2: |0.2 - 1| * 1/5
    expected = 0.15 * 4 / 5 + 0.8 / 5
    assert expected_calibration_error(confidences, right) == pytest.approx(expected)
    assert expected_calibration_error(np.array([]), np.array([])) == 0
    assert expected_calibration_error(np.array([1.0]), np.array([1.0])) == 0


@given(
    confidence=st.floats(0, 1),
    slope=st.floats(0.01, 20),
    intercept=st.floats(-10, 10),
)
def test_calibration_stays_a_probability(confidence: float, slope: float, intercept: float) -> None:
    assert 0 <= Calibration(slope, intercept).apply(confidence) <= 1
    assert Calibration().apply(confidence) == confidence


@pytest.mark.parametrize("values", [(0.0, 0.0), (-1.0, 0.0), (float("nan"), 0.0)])
def test_calibration_refuses_a_slope_that_is_not_above_zero(values: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="the slope above 0"):
        Calibration(*values)


def test_calibrations_round_trip_and_faults(tmp_path: Path) -> None:
    assert read_calibrations(tmp_path) == Calibrations()
    wanted = Calibrations(Calibration(0.5, -1.0), Calibration(2.0, 0.25))
    path = write_calibrations(wanted, tmp_path, source={"runs": ["fold-0-seed-1"]})
    assert read_calibrations(tmp_path) == wanted
    path.write_text('{"mentions": {"slope": 1}}', encoding="utf-8")
    with pytest.raises(ModelError, match="each with slope and intercept"):
        read_calibrations(tmp_path)


def test_outcomes_know_what_is_right() -> None:
    name, version = Mention(E.APPLICATION, 0, 2), Mention(E.VERSION, 3, 4)
    document = Document("d", "Ab 1 Cd 2")
    gold = LabeledDocument(
        document,
        Annotation.build([name, version], [Relation(RelationType.VERSION_OF, version, name)]),
    )
    found = [
        Mention(E.APPLICATION, 0, 2, confidence=0.9),
        Mention(E.VERSION, 3, 4, confidence=0.8),
        Mention(E.APPLICATION, 5, 7, confidence=0.3),
        Mention(E.VERSION, 8, 9, confidence=0.2),
    ]
    relations = [
        Relation(RelationType.VERSION_OF, found[1], found[0], 0.7),
        Relation(RelationType.VERSION_OF, found[3], found[2], 0.6),  # at wrong mentions
    ]
    pairs = [(gold, LabeledDocument(document, Annotation.build(found, relations)))]
    confidences, right = mention_outcomes(pairs)
    assert dict(zip(confidences.tolist(), right.tolist(), strict=True)) == {
        0.9: 1.0,
        0.8: 1.0,
        0.3: 0.0,
        0.2: 0.0,
    }
    confidences, right = relation_outcomes(pairs)
    assert (confidences.tolist(), right.tolist()) == ([0.7], [1.0])
