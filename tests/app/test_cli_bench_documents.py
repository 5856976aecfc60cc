from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from somex.app.cli.main import app
from somex.core import ConfigError
from somex.readers.brat import write_brat
from somex.readers.jsonl import read_jsonl

pytest.importorskip("sklearn")

from made_corpus import make_document


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a tiny namesake of SoMeSci."""
    write_brat([make_document(index, n_plain=10) for index in range(12)], tmp_path / "data/somesci")
    return tmp_path / "data"


@pytest.fixture
def corpora(somd_folder: Path, data: Path) -> dict[str, Any]:
    return {
        "train": {"path": str(somd_folder), "format": "somd"},
        "extra": [{"path": str(data / "somesci"), "format": "brat"}],
        "dev_fraction": 0.0,
    }


@pytest.fixture
def recipe(tmp_path: Path, corpora: dict[str, Any], tiny_bert: Path) -> Path:
    values = {
        "name": "tiny",
        "model": {"encoder": str(tiny_bert), "mention_dim": 16, "max_pieces": 128},
        "data": corpora,
        "training": {"epochs": 1, "batch_size": 8},
    }
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture
def sieve(tmp_path: Path, corpora: dict[str, Any]) -> Path:
    path = tmp_path / "prefilter.yaml"
    choices = {"negative_share": 1.0}
    path.write_text(yaml.safe_dump({"name": "tiny", "data": corpora, "prefilter": choices}))
    return path


def invoke(*args: object) -> Result:
    arguments = ["bench", "documents", *map(str, args), "--threads", "1", "--resamples", "20"]
    return CliRunner(env={"SOMEX_DATA": ""}).invoke(app, arguments, catch_exceptions=False)


def test_cli_bench_documents_trains_and_scores_each_fold(
    recipe: Path, sieve: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    asked = (recipe, "--folds", 3, "--prefilter-recipe", sieve, "--easy-share", 0.5, "--out", out)
    first = invoke(*asked)
    assert first.exit_code == 0, first.output
    results = json.loads((out / "results.json").read_text("utf-8"))
    assert list(results["scores"]) == [
        "every sentence read",
        "prefilter",
        "prefilter, above a confidence chosen on the other folds",
    ]
    assert sorted(results["thresholds"]) == ["0", "1", "2"]
    (row,) = results["scores"]["prefilter"]
    assert (row["name"], row["n_documents"]) == ("all", 12)
    assert row["software"]["n_gold"] == 36
    assert sorted(results["trained_on"]) == [f"fold-{i}-of-3" for i in range(3)]
    held = {d.document.id for d in read_jsonl(out / "gold.jsonl")}
    assert held == {d.document.id for d in read_jsonl(out / "sifted.jsonl")}
    written = (out / "fold-1-of-3" / "documents.jsonl").stat().st_mtime_ns
    again = invoke(*asked, "--resume", "--json", "-")
    assert json.loads(again.stdout)["scores"] == results["scores"]
    assert (out / "fold-1-of-3" / "documents.jsonl").stat().st_mtime_ns == written


def test_cli_bench_documents_scores_a_ready_model(tiny_model: Path, data: Path) -> None:
    result = invoke("--model", tiny_model, "--data", data, "--json", "-")
    found = json.loads(result.stdout)
    assert list(found["scores"]) == ["every sentence read"]
    assert found["scores"]["every sentence read"][0]["n_documents"] == 12
    assert "trained on these documents" in found["note"]
    table = invoke("--model", tiny_model, "--data", data)
    assert "software and" in table.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "either a recipe"),
        (("--model", "m"), "give --data"),
        (("RECIPE", "--only-folds", "7"), "--only-folds names fold 7; valid: 0 to 4"),
        (("RECIPE", "--easy-share", "0.5"), "--easy-share needs --prefilter-recipe"),
        (("--model", "m", "--data", "DATA", "--subsets", "x"), "--subsets names 'x'"),
    ],
)
def test_cli_bench_documents_wrong_options_are_refused(
    recipe: Path, data: Path, args: tuple[str, ...], message: str
) -> None:
    places = {"RECIPE": str(recipe), "DATA": str(data)}
    with pytest.raises(ConfigError, match=message):
        invoke(*(places.get(arg, arg) for arg in args))
