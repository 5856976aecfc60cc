from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from somex.core import ConfigError, Document, ModelError, Sentence, Token
from somex.model.config import ModelConfig
from somex.model.folder import Pieces, read_pieces
from somex.model.inputs import (
    WINDOW_OVERLAP_PIECES,
    PieceEncoder,
    Window,
    collate,
    encode_sentence,
    joins_of,
    units_of,
)
from somex.model.shapes import N_SHAPES, SHAPES
from somex.model.torch_folder import load_tokenizer


@pytest.fixture(scope="module")
def tokenizer_file(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    load_tokenizer(str(tiny_bert)).save(str(path))
    return path


@pytest.fixture(scope="module")
def pieces(tokenizer_file: Path) -> Pieces:
    return read_pieces(tokenizer_file, max_pieces=256)


def _atoms(text: str) -> tuple[Token, ...]:
    return units_of(Document("d", text), Sentence(0, len(text)), units="atoms")


def _encode(pieces: Pieces, text: str) -> list[Window]:
    return pieces.encoder.encode(text, _atoms(text))


@pytest.mark.parametrize(
    ("natural", "tokenised"),
    [("[39]", "[ 39 ]"), ("3.10", "3 . 10"), ("SPM8 v2.0-beta", "SPM 8 v2 . 0 - beta")],
)
def test_inputs_are_the_same_for_either_tokenisation(
    pieces: Pieces, natural: str, tokenised: str
) -> None:
    (one,), (other,) = _encode(pieces, natural), _encode(pieces, tokenised)
    assert one.piece_ids == other.piece_ids
    assert (one.unit_first, one.unit_last, one.shapes) == (
        other.unit_first,
        other.unit_last,
        other.shapes,
    )
    assert [natural[u.char_start : u.char_end] for u in one.units] == [
        tokenised[u.char_start : u.char_end] for u in other.units
    ]


def test_inputs_atoms_are_what_wordpiece_sees_in_plain_text(
    pieces: Pieces, tokenizer_file: Path
) -> None:
    from tokenizers import Tokenizer

    text = "We used Glimmerfit (version 2.4) [3] and Quill/Brookstat."
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    (window,) = _encode(pieces, text)
    assert list(window.piece_ids) == tokenizer.encode(text).ids


def test_units_of_words_takes_the_tokens_or_splits() -> None:
    text = "x R 3.10 [39]"
    sentence = Sentence(2, 13, (Token(2, 3), Token(4, 13)))
    document = Document("d", text, (sentence,))
    assert units_of(document, sentence, units="words") == sentence.tokens
    free = units_of(document, Sentence(2, 13), units="words")
    assert [document.slice(t.char_start, t.char_end) for t in free] == ["R", "3.10", "[39]"]
    atoms = units_of(document, sentence, units="atoms")
    assert [document.slice(t.char_start, t.char_end) for t in atoms] == [
        "R", "3", ".", "10", "[", "39", "]",
    ]  # fmt: skip


def test_encode_maps_units_to_their_pieces(pieces: Pieces, tokenizer_file: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    text = "Nobody used Glimmerfit 2019b xyzzyx"
    (window,) = _encode(pieces, text)
    reached = 1
    for unit, first, last in zip(window.units, window.unit_first, window.unit_last, strict=True):
        word = text[unit.char_start : unit.char_end]
        alone = tokenizer.encode([word], is_pretokenized=True).ids[1:-1]
        assert first == reached
        assert list(window.piece_ids[first : last + 1]) == alone
        reached = last + 1
    assert reached == len(window.piece_ids) - 1
    assert any(b > a for a, b in zip(window.unit_first, window.unit_last, strict=True))


def test_encode_of_no_units_is_no_window(pieces: Pieces) -> None:
    assert _encode(pieces, "   ") == []


@settings(max_examples=40, deadline=None)
@given(
    n_words=st.integers(1, 300),
    max_pieces=st.sampled_from([8, 9, 20, 34, 35, 64, 128]),
    seed=st.integers(0, 999),
)
def test_encode_long_sentences_lose_nothing(
    tokenizer_file: Path, n_words: int, max_pieces: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    words = rng.choice(["Glimmerfit", "the", "2", ".", "laboratory", "version"], n_words)
    text = " ".join(words)
    units = _atoms(text)
    encoder = read_pieces(tokenizer_file, max_pieces=max_pieces).encoder
    windows = encoder.encode(text, units)
    covered: set[Token] = set()
    reached = 0
    for window in windows:
        first = units.index(window.units[0])
        assert first <= reached  # no gap
        assert window.units == units[first : first + len(window.units)]
        assert first + len(window.units) > reached  # gets on
        reached = first + len(window.units)
        covered |= set(window.units)
        assert len(window.piece_ids) <= max_pieces
        assert max(window.unit_last) <= len(window.piece_ids) - 2
    assert covered == set(units)


def test_encode_windows_overlap(tokenizer_file: Path) -> None:
    text = "the " * 200
    encoder = read_pieces(tokenizer_file, max_pieces=100).encoder
    windows = encoder.encode(text, _atoms(text))
    assert len(windows) > 1
    for one, other in itertools.pairwise(windows):
        n_shared = len(set(one.units) & set(other.units))
        assert 0 < n_shared <= WINDOW_OVERLAP_PIECES


def test_encode_cuts_one_endless_unit(tokenizer_file: Path) -> None:
    encoder = read_pieces(tokenizer_file, max_pieces=12).encoder
    text = "We use " + "brook" * 18 + " here"
    windows = encoder.encode(text, _atoms(text))
    assert {u for w in windows for u in w.units} == set(_atoms(text))
    assert max(len(w.piece_ids) for w in windows) == 12
    for window in windows:
        assert max(window.unit_last) <= 10
        assert window.piece_ids[-1] == windows[0].piece_ids[-1]  # the special piece is kept


@pytest.mark.parametrize("text", ["a \u200b b", "\u200b", "\ufffd c", "\x07"])
def test_encode_unit_that_the_tokenizer_drops_leans_on_its_left(pieces: Pieces, text: str) -> None:
    (window,) = _encode(pieces, text)
    assert len(window.units) == len(text.split())
    batch = collate([window], pad_id=pieces.pad_id)
    for unit, (first, last) in enumerate(zip(window.unit_first, window.unit_last, strict=True)):
        assert 0 <= first <= last < len(window.piece_ids)
        if text[window.units[unit].char_start].isalpha():
            assert SHAPES[batch.piece_shapes[0, last]] == "lower"  # not its neighbour's
    assert SHAPES[batch.piece_shapes[0, 0]] == "none"


def test_collate_pads_and_marks(pieces: Pieces) -> None:
    windows = [w for text in ("Quill 4", "We used Glimmerfit .") for w in _encode(pieces, text)]
    batch = collate(windows, pad_id=pieces.pad_id)
    n_pieces = [len(w.piece_ids) for w in windows]
    assert batch.piece_ids.shape == (2, max(n_pieces))
    assert batch.piece_mask.sum(1).tolist() == n_pieces
    assert batch.n_units.tolist() == [2, 4]
    assert batch.unit_first.shape == batch.unit_last.shape == batch.unit_shapes.shape == (2, 4)
    assert (batch.piece_ids[0, n_pieces[0] :] == pieces.pad_id).all()
    assert (batch.piece_shapes[0, n_pieces[0] - 1 :] == 0).all()
    assert [SHAPES[s] for s in batch.unit_shapes[1]] == ["title", "lower", "title", "punctuation"]
    for row, window in enumerate(windows):
        for first, last, shape in zip(
            window.unit_first, window.unit_last, window.shapes, strict=True
        ):
            assert (batch.piece_shapes[row, first : last + 1] == shape).all()


def test_piece_encoder_refuses_too_little_room(tokenizer_file: Path) -> None:
    from tokenizers import Tokenizer

    with pytest.raises(ModelError, match="max_pieces 2 leaves no room"):
        PieceEncoder(Tokenizer.from_file(str(tokenizer_file)), max_pieces=2)


def _joins(text: str, *, tokenised: bool) -> tuple[bool, ...]:
    words = tuple(Token(m.start(), m.end()) for m in re.finditer(r"\S+", text))
    sentence = Sentence(0, len(text), words if tokenised else ())
    return joins_of(Document("d", text), sentence, _atoms(text))


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("v 3.10 [39]", [2, 3, 5, 6]),
        ("v 3 . 10 [ 39 ]", []),
        ("a http://x.example b", [2, 3, 4, 5, 6, 7]),
        ("MATLAB (2015b)", [3]),
    ],
)
def test_joins_follow_the_tokens(text: str, joined: list[int]) -> None:
    found = _joins(text, tokenised=False)
    assert [index for index, join in enumerate(found) if join] == joined


def test_joins_of_tokens_and_of_natural_text_agree() -> None:
    natural = "Plots (drawn with Quill 3.10 [39]) show v. 2."
    tokenised = "Plots ( drawn with Quill 3.10 [39] ) show v. 2 ."
    assert _joins(natural, tokenised=False) == _joins(tokenised, tokenised=True)
    assert any(_joins(natural, tokenised=False))


def test_window_without_punctuation_joins_is_that_of_the_split_sentence(pieces: Pieces) -> None:
    whole, apart = "ran 3.10b1 [39] at a-b", "ran 3 . 10b1 [ 39 ] at a - b"
    windows = [
        pieces.encoder.encode(text, _atoms(text), joins=_joins(text, tokenised=True))[0]
        for text in (whole, apart)
    ]
    assert windows[0].joins != windows[1].joins
    assert windows[0].without_punctuation_joins().joins == windows[1].joins
    assert any(windows[1].joins)  # 10b1 stays one token


def test_collate_moves_the_shapes_of_joined_units(pieces: Pieces) -> None:
    text = "ran 3.10"
    joins = _joins(text, tokenised=True)
    (window,) = pieces.encoder.encode(text, _atoms(text), joins=joins, shapes_tell_joins=True)
    batch = collate([window], pad_id=pieces.pad_id)
    offsets = [0, 0, N_SHAPES, N_SHAPES]
    assert (batch.unit_shapes[0] - offsets).tolist() == list(window.shapes)
    for first, shape in zip(window.unit_first, window.shape_ids, strict=True):
        assert batch.piece_shapes[0, first] == shape


BEFORE, MIDDLE, AFTER = "Seeds were sown.", " We used Glimmerfit 2.4.", " Nothing grew."


def _window_in(pieces: Pieces, before: str, after: str, *, n_pieces: int) -> Window:
    text = before + MIDDLE + after
    sentence = Sentence(len(before) + 1, len(before) + len(MIDDLE))
    config = ModelConfig(encoder="any", context_pieces=n_pieces)
    (window,) = encode_sentence(Document("d", text), sentence, pieces=pieces.encoder, config=config)
    return window


def _sentence_pieces(window: Window) -> list[tuple[int, ...]]:
    return [
        window.piece_ids[first : last + 1]
        for first, last in zip(window.unit_first, window.unit_last, strict=True)
    ]


def test_encode_sentence_reads_what_stands_around_it(pieces: Pieces) -> None:
    alone = _window_in(pieces, BEFORE, AFTER, n_pieces=0)
    assert alone.piece_ids == _window_in(pieces, "", "", n_pieces=9).piece_ids
    for n_pieces in (1, 3, 200):
        within = _window_in(pieces, BEFORE, AFTER, n_pieces=n_pieces)
        assert _sentence_pieces(within) == _sentence_pieces(alone)
        n_before = within.unit_first[0] - alone.unit_first[0]
        n_after = len(within.piece_ids) - len(alone.piece_ids) - n_before
        (before,), (after,) = _encode(pieces, BEFORE), _encode(pieces, AFTER.strip())
        ids = within.piece_ids
        assert ids[1 : 1 + n_before] == before.piece_ids[1:-1][-n_pieces:]
        assert ids[-1 - n_after : -1] == after.piece_ids[1:-1][:n_pieces]
        assert (ids[0], ids[-1]) == (alone.piece_ids[0], alone.piece_ids[-1])
        assert (within.shapes, within.units) == (alone.shapes, alone.units)


def test_encode_sentence_leaves_out_what_does_not_fit(tokenizer_file: Path) -> None:
    n_alone = len(
        _window_in(read_pieces(tokenizer_file, max_pieces=256), "", "", n_pieces=0).piece_ids
    )
    for room in (0, 1, 2, 5):
        tight = read_pieces(tokenizer_file, max_pieces=n_alone + room)
        within = _window_in(tight, BEFORE * 4, AFTER * 4, n_pieces=50)
        assert len(within.piece_ids) == n_alone + 2 * (room // 2)


def test_context_pieces_are_for_the_token_family() -> None:
    with pytest.raises(ConfigError, match="context_pieces is for the family token"):
        ModelConfig(encoder="any", family="span", context_pieces=8)
