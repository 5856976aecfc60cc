from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from somex.prefilter.features import BYTES_PER_CHUNK, N_BITS, N_FIXED, Features, hash_features

TEXT = "We ran Glimmerfit 2.4 (Orbital Labs Inc.) on naïve data."


def features_of(text: str) -> Features:
    return next(hash_features([text]))


def places_of(text: str) -> list[tuple[list[int], list[int]]]:
    """Each atom's features: those that every atom has, and those of its runs of bytes, sorted."""
    found = features_of(text)
    return [
        (found.places[:, atom].tolist(), sorted(found.gram_places[found.gram_atoms == atom]))
        for atom in range(len(found.rows))
    ]


def test_features_golden_places_never_change() -> None:
    """Weights files depend on these numbers: if they change, every filter must be trained anew."""
    found = features_of("Brookstat 7.1 fits")
    assert found.places[:, 0].tolist() == [
        296871, 954289, 514474, 636521, 990315, 166175, 885650, 684576, 1010609, 663248, 865269,
        314199, 365600, 180495, 688361,
    ]  # fmt: skip
    assert found.gram_places[found.gram_atoms == 3].tolist() == [
        527710, 101564, 2250, 694109, 584696, 181950, 142753, 968511, 126392,
    ]  # fmt: skip


def test_features_are_the_same_in_another_process_with_another_hash_seed() -> None:
    code = (
        "from somex.prefilter.features import hash_features\n"
        f"found = next(hash_features([{TEXT!r}]))\n"
        "print(found.places.sum(), found.gram_places.sum())"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    found = features_of(TEXT)
    assert printed[0] == printed[1] == [str(found.places.sum()), str(found.gram_places.sum())]


def test_features_have_their_shapes_and_stay_in_range() -> None:
    found = features_of(TEXT)
    n_atoms = len(found.rows)
    assert found.places.shape == (N_FIXED, n_atoms)
    assert found.gram_places.shape == found.gram_atoms.shape
    for places in (found.places, found.gram_places):
        assert places.min() >= 0
        assert places.max() < 1 << N_BITS


def test_features_byte_starts_point_at_letters_and_digits() -> None:
    raw = TEXT.encode()
    starts = features_of(TEXT).byte_starts.tolist()
    assert [chr(raw[start]) for start in starts] == list("WrG24OLIond")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Seedwise [39].", "Seedwise [ 39 ] ."),
        ("Quill 3.10 ran", "Quill  3 . 10\tran"),
        ("SPX8 ran", "SPX 8 ran"),
        ("Quill 2.4", "Quill\u00a02.4"),
        ("Quill 2.4", "Quill\u20092.4"),
        ("Quill 2.4", "Quill 7.9"),
    ],
)
def test_features_see_no_difference(one: str, other: str) -> None:
    assert places_of(one) == places_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Quill ran", "quill ran"), ("Quill 12", "Quill 2012"), ("Quill® ran", "Quill ran")],
)
def test_features_see_a_difference(one: str, other: str) -> None:
    assert places_of(one) != places_of(other)


def test_features_of_signs_beyond_ascii_are_no_letters() -> None:
    found = features_of("Quill® – “Tessarix”")
    assert len(found.rows) == 2
    assert found.byte_starts.tolist() == [0, len("Quill® – “".encode())]


def test_features_of_letters_beyond_ascii_are_letters() -> None:
    assert len(features_of("naïve Größe σ").rows) == 3


def test_features_of_empty_and_odd_texts() -> None:
    found = features_of("")
    assert (found.n_rows, len(found.rows)) == (1, 0)
    for text in (" \n ", "...", "\0", "\ud800", "®"):
        assert len(features_of(text).rows) == 0
    assert list(hash_features([])) == []


def test_features_of_a_very_long_sentence_stay_in_one_chunk() -> None:
    n_times = BYTES_PER_CHUNK // 10
    text = "Quill 2.4 ran. " * n_times
    chunks = list(hash_features(["a", text, "b"]))
    assert sum(chunk.n_rows for chunk in chunks) == 3
    assert max(len(chunk.rows) for chunk in chunks) == 4 * n_times


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_features_do_not_depend_on_the_sentences_beside(texts: list[str]) -> None:
    together = list(hash_features(texts))
    assert len(together) == 1
    for row, text in enumerate(texts):
        alone = features_of(text)
        atoms = np.flatnonzero(together[0].rows == row)
        assert np.array_equal(together[0].places[:, atoms], alone.places)
        assert np.array_equal(together[0].byte_starts[atoms], alone.byte_starts)
        grams = np.isin(together[0].gram_atoms, atoms)
        assert sorted(together[0].gram_places[grams]) == sorted(alone.gram_places)
