"""Brackets in a text: which one a place stands in."""

from __future__ import annotations

CLOSING = {"(": ")", "[": "]"}
"""Bracket that opens -> the one that closes it."""


def last_open_bracket(text: str, start: int, end: int) -> int | None:
    """Return the place of the last bracket opened from ``start`` on and still open at ``end``."""
    opened: list[int] = []
    for place in range(start, end):
        if text[place] in CLOSING:
            opened.append(place)
        elif opened and text[place] == CLOSING[text[opened[-1]]]:
            opened.pop()
    return opened[-1] if opened else None
