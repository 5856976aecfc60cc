import pytest

from somex.core.errors import ConfigError
from somex.text.windows import split_windows


def test_windows_one_if_all_fits() -> None:
    assert split_windows([1, 2, 3], max_pieces=6, overlap_pieces=2) == [(0, 3)]


def test_windows_none_for_no_atoms() -> None:
    assert split_windows([], max_pieces=6, overlap_pieces=2) == []


def test_windows_overlap() -> None:
    assert split_windows([1] * 10, max_pieces=5, overlap_pieces=2) == [(0, 5), (3, 8), (6, 10)]


def test_windows_without_overlap() -> None:
    assert split_windows([2] * 5, max_pieces=4, overlap_pieces=0) == [(0, 2), (2, 4), (4, 5)]


def test_windows_give_a_long_atom_a_window_of_its_own() -> None:
    assert split_windows([1, 9, 1], max_pieces=4, overlap_pieces=1) == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize(
    ("n_pieces", "max_pieces", "overlap_pieces", "message"),
    [
        ([1], 0, 0, "max_pieces is 0; it must be 1 or more"),
        ([1], 4, 4, "overlap_pieces is 4; it must be 0 to 3"),
        ([1], 4, -1, "overlap_pieces is -1; it must be 0 to 3"),
        ([1, -2], 4, 1, "atom 1 has -2 pieces"),
    ],
)
def test_windows_name_wrong_values(
    n_pieces: list[int], max_pieces: int, overlap_pieces: int, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        split_windows(n_pieces, max_pieces=max_pieces, overlap_pieces=overlap_pieces)
