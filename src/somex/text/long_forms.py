"""Letters that stand for a long name: ``GDAL`` for ``Geospatial Data Abstraction Library``.

After Schwartz and Hearst 2003, A simple algorithm for identifying abbreviation definitions in
biomedical text, with one thing more: every word of the long name must give a letter, small ones
aside. `somex.linking.names.abbreviates` is more lenient, a score of two names whatever their case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

_WORD = re.compile(r"[^\W_]+")
_SMALL_WORDS = frozenset({
    "a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "of", "on", "or", "the", "to",
    "using", "via", "with",
})  # fmt: skip
_MOST_LETTERS = 12
_WORDS_A_SILENT_ONE = 4
"""So many words of a long name, small ones aside, allow one of them to give no letter."""

_OPENING = re.compile(
    r"\s*[®™©]?(?:\s*(?:software|program|package|tool))?"
    r"(?:\s*(?P<bracket>[(\[])|\s*[:,]\s|\s+[-–—]\s)\s*(?:the\s+)?"
)
_MOST_CHARS = 150
_CLOSING = re.compile(r"(?P<bracket>[)\]])|\n\s*\n")
_INNER_BORDER = re.compile(r"\s*[;,:]")
_OUTER_BORDER = re.compile(r"[;,.:()\[\]\n]|https?\b")


def find_long_form(text: str, short: str, end: int) -> tuple[int, int] | None:
    """Find the long name that follows its letters, as ``GDAL (Geospatial Data …)``.

    It stands in brackets, up to their end or to a comma, semicolon or colon in them, or behind a
    colon, a comma or a dash. Each of its words must give a letter; of four that fill a pair of
    brackets by themselves one need not.

    Args:
        text: The text.
        short: The letters.
        end: One past the letters, or past the version behind them.

    Returns:
        First character of the long name and one past its last; None where there is none.
    """
    opening = _OPENING.match(text, end)
    if opening is None:
        return None
    start, in_brackets = opening.end(), opening["bracket"] is not None
    stops = [*(_bracket_ends if in_brackets else _open_ends)(text, start)]
    for stop in stops:
        if stands_for(short, text[start:stop]):
            return start, stop
    if in_brackets and stops and stands_for(short, text[start : stops[0]], some_silent=True):
        return start, stops[0]
    return None


def _bracket_ends(text: str, start: int) -> Iterator[int]:
    closing = _CLOSING.search(text, start, start + _MOST_CHARS)
    if closing is not None and closing["bracket"]:
        yield start + len(text[start : closing.start()].rstrip())
        borders = _INNER_BORDER.finditer(text, start, closing.start())
        yield from reversed([border.start() for border in borders])


def _open_ends(text: str, start: int) -> Iterator[int]:
    border = _OUTER_BORDER.search(text, start, start + _MOST_CHARS)
    limit = border.start() if border else min(len(text), start + _MOST_CHARS)
    yield from reversed([word.end() for word in _WORD.finditer(text, start, limit)])


def find_beginning(short: str, text: str, end: int, *, least: int = 0) -> int | None:
    """Find where the long name begins that ends before its letters (Schwartz and Hearst 2003).

    The letters are looked for from the end on, the first one at the beginning of a word.

    Args:
        short: The letters, two or more of them letters or digits.
        text: The text.
        end: One past the long name.
        least: First character that it may begin with.

    Returns:
        Its first character; None where the letters don't fit, or where it has more words than
        twice the letters, or five more than them.
    """
    letters = "".join(_WORD.findall(short)).lower()
    if len(letters) < 2:
        return None
    place = end
    for index in reversed(range(len(letters))):
        place -= 1
        while place >= least and not _gives(text, place, letters[index], at_word=index == 0):
            place -= 1
    if place < least:
        return None
    n_words = len(_WORD.findall(text, place, end))
    return place if n_words <= min(len(letters) + 5, 2 * len(letters)) else None


def _gives(text: str, place: int, letter: str, *, at_word: bool) -> bool:
    """Tell whether a character is that letter, and begins a word where it must."""
    is_inside = place > 0 and text[place - 1].isalnum()
    return text[place].lower() == letter and not (at_word and is_inside)


def stands_for(short: str, long: str, *, some_silent: bool = False) -> bool:
    """Tell whether a short name is made of the letters of a long one.

    All its letters stand in the long name, in order, the first one at its beginning. A word gives
    its first letter, or one that it writes large inside (``deterMINAtion``), and any after that.
    All words but small ones (``of``, ``the``) give some.

    Args:
        short: Of two to twelve letters or digits, whatever else it is written with.
        long: Of two words or more that are no small ones; the short name must not be in it.
        some_silent: Of four words that are no small ones, one may give none.
    """
    letters = "".join(_WORD.findall(short)).lower()
    words = _WORD.findall(long)
    if not 2 <= len(letters) <= _MOST_LETTERS or not words or words[0][0].lower() != letters[0]:
        return False
    n_large = sum(word.lower() not in _SMALL_WORDS for word in words)
    if n_large < 2 or letters in "".join(words).lower():
        return False
    n_bearable = n_large // _WORDS_A_SILENT_ONE if some_silent else 0
    return _n_silent(letters, words) <= n_bearable


def _n_silent(letters: str, words: list[str]) -> int:
    """Return how few words, small ones aside, give none of the letters; all if these don't fit."""
    never = len(words)

    @cache
    def fewest(n_given: int, n_words: int) -> int:
        if n_words == len(words):
            return 0 if n_given == len(letters) else never
        word = words[n_words]
        best = never
        if n_words:  # the first word gives the first letter
            best = fewest(n_given, n_words + 1) + (word.lower() not in _SMALL_WORDS)
        for n in range(1, _n_given(word, letters[n_given:]) + 1):
            best = min(best, fewest(n_given + n, n_words + 1))
        return best

    return fewest(0, 0)


def _n_given(word: str, letters: str) -> int:
    """Return how many of the letters a word can give: its first, or large ones inside, and on."""
    most = 0
    for start, char in enumerate(word):
        if letters and char.lower() == letters[0] and (start == 0 or char.isupper()):
            rest, n = iter(word[start:].lower()), 0
            while n < len(letters) and letters[n] in rest:
                n += 1
            most = max(most, n)
    return most
