"""Entity types as text in front of a sentence: ``[CLS] <<ENT>> version <<ENT>> ... <<SEP>> We``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from tokenizers import AddedToken, Tokenizer

from somex.core.errors import ModelError
from somex.core.schema import ENTITY_TYPES, EntityType
from somex.model.inputs import Batch, IntArray, Window, collate

MARKER = "<<ENT>>"
SEPARATOR = "<<SEP>>"
"""GLiNER's names for the piece before each type and for the one after the last."""

_E = EntityType
LABELS: dict[EntityType, str] = {
    _E.APPLICATION: "application",
    _E.PLUGIN: "plugin or package",
    _E.PROGRAMMING_ENVIRONMENT: "programming environment",
    _E.OPERATING_SYSTEM: "operating system",
    _E.SOFTWARE_COREFERENCE: "software coreference",
    _E.VERSION: "version",
    _E.RELEASE: "release",
    _E.DEVELOPER: "developer",
    _E.CITATION: "citation",
    _E.URL: "URL",
    _E.LICENSE: "license",
    _E.ABBREVIATION: "abbreviation",
    _E.ALTERNATIVE_NAME: "alternative name",
    _E.EXTENSION: "extension",
}
"""What stands in the prompt for each type of the schema."""

SCHEMA_LABELS: tuple[str, ...] = tuple(LABELS[kind] for kind in ENTITY_TYPES)


@dataclass(frozen=True, slots=True)
class SpanBatch(Batch):
    """A Batch whose pieces begin with prompts, the longest with C types.

    Attributes:
        label_first: (B, C) the marker of each type; 0 in the padding.
        label_last: (B, C) the last piece of each type's text; 0 in the padding.
    """

    label_first: IntArray
    label_last: IntArray


def add_markers(tokenizer: Tokenizer) -> None:
    """Add the two pieces of a prompt to a tokenizer that lacks them."""
    missing = [name for name in (MARKER, SEPARATOR) if tokenizer.token_to_id(name) is None]
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in missing])


class Prompter:
    """Puts types in front of windows.

    Args:
        tokenizer: Has the two pieces of `add_markers`.
        max_pieces: How many pieces the encoder reads at once; None where there is no limit.

    Raises:
        ModelError: The tokenizer lacks a piece.
    """

    def __init__(self, tokenizer: Tokenizer, *, max_pieces: int | None = None) -> None:
        self._tokenizer = tokenizer
        self._max_pieces = max_pieces
        self._pieces: dict[str, tuple[int, ...]] = {}
        self._marker = _id_of(MARKER, tokenizer)
        self._separator = _id_of(SEPARATOR, tokenizer)
        self._n_left = tokenizer.encode(["a"], is_pretokenized=True).word_ids.index(0)

    def collate(
        self, windows: Sequence[Window], labels: Sequence[Sequence[str]], *, pad_id: int
    ) -> SpanBatch:
        """Put each window's types before it and pad all to one batch.

        Args:
            windows: B windows.
            labels: The types of each, as text, one or more.
            pad_id: Padding piece.

        Raises:
            ModelError: A window has no types, or is too long with them.
        """
        prompts = [self._prompt(of_window) for of_window in labels]
        n_left = self._n_left
        shifted = []
        for window, (ids, _, _) in zip(windows, prompts, strict=True):
            shifted.append(_shift(window, ids, n_left))
            self._check_length(len(shifted[-1].piece_ids), len(ids))
        batch = collate(shifted, pad_id=pad_id)
        n_labels = max(len(first) for _, first, _ in prompts)
        label_first, label_last = np.zeros((2, len(windows), n_labels), np.int64)
        for row, (_, first, last) in enumerate(prompts):
            label_first[row, : len(first)] = np.add(first, n_left)
            label_last[row, : len(last)] = np.add(last, n_left)
        return SpanBatch(
            batch.piece_ids,
            batch.piece_mask,
            batch.piece_shapes,
            batch.unit_first,
            batch.unit_last,
            batch.unit_shapes,
            batch.n_units,
            label_first,
            label_last,
        )

    def _prompt(self, labels: Sequence[str]) -> tuple[list[int], list[int], list[int]]:
        """Return the pieces of a prompt, and of each type the marker and the last piece."""
        if not labels:
            raise ModelError("a prompt needs one entity type or more; none is given")
        ids: list[int] = []
        first: list[int] = []
        last: list[int] = []
        for label in labels:
            first.append(len(ids))
            ids += (self._marker, *self._pieces_of(label))
            last.append(len(ids) - 1)
        return [*ids, self._separator], first, last

    def _pieces_of(self, label: str) -> tuple[int, ...]:
        if label not in self._pieces:
            encoding = self._tokenizer.encode(
                [label], is_pretokenized=True, add_special_tokens=False
            )
            if not encoding.ids:
                raise ModelError(f"entity type {label!r} has no word that the model can read")
            self._pieces[label] = tuple(encoding.ids)
        return self._pieces[label]

    def _check_length(self, n_pieces: int, n_prompt: int) -> None:
        if self._max_pieces is not None and n_pieces > self._max_pieces:
            raise ModelError(
                f"the entity types take {n_prompt} pieces, with the sentence {n_pieces}; the "
                f"encoder reads {self._max_pieces} at most: give fewer or shorter types, or "
                "train with a lower max_pieces"
            )


def _id_of(name: str, tokenizer: Tokenizer) -> int:
    piece = tokenizer.token_to_id(name)
    if piece is None:
        raise ModelError(f"the tokenizer has no piece {name}, which a prompt needs")
    return int(piece)


def _shift(window: Window, prompt: Sequence[int], n_left: int) -> Window:
    """Return a window with a prompt after its first special pieces."""
    ids = window.piece_ids
    n = len(prompt)
    return replace(
        window,
        piece_ids=(*ids[:n_left], *prompt, *ids[n_left:]),
        unit_first=tuple(first + n for first in window.unit_first),
        unit_last=tuple(last + n for last in window.unit_last),
    )
