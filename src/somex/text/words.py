"""Words of natural text, split as the SOMD 2025 organisers did in Phase I.

Brackets, hyphens and punctuation stand alone; citations (``[39]``), decimal numbers (``3.10``),
URLs and a few abbreviations (``v.``, ``i.e.``) stay whole; ``SPM8`` becomes ``SPM`` and ``8``.
The rules were read off the sentences that SOMD and SoMeSci share.
"""

from __future__ import annotations

import re

from somex.core.types import Token

_URL = (
    r"(?:https?|ftp)://[^\s<>()\[\]\"“”’,;]*[^\s<>()\[\]\"“”’,;.:]|www\.[^\s<>()\[\]\"“”’,;]*[\w/]"
)
_CITATION = r"\[\d+(?:[,–−-]\d+)*\]"
_ABBREVIATION = r"\b(?:i\.e|e\.g|[vV](?:ers?)?)\.(?!\w*[^\W\d])"
_NUMBER = r"\d+(?:[.,]\d+)*[^\W\d_]*|(?<!\w)\.\d+"
_LETTERS = r"[^\W\d_]+"
_WORD = (
    rf"(?:{_LETTERS})\d+[^\W\d_]{{2,}}(?!\d)"  # map2stan
    r"|\b[A-QS-UW-Z]\d+\b(?!\.\d)"  # S1
    rf"|{_LETTERS}\.{_LETTERS}|\.?{_LETTERS}"  # U.S, cnvkit.py, .NET, analysis
)
ADDRESS = re.compile(_URL)
"""A web address with its scheme, or one that begins with ``www.``."""
_TOKEN = re.compile("|".join((_URL, _CITATION, _ABBREVIATION, _NUMBER, _WORD, r"\S")))


def split_words(text: str, *, char_offset: int = 0) -> tuple[Token, ...]:
    """Split a natural text into words as SOMD 2025 Phase I has them.

    Args:
        text: Any text; white space belongs to no word.
        char_offset: Added to every offset, the place of ``text`` in its document.

    Returns:
        The words in reading order; every character that is not white space lies in exactly one.
    """
    return tuple(
        Token(match.start() + char_offset, match.end() + char_offset)
        for match in _TOKEN.finditer(text)
    )
