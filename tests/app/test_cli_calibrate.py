from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import tiny
from somex.app.cli.main import app
from somex.calibration import read_calibrations
from somex.core import Annotation, ConfigError, LabeledDocument
from somex.readers.jsonl import write_jsonl
from somex.run_files import gold_path, predicted_path


@pytest.fixture
def run(tmp_path: Path, tiny_corpus: list[LabeledDocument]) -> Path:
    """Stand-in for a run with a held-out fold: every third mention is wrong, all are sure."""
    folder = tmp_path / "fold-0-seed-1"
    folder.mkdir()
    predicted = []
    for labeled in tiny_corpus:
        mentions = [
            replace(m, char_end=m.char_end - (i % 3 == 1), confidence=0.99)
            for i, m in enumerate(labeled.annotation.mentions)
            if m.char_end - m.char_start > 1
        ]
        predicted.append(LabeledDocument(labeled.document, Annotation.build(mentions)))
    write_jsonl(tiny_corpus, gold_path(folder))
    write_jsonl(predicted, predicted_path(folder))
    return folder


def test_cli_calibrate_lowers_the_error_and_writes_the_calibration(
    run: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    arguments = ["calibrate", str(run), "--into", str(model), "--json", str(tmp_path / "x.json")]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "Expected calibration error" in result.stdout
    figures = json.loads((tmp_path / "x.json").read_text())["mentions"]
    assert figures["error_before"] > 0.1
    assert figures["error_after"] < figures["error_before"] / 2
    calibrated = read_calibrations(model).mentions.apply(0.99)
    assert calibrated == pytest.approx(figures["share_right"], abs=0.05)


def test_cli_calibrate_wants_runs_with_a_held_out_fold(tmp_path: Path) -> None:
    tiny.write_marked(tmp_path)
    with pytest.raises(ConfigError, match="holds no predictions of a held-out fold"):
        CliRunner().invoke(app, ["calibrate", str(tmp_path)], catch_exceptions=False)
