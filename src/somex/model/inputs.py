"""Sentences become arrays: units, word pieces, shapes, padded batches. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from somex.core.errors import ModelError
from somex.core.types import Document, Sentence, Token
from somex.model.config import ModelConfig
from somex.model.shapes import IS_WORD, N_SHAPES, shape_of
from somex.text.atoms import split_atoms
from somex.text.windows import split_windows
from somex.text.words import split_words

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]

WINDOW_OVERLAP_PIECES = 32

_CHARS_PER_PIECE = 12
"""More than a word piece has, so that enough of the text around a sentence is cut up."""

LONE_BLANKS = ("▁", "Ġ")
"""Pieces of SentencePiece and of byte-level BPE that say no more than that a word begins."""


def units_of(document: Document, sentence: Sentence, *, units: str) -> tuple[Token, ...]:
    """Return the units that the model labels in a sentence.

    Args:
        document: Holds the text.
        sentence: Slice of the document; its tokens are used where it has them.
        units: ``atoms`` or ``words``.
    """
    text = document.slice(sentence.char_start, sentence.char_end)
    if units == "atoms":
        return split_atoms(text, char_offset=sentence.char_start)
    return sentence.tokens or split_words(text, char_offset=sentence.char_start)


def joins_of(document: Document, sentence: Sentence, units: Sequence[Token]) -> tuple[bool, ...]:
    """Tell for each unit whether it goes on with the word of the unit before it.

    Words are the sentence's tokens where it has them (SOMD's ``[39]`` is one token, so its three
    atoms are joined), and those of `split_words` in natural text, which follow SOMD's Phase I.
    """
    text = document.slice(sentence.char_start, sentence.char_end)
    words = sentence.tokens or split_words(text, char_offset=sentence.char_start)
    starts = {word.char_start for word in words}
    return tuple(index > 0 and unit.char_start not in starts for index, unit in enumerate(units))


@dataclass(frozen=True, slots=True)
class Context:
    """What stands around a sentence: words before and after it, and how many pieces to read."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    n_pieces: int


def context_of(document: Document, sentence: Sentence, n_pieces: int) -> Context | None:
    """Return what stands around a sentence in its document; None where nothing is wanted."""
    if not n_pieces:
        return None
    n_chars = n_pieces * _CHARS_PER_PIECE
    start = max(0, sentence.char_start - n_chars)
    before, after = (
        tuple(text[unit.char_start : unit.char_end] for unit in split_atoms(text, char_offset=0))
        for text in (
            document.text[start : sentence.char_start],
            document.text[sentence.char_end : sentence.char_end + n_chars],
        )
    )
    return Context(before, after, n_pieces)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of units that the encoder reads at once.

    Attributes:
        units: The units, U of them.
        piece_ids: Word pieces with the special ones and those of what stands around, L of them.
        unit_first: First piece of each unit, U indices into ``piece_ids``.
        unit_last: Last piece of each unit, U indices.
        shapes: Shape id of each unit, U of them; 0 for a unit without pieces of its own.
        joins: Whether each unit goes on with the word of the unit before it; empty: none does.
        shapes_tell_joins: Whether the model reads ``joins`` (``word_borders``); decoding always
            does.
    """

    units: tuple[Token, ...]
    piece_ids: tuple[int, ...]
    unit_first: tuple[int, ...]
    unit_last: tuple[int, ...]
    shapes: tuple[int, ...]
    joins: tuple[bool, ...] = ()
    shapes_tell_joins: bool = False

    def without_punctuation_joins(self) -> Window:
        """Return the window as if every punctuation mark stood alone (SOMD 2025's Phase II)."""
        is_word = [IS_WORD[shape] for shape in self.shapes]
        joins = (
            joined and a and b
            for joined, a, b in zip(self.joins, [False, *is_word], is_word, strict=False)
        )
        return replace(self, joins=tuple(joins))

    @property
    def shape_ids(self) -> list[int]:
        """Shape id of each unit; with ``shapes_tell_joins``, joined ones' after the others'."""
        if not self.shapes_tell_joins or not self.joins:
            return list(self.shapes)
        return [
            shape + N_SHAPES if shape and joined else shape
            for shape, joined in zip(self.shapes, self.joins, strict=True)
        ]


class PieceEncoder:
    """Cuts units into word pieces with a ``tokenizers`` tokenizer; long sentences into windows.

    Args:
        tokenizer: Cuts words.
        max_pieces: Longest window, special pieces included.
        skip_blanks: A unit's first piece is never one of LONE_BLANKS (public GLiNER checkpoints
            were trained to read them).
    """

    def __init__(self, tokenizer: Tokenizer, *, max_pieces: int, skip_blanks: bool = True) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._max_pieces = max_pieces
        self._n_special = tokenizer.num_special_tokens_to_add(False)
        blanks = LONE_BLANKS if skip_blanks else ()
        self._lone_blanks = {tokenizer.token_to_id(piece) for piece in blanks} - {None}
        if max_pieces <= self._n_special:
            raise ModelError(f"max_pieces {max_pieces} leaves no room beside the special pieces")

    def encode(
        self,
        text: str,
        units: Sequence[Token],
        *,
        joins: Sequence[bool] = (),
        shapes_tell_joins: bool = False,
        context: Context | None = None,
    ) -> list[Window]:
        """Return the windows of a sentence: one, or several that overlap where it is long.

        Args:
            text: Text of the document that the units' offsets count.
            units: The sentence's units.
            joins: Of `joins_of`.
            shapes_tell_joins: Whether the model reads them (``word_borders``).
            context: Of `context_of`, for models that ask for it (``context_pieces``); a sentence
                that takes several windows is read without.
        """
        if not units:
            return []
        words = [text[unit.char_start : unit.char_end] for unit in units]
        window = self._window(words, units, joins, tell=shapes_tell_joins)
        if len(window.piece_ids) <= self._max_pieces:
            return [window if context is None else self._within(window, context)]
        n_pieces = [1 + b - a for a, b in zip(window.unit_first, window.unit_last, strict=True)]
        room = self._max_pieces - self._n_special
        overlap = min(WINDOW_OVERLAP_PIECES, room // 2)
        ranges = split_windows(n_pieces, max_pieces=room, overlap_pieces=overlap)
        return [
            self._window(words[a:b], units[a:b], joins[a:b], tell=shapes_tell_joins)
            for a, b in ranges
        ]

    def _window(
        self, words: Sequence[str], units: Sequence[Token], joins: Sequence[bool], *, tell: bool
    ) -> Window:
        encoding = self._tokenizer.encode(list(words), is_pretokenized=True)
        ids = list(encoding.ids)
        first, last = [-1] * len(words), [-1] * len(words)
        for piece, word in enumerate(encoding.word_ids):
            if word is not None:
                if first[word] < 0 or ids[first[word]] in self._lone_blanks:
                    first[word] = piece
                last[word] = piece
        shapes = list(map(shape_of, words))
        for word, piece in enumerate(first):  # a unit that the tokenizer drops leans on its left
            if piece < 0:
                first[word] = last[word] = last[word - 1] if word else 0
                shapes[word] = 0
        if len(units) == 1 and len(ids) > self._max_pieces:  # one endless unit: keep its head
            ids = [*ids[: self._max_pieces - 1], ids[-1]]
            last[0] = min(last[0], self._max_pieces - 2)
        of_units = (tuple(first), tuple(last), tuple(shapes), tuple(joins))
        return Window(tuple(units), tuple(ids), *of_units, shapes_tell_joins=tell)

    def _within(self, window: Window, context: Context) -> Window:
        """Put pieces of what stands around a sentence at its sides, as far as there is room."""
        n_most = min(context.n_pieces, (self._max_pieces - len(window.piece_ids)) // 2)
        if n_most <= 0:
            return window
        before, after = (
            self._tokenizer.encode(list(words), is_pretokenized=True, add_special_tokens=False).ids
            for words in (context.before, context.after)
        )
        before, after = before[-n_most:], after[:n_most]
        start = max(min(window.unit_first), min(1, self._n_special))  # a unit may lean on [CLS]
        end = max(start, max(window.unit_last) + 1)
        ids, shift = window.piece_ids, len(before)
        return replace(
            window,
            piece_ids=(*ids[:start], *before, *ids[start:end], *after, *ids[end:]),
            unit_first=tuple(i + shift if i >= start else i for i in window.unit_first),
            unit_last=tuple(i + shift if i >= start else i for i in window.unit_last),
        )


@dataclass(frozen=True, slots=True)
class Pieces:
    """A tokenizer ready for a model: cuts units into pieces and knows the padding piece."""

    encoder: PieceEncoder
    pad_id: int
    tokenizer: Tokenizer


def encode_sentence(
    document: Document, sentence: Sentence, *, pieces: PieceEncoder, config: ModelConfig
) -> list[Window]:
    """Return the windows of a sentence, with the units and borders that a model asks for."""
    units = units_of(document, sentence, units=config.units)
    joins = joins_of(document, sentence, units) if config.units == "atoms" else ()
    context = context_of(document, sentence, config.context_pieces)
    return pieces.encode(
        document.text,
        units,
        joins=joins,
        shapes_tell_joins=config.word_borders,
        context=context,
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded arrays of B windows, the longest with L pieces and U units.

    Attributes:
        piece_ids: (B, L) word pieces.
        piece_mask: (B, L) 1 for pieces, 0 for padding.
        piece_shapes: (B, L) shape id of the unit that a piece belongs to (`Window.shape_ids`).
        unit_first: (B, U) first piece of each unit; 0 in the padding.
        unit_last: (B, U) last piece of each unit; 0 in the padding.
        unit_shapes: (B, U) shape id of each unit; 0 in the padding.
        n_units: (B,) number of units.
    """

    piece_ids: IntArray
    piece_mask: IntArray
    piece_shapes: IntArray
    unit_first: IntArray
    unit_last: IntArray
    unit_shapes: IntArray
    n_units: IntArray


def collate(windows: Sequence[Window], *, pad_id: int) -> Batch:
    """Pad windows to one batch of (B, L) pieces and (B, U) units."""
    n, n_pieces = len(windows), max(len(w.piece_ids) for w in windows)
    n_units = max(len(w.units) for w in windows)
    piece_ids = np.full((n, n_pieces), pad_id, np.int64)
    piece_mask, piece_shapes = np.zeros((2, n, n_pieces), np.int64)
    unit_first, unit_last, unit_shapes = np.zeros((3, n, n_units), np.int64)
    for row, window in enumerate(windows):
        k = len(window.piece_ids)
        piece_ids[row, :k] = window.piece_ids
        piece_mask[row, :k] = 1
        u = len(window.units)
        unit_first[row, :u] = window.unit_first
        unit_last[row, :u] = window.unit_last
        shapes = window.shape_ids
        unit_shapes[row, :u] = shapes
        for a, b, shape in zip(window.unit_first, window.unit_last, shapes, strict=True):
            if shape:
                piece_shapes[row, a : b + 1] = shape
    lengths = np.array([len(w.units) for w in windows], np.int64)
    return Batch(piece_ids, piece_mask, piece_shapes, unit_first, unit_last, unit_shapes, lengths)
