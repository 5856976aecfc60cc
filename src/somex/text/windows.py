"""Windows: ranges of atoms that fit a model's input, overlapping so that no mention is lost."""

from __future__ import annotations

from collections.abc import Sequence

from somex.core.errors import ConfigError


def split_windows(
    n_pieces_per_atom: Sequence[int], *, max_pieces: int, overlap_pieces: int
) -> list[tuple[int, int]]:
    """Cover a row of atoms with windows of at most ``max_pieces`` word pieces.

    Args:
        n_pieces_per_atom: Number of word pieces of each atom, 0 or more.
        max_pieces: Room of one window, special tokens not counted.
        overlap_pieces: Pieces that a window shares with the one before it: the most atoms at its
            end that have no more than so many pieces together.

    Returns:
        Half-open atom ranges in order, each starting and ending after the one before; no gap
        between them. One range if everything fits, none for no atoms. An atom with more pieces
        than ``max_pieces`` has a window of its own, to be truncated by the caller.

    Raises:
        ConfigError: ``max_pieces`` is less than 1, ``overlap_pieces`` is not between 0 and
            ``max_pieces - 1``, or an atom has a negative number of pieces.
    """
    _check(n_pieces_per_atom, max_pieces, overlap_pieces)
    n_atoms = len(n_pieces_per_atom)
    windows: list[tuple[int, int]] = []
    start = 0
    while start < n_atoms:
        end = _fill(n_pieces_per_atom, start, max_pieces)
        windows.append((start, end))
        if end == n_atoms:
            break
        start = _step_back(n_pieces_per_atom, start, end, max_pieces, overlap_pieces)
    return windows


def _check(n_pieces_per_atom: Sequence[int], max_pieces: int, overlap_pieces: int) -> None:
    if max_pieces < 1:
        raise ConfigError(f"max_pieces is {max_pieces}; it must be 1 or more")
    if not 0 <= overlap_pieces < max_pieces:
        raise ConfigError(
            f"overlap_pieces is {overlap_pieces}; it must be 0 to {max_pieces - 1}, "
            f"less than max_pieces ({max_pieces})"
        )
    for atom, n_pieces in enumerate(n_pieces_per_atom):
        if n_pieces < 0:
            raise ConfigError(f"atom {atom} has {n_pieces} pieces; it must be 0 or more")


def _fill(n_pieces_per_atom: Sequence[int], start: int, max_pieces: int) -> int:
    """Return the end of the longest window from ``start``, at least one atom long."""
    end, used = start + 1, n_pieces_per_atom[start]
    while end < len(n_pieces_per_atom) and used + n_pieces_per_atom[end] <= max_pieces:
        used += n_pieces_per_atom[end]
        end += 1
    return end


def _step_back(
    n_pieces_per_atom: Sequence[int], start: int, end: int, max_pieces: int, overlap_pieces: int
) -> int:
    """Return the start of the next window, so early that it still reaches past ``end``."""
    room = min(overlap_pieces, max_pieces - n_pieces_per_atom[end])
    first = end
    while first - 1 > start and n_pieces_per_atom[first - 1] <= room:
        room -= n_pieces_per_atom[first - 1]
        first -= 1
    return first
