from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import tiny_encoders
from somex.app.cli.main import app
from somex.core import ModelError


@pytest.fixture(scope="module")
def span_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny random span model in torch."""
    import torch

    from somex.model.config import ModelConfig
    from somex.model.families import find_family
    from somex.model.span.options import SpanOptions
    from somex.model.torch_folder import save_model

    encoder = tiny_encoders.write_encoder(tmp_path_factory.mktemp("encoder"), "bert")
    options = SpanOptions(max_width=3)
    config = ModelConfig(str(encoder), family="span", span=options, mention_dim=16)
    family = find_family(config)
    torch.manual_seed(1)
    tokenizer = family.load_tokenizer(config)
    folder = tmp_path_factory.mktemp("model")
    save_model(family.build_model(config, tokenizer), tokenizer, folder)
    return folder


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.txt"
    path.write_text("We ran Quill 4.0 on the survey data.\n", encoding="utf-8")
    return path


def test_cli_spans_shows_spans_of_the_types_asked_for(span_model: Path, paper: Path) -> None:
    arguments = [str(paper), "--model", str(span_model), "--labels", "data set, software"]
    arguments += ["--threshold", "0.001"]
    shown = CliRunner().invoke(app, ["spans", *arguments])
    assert shown.exit_code == 0, shown.output
    as_json = CliRunner().invoke(app, ["spans", *arguments, "--json", "-"])
    [document] = json.loads(as_json.stdout)["documents"]
    text = paper.read_text(encoding="utf-8")
    assert document["id"] == "paper"
    assert document["spans"]
    for span in document["spans"]:
        assert span["label"] in ("data set", "software")
        assert text[span["char_start"] : span["char_end"]] == span["text"]
        assert f"{span['label']}: {span['text']}" in shown.stdout


def test_cli_spans_needs_a_model_that_reads_types(tiny_model: Path, paper: Path) -> None:
    arguments = ["spans", str(paper), "--model", str(tiny_model), "--labels", "software"]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, ModelError)
    assert "is of family token" in str(result.exception)
