"""The shape of a unit: what lower-casing takes away from it."""

from __future__ import annotations

SHAPES: tuple[str, ...] = (
    "none",
    "lower",
    "upper",
    "title",
    "mixed",
    "initial",
    "caseless",
    "digits",
    "alphanumeric",
    "open",
    "close",
    "punctuation",
)
"""Shape names by id; ``none`` is for special pieces, padding and units without pieces."""

N_SHAPES = len(SHAPES)
IS_WORD: tuple[bool, ...] = tuple(
    name in ("lower", "upper", "title", "mixed", "initial", "caseless", "digits", "alphanumeric")
    for name in SHAPES
)
"""By shape id: letters or digits, not punctuation."""

_ID = {name: index for index, name in enumerate(SHAPES)}


def shape_of(text: str) -> int:
    """Return the shape id of a unit's text (not empty)."""
    return _ID[_shape_name(text)]


def _shape_name(text: str) -> str:
    if text.isdigit():
        return "digits"
    if text.isalpha():
        return _case_name(text)
    if any(ch.isalnum() for ch in text):
        return "alphanumeric"
    if text in "([{":
        return "open"
    if text in ")]}":
        return "close"
    return "punctuation"


def _case_name(text: str) -> str:
    if text.islower():
        return "lower"
    if text.isupper():
        return "upper" if len(text) > 1 else "initial"
    if text[0].isupper() and text[1:].islower():
        return "title"
    return "mixed" if text.lower() != text.upper() else "caseless"
