from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from somex.app.cli.main import app
from somex.core import ConfigError, ModelError
from somex.pipeline import load


@pytest.fixture
def recipe(tmp_path: Path, somd_folder: Path, tiny_bert: Path) -> Path:
    values = {
        "name": "tiny",
        "model": {"encoder": str(tiny_bert), "mention_dim": 16, "max_pieces": 128},
        "data": {"train": {"path": str(somd_folder), "format": "somd"}, "dev_fraction": 0.25},
        "training": {"epochs": 1, "batch_size": 8},
    }
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def invoke(recipe: Path, *args: object) -> Result:
    arguments = ["train", str(recipe), "--threads", "1", "--out", str(recipe.parent / "runs")]
    result = CliRunner().invoke(app, [*arguments, *map(str, args)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def runs(recipe: Path) -> list[str]:
    return sorted(p.name for p in (recipe.parent / "runs").iterdir() if p.is_dir())


def read(recipe: Path, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((recipe.parent / "runs" / name).read_text())
    return found


def test_cli_train_writes_a_model_and_what_made_it(recipe: Path) -> None:
    result = invoke(recipe)
    assert "1 run(s)" in result.stdout
    assert runs(recipe) == ["seed-1"]
    assert read(recipe, "seed-1/recipe.json")["name"] == "tiny"
    assert set(read(recipe, "seed-1/data.json")) == {"train", "dev", "test"}
    environment = read(recipe, "seed-1/environment.json")
    assert "torch" in environment["packages"]  # type: ignore[operator]
    assert environment["cpu"]
    assert environment["auto_precision"] in ("fp32", "bf16")
    metrics = read(recipe, "seed-1/metrics.json")
    assert set(metrics) == {"seed", "fold", "history", "dev"}
    assert read(recipe, "summary.json")["dev"]["total"]["n_runs"] == 1  # type: ignore[index]
    model = load(recipe.parent / "runs" / "seed-1" / "model")
    assert model.extract("We used Quill 4.0.").document.text == "We used Quill 4.0."


def test_cli_train_says_so_where_nothing_is_held_out(recipe: Path) -> None:
    result = invoke(recipe, "--set", "data.dev_fraction=0")
    assert "1 run(s); nothing held out to score on" in " ".join(result.stdout.split())
    assert read(recipe, "summary.json") == {"dev": {}, "test": {}}


def test_cli_train_crosses_folds_and_seeds(recipe: Path) -> None:
    invoke(recipe, "--folds", 2, "--seeds", "3,4")
    assert runs(recipe) == [f"fold-{f}-seed-{s}" for f in (0, 1) for s in (3, 4)]
    summary = read(recipe, "summary.json")
    assert summary["test"]["ner"]["n_runs"] == 4  # type: ignore[index]
    held_out = [read(recipe, f"fold-{f}-seed-3/data.json")["test"] for f in (0, 1)]
    assert sum(part["n_sentences"] for part in held_out) == 16  # type: ignore[index]
    assert read(recipe, "fold-1-seed-4/recipe.json")["training"]["seed"] == 4  # type: ignore[index]


def test_cli_train_pairs_seeds_with_chosen_folds(recipe: Path) -> None:
    invoke(recipe, "--folds", 4, "--only-folds", "3,1", "--seeds", "5,6", "--paired")
    assert runs(recipe) == ["fold-1-seed-6", "fold-3-seed-5"]


def test_cli_train_set_changes_the_recipe(recipe: Path) -> None:
    invoke(recipe, "--set", "training.learning_rate=1e-3", "--set", "data.dev_fraction=0.0")
    made = read(recipe, "seed-1/recipe.json")
    assert made["training"]["learning_rate"] == 0.001  # type: ignore[index]
    assert made["data"]["dev_fraction"] == 0.0  # type: ignore[index]
    assert "dev" not in read(recipe, "seed-1/metrics.json")


def test_cli_train_resume_keeps_finished_runs(recipe: Path) -> None:
    invoke(recipe)
    weights = recipe.parent / "runs" / "seed-1" / "model" / "model.safetensors"
    before = weights.stat().st_mtime_ns
    invoke(recipe, "--resume", "--seeds", "1,2")
    assert weights.stat().st_mtime_ns == before
    assert runs(recipe) == ["seed-1", "seed-2"]
    invoke(recipe)
    assert weights.stat().st_mtime_ns > before


def test_cli_train_resume_refuses_another_recipe_or_other_data(recipe: Path) -> None:
    invoke(recipe)
    with pytest.raises(ConfigError, match=r"training\.batch_size was 8 and is 4; give another"):
        invoke(recipe, "--resume", "--set", "training.batch_size=4")
    with pytest.raises(ConfigError, match=r"seed-1: can't resume, the sentences \(or folds\) are"):
        invoke(recipe, "--resume", "--set", "data.dev_fraction=0.5")


def test_cli_train_resume_takes_checkpoints_at_other_times(recipe: Path) -> None:
    invoke(recipe)
    weights = recipe.parent / "runs" / "seed-1" / "model" / "model.safetensors"
    before = weights.stat().st_mtime_ns
    invoke(recipe, "--resume", "--set", "training.checkpoint_seconds=60")
    assert weights.stat().st_mtime_ns == before


def test_cli_train_fresh_start_leaves_no_stale_results(
    recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke(recipe)
    from somex.training import Trainer

    def stop(self: Trainer, *, resume: bool) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "run", stop)
    arguments = ["train", str(recipe), "--out", str(recipe.parent / "runs")]
    assert CliRunner().invoke(app, arguments).exit_code != 0
    left = {p.name for p in (recipe.parent / "runs" / "seed-1").iterdir()}
    assert not left & {"metrics.json", "state.pt"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--seeds", "1,x"], "--seeds is '1,x'; valid: whole numbers, as 1,2,3"),
        (["--seeds", "1,1"], "seed 1 is given twice"),
        (["--folds", "1"], "--folds is 1, which leaves nothing to train on"),
        (["--only-folds", "0"], "--only-folds is '0' without --folds"),
        (["--folds", "2", "--only-folds", "2"], "--only-folds names fold 2; valid: 0 to 1"),
        (["--folds", "3", "--paired"], "1 seed(s) can't be paired with 3 fold(s)"),
        (["--paired"], "1 seed(s) can't be paired with 0 fold(s)"),
        (["--set", "epochs"], "override 'epochs' must read key=value, as training.epochs=3"),
        (["--set", "training.epochs=[1"], "'[1' is no YAML value"),
        (["--set", "name.first=x"], "override 'name.first=x': name holds no keys"),
        (["--set", "training.epoch=3"], "unknown key training.epoch; valid: epochs, batch_size"),
        (["--set", "training.epochs=0"], "epochs is 0; valid: 1 to 1000"),
        (["--set", "data.train.path=${SOMEX_NO_SUCH}"], "SOMEX_NO_SUCH is not set"),
        (["--set", "data.train.path=/gone"], "source /gone does not exist"),
    ],
)
def test_cli_train_errors_name_what_is_valid(recipe: Path, args: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        invoke(recipe, *args)
    assert not (recipe.parent / "runs").exists()


def test_cli_train_reports_all_faults_of_a_recipe_together(recipe: Path) -> None:
    values = yaml.safe_load(recipe.read_text())
    values["model"] |= {"unit": "atoms", "dropout": "much"}
    values["training"]["epochs"] = "six"
    recipe.write_text(yaml.safe_dump(values))
    with pytest.raises(ConfigError) as caught:
        invoke(recipe)
    for part in ("unknown key model.unit", "model.dropout", "training.epochs"):
        assert part in str(caught.value)


def test_cli_train_needs_an_encoder_that_is_there(recipe: Path) -> None:
    with pytest.raises(ModelError, match="no/such-encoder"):
        invoke(recipe, "--set", "model.encoder=no/such-encoder")


def test_cli_train_tensorboard_writes_events(recipe: Path) -> None:
    pytest.importorskip("tensorboard")
    invoke(recipe, "--tensorboard")
    assert list((recipe.parent / "runs" / "seed-1" / "tensorboard").glob("events.*"))
