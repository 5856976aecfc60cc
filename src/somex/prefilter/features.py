"""Hashed features of the words of sentences, many sentences at once: NumPy over their bytes.

A sentence is cut into atoms (runs of letters, runs of digits, single other characters), much as
the model does, so that ``[39]`` and ``[ 39 ]`` look alike. Each atom of letters or digits is
described by

- its text in lower case, and the texts of the two atoms to either side, alone and in pairs;
  digits count by their number alone;
- its shape (lower, Title, UPPER, camelCase, initial, number) and those of its neighbours, which
  may be any mark, in threes and beside texts;
- runs of 3 to 5 bytes within it, its borders included.

Each feature is hashed to one of ``2 ** N_BITS`` places by arithmetic on whole numbers: the same on
every machine, in every process, and whatever sentences stand beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

N_BITS = 20
BYTES_PER_CHUNK = 1 << 16
N_FIXED = 15
SENTENCE_FEATURES = (0, 7, 12)
"""Which of the features that every atom has also describe the sentence as a whole."""

_BORDER = 0
_N_BORDERS = 2
_GRAM_SIZES = (3, 4, 5)
_MAX_DIGITS = 5

Bytes = NDArray[np.uint8]
Keys = NDArray[np.uint64]
Places = NDArray[np.int64]

_SPACE, _LETTER, _DIGIT, _MARK = range(4)
_LOWER, _TITLE, _UPPER, _MIXED, _INITIAL, _NUMBER = range(6)
_FIRST_MARK_SHAPE = 16
_BASE = 0x9E3779B97F4A7C15
_ODDS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93)
_LAST_ODD = np.uint64(0xA0761D6478BD642F)


def _tables() -> tuple[Bytes, Bytes, Bytes]:
    """Return for each byte its kind, its lower case, and 1 for a capital letter."""
    kinds, lower = np.full(256, _MARK, np.uint8), np.arange(256, dtype=np.uint8)
    capital = np.zeros(256, np.uint8)
    kinds[:33] = kinds[127] = _SPACE
    kinds[128:] = _LETTER  # what lies beyond ASCII is mostly letters
    for code in range(33, 127):
        sign = chr(code)
        if sign.isalpha():
            kinds[code], lower[code], capital[code] = _LETTER, ord(sign.lower()), sign.isupper()
        elif sign.isdigit():
            kinds[code] = _DIGIT
    kinds[_BORDER] = _MARK
    return kinds, lower, capital


_KINDS, _LOWERED, _CAPITALS = _tables()


@dataclass(frozen=True, slots=True)
class Features:
    """Hashed features of the atoms of letters and digits of some sentences.

    Attributes:
        places: Where the features that every atom has fall, 0 to ``2 ** N_BITS`` - 1, shape
            (N_FIXED, n_atoms).
        gram_places: The same for runs of bytes, shape (n_grams,).
        gram_atoms: Which atom each of these stands in, shape (n_grams,).
        rows: Which sentence each atom stands in, never falling, shape (n_atoms,).
        byte_starts: Where in the UTF-8 bytes of its sentence each atom starts, shape (n_atoms,).
        n_rows: Number of sentences.
    """

    places: Places
    gram_places: Places
    gram_atoms: Places
    rows: Places
    byte_starts: Places
    n_rows: int


def hash_features(texts: Sequence[str]) -> Iterator[Features]:
    """Yield the features of sentences, a chunk of them at a time, in order.

    Args:
        texts: Sentences of any length; an empty one has no atoms.
    """
    chunk: list[bytes] = []
    n_bytes = 0
    for text in texts:
        raw = text.encode("utf-8", "replace").replace(b"\0", b" ")
        if chunk and n_bytes + len(raw) > BYTES_PER_CHUNK:
            yield _hash_chunk(chunk)
            chunk, n_bytes = [], 0
        chunk.append(raw)
        n_bytes += len(raw) + _N_BORDERS
    if chunk:
        yield _hash_chunk(chunk)


def _hash_chunk(sentences: list[bytes]) -> Features:
    """Hash sentences; each atom's neighbours are its sentence's own or borders."""
    gap = bytes([_BORDER] * _N_BORDERS)
    raw = np.frombuffer(gap + b"".join(s + gap for s in sentences), np.uint8)
    sizes = np.array([len(s) + _N_BORDERS for s in sentences])
    firsts = np.cumsum(sizes) - sizes + _N_BORDERS
    kinds, lower = _kinds(raw), _LOWERED[raw]
    starts, ends = _find_atoms(kinds)
    shapes = _shapes(raw, kinds, starts, ends)
    words = np.where(kinds[starts] == _DIGIT, shapes, _hash_spans(lower, starts, ends))
    told = np.flatnonzero(kinds[starts] != _MARK)
    keys = _describe(words, shapes, told)
    gram_keys, gram_bytes = _grams(kinds, lower)
    rows = np.searchsorted(firsts, starts[told], side="right") - 1
    gram_atoms = np.searchsorted(starts[told], gram_bytes, side="right") - 1
    return Features(
        _to_places(keys),
        _to_places(gram_keys),
        gram_atoms,
        rows,
        starts[told] - firsts[rows],
        len(sentences),
    )


def _kinds(raw: Bytes) -> Bytes:
    """Return the kind of each byte; signs of two or three bytes are a mark and blanks."""
    kinds = _KINDS[raw]
    after = np.append(raw[1:], np.zeros(2, np.uint8))  # borders end the text: nothing is cut off
    for lead, size in ((0xC2, 2), (0xE2, 3)):  # U+0080-00BF, U+2000-2FFF: signs, no letters
        at = np.flatnonzero(raw == lead)
        kinds[at] = _MARK
        for offset in range(1, size):
            kinds[at + offset] = _SPACE
        if size == 2:
            is_blank = after[at] == 0xA0
        else:
            last = after[at + 1]
            is_blank = (after[at] == 0x80) & ((last <= 0x8B) | (last == 0xAF))
        kinds[at[is_blank]] = _SPACE
    return kinds


def _find_atoms(kinds: Bytes) -> tuple[Places, Places]:
    """Return the first bytes of all atoms, and one past their last ones."""
    is_new = np.ones(len(kinds), bool)
    is_new[1:] = (kinds[1:] != kinds[:-1]) | (kinds[1:] == _MARK)
    starts = np.flatnonzero(is_new)
    ends = np.append(starts[1:], len(kinds))
    is_atom = kinds[starts] != _SPACE
    return starts[is_atom], ends[is_atom]


def _describe(words: Keys, shapes: Keys, told: Places) -> Keys:
    """Return the features that every atom has, shape (N_FIXED, n_told)."""
    w = {offset: words[told + offset] for offset in range(-2, 3)}
    s = {offset: shapes[told + offset] for offset in range(-2, 3)}
    combined = (
        (w[0],),
        (w[-1],),
        (w[1],),
        (w[-2],),
        (w[2],),
        (w[-2], w[-1]),
        (w[-1], w[0]),
        (w[0], w[1]),
        (w[1], w[2]),
        (w[0], s[0]),
        (w[-1], s[0]),
        (s[0], w[1]),
        (s[-1], s[0], s[1]),
        (s[0], s[1], s[2]),
        (s[-2], s[-1], s[0]),
    )
    return np.stack([_combine(tag, *keys) for tag, keys in enumerate(combined, start=1)])


def _to_places(keys: Keys) -> Places:
    mixed = (keys ^ (keys >> np.uint64(32))) * _LAST_ODD
    return (mixed >> np.uint64(64 - N_BITS)).astype(np.int64)


def _shapes(raw: Bytes, kinds: Bytes, starts: Places, ends: Places) -> Keys:
    """Return the shape of each atom: small whole numbers, shape (n_atoms,)."""
    n_before = np.concatenate(([0], np.cumsum(_CAPITALS[raw], dtype=np.int64)))
    n_capitals, lengths = n_before[ends] - n_before[starts], ends - starts
    shapes = np.full(len(starts), _MIXED)
    shapes[(n_capitals == 1) & (_CAPITALS[raw[starts]] == 1)] = _TITLE
    shapes[n_capitals == lengths] = _UPPER
    shapes[(n_capitals == lengths) & (lengths == 1)] = _INITIAL
    shapes[n_capitals == 0] = _LOWER
    kind = kinds[starts]
    is_digit, is_mark = kind == _DIGIT, kind == _MARK
    shapes[is_digit] = _NUMBER + np.minimum(lengths[is_digit], _MAX_DIGITS)
    shapes[is_mark] = _FIRST_MARK_SHAPE + raw[starts[is_mark]]
    return shapes.astype(np.uint64)


def _hash_spans(values: Bytes, starts: Places, ends: Places) -> Keys:
    """Hash each span of bytes as a polynomial modulo 2**64, through sums of prefixes."""
    powers, inverses = _powers(1 << (len(values) - 1).bit_length())
    terms = (values.astype(np.uint64) + np.uint64(1)) * powers[: len(values)]
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)))
    hashed: Keys = (sums[ends] - sums[starts]) * inverses[starts]
    return hashed


@lru_cache(maxsize=4)
def _powers(n: int) -> tuple[Keys, Keys]:
    """Return the first powers of an odd number modulo 2**64, and those of its inverse."""
    return _power_row(_BASE, n), _power_row(pow(_BASE, -1, 1 << 64), n)


def _power_row(base: int, n: int) -> Keys:
    row = np.full(n, base, np.uint64)
    row[0] = 1
    return np.multiply.accumulate(row)


def _combine(tag: int, *keys: Keys) -> Keys:
    """Mix the keys of one feature, in order, with the number of its kind."""
    total = np.full(len(keys[0]), (tag * _BASE) % (1 << 64), np.uint64)
    for key, odd in zip(keys, _ODDS, strict=False):
        mixed = key ^ (key >> np.uint64(29))
        total += (mixed + np.uint64(tag)) * np.uint64(odd)
    return total


def _grams(kinds: Bytes, lower: Bytes) -> tuple[Keys, Places]:
    """Return runs of bytes whose inner ones are letters, what is no letter counting as a blank.

    Returns:
        Their keys, and a byte of the atom that each stands in, both of shape (n_grams,).
    """
    is_letter = kinds == _LETTER
    values = np.where(is_letter, lower, np.uint8(32)).astype(np.uint64)
    keys, places = [], []
    for size in _GRAM_SIZES:
        n = max(len(values) - size + 1, 0)
        is_inner = np.logical_and.reduce([is_letter[k : k + n] for k in range(1, size - 1)])
        at = np.flatnonzero(is_inner)
        packed = np.full(len(at), size, np.uint64)
        for offset in range(size):
            packed = (packed << np.uint64(8)) | values[at + offset]
        keys.append(packed * np.uint64(_BASE))
        places.append(at + 1)
    return np.concatenate(keys), np.concatenate(places)
