from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from somex.model.shapes import N_SHAPES, SHAPES, shape_of


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("version", "lower"),
        ("SPSS", "upper"),
        ("Quill", "title"),
        ("MapViewer", "mixed"),
        ("iTool", "mixed"),
        ("R", "initial"),
        ("r", "lower"),
        ("É", "initial"),
        ("élan", "lower"),
        ("数据", "caseless"),
        ("2019", "digits"),
        ("2019b", "alphanumeric"),
        ("3.10", "alphanumeric"),
        ("(", "open"),
        ("[", "open"),
        ("}", "close"),
        (".", "punctuation"),
        ("®", "punctuation"),
        ("_", "punctuation"),
    ],
)
def test_shape_of_names_the_case(text: str, shape: str) -> None:
    assert SHAPES[shape_of(text)] == shape


@given(st.text(min_size=1))
def test_shape_of_is_never_that_of_padding(text: str) -> None:
    assert 0 < shape_of(text) < N_SHAPES


def test_shapes_start_with_none() -> None:
    assert SHAPES[0] == "none"
    assert len(set(SHAPES)) == N_SHAPES
