from collections.abc import Callable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from somex.core.types import Sentence, Token
from somex.text.atoms import split_atoms
from somex.text.sentences import split_sentences
from somex.text.windows import split_windows
from somex.text.words import split_words

PIECES = [
    "We used",
    "R",
    "et al.",
    "SPSS",
    "Inc.",
    "v. 3.1",
    ". ",
    ".",
    "[12]",
    "(",
    ")",
    "“",
    "”",
    "\n",
    "\r\n",
    "\n\n",
    "\u2028",
    "\u200b",
    "e\u0301",
    "3.10",
    "http://a.b/c.",
    "www.",
    "_",
    "٣",
    "²",
    "𝒳",
]
TEXTS = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
SPLITTERS: list[Callable[..., tuple[Sentence, ...] | tuple[Token, ...]]] = [
    split_sentences,
    split_words,
    split_atoms,
]


@given(TEXTS, st.integers(0, 1000))
@settings(max_examples=300, deadline=None)
def test_splitters_cover_every_character_once(text: str, char_offset: int) -> None:
    solid = [i for i, sign in enumerate(text) if not sign.isspace()]
    for splitter in SPLITTERS:
        parts = splitter(text, char_offset=char_offset)
        covered = [
            i
            for part in parts
            for i in range(part.char_start - char_offset, part.char_end - char_offset)
            if not text[i].isspace()
        ]
        assert covered == solid
        for part in parts:
            body = text[part.char_start - char_offset : part.char_end - char_offset]
            assert body
            assert body == body.strip()


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_words_and_atoms_hold_no_white_space(text: str) -> None:
    for splitter in (split_words, split_atoms):
        bodies = [text[token.char_start : token.char_end] for token in splitter(text)]
        assert "".join(bodies) == "".join(text.split())


@given(st.lists(st.integers(0, 12), max_size=60), st.integers(1, 20), st.data())
@settings(max_examples=300, deadline=None)
def test_windows_cover_all_atoms_and_fit(
    n_pieces: list[int], max_pieces: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(0, max_pieces - 1))
    windows = split_windows(n_pieces, max_pieces=max_pieces, overlap_pieces=overlap)
    assert {i for start, end in windows for i in range(start, end)} == set(range(len(n_pieces)))
    for start, end in windows:
        assert sum(n_pieces[start:end]) <= max_pieces or end - start == 1
    for (start, end), (next_start, next_end) in pairwise(windows):
        assert start < next_start <= end < next_end
        assert sum(n_pieces[next_start:end]) <= overlap
    if sum(n_pieces) <= max_pieces:
        assert len(windows) == bool(n_pieces)
