from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import tiny
from somex.core import Annotation, ConfigError, Document, EntityType, LabeledDocument, Mention
from somex.corpus import bucket_of, cut_training_data, sentence_text
from somex.document_bench.folds import cut_fold, read_whole_documents
from somex.readers.brat import write_brat
from somex.recipe import DataConfig, Source
from somex.text.matching import squeeze

EMPTY = "The leaves were dried and weighed on the second day of the trial."
N_FOLDS = 3


def _document(id: str, text: str) -> LabeledDocument:
    start = text.index("Wrenware")
    mention = Mention(EntityType.APPLICATION, start, start + len("Wrenware"))
    return LabeledDocument(Document(id, text), Annotation.build([mention]))


@pytest.fixture
def config(tmp_path: Path) -> DataConfig:
    """Nine documents, each with a sentence of the main corpus, one of its own and a shared one."""
    documents = []
    for index in range(9):
        words = " ".join(tiny.parse_marked(tiny.MARKED[index])[0]).replace(" .", ".")
        text = f"{words} We ran Wrenware for the curves of site {index}. {EMPTY}"
        documents.append(_document(f"papers/p{index}", text))
    write_brat(documents, tmp_path / "brat")
    main = tiny.write_marked(tmp_path / "somd")
    return DataConfig(Source(str(main), "somd"), (Source(str(tmp_path / "brat"), "brat"),))


def test_folds_hold_each_document_once_by_its_id(config: DataConfig) -> None:
    documents = read_whole_documents(config)
    folds = [cut_fold(documents, i, n_folds=N_FOLDS) for i in range(N_FOLDS)]
    held = [d.document.id for fold in folds for d in fold.documents]
    assert sorted(held) == sorted(d.document.id for d in documents)
    assert all(bucket_of(d.document.id, N_FOLDS) == f.index for f in folds for d in f.documents)


@pytest.mark.parametrize("index", range(N_FOLDS))
def test_folds_training_sees_no_sentence_of_a_held_out_document(
    config: DataConfig, index: int
) -> None:
    fold = cut_fold(read_whole_documents(config), index, n_folds=N_FOLDS)
    data = cut_training_data(config, seed=1, hold_out=fold.hold_out)
    trained = {squeeze(sentence_text(p)) for p in (*data.train, *data.dev)}
    text = "\n".join(squeeze(d.document.text) for d in fold.documents)
    assert not [sentence for sentence in trained if sentence in text]
    assert any("wrenware" in sentence for sentence in trained)


def test_folds_sparing_leaves_out_only_sentences_without_mentions(config: DataConfig) -> None:
    fold = cut_fold(read_whole_documents(config), 0, n_folds=N_FOLDS).sparing(lambda _: True)
    data = cut_training_data(config, seed=1, hold_out=fold.hold_out)
    assert data.train
    assert all(p.annotation.mentions for p in (*data.train, *data.dev))


def test_folds_fold_that_does_not_exist_is_refused(config: DataConfig) -> None:
    with pytest.raises(ConfigError, match="fold 3 does not exist; valid: 0 to 2"):
        cut_fold(read_whole_documents(config), 3, n_folds=N_FOLDS)


def test_folds_too_few_documents_are_refused(config: DataConfig) -> None:
    (document,) = read_whole_documents(config)[:1]
    with pytest.raises(ConfigError, match=r"1 document\(s\) don't fill 2 folds"):
        cut_fold([document], bucket_of(document.document.id, 2), n_folds=2)


def test_folds_recipe_without_whole_documents_is_refused(config: DataConfig) -> None:
    with pytest.raises(ConfigError, match=r"data\.extra names no fully labelled corpus"):
        read_whole_documents(DataConfig(config.train))
    apart = replace(config.extra[0], annotations="labels.jsonl")
    with pytest.raises(ConfigError, match=r"data\.extra names no fully labelled corpus"):
        read_whole_documents(DataConfig(config.train, (apart,)))
