"""Atoms: the units that somex labels. Runs of letters, runs of digits, single other characters.

WordPiece splits at the same places (letters against digits apart), so ``[39]`` and ``[ 39 ]``, or
``3.10`` and ``3 . 10``, give the same atoms whatever tokens the caller has.
"""

from __future__ import annotations

import re

from somex.core.types import Token

_ATOM = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f][^\W\d_]*)*|\d+|\S")


def split_atoms(text: str, *, char_offset: int = 0) -> tuple[Token, ...]:
    """Split a text into atoms.

    Args:
        text: Any text; white space belongs to no atom.
        char_offset: Added to every offset, the place of ``text`` in its document.

    Returns:
        The atoms in reading order; every character that is not white space lies in exactly one.
    """
    return tuple(
        Token(match.start() + char_offset, match.end() + char_offset)
        for match in _ATOM.finditer(text)
    )
