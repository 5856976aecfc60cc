from __future__ import annotations

from pathlib import Path

import pytest

import somex
from somex.core.errors import ConfigError, ModelError
from somex.models import fast

TEXTS = [
    "We ran all models in Glimmerfit version 2.4 [3].",
    "Samples were kept at four degrees.",
    "The leafcount package for Quill counted leaves (Orbital Labs).",
]


def test_hf_pipeline_gives_what_the_extractor_finds(tiny_model: Path) -> None:
    run = somex.pipeline("software-mentions", model=str(tiny_model))
    annotation = somex.load(tiny_model).extract(TEXTS[0]).annotation
    rows = run(TEXTS[0])
    assert len(rows) == len(annotation.mentions) > 0
    for row, mention in zip(rows, annotation.mentions, strict=True):
        assert row["entity_group"] == mention.type
        assert (row["start"], row["end"]) == (mention.char_start, mention.char_end)
        assert row["word"] == TEXTS[0][row["start"] : row["end"]]
        assert row["score"] == mention.confidence
    told = [
        (row["start"], r["relation"], rows[r["tail"]]["start"], r["score"])
        for row in rows
        for r in row["relations"]
    ]
    expected = [
        (r.head.char_start, r.type, r.tail.char_start, r.confidence) for r in annotation.relations
    ]
    assert sorted(told) == sorted(expected)


def test_hf_pipeline_list_gives_a_list_each_whatever_the_batches(tiny_model: Path) -> None:
    extractor = somex.load(tiny_model)
    run = somex.pipeline(model=extractor, batch_size=2)
    assert run(TEXTS) == [run(text) for text in TEXTS]
    assert run(iter(TEXTS)) == run(TEXTS)
    assert run([]) == []
    assert run("") == []


def test_hf_pipeline_says_what_is_wrong(tiny_model: Path) -> None:
    with pytest.raises(ConfigError, match="unknown task 'ner'; valid: software-mentions"):
        somex.pipeline("ner")
    with pytest.raises(ConfigError, match="batch_size is 0; valid: 1 or more"):
        somex.pipeline(model=tiny_model, batch_size=0)
    with pytest.raises(ConfigError, match=r"inputs\[1\] is None; valid: a text"):
        somex.pipeline(model=tiny_model)(["a", None])  # type: ignore[list-item]
    with pytest.raises(ModelError, match="unknown model 'nobody'"):
        somex.pipeline(model="nobody")


def test_from_pretrained_loads_what_save_pretrained_wrote(tiny_model: Path, tmp_path: Path) -> None:
    extractor = somex.Extractor.from_pretrained(tiny_model, min_confidence=0.1)
    folder = extractor.save_pretrained(tmp_path / "copy")
    again = somex.Extractor.from_pretrained(folder, min_confidence=0.1)
    assert again.info.fingerprint == extractor.info.fingerprint
    assert again.extract(TEXTS[0]).annotation == extractor.extract(TEXTS[0]).annotation
    assert again.to_json()["min_confidence"] == 0.1


def test_save_pretrained_overwrites_nothing(tiny_model: Path, tmp_path: Path) -> None:
    extractor = somex.Extractor.from_pretrained(tiny_model)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ModelError, match="is there and no empty folder; name a new folder"):
        extractor.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="no empty folder"):
        extractor.save_pretrained(tmp_path / "notes.txt")
    with pytest.raises(ModelError, match="no empty folder"):
        extractor.save_pretrained(tiny_model)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.slow
@pytest.mark.skipif(not (fast() / "encode.onnx").is_file(), reason=f"no model in {fast()}")
def test_hf_pipeline_of_the_fast_model_finds_software() -> None:
    rows = somex.pipeline("software-mentions", model="fast")("We used SPSS version 25 (IBM Corp.).")
    groups = {row["word"]: row["entity_group"] for row in rows}
    assert groups["SPSS"] == "Application"
    assert groups["25"] == "Version"
    (relation,) = next(row["relations"] for row in rows if row["word"] == "25")
    assert (relation["relation"], relation["word"]) == ("Version_of", "SPSS")
