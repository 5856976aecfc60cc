from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from somex.core import ModelError
from somex.prefilter.features import N_BITS
from somex.prefilter.model import (
    CARD_FILE,
    NEVER,
    WEIGHTS_FILE,
    Linear,
    Prefilter,
    add_neighbours,
    has_prefilter,
    read_prefilter,
    write_prefilter,
)

TEXTS = [
    "We ran Glimmerfit 2.4 on all plates.",
    "",
    "Samples were kept cold.",
    "...",
    "Leaves were counted with Tessarix (Orbital Labs Inc.).",
]


@pytest.fixture(scope="module")
def model() -> Prefilter:
    rng = np.random.default_rng(3)
    words, sentences = rng.integers(-127, 128, (2, 1 << N_BITS)).astype(np.int8)
    card = {"cross_validation": {"whole_documents": {"mentions_lost": 0.004}}}
    return Prefilter(Linear(words, 0.01, -1.0), Linear(sentences, 0.02, 0.5), 1.5, 0.2, 0.3, card)


def test_prefilter_scores_do_not_depend_on_the_batch(model: Prefilter) -> None:
    together = model.score(TEXTS)
    assert together.shape == (5,)
    assert together.tolist() == [model.score([text])[0] for text in TEXTS]
    assert model.score(TEXTS[::-1]).tolist() == together[::-1].tolist()
    assert model.score([]).shape == (0,)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=5), st.integers(0, 3))
def test_prefilter_passing_does_not_depend_on_other_documents(
    model: Prefilter, texts: list[str], n_more: int
) -> None:
    more = [*texts, *TEXTS[:n_more]]
    assert model.score(more)[: len(texts)].tolist() == model.score(texts).tolist()


def test_prefilter_never_passes_what_holds_no_letter_or_digit(model: Prefilter) -> None:
    scores = model.score(TEXTS)
    assert [score == NEVER for score in scores] == [False, True, False, True, False]
    low = replace(model, threshold=-1e9)
    assert low.passes(TEXTS).tolist() == [True, False, True, False, True]


def test_prefilter_threshold_itself_passes(model: Prefilter) -> None:
    score = float(model.score_document(TEXTS[:1])[0])
    assert replace(model, threshold=score).passes(TEXTS[:1]).tolist() == [True]
    above = replace(model, threshold=float(np.nextafter(score, np.inf)))
    assert above.passes(TEXTS[:1]).tolist() == [False]


def test_prefilter_greater_threshold_passes_no_more(model: Prefilter) -> None:
    passed = [replace(model, threshold=t).passes(TEXTS) for t in (-5.0, 0.0, 1.0, 5.0)]
    for low, high in pairwise(passed):
        assert not (high & ~low).any()


def test_prefilter_neighbours_add_a_share_of_the_better_one() -> None:
    found = add_neighbours(np.array([1.0, -2.0, 5.0]), 0.5)
    assert found.tolist() == [0.0, 0.5, 4.0]


def test_prefilter_sentence_without_neighbours_counts_as_its_own() -> None:
    assert add_neighbours(np.array([2.0]), 0.5).tolist() == [3.0]
    assert add_neighbours(np.array([2.0, NEVER]), 0.5).tolist() == [3.0, NEVER]
    assert add_neighbours(np.array([NEVER, NEVER]), 0.0).tolist() == [NEVER, NEVER]
    assert add_neighbours(np.zeros(0), 0.5).tolist() == []


def test_prefilter_very_long_sentence_has_a_finite_score(model: Prefilter) -> None:
    scores = model.score(["Quill 2.4 ran well, " * 50_000, TEXTS[0]])
    assert np.isfinite(scores).all()
    assert scores[1] == model.score(TEXTS[:1])[0]


def test_prefilter_quantize_keeps_the_greatest_weight() -> None:
    weights = np.zeros(1 << N_BITS)
    weights[[3, 5]] = 2.54, -1.27
    linear = Linear.quantize(weights, 0.25)
    assert linear.weights[[3, 5]].tolist() == [127, -64]
    assert linear.scale == pytest.approx(0.02)
    assert Linear.quantize(np.zeros(1 << N_BITS), 0.0).scale > 0


@pytest.mark.parametrize(
    ("weights", "scale", "told"),
    [
        (np.zeros(8, np.int8), 1.0, "shape (8,)"),
        (np.zeros(1 << N_BITS), 1.0, "float64"),
        (np.zeros(1 << N_BITS, np.int8), 0.0, "scale 0.0"),
        (np.zeros(1 << N_BITS, np.int8), float("nan"), "scale nan"),
    ],
)
def test_prefilter_linear_refuses_what_does_not_fit(
    weights: np.ndarray, scale: float, told: str
) -> None:
    with pytest.raises(ModelError) as error:
        Linear(weights, scale, 0.0)
    assert told in str(error.value)


def test_prefilter_files_round_trip(model: Prefilter, tmp_path: Path) -> None:
    assert not has_prefilter(tmp_path)
    write_prefilter(model, tmp_path / "made")
    assert has_prefilter(tmp_path / "made")
    back = read_prefilter(tmp_path / "made")
    assert back.score(TEXTS).tolist() == model.score(TEXTS).tolist()
    assert back.to_json() == model.to_json()
    assert back.card == model.card
    assert sorted(p.name for p in (tmp_path / "made").iterdir()) == [CARD_FILE, WEIGHTS_FILE]


def test_prefilter_files_are_the_same_bytes_each_time(model: Prefilter, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_prefilter(model, tmp_path / name)
    for file in (CARD_FILE, WEIGHTS_FILE):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_prefilter_fingerprint_tells_what_decides(model: Prefilter) -> None:
    assert model.to_json() == {
        "fingerprint": model.fingerprint(),
        "threshold": 0.3,
        "mentions_lost": 0.004,
    }
    assert replace(model, threshold=0.4).fingerprint() != model.fingerprint()
    assert replace(model, neighbour_weight=0.1).fingerprint() != model.fingerprint()
    bare = replace(model, card={})
    assert bare.fingerprint() == model.fingerprint()
    assert bare.mentions_lost is None


def change(path: Path, **values: object) -> None:
    described = json.loads(path.read_text())
    path.write_text(json.dumps({**described, **values}))


@pytest.fixture
def folder(model: Prefilter, tmp_path: Path) -> Path:
    write_prefilter(model, tmp_path)
    return tmp_path


def test_prefilter_damaged_weights_are_told(folder: Path) -> None:
    raw = bytearray((folder / WEIGHTS_FILE).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / WEIGHTS_FILE).write_bytes(bytes(raw))
    with pytest.raises(ModelError, match=r"prefilter\.npz is damaged or belongs to another card"):
        read_prefilter(folder)


def test_prefilter_missing_files_are_told(folder: Path) -> None:
    (folder / WEIGHTS_FILE).unlink()
    with pytest.raises(ModelError, match=r"prefilter\.npz can't be read"):
        read_prefilter(folder)
    (folder / CARD_FILE).unlink()
    with pytest.raises(ModelError, match=r"prefilter\.json is missing; `somex prefilter train`"):
        read_prefilter(folder)


def test_prefilter_weights_that_are_no_archive_are_told(folder: Path) -> None:
    import hashlib

    (folder / WEIGHTS_FILE).write_bytes(b"nothing")
    change(folder / CARD_FILE, weights_sha256=hashlib.sha256(b"nothing").hexdigest())
    with pytest.raises(ModelError, match="holds no weights of a prefilter"):
        read_prefilter(folder)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"format": "somex.prefilter/9"}, "has format 'somex.prefilter/9'; valid"),
        ({"threshold": "high"}, "is no card of a prefilter"),
        ({"card": None}, "is no card of a prefilter"),
        ({"word_scale": -1.0}, "scale above 0"),
    ],
)
def test_prefilter_faulty_card_is_told(folder: Path, values: dict[str, object], told: str) -> None:
    change(folder / CARD_FILE, **values)
    with pytest.raises(ModelError) as error:
        read_prefilter(folder)
    assert told in str(error.value)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "somex.prefilter/1"}'])
def test_prefilter_card_that_is_none_is_told(folder: Path, text: str) -> None:
    (folder / CARD_FILE).write_text(text)
    with pytest.raises(ModelError, match=r"prefilter\.json"):
        read_prefilter(folder)
