from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path

import pytest

import somex
from somex.core import FormatError, ModelError
from somex.pipeline import (
    Extractor,
    Failure,
    annotate_files,
    extract_files,
    load,
)
from somex.readers.inputs import Source, find_sources
from somex.readers.jsonl import read_jsonl

TEXT = "We used Quill 4.0 (Orbital Labs) and Tessarix [12]. Samples were kept cold."


@pytest.fixture(scope="module")
def extractor(tiny_model: Path) -> Extractor:
    return load(tiny_model, n_threads=1)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    (folder / "deep").mkdir(parents=True)
    (folder / "b.txt").write_text(TEXT)
    (folder / "a.TXT").write_text("Brookstat 7.1 fits the lines.")
    (folder / "deep" / "c.text").write_text("")
    (folder / "notes.log").write_text("Quill")
    return folder


def run(extractor: Extractor, source: Path, out: Path) -> list[object]:
    return list(extract_files(extractor, find_sources([source]), out))


def lines(out: Path) -> list[bytes]:
    return (out / "documents.jsonl").read_bytes().splitlines(keepends=True)


def test_pipeline_extract_gives_mentions_in_the_text(extractor: Extractor) -> None:
    found = extractor.extract(TEXT, id="mine")
    assert found.document.id == "mine"
    assert found.document.text == TEXT
    assert found.annotation.mentions
    assert found == extractor.extract(TEXT, id="mine")


def test_pipeline_extract_takes_texts_without_words(extractor: Extractor) -> None:
    for text in ("", " \n ", "\ufeff", "\u200b"):
        assert extractor.extract(text).document.text == text


def test_pipeline_annotate_keeps_order_and_documents(extractor: Extractor) -> None:
    documents = [somex.Document(f"d{i}", f"Quill {i}.0 ran.") for i in range(5)]
    labeled = extractor.annotate(documents)
    assert [item.document for item in labeled] == documents
    assert extractor.annotate([]) == []


def test_pipeline_load_min_confidence_drops_mentions(
    tiny_model: Path, extractor: Extractor
) -> None:
    everything = extractor.extract(TEXT).annotation.mentions
    bound = sorted(mention.confidence for mention in everything)[len(everything) // 2]
    sure = load(tiny_model, min_confidence=bound, n_threads=1).extract(TEXT).annotation.mentions
    assert sure
    assert len(sure) < len(everything)
    assert all(mention.confidence >= bound for mention in sure)


def test_pipeline_load_names_what_is_valid(tiny_model: Path) -> None:
    with pytest.raises(ModelError, match="unknown model 'nowhere'; valid: default, "):
        load("nowhere")
    with pytest.raises(ModelError, match="unknown backend 'tpu'; valid: auto, onnx, torch"):
        load(tiny_model, backend="tpu")
    with pytest.raises(ModelError, match=r"holds no model\.safetensors"):
        load(tiny_model, backend="torch")


def test_pipeline_find_sources_searches_folders_in_order(texts: Path) -> None:
    (texts / "z.txt").mkdir()
    found = find_sources([texts])
    assert [file.id for file in found] == ["a", "b", "deep/c"]
    assert find_sources([texts, texts / "b.txt"]) == found


def test_pipeline_find_sources_takes_a_file_of_any_suffix(texts: Path) -> None:
    assert find_sources([texts / "notes.log"]) == [Source(texts / "notes.log", "notes")]


def test_pipeline_find_sources_gives_unique_ids(tmp_path: Path) -> None:
    for name in ("one/a.txt", "two/a.txt", "two/a.text", "two/b.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = find_sources([tmp_path / "one", tmp_path / "two"])
    ids = [file.id for file in found]
    assert len(set(ids)) == 4
    assert ids[0] == (tmp_path / "one" / "a").as_posix()
    assert ids[1:3] == [(tmp_path / "two" / name).as_posix() for name in ("a.text", "a.txt")]
    assert ids[3] == "b"


def test_pipeline_find_sources_names_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="gone: does not exist; give a text file or a folder"):
        find_sources([tmp_path / "gone"])
    with pytest.raises(FormatError, match=r"holds no text file \(\.txt, \.text, "):
        find_sources([tmp_path])


def test_pipeline_extract_files_writes_what_extract_finds(
    extractor: Extractor, texts: Path, tmp_path: Path
) -> None:
    results = run(extractor, texts, tmp_path / "out")
    written = list(read_jsonl(tmp_path / "out" / "documents.jsonl"))
    assert [labeled.document for labeled in written] == [r.document for r in results]
    assert written[1].annotation.mentions
    found = extractor.extract(TEXT).annotation
    assert [m.key for m in written[1].annotation.mentions] == [m.key for m in found.mentions]
    assert written[1].document.provenance["sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()
    made_by = json.loads(lines(tmp_path / "out")[0])["model"]
    assert made_by == {**extractor.info.to_json(), "min_confidence": 0.0, "lean": 0.0}


def test_pipeline_extract_files_keeps_what_is_done(
    extractor: Extractor, texts: Path, tmp_path: Path
) -> None:
    run(extractor, texts, tmp_path / "out")
    before = lines(tmp_path / "out")
    assert run(extractor, texts, tmp_path / "out") == [None, None, None]
    assert lines(tmp_path / "out") == before


@pytest.mark.parametrize("n_bytes", [0, 1, 40, -1])
def test_pipeline_extract_files_mends_a_truncated_line(
    extractor: Extractor, texts: Path, tmp_path: Path, n_bytes: int
) -> None:
    run(extractor, texts, tmp_path / "out")
    first, second, third = lines(tmp_path / "out")
    (tmp_path / "out" / "documents.jsonl").write_bytes(first + second[:n_bytes])
    assert [item is None for item in run(extractor, texts, tmp_path / "out")] == [
        True,
        False,
        False,
    ]
    assert lines(tmp_path / "out") == [first, second, third]


@pytest.mark.parametrize(
    "garbage", [b"\n", b"[]\n", b"7\n", b"\xff\xfe\n", b'{"id": "b"}\n', b"null\n", b"{\n"]
)
def test_pipeline_extract_files_drops_lines_that_are_no_results(
    extractor: Extractor, texts: Path, tmp_path: Path, garbage: bytes
) -> None:
    run(extractor, texts, tmp_path / "out")
    before = lines(tmp_path / "out")
    (tmp_path / "out" / "documents.jsonl").write_bytes(before[0] + garbage + b"".join(before[1:]))
    assert run(extractor, texts, tmp_path / "out") == [None, None, None]
    assert lines(tmp_path / "out") == before


def test_pipeline_extract_files_drops_an_id_that_is_no_text(
    extractor: Extractor, texts: Path, tmp_path: Path
) -> None:
    run(extractor, texts, tmp_path / "out")
    before = lines(tmp_path / "out")
    odd = json.dumps({**json.loads(before[0]), "id": ["a"]}).encode() + b"\n"
    (tmp_path / "out" / "documents.jsonl").write_bytes(odd + b"".join(before))
    run(extractor, texts, tmp_path / "out")
    assert lines(tmp_path / "out") == before


def test_pipeline_extract_files_does_changed_sources_again(
    extractor: Extractor, texts: Path, tmp_path: Path
) -> None:
    run(extractor, texts, tmp_path / "out")
    (texts / "a.TXT").write_text("Fernview 3 was used.")
    assert [r is None for r in run(extractor, texts, tmp_path / "out")] == [False, True, True]
    written = {d.document.id: d for d in read_jsonl(tmp_path / "out" / "documents.jsonl")}
    assert len(lines(tmp_path / "out")) == len(written) == 3
    assert written["a"].document.text == "Fernview 3 was used."


def test_pipeline_extract_files_does_all_again_for_another_model_or_threshold(
    extractor: Extractor, tiny_model: Path, texts: Path, tmp_path: Path
) -> None:
    run(extractor, texts, tmp_path / "out")
    other = Extractor(extractor._predictor, info=dataclasses.replace(extractor.info, name="other"))
    for changed in (other, load(tiny_model, min_confidence=0.9, n_threads=1)):
        assert None not in run(changed, texts, tmp_path / "out")
        assert len(lines(tmp_path / "out")) == 3
        assert run(changed, texts, tmp_path / "out") == [None, None, None]


def test_pipeline_extract_files_keeps_results_of_other_sources(
    extractor: Extractor, texts: Path, tmp_path: Path
) -> None:
    for name in ("a.TXT", "b.txt"):
        run(extractor, texts / name, tmp_path / "out")
    written = list(read_jsonl(tmp_path / "out" / "documents.jsonl"))
    assert [labeled.document.id for labeled in written] == ["a", "b"]


def test_pipeline_extract_files_goes_on_after_a_failure(
    extractor: Extractor, texts: Path, tmp_path: Path
) -> None:
    (texts / "b.txt").write_bytes(b"Quill \xff 4.0")
    results = run(extractor, texts, tmp_path / "out")
    assert isinstance(results[1], Failure)
    (listed,) = (tmp_path / "out" / "failures.jsonl").read_text().splitlines()
    failure = json.loads(listed)
    assert failure["path"] == str(texts / "b.txt")
    assert "byte 6 (0xff) is not UTF-8" in failure["reason"]
    (texts / "b.txt").write_text(TEXT)
    assert [r is None for r in run(extractor, texts, tmp_path / "out")] == [True, False, True]
    assert not (tmp_path / "out" / "failures.jsonl").exists()


def test_pipeline_extract_files_lists_file_names_that_are_not_utf8(
    extractor: Extractor, tmp_path: Path
) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    try:
        (tmp_path / name).write_text("Quill 4.0")
    except OSError:
        pytest.skip("this file system takes no such names")
    (tmp_path / "d.txt").write_text("Quill 4.0")
    first, second = run(extractor, tmp_path, tmp_path / "out")
    assert isinstance(first, Failure)
    assert "the name of the file is not UTF-8" in first.reason
    assert not isinstance(second, Failure)
    assert (tmp_path / "out" / "failures.jsonl").read_text().count("\n") == 1


def test_pipeline_extract_files_lists_unexpected_errors(
    extractor: Extractor, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(documents: object) -> None:
        raise MemoryError("too long")

    monkeypatch.setattr(extractor, "annotate", fail)
    results = list(annotate_files(extractor, find_sources([texts / "b.txt"])))
    reason = f"{texts / 'b.txt'}: MemoryError('too long')"
    sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
    assert results == [Failure(str(texts / "b.txt"), reason, "b", sha256)]


def test_pipeline_extract_files_needs_a_folder(
    extractor: Extractor, texts: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(FormatError, match="out: can't be the output folder: File exists"):
        run(extractor, texts, tmp_path / "out")
