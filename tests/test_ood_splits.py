from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import tiny
from somex.core import Annotation, ConfigError, Document, EntityType, LabeledDocument, Mention
from somex.corpus import (
    TrainingData,
    bucket_of,
    build_training_data,
    cut_training_data,
    hash_documents,
    sentence_text,
)
from somex.ood_splits import (
    N_NAME_BUCKETS,
    NAMES,
    SPLITS,
    SUBSETS,
    Split,
    build_split,
    stands_in_folders,
)
from somex.readers.brat import write_brat
from somex.recipe import DataConfig, Source
from somex.text.matching import MIN_TELLING, squeeze

HEADING = "Statistics"
LINES = (*tiny.MARKED, HEADING)


@pytest.fixture
def somd(tmp_path: Path) -> Path:
    return tiny.write_marked(tmp_path / "somd", LINES)


def _text(index: int) -> str:
    return " ".join(tiny.parse_marked(LINES[index])[0])


def _document(id: str, text: str, *names: str) -> LabeledDocument:
    mentions = [
        Mention(EntityType.APPLICATION, text.index(n), text.index(n) + len(n)) for n in names
    ]
    return LabeledDocument(Document(id, text), Annotation.build(mentions))


@pytest.fixture
def somesci(tmp_path: Path) -> Path:
    """A document of each folder with a tiny sentence in it, and a twin of one elsewhere."""
    folder = tmp_path / "somesci"
    write_brat(
        [
            _document(
                "Creation_sentences/a", f"{HEADING} {_text(0)} Wrenware came later.", "Wrenware"
            ),
            _document("Pubmed_fulltext/b", f"{_text(1)} Larkware came later.", "Larkware"),
            _document("PLoS_methods/c", f"{_text(2)} Finchware came later.", "Finchware"),
            _document("PLoS_sentences/d", f"{_text(3)} Gullware came later.", "Gullware"),
            _document("PLoS_sentences/e", f"{_text(0)} Copyware came later.", "Copyware"),
            _document("PLoS_sentences/f", f"{HEADING} Freeware came later.", "Freeware"),
        ],
        folder,
    )
    return folder


def _config(somd: Path, *extra: Path) -> DataConfig:
    sources = tuple(Source(str(path), "brat") for path in extra)
    return DataConfig(Source(str(somd), "somd"), extra=sources, dev_fraction=0.0)


def _cut(name: str, somd: Path, somesci: Path) -> tuple[Split, TrainingData]:
    config = _config(somd, somesci)
    split = build_split(name, config, somesci=somesci)
    return split, cut_training_data(config, seed=1, hold_out=split.hold_out)


def _keys(documents: list[LabeledDocument]) -> set[str]:
    return {squeeze(sentence_text(d)) for d in documents}


@pytest.mark.parametrize(
    ("name", "tested", "absent", "present"),
    [
        ("subset-creation", (0,), ("Wrenware", "Copyware"), ("Larkware", "Finchware", "Gullware")),
        ("subset-pubmed", (1,), ("Larkware",), ("Wrenware", "Finchware", "Gullware")),
        ("subset-methods", (0, 2, 3), ("Wrenware", "Finchware", "Gullware"), ("Larkware",)),
    ],
)
def test_ood_splits_subset_holds_its_documents_out(
    name: str,
    tested: tuple[int, ...],
    absent: tuple[str, ...],
    present: tuple[str, ...],
    somd: Path,
    somesci: Path,
) -> None:
    _, data = _cut(name, somd, somesci)
    assert _keys(data.test) == {squeeze(_text(i)) for i in tested}
    text = " ".join(sentence_text(d) for d in data.train)
    assert [n for n in absent if n in text] == []
    assert [n for n in present if n not in text] == []


def test_ood_splits_headings_tell_no_document_apart(somd: Path, somesci: Path) -> None:
    assert len(HEADING) < MIN_TELLING
    _, data = _cut("subset-creation", somd, somesci)
    assert squeeze(HEADING) in _keys(data.train)
    assert "Freeware" in " ".join(sentence_text(d) for d in data.train)


@pytest.mark.parametrize("name", SPLITS)
def test_ood_splits_train_on_no_sentence_that_they_test_on(
    name: str, somd: Path, somesci: Path
) -> None:
    split, data = _cut(name, somd, somesci)
    assert data.test
    assert data.train
    assert not _keys(data.test) & _keys(data.train)
    assert split.name == name


def test_ood_splits_control_is_the_fold_that_train_knows(somd: Path, somesci: Path) -> None:
    _, data = _cut("fold", somd, somesci)
    same = build_training_data(_config(somd, somesci), seed=1, fold=0)
    assert hash_documents(data.train) == hash_documents(same.train)
    assert hash_documents(data.test) == hash_documents(same.test)


def _names(documents: list[LabeledDocument]) -> set[str]:
    return {
        squeeze(d.document.slice(m.char_start, m.char_end))
        for d in documents
        for m in d.annotation.mentions
        if m.type is EntityType.APPLICATION
    }


def test_ood_splits_unseen_names_are_seen_nowhere(somd: Path, tmp_path: Path) -> None:
    held = next(iter(build_split(NAMES, _config(somd), somesci=None).names))
    assert bucket_of(held, N_NAME_BUCKETS) == 0
    spelt = held.upper()
    extra = tmp_path / "extra"
    write_brat(
        [
            _document("a", f"Here {spelt} ran. Then Wrenware ran.", spelt, "Wrenware"),
            _document("b", f"There Old {spelt} Kit ran.", f"Old {spelt} Kit"),
        ],
        extra,
    )
    split, data = _cut(NAMES, somd, extra)
    assert held in split.names
    train = _names(data.train)
    assert not train & split.names
    assert "wrenware" in train  # of its document only the sentence with the name is left out
    assert squeeze(f"Old {spelt} Kit") not in train
    for part in data.test:
        assert any(split.is_held_out_name(part, m) for m in part.annotation.mentions)


def test_ood_splits_errors_name_what_is_valid(somd: Path, somesci: Path, tmp_path: Path) -> None:
    config = _config(somd)
    with pytest.raises(ConfigError, match=r"unknown split 'folds'; valid: fold, subset-creation"):
        build_split("folds", config, somesci=somesci)
    with pytest.raises(ConfigError, match=r"subset-pubmed needs SoMeSci .* no folder is not there"):
        build_split("subset-pubmed", config, somesci=None)
    other = _config(tiny.write_marked(tmp_path / "o", ("Nothing of this stands there at all .",)))
    for name in ("subset-creation", NAMES):
        with pytest.raises(ConfigError, match=f"split {name}: no sentence of .* belongs to it"):
            build_split(name, other, somesci=somesci)


def test_ood_splits_documents_are_known_by_id_or_path() -> None:
    by_id = LabeledDocument(Document("Pubmed_fulltext/x", "a"))
    by_path = LabeledDocument(
        Document("x", "a", provenance={"path": "/data/Pubmed_fulltext/x.txt"})
    )
    neither = LabeledDocument(Document("Pubmed_fulltexts/x", "a"))
    found = [stands_in_folders(d, ("Pubmed_fulltext",)) for d in (by_id, by_path, neither)]
    assert found == [True, True, False]


LEAST = {
    "fold": 180,
    "subset-creation": 80,
    "subset-pubmed": 20,
    "subset-methods": 500,
    "unseen-names": 180,
}


@pytest.mark.corpus
@pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="SOMEX_DATA is not set")
@pytest.mark.parametrize("name", SPLITS)
def test_ood_splits_of_the_real_corpora_are_large_and_leak_nothing(name: str) -> None:
    folder = Path(os.environ["SOMEX_DATA"])
    config = DataConfig(
        Source(str(folder / "somd2025" / "phase1"), "somd"),
        extra=(Source(str(folder / "somesci"), "brat", empty_per_mention=0.5),),
        dev_fraction=0.0,
    )
    split = build_split(name, config, somesci=folder / "somesci")
    data = cut_training_data(config, seed=1, hold_out=split.hold_out)
    assert len(data.test) > LEAST[name]
    assert len(data.train) > 1000
    test = _keys(data.test)
    assert not test & _keys(data.train)
    folders = SUBSETS.get(name, ())
    assert not any(stands_in_folders(d, folders) for d in data.train if "#" in d.document.id)
    if name == NAMES:
        held = [
            m for p in data.train for m in p.annotation.mentions if split.is_held_out_name(p, m)
        ]
        assert held == []
    else:  # nor does a longer training document hold a test sentence
        long = [re.escape(key) for key in test if len(key) >= MIN_TELLING]
        texts = "\n".join({squeeze(d.document.text) for d in data.train})
        assert re.search("|".join(long), texts) is None
