from __future__ import annotations

import functools
import operator
from pathlib import Path

import pytest

import tiny
from somex.core import Annotation, Document, LabeledDocument, Mention
from somex.core.errors import ConfigError
from somex.core.marks import LABELS, turn_of
from somex.core.schema import EntityType
from somex.corpus import (
    TrainingData,
    build_training_data,
    drop_documents_holding,
    fifth_of,
    hash_documents,
    read_source,
    sentence_text,
    split_labeled,
)
from somex.readers.brat import write_brat
from somex.recipe import DataConfig, Source
from somex.standoff import to_entry, write_standoff
from somex.text.matching import squeeze

LINES = (
    *tiny.MARKED,
    tiny.MARKED[0],  # twice, exactly
    tiny.MARKED[9].replace("shaken", "SHAKEN"),  # twice but for the case
    *(f"Sentence number {i} is about nothing in particular ." for i in range(24)),
)


TURNED = (
    "MOP ( Multi Orbit Planner ) is free under the Open Meadow License .",
    "Brook Statistics , also called Brookstat , fits the lines .",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.write_marked(tmp_path / "somd", LINES)


def _keys(documents: list[LabeledDocument]) -> list[str]:
    return [squeeze(sentence_text(d)) for d in documents]


def _config(folder: Path, **options: object) -> DataConfig:
    return DataConfig(Source(str(folder), "somd"), **options)  # type: ignore[arg-type]


def _write_brat(folder: Path, *documents: tuple[str, str, tuple[str, ...]]) -> Path:
    labeled = []
    for name, text, names in documents:
        mentions = [
            Mention(EntityType.APPLICATION, text.index(n), text.index(n) + len(n)) for n in names
        ]
        labeled.append(LabeledDocument(Document(name, text), Annotation.build(mentions)))
    folder.mkdir()
    write_brat(labeled, folder)
    return folder


def test_corpus_folds_partition_the_sentences(folder: Path) -> None:
    whole = sorted(_keys(build_training_data(_config(folder, dev_fraction=0.0), seed=1).train))
    held: list[str] = []
    for fold in range(5):
        data = build_training_data(_config(folder), seed=fold, fold=fold)
        parts = [_keys(data.train), _keys(data.dev), _keys(data.test)]
        assert sorted(functools.reduce(operator.iadd, parts, [])) == whole
        assert not set(parts[0]) & set(parts[1])
        assert not set(parts[0] + parts[1]) & set(parts[2])  # equal sentences stay together
        held += parts[2]
    assert sorted(held) == whole


def test_corpus_folds_do_not_depend_on_the_seed(folder: Path) -> None:
    one = build_training_data(_config(folder), seed=1, fold=2)
    other = build_training_data(_config(folder), seed=2, fold=2)
    assert _keys(one.test) == _keys(other.test)
    assert _keys(one.dev) != _keys(other.dev)
    assert hash_documents(one.train) != hash_documents(other.train)


def test_corpus_dev_part_has_its_share(folder: Path) -> None:
    n_unique = len(LINES) - 2
    for fraction in (0.0, 0.1, 0.5):
        data = build_training_data(_config(folder, dev_fraction=fraction), seed=1)
        assert len(set(_keys(data.dev))) == round(fraction * n_unique)
        assert data.test == []


def test_corpus_refuses_a_fold_that_does_not_exist(folder: Path) -> None:
    for fold in (-1, 5):
        with pytest.raises(ConfigError, match=rf"fold {fold} does not exist; valid: 0 to 4"):
            build_training_data(_config(folder), seed=1, fold=fold)


def _with_extra(folder: Path, extra: Path, **options: object) -> TrainingData:
    config = _config(
        folder, extra=(Source(str(extra), "brat", **options),), dev_fraction=0.0  # type: ignore[arg-type]
    )  # fmt: skip
    return build_training_data(config, seed=1, fold=0)


def test_corpus_leaves_out_extra_documents_that_hold_a_held_out_sentence(
    folder: Path, tmp_path: Path
) -> None:
    held = sentence_text(build_training_data(_config(folder), seed=1, fold=0).test[0])
    natural = held.replace("( ", "(").replace(" ,", ",").replace(" .", ".").upper()
    extra = _write_brat(
        tmp_path / "brat",
        ("leaky", f"We used Leakware here. {natural} More follows.", ("Leakware",)),
        ("clean", "We used Cleanware here. It was good.", ("Cleanware",)),
    )
    data = _with_extra(folder, extra)
    text = " ".join(sentence_text(d) for d in data.train)
    assert "Cleanware" in text
    assert "Leakware" not in text
    assert not set(_keys(data.train)) & set(_keys(data.test))


def test_corpus_leaves_out_extra_documents_that_hold_a_dev_or_forbidden_sentence(
    folder: Path, tmp_path: Path
) -> None:
    never = tiny.write_marked(
        tmp_path / "never",
        ("{Application|Secretware} won the whole long race .",),
        split="validation",
    )
    config = _config(folder, never=(Source(str(never), "somd", "validation"),))
    dev = sentence_text(build_training_data(config, seed=1).dev[0])
    extra = _write_brat(
        tmp_path / "brat",
        ("a", "We used Aware here. Secretware won the whole long race. So it ended.", ("Aware",)),
        ("b", f"We used Bware here. {dev}", ("Bware",)),
        ("c", "We used Cware here.", ("Cware",)),
    )
    config = _config(folder, never=config.never, extra=(Source(str(extra), "brat"),))
    data = build_training_data(config, seed=1)
    text = " ".join(sentence_text(d) for d in data.train)
    assert "Cware" in text
    assert "Aware" not in text
    assert "Bware" not in text
    assert "Secretware" not in text


def test_corpus_adds_no_extra_sentence_twice(folder: Path, tmp_path: Path) -> None:
    known = sentence_text(build_training_data(_config(folder), seed=1, fold=0).train[0])
    extra = _write_brat(
        tmp_path / "brat",
        ("a", "We used Aware here.", ("Aware",)),
        ("b", "We used Aware here.", ("Aware",)),
        ("c", known, ()),
    )
    before = build_training_data(_config(folder, dev_fraction=0.0), seed=1, fold=0)
    after = _with_extra(folder, extra)
    assert _keys(after.train) == [*_keys(before.train), squeeze("We used Aware here.")]


@pytest.mark.parametrize(("ratio", "n_empty"), [(-1.0, 5), (0.0, 0), (1.0, 2), (1.6, 3), (9.0, 5)])
def test_corpus_keeps_so_many_empty_sentences(
    folder: Path, tmp_path: Path, ratio: float, n_empty: int
) -> None:
    text = (
        "We used Aware here. Nothing was first. Nothing was second. We used Bware there. "
        "Nothing was third. Nothing was fourth. Nothing was fifth."
    )
    extra = _write_brat(tmp_path / "brat", ("a", text, ("Aware", "Bware")))
    plain = build_training_data(_config(folder, dev_fraction=0.0), seed=1, fold=0)
    data = _with_extra(folder, extra, empty_per_mention=ratio)
    added = data.train[len(plain.train) :]
    assert sum(bool(d.annotation.mentions) for d in added) == 2
    assert sum(not d.annotation.mentions for d in added) == n_empty
    again = _with_extra(folder, extra, empty_per_mention=ratio)
    assert hash_documents(again.train) == hash_documents(data.train)


def test_corpus_reads_only_the_split_that_a_source_names(tmp_path: Path) -> None:
    folder = tiny.write_marked(tmp_path / "somd", ("{Application|Trained} ran .",))
    tiny.write_marked(folder, ("{Application|Validated} ran .",), split="validation")
    for name in ("somd", None):
        (one,) = read_source(Source(str(folder), name))
        (other,) = read_source(Source(str(folder), name, "validation"))
        assert one.document.text.startswith("Trained")
        assert other.document.text.startswith("Validated")


def test_corpus_names_a_source_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"source .*nowhere does not exist"):
        read_source(Source(str(tmp_path / "nowhere")))


def test_split_labeled_keeps_what_lies_in_each_sentence(
    tiny_corpus: list[LabeledDocument],
) -> None:
    for labeled in tiny_corpus:
        (part,) = split_labeled(labeled)
        assert part.annotation == labeled.annotation
        assert part.document.text == labeled.document.text


def test_drop_documents_holding_ignores_space_case_and_headings() -> None:
    texts = ("Statistics\nWe fitted seventeen long models. C", "a d. Statistics")
    documents = [LabeledDocument(Document(str(i), t)) for i, t in enumerate(texts)]
    assert drop_documents_holding(documents, ["", "  ", "Statistics"]) == documents
    assert drop_documents_holding(documents, ["we fitted SEVENTEENlong models ."]) == documents[1:]


def test_corpus_trains_on_no_short_forbidden_sentence_either(folder: Path, tmp_path: Path) -> None:
    never = tiny.write_marked(tmp_path / "n", ("{Application|Shy} won .",), split="validation")
    extra = _write_brat(tmp_path / "brat", ("a", "We used Aware here. Shy won.", ("Aware",)))
    config = _config(
        folder,
        never=(Source(str(never), "somd", "validation"),),
        extra=(Source(str(extra), "brat"),),
    )
    text = " ".join(sentence_text(d) for d in build_training_data(config, seed=1).train)
    assert "Aware" in text
    assert "Shy" not in text


def test_corpus_adds_turned_names_and_swapped_copies(folder: Path) -> None:
    plain = build_training_data(_config(folder, dev_fraction=0.0), seed=1).train
    config = _config(
        folder, dev_fraction=0.0, turn_names=True, swap_copies=1, swap_rate=1.0, rare_below=0
    )
    more = build_training_data(config, seed=1).train
    n_full = sum(bool(d.annotation.mentions) for d in plain)
    assert len(more) == len(plain) + n_full + len(TURNED)
    assert more[: len(plain)] == plain
    assert [sentence_text(d) for d in more[len(plain) : -n_full]] == list(TURNED)
    copies = more[-n_full:]
    assert sum(c not in plain for c in copies) >= n_full // 2
    assert more == build_training_data(config, seed=1).train
    assert more != build_training_data(config, seed=2).train


def test_corpus_marks_partial_labels_and_does_not_augment_them(
    folder: Path, tmp_path: Path
) -> None:
    text = "Aware ran. Nothing happened."
    extra = _write_brat(tmp_path / "brat", ("a", text, ("Aware",)))
    source = Source(str(extra), "brat", labels="softcite")
    options: dict[str, object] = {"swap_copies": 1, "dev_fraction": 0.0}
    plain = build_training_data(_config(folder, **options), seed=1).train
    more = build_training_data(_config(folder, extra=(source,), **options), seed=1).train
    assert more[: len(plain)] == plain
    assert [sentence_text(d) for d in more[len(plain) :]] == ["Aware ran.", "Nothing happened."]
    assert {d.document.provenance["labels"] for d in more[len(plain) :]} == {"softcite"}
    assert not any("labels" in d.document.provenance for d in plain)


def test_corpus_refuses_partial_labels_of_other_types(folder: Path, tmp_path: Path) -> None:
    cited = Annotation.build([Mention(EntityType.CITATION, 4, 7)])
    (tmp_path / "brat").mkdir()
    write_brat([LabeledDocument(Document("a", "Ran [1]."), cited)], tmp_path / "brat")
    source = Source(str(tmp_path / "brat"), "brat", labels="softcite")
    with pytest.raises(ConfigError, match="holds a Citation; valid there: Application, Version"):
        build_training_data(_config(folder, extra=(source,)), seed=1)


def test_corpus_smaller_shares_are_parts_of_larger_ones(folder: Path) -> None:
    shares = [
        build_training_data(_config(folder, train_fraction=f, dev_fraction=0.0), seed=1).train
        for f in (0.3, 0.6, 1.0)
    ]
    small, middle, full = map(_keys, shares)
    assert set(small) < set(middle) < set(full)
    assert full == _keys(build_training_data(_config(folder, dev_fraction=0.0), seed=2).train)


def test_corpus_leaves_out_a_fifth_of_a_source_by_its_documents(
    folder: Path, tmp_path: Path
) -> None:
    papers = [(f"p{i}", f"Tool{i} drew all of the maps.", (f"Tool{i}",)) for i in range(20)]
    extra = _write_brat(tmp_path / "brat", *papers)
    parts: list[set[str]] = []
    for fifth in range(-1, 5):
        source = Source(str(extra), "brat", without_fifth=fifth)
        config = _config(folder, extra=(source,), dev_fraction=0.0)
        found = build_training_data(config, seed=1).train
        parts.append({sentence_text(d) for d in found if "all of the maps" in sentence_text(d)})
    whole, *without = parts
    assert len(whole) == 20
    left_out = [whole - part for part in without]
    assert sum(map(len, left_out)) == 20
    assert functools.reduce(operator.or_, left_out) == whole
    documents = {d.document.text: fifth_of(d) for d in read_source(Source(str(extra), "brat"))}
    assert all(documents[text] == fifth for fifth, texts in enumerate(left_out) for text in texts)


def test_corpus_shows_the_sentences_of_a_source_in_turns(folder: Path, tmp_path: Path) -> None:
    text = " ".join(f"Tool{i} drew all of the maps." for i in range(30))
    extra = _write_brat(tmp_path / "brat", ("a", text, tuple(f"Tool{i}" for i in range(30))))
    config = _config(folder, extra=(Source(str(extra), "brat", turns=3),), dev_fraction=0.0)
    found = build_training_data(config, seed=1).train
    turns = [turn_of(d) for d in found if "all of the maps" in sentence_text(d)]
    assert len(turns) == 30
    assert set(turns) == {(0, 3), (1, 3), (2, 3)}
    assert {turn_of(d) for d in found if "all of the maps" not in sentence_text(d)} == {(0, 1)}


def test_corpus_reads_the_annotated_sentences_of_a_source_and_its_own_labels(
    folder: Path, tmp_path: Path
) -> None:
    text = "Brookmap drew all of the maps. Nobody drew any of the plots. It rained again and again."
    extra = _write_brat(tmp_path / "brat", ("a", text, ("Nobody",)))
    document = Document("a", text)
    better = Annotation.build([Mention(EntityType.APPLICATION, 0, len("Brookmap"))])
    parts = split_labeled(LabeledDocument(document, better))[:2]
    write_standoff({"a": [to_entry(part) for part in parts]}, tmp_path / "labels.jsonl")
    anew = Source(str(extra), "brat", annotations=str(tmp_path / "labels.jsonl"))
    own = Source(str(extra), "brat", labels="softcite")
    found = build_training_data(_config(folder, extra=(anew, own), dev_fraction=0.0), seed=1).train
    seen = [
        (sentence_text(d), len(d.annotation.mentions), d.document.provenance.get(LABELS))
        for d in found
        if sentence_text(d) in text
    ]
    first, second, third = (
        sentence_text(d) for d in split_labeled(LabeledDocument(document, better))
    )
    assert sorted(seen, key=lambda row: (row[2] or "", row[0])) == [
        (first, 1, None),
        (second, 0, None),
        (first, 0, "softcite"),
        (third, 0, "softcite"),
        (second, 1, "softcite"),
    ]
    write_standoff({"b": []}, tmp_path / "labels.jsonl")
    with pytest.raises(
        ConfigError, match=r"labels\.jsonl names none of the 1 document\(s\) that are"
    ):
        build_training_data(_config(folder, extra=(anew,)), seed=1)
