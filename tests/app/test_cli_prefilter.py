from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

pytest.importorskip("sklearn")

import tiny
from somex.app.cli.main import app
from somex.core import Annotation, ConfigError, Document, EntityType, LabeledDocument, Mention
from somex.pipeline import load
from somex.prefilter.features import N_BITS
from somex.prefilter.model import Linear, Prefilter, read_prefilter, write_prefilter
from somex.readers.brat import write_brat

TEXT = "We used Quill 4.0 (Orbital Labs) and Tessarix [12]. Samples were kept cold."
PLAIN = "Samples were kept cold and shaken. "


def invoke(*args: object) -> Result:
    return CliRunner().invoke(app, [*map(str, args)], catch_exceptions=False)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve documents of twelve sentences, one of which names a software."""
    folder = tmp_path_factory.mktemp("prefilter") / "brat"
    papers = []
    for index in range(12):
        text = PLAIN * 11 + f"We used Quill version {index}.1 for the curves."
        start = text.index("Quill")
        name = Mention(EntityType.APPLICATION, start, start + 5)
        papers.append(LabeledDocument(Document(f"p{index}", text), Annotation((name,))))
    write_brat(papers, folder)
    return folder


@pytest.fixture(scope="module")
def recipe(corpus: Path) -> Path:
    main = tiny.write_marked(corpus.parent / "somd")
    path = corpus.parent / "recipe.yaml"
    path.write_text(
        "name: tiny\n"
        f"data:\n  train: {{path: '{main}', format: somd}}\n"
        f"  extra: [{{path: '{corpus}', format: brat}}]\n"
        "prefilter: {n_folds: 3, negative_share: 1.0}\n"
    )
    return path


def test_cli_prefilter_train_writes_a_filter_and_evaluate_measures_it(
    recipe: Path, corpus: Path, tmp_path: Path
) -> None:
    made = invoke("prefilter", "train", recipe, "--out", tmp_path, "--set", "prefilter.seed=2")
    assert made.exit_code == 0
    assert "Lost mentions by type" in made.stdout
    assert "Trade-off" in made.stdout
    card = read_prefilter(tmp_path).card
    assert card["recipe"]["prefilter"]["seed"] == 2
    shown = invoke("prefilter", "evaluate", corpus, "--model", tmp_path, "--json", "-")
    figures = json.loads(shown.stdout)
    assert figures["n_mentions"] == 12
    assert figures["whole_documents"]["n_sentences"] == 144
    table = invoke("prefilter", "evaluate", corpus, "--model", tmp_path, "--perturb", "lower-case")
    assert "whole documents: sentences passed" in table.stdout


def test_cli_prefilter_train_tells_faulty_choices(recipe: Path, tmp_path: Path) -> None:
    for change, told in (
        ("prefilter.max_lost=2", "max_lost is 2"),
        ("prefilter.respellings=[loud]", "unknown respelling 'loud'; valid: punctuation"),
        ("prefilter.colour=red", "colour"),
    ):
        with pytest.raises(ConfigError, match=told):
            invoke("prefilter", "train", recipe, "--out", tmp_path, "--set", change)


def test_cli_prefilter_evaluate_tells_unknown_perturbations(corpus: Path) -> None:
    with pytest.raises(ConfigError, match="unknown perturbation 'loud'; valid: punctuation"):
        invoke("prefilter", "evaluate", corpus, "--perturb", "loud")


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    """The tiny model with a filter that passes nothing."""
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    linear = Linear(np.zeros(1 << N_BITS, np.int8), 1.0, 0.0)
    card = {"cross_validation": {"whole_documents": {"mentions_lost": 0.004}}}
    write_prefilter(Prefilter(linear, linear, 1.0, 0.0, 1.0, card), folder)
    return folder


def test_cli_prefilter_extract_tells_of_the_filter(model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    options = ("--model", model, "--threads", "1", "--json")
    sifted = invoke("extract", tmp_path / "a.txt", *options)
    assert json.loads(sifted.stdout)["mentions"] == []
    assert json.loads(sifted.stdout)["model"]["prefilter"]["mentions_lost"] == 0.004
    assert "0 % of 2 sentences passed the prefilter, which loses 0.4 % of" in sifted.stderr
    whole = invoke("extract", tmp_path / "a.txt", *options, "--no-prefilter")
    assert json.loads(whole.stdout)["mentions"]
    assert "prefilter" not in json.loads(whole.stdout)["model"]
    assert "prefilter" not in whole.stderr


def test_cli_prefilter_that_passes_all_changes_nothing(model: Path) -> None:
    write_prefilter(replace(read_prefilter(model), threshold=-1.0), model)
    on, off = (load(model, n_threads=1, prefilter=p).extract(TEXT) for p in (True, False))
    assert on.annotation.mentions
    assert on == off


def test_cli_prefilter_leaves_tokenised_sentences_alone(model: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("We used Quill 4.0 ( Orbital Labs ) .\nSamples were kept cold .\n")
    options = ("--model", model, "--threads", "1")
    assert invoke("predict", texts, "--out", tmp_path / "out", *options).exit_code == 0
    tags = (tmp_path / "out" / "predictions.entities.txt").read_text().split()
    assert any(tag != "O" for tag in tags)
