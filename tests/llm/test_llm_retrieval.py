from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from somex.core.errors import ModelError
from somex.core.types import LabeledDocument
from somex.llm.retrieval import ExampleIndex, build_index, encoder_similarity, lexical_similarity
from somex.llm.sentence import Labels, SentenceView, view_labeled, view_sentence
from somex.models import mpnet_joint
from somex.readers.somd import somd_document

LINES = [
    "We used Quill 4.0 for the plots .",
    "Cells were kept at four degrees .",
    "The software Tessarix draws maps of leaves .",
    "Cells were kept at four degrees .",
    "We used Glimmerfit for the fits .",
]


def view(text: str) -> SentenceView:
    return view_sentence(somd_document(text.split(), id="d", path="p", line=1))


@pytest.fixture
def labeled() -> list[LabeledDocument]:
    documents = [
        somd_document(line.split(), id=f"d{n}", path="p", line=n) for n, line in enumerate(LINES)
    ]
    return [LabeledDocument(document) for document in documents]


@pytest.fixture
def examples(labeled: list[LabeledDocument]) -> list[Labels]:
    return [view_labeled(item) for item in labeled]


def test_llm_retrieval_finds_sentences_with_rare_words_in_common(examples: list[Labels]) -> None:
    index = ExampleIndex(examples, lexical_similarity(examples))
    found = index.nearest(view("Tessarix draws the plots ."), 2)
    assert [example.view.text for example in found] == [LINES[0], LINES[2]]


def test_llm_retrieval_never_shows_the_sentence_itself_nor_one_twice(
    examples: list[Labels],
) -> None:
    index = ExampleIndex(examples, lexical_similarity(examples))
    found = index.nearest(view("We used Quill 4 . 0 for the plots ."), 9)
    texts = [example.view.text for example in found]
    assert LINES[0] not in texts
    assert len(texts) == len(set(texts)) == 3
    assert index.nearest(view(""), 3) == index.nearest(view(LINES[0]), 0) == []


def test_llm_retrieval_keeps_vectors_between_runs(examples: list[Labels], tmp_path: Path) -> None:
    asked: list[str] = []

    def embed(sentence: SentenceView) -> np.ndarray:
        asked.append(sentence.text)
        vector = np.array([len(sentence.text), 10.0], np.float32)
        return vector / np.linalg.norm(vector)

    cache = tmp_path / "folder" / "vectors.npy"
    first = encoder_similarity(examples, embed, cache=cache)(view("Leaves fell ."))
    n_first = len(asked)
    again = encoder_similarity(examples, embed, cache=cache)(view("Leaves fell ."))
    assert (n_first, len(asked)) == (len(LINES) + 1, len(LINES) + 2)
    assert np.array_equal(first, again)
    cache.write_bytes(b"broken")
    encoder_similarity(examples, embed, cache=cache)
    assert len(asked) == 2 * len(LINES) + 2


def test_llm_retrieval_falls_back_to_words_where_there_is_no_encoder(
    labeled: list[LabeledDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    import somex.llm.embedding

    def missing() -> None:
        raise ModelError("no model here")

    monkeypatch.setattr(somex.llm.embedding, "load_embedder", missing)
    assert build_index(labeled, retrieval="auto")[1] == "lexical"
    with pytest.raises(ModelError, match="no model here"):
        build_index(labeled, retrieval="encoder")


@pytest.mark.skipif(
    not (mpnet_joint() / "encode.onnx").is_file(), reason="the embedded model is not here"
)
def test_llm_retrieval_encoder_finds_a_like_sentence(
    labeled: list[LabeledDocument], tmp_path: Path
) -> None:
    index, used = build_index(labeled, retrieval="encoder", cache_folder=tmp_path)
    (nearest,) = index.nearest(view("We used Seedwise 3.9 for the plots ."), 1)
    assert used == "encoder"
    assert nearest.view.text == LINES[0]
    assert len(list(tmp_path.glob("examples-*.npy"))) == 1
