from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from somex.app.cli.main import app
from somex.core import FormatError, ModelError
from somex.pipeline import load
from somex.readers.somd import read_somd
from somex.readers.somd_writer import read_submission

LINES = [
    "We used Quill 4.0 (Orbital Labs) and Tessarix [12] .",
    "",
    "We used Quill 4 . 0 ( Orbital Labs ) and Tessarix [ 12 ] .",
    "Samples\twere  kept cold .",
    "",
    "https : / / tessarix . example / v 2 . 2 . 3",
]
NAMES = ("predictions.entities.txt", "predictions.relations.txt")


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "test_texts.txt"
    path.write_text("\n".join(LINES) + "\n")
    return path


def invoke(model: Path, *args: object) -> Result:
    options = ["--model", str(model), "--threads", "1"]
    arguments = ["predict", *map(str, args), *options]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_cli_predict_writes_a_line_a_line_and_a_tag_a_token(
    tiny_model: Path, texts: Path, tmp_path: Path
) -> None:
    result = invoke(tiny_model, texts, "--out", tmp_path / "out")
    tags, relations = ((tmp_path / "out" / n).read_text().split("\n")[:-1] for n in NAMES)
    assert len(tags) == len(relations) == len(LINES)
    assert [len(line.split()) for line in tags] == [len(line.split()) for line in LINES]
    assert (tags[1], relations[1]) == ("", "")
    assert "B-" in tags[0]
    assert "6 lines, " in result.stderr
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(NAMES)


def test_cli_predict_writes_what_the_model_finds(
    tiny_model: Path, texts: Path, tmp_path: Path
) -> None:
    invoke(tiny_model, texts, "--out", tmp_path / "out")
    documents = [labeled.document for labeled in read_somd(texts)]
    read = read_submission(tmp_path / "out", documents)
    found = load(tiny_model, n_threads=1).annotate(documents)
    for written, wanted in zip(read, found, strict=True):
        # widened to tokens, so a written mention covers a found one
        starts = [mention.char_start for mention in wanted.annotation.mentions]
        for mention in written.annotation.mentions:
            assert any(mention.char_start <= start < mention.char_end for start in starts)
    assert sum(len(item.annotation.mentions) for item in read) > 2


def test_cli_predict_zip_holds_both_files(tiny_model: Path, texts: Path, tmp_path: Path) -> None:
    invoke(tiny_model, texts, "--out", tmp_path / "out", "--zip")
    with zipfile.ZipFile(tmp_path / "out" / "submission.zip") as archive:
        assert sorted(archive.namelist()) == sorted(NAMES)
        for name in NAMES:
            assert archive.read(name) == (tmp_path / "out" / name).read_bytes()


def test_cli_predict_no_line_gives_empty_files(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "none.txt").write_text("")
    invoke(tiny_model, tmp_path / "none.txt", "--out", tmp_path / "out")
    assert [(tmp_path / "out" / name).read_text() for name in NAMES] == ["", ""]


def test_cli_predict_min_confidence_leaves_out_what_is_less_sure(
    tiny_model: Path, texts: Path, tmp_path: Path
) -> None:
    invoke(tiny_model, texts, "--out", tmp_path / "out", "--min-confidence", "0.999999")
    tags = (tmp_path / "out" / NAMES[0]).read_text()
    assert set(tags.split()) == {"O"}


def test_cli_predict_errors_name_what_is_valid(
    tiny_model: Path, texts: Path, tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match=r"gone\.txt: no such file"):
        invoke(tiny_model, tmp_path / "gone.txt", "--out", tmp_path / "out")
    with pytest.raises(ModelError, match="unknown backend 'gpu'; valid: auto, onnx, torch"):
        invoke(tiny_model, texts, "--out", tmp_path / "out", "--backend", "gpu")
    assert not (tmp_path / "out").exists()
