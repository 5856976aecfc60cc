from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

import tiny_encoders
from somex.core import Document, ModelError, Sentence
from somex.core.schema import ENTITY_TYPES
from somex.model.inputs import PieceEncoder, Window, units_of
from somex.model.span.prompts import (
    LABELS,
    MARKER,
    SCHEMA_LABELS,
    SEPARATOR,
    Prompter,
    add_markers,
)
from somex.model.torch_folder import load_tokenizer


@pytest.fixture(scope="module", params=["bert", "mpnet", "deberta-v3", "modernbert"])
def tokenizer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Tokenizer:
    folder = tiny_encoders.write_encoder(tmp_path_factory.mktemp("encoder"), request.param)
    loaded = load_tokenizer(str(folder))
    add_markers(loaded)
    return loaded


def _windows(tokenizer: Tokenizer, *texts: str) -> list[Window]:
    pieces = PieceEncoder(tokenizer, max_pieces=200)
    windows: list[Window] = []
    for text in texts:
        units = units_of(Document("d", text), Sentence(0, len(text)), units="atoms")
        windows += pieces.encode(text, units)
    return windows


def test_prompts_every_type_of_the_schema_has_a_text_of_its_own() -> None:
    assert set(LABELS) == set(ENTITY_TYPES)
    assert len(set(SCHEMA_LABELS)) == len(ENTITY_TYPES)


def test_prompts_stand_between_the_first_piece_and_the_sentence(tokenizer: Tokenizer) -> None:
    windows = _windows(tokenizer, "We ran Quill 4.0 .", "Maps")
    labels = [["version", "free name"], ["developer"]]
    batch = Prompter(tokenizer).collate(windows, labels, pad_id=0)
    for row, window in enumerate(windows):
        ids = batch.piece_ids[row][batch.piece_mask[row] == 1].tolist()
        tokens = [tokenizer.id_to_token(i) for i in ids]
        n_prompt = tokens.index(SEPARATOR)
        assert tokens[0] == tokenizer.id_to_token(window.piece_ids[0])
        assert ids[n_prompt + 1 :] == list(window.piece_ids[1:])
        assert tokens.count(MARKER) == len(labels[row])
        for place, label in enumerate(labels[row]):
            first, last = batch.label_first[row, place], batch.label_last[row, place]
            assert tokens[first] == MARKER
            assert tokenizer.decode(ids[first + 1 : last + 1]).strip() == label
        for unit in range(len(window.units)):
            at = batch.unit_first[row, unit]
            assert ids[at] == window.piece_ids[window.unit_first[unit]]
    assert batch.label_first[1, 1] == batch.label_last[1, 1] == 0


def test_prompts_shapes_belong_to_the_sentence_only(tokenizer: Tokenizer) -> None:
    windows = _windows(tokenizer, "QUILL")
    batch = Prompter(tokenizer).collate(windows, [["URL"]], pad_id=0)
    first, last = windows[0].unit_first[0], windows[0].unit_last[0]
    shapes = batch.piece_shapes[0].tolist()
    assert np.count_nonzero(shapes) == last - first + 1
    assert all(shape == 0 for shape in shapes[: int(batch.unit_first[0, 0])])


def test_prompts_faults_are_named(tokenizer: Tokenizer) -> None:
    windows = _windows(tokenizer, "We ran Quill .")
    with pytest.raises(ModelError, match="one entity type or more; none is given"):
        Prompter(tokenizer).collate(windows, [[]], pad_id=0)
    with pytest.raises(ModelError, match="reads 20 at most"):
        Prompter(tokenizer, max_pieces=20).collate(windows, [SCHEMA_LABELS], pad_id=0)


def test_prompts_a_type_without_words_is_refused(tmp_path: Path) -> None:
    folder = tiny_encoders.write_encoder(tmp_path, "bert")
    tokenizer = load_tokenizer(str(folder))
    with pytest.raises(ModelError, match="has no piece <<ENT>>"):
        Prompter(tokenizer)
    add_markers(tokenizer)
    windows = _windows(tokenizer, "We ran Quill .")
    with pytest.raises(ModelError, match=r"entity type ' ' has no word"):
        Prompter(tokenizer).collate(windows, [[" "]], pad_id=0)
