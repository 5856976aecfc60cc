from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

import tiny
from llm_server import EMPTY, answer, llm_server
from somex.app.cli.main import app
from somex.core import ConfigError, FormatError
from somex.metrics import evaluate
from somex.readers.jsonl import read_jsonl
from somex.readers.somd import read_somd_split
from somex.training import Trainer

TEST = tiny.MARKED[:6]


@pytest.fixture
def plan(tmp_path: Path, somd_folder: Path, tiny_bert: Path) -> Path:
    """A plan of two tiny rows, a language model, and one that needs a hub."""
    recipe = {
        "name": "tiny",
        "model": {"encoder": str(tiny_bert), "mention_dim": 16, "max_pieces": 128},
        "data": {"train": {"path": str(somd_folder), "format": "somd"}, "dev_fraction": 0.25},
        "training": {"epochs": 1, "batch_size": 8},
    }
    asked = {"name": "asked", "model": {"name": "m", "url": "http://127.0.0.1:9/v1", "retries": 0}}
    for values in (recipe, asked):
        (tmp_path / f"{values['name']}.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    tiny.write_marked(tmp_path / "test", TEST, split="validation")
    tiny.write_marked(tmp_path / "test")  # its training split, for folds
    rows = [
        {"name": "tiny-joint", "loss": "joint", "recipe": "tiny.yaml"},
        {
            "name": "tiny-disjoint",
            "loss": "disjoint",
            "recipe": "tiny.yaml",
            "set": ["model.encoders=separate"],
        },
        {"name": "asked", "system": "LLM", "family": "llm", "recipe": "asked.yaml"},
        {
            "name": "big",
            "system": "Big",
            "loss": "joint",
            "recipe": "tiny.yaml",
            "set": ["model.encoder=no/such-encoder"],
            "paper": {"phase1": 0.83, "phase2": 0.69},
        },
    ]
    values = {
        "name": "tiny-plan",
        "test": {"path": str(tmp_path / "test"), "format": "somd", "split": "validation"},
        "ood": ["punctuation", "resolver-urls"],
        "seeds": [1, 2],
        "rows": [{"system": "Tiny", "family": "token"} | row for row in rows],
    }
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def invoke(plan: Path, *args: object, fails: bool = False) -> Result:
    options = ["--out", plan.parent / "out", "--no-plots", "--threads", 1, *args]
    command = ["reproduce", str(plan), *map(str, options)]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, command)
    assert bool(result.exit_code) == fails, result.output
    return result


def table(plan: Path, name: str) -> list[dict[str, str]]:
    with (plan.parent / "out" / f"{name}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def weights(plan: Path) -> dict[str, int]:
    out = plan.parent / "out"
    found = sorted(out.rglob("model.safetensors"))
    return {str(path.relative_to(out)): path.stat().st_mtime_ns for path in found}


def test_cli_reproduce_runs_what_can_run_and_lists_the_rest(plan: Path) -> None:
    result = invoke(plan)
    assert "wrote" in result.stdout
    states = {row["row"]: row["state"] for row in table(plan, "rows")}
    assert states["tiny-joint"] == states["tiny-disjoint"] == "finished, 2 of 2 seeds"
    assert states["big"] == "not run: needs a model hub, for no/such-encoder"
    assert states["asked"].startswith("not run: needs an LLM endpoint, which may cost money")
    rows = {row["row"]: row for row in table(plan, "table1")}
    assert (rows["big"]["total"], rows["big"]["paper_total"]) == ("", "0.83")
    place = plan.parent / "out" / "runs" / "tiny-joint"
    gold = read_somd_split(plan.parent / "test", "validation")
    totals = []
    for seed in (1, 2):
        predicted = list(read_jsonl(place / f"seed-{seed}" / "sets" / "in-distribution.jsonl"))
        totals.append(evaluate(gold, predicted).total_macro_f1)
        left = {path.name for path in (place / f"seed-{seed}").iterdir()}
        assert not left & {"state.pt", "best-joint"}
    assert float(rows["tiny-joint"]["total"]) == pytest.approx(sum(totals) / 2)
    kept = plan.parent / "out" / "gold" / "in-distribution.jsonl"
    found = CliRunner().invoke(
        app, ["errors", str(kept), str(place / "seed-1" / "sets" / kept.name)]
    )
    assert found.exit_code == 0, found.output
    assert {row["set"] for row in table(plan, "table2")} == {"punctuation", "resolver-urls"}
    text = (plan.parent / "out" / "tables.md").read_text(encoding="utf-8")
    for number in (1, 2, 3, 4):
        assert f"## Table {number}: " in text
    assert "- all with token classification: **" in text


def test_cli_reproduce_trains_on_no_test_sentence(plan: Path) -> None:
    invoke(plan, "--rows", "tiny-joint", "--seeds", 1)
    path = plan.parent / "out" / "runs" / "tiny-joint" / "seed-1" / "data.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    seen = data["train"]["n_sentences"] + data["dev"]["n_sentences"]
    assert seen == len(tiny.MARKED) - len(TEST)


def test_cli_reproduce_stopped_goes_on_and_repeats_nothing(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from somex.training import Trainer

    run = Trainer.run
    begun: list[str] = []

    def stop_at_the_second(self: Trainer, *, resume: bool) -> Any:
        begun.append(str(self.folder.relative_to(plan.parent / "out" / "runs")))
        if len(begun) == 2:
            raise KeyboardInterrupt
        return run(self, resume=resume)

    monkeypatch.setattr(Trainer, "run", stop_at_the_second)
    options = ("--rows", "tiny-joint,tiny-disjoint")
    invoke(plan, *options, fails=True)
    assert begun == ["tiny-joint/seed-1", "tiny-joint/seed-2"]
    before = weights(plan)
    listed = invoke(plan, *options, "--dry-run").stdout
    assert "half finished, 1 of 2 seeds" in listed
    assert "not among the rows asked for" not in listed
    invoke(plan, *options)
    assert begun[2:] == ["tiny-joint/seed-2", "tiny-disjoint/seed-1", "tiny-disjoint/seed-2"]
    assert before.items() <= weights(plan).items()
    tables = (plan.parent / "out" / "tables.md").read_bytes()
    invoke(plan, *options)
    assert len(begun) == 5
    assert (plan.parent / "out" / "tables.md").read_bytes() == tables


def test_cli_reproduce_adds_a_set_without_training_again(plan: Path) -> None:
    invoke(plan, "--rows", "tiny-joint", "--seeds", 1)
    before = weights(plan)
    values = yaml.safe_load(plan.read_text(encoding="utf-8"))
    values["ood"].append("lower-case")
    plan.write_text(yaml.safe_dump(values), encoding="utf-8")
    assert "not run yet" in invoke(plan, "--seeds", 1, "--dry-run").stdout
    invoke(plan, "--rows", "tiny-joint", "--seeds", 1)
    assert weights(plan) == before
    done = [row["set"] for row in table(plan, "table2") if row["row"] == "tiny-joint"]
    assert done == ["punctuation", "resolver-urls", "lower-case"]


def test_cli_reproduce_keeps_results_of_another_recipe_out(plan: Path) -> None:
    invoke(plan, "--rows", "tiny-joint", "--seeds", 1)
    options = ("--rows", "tiny-joint", "--seeds", 1, "--set", "training.batch_size=4")
    result = invoke(plan, *options, fails=True)
    assert isinstance(result.exception, ConfigError)
    assert "training.batch_size was 8 and is 4" in " ".join(result.stdout.split())
    data = ("--rows", "tiny-joint", "--seeds", 1, "--set", "data.rare_repeat=2", "--dry-run")
    assert "data.rare_repeat was 1 and is 2" in " ".join(invoke(plan, *data).stdout.split())
    (row,) = [row for row in table(plan, "table1") if row["row"] == "tiny-joint"]
    assert row["total"] == ""
    assert "`training.batch_size=4`" in (plan.parent / "out" / "tables.md").read_text()


def test_cli_reproduce_takes_finished_runs_from_its_archive(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = plan.parent / "kept"
    options = ("--rows", "tiny-joint", "--archive", archive)
    invoke(plan, *options)
    files = sorted(path.relative_to(archive) for path in archive.rglob("*.gz"))
    assert list(map(str, files)) == ["tiny-joint/seed-1.json.gz", "tiny-joint/seed-2.json.gz"]
    texts = b"".join(gzip.decompress((archive / path).read_bytes()) for path in files).decode()
    assert "Glimmerfit" not in texts  # no word of a test sentence
    tables = (plan.parent / "out" / "tables.md").read_bytes()
    shutil.rmtree(plan.parent / "out")

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a kept run is trained again")

    monkeypatch.setattr("somex.training.Trainer.run", fail)
    result = invoke(plan, *options)
    assert "2 finished run(s) taken from" in result.stderr
    assert (plan.parent / "out" / "tables.md").read_bytes() == tables
    assert not weights(plan)


def test_cli_reproduce_archives_each_run_as_soon_as_it_is_finished(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = plan.parent / "kept"
    options = ("--rows", "tiny-joint")
    train, calls = Trainer.run, []

    def stop_at_the_second(trainer: Trainer, **given: bool) -> object:
        calls.append(trainer)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return train(trainer, **given)

    monkeypatch.setattr(Trainer, "run", stop_at_the_second)
    invoke(plan, *options, "--archive", archive, fails=True)
    assert [path.name for path in archive.rglob("*.gz")] == ["seed-1.json.gz"]
    invoke(plan, *options)  # without the archive
    invoke(plan, *options, "--archive", archive)
    assert len(list(archive.rglob("*.gz"))) == 2


def test_cli_reproduce_leaves_archived_runs_of_other_sentences(plan: Path) -> None:
    archive = plan.parent / "kept"
    options = ("--rows", "tiny-joint", "--seeds", 1, "--archive", archive)
    invoke(plan, *options)
    shutil.rmtree(plan.parent / "out")
    tiny.write_marked(plan.parent / "test", TEST[:5], split="validation")
    assert "0 finished run(s) taken from" in invoke(plan, *options).stderr
    assert weights(plan)


def test_cli_reproduce_names_a_damaged_file_of_its_archive(plan: Path) -> None:
    path = plan.parent / "kept" / "tiny-joint" / "seed-1.json.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no archive")
    result = invoke(plan, "--rows", "tiny-joint", "--archive", plan.parent / "kept", fails=True)
    assert isinstance(result.exception, FormatError)
    assert "seed-1.json.gz: is no run that was kept" in str(result.exception)


def test_cli_reproduce_a_failed_row_does_not_stop_the_others(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from somex.training import Trainer

    run = Trainer.run

    def fail_once(self: Trainer, *, resume: bool) -> Any:
        if "tiny-joint" in str(self.folder):
            raise RuntimeError("out of memory")
        return run(self, resume=resume)

    monkeypatch.setattr(Trainer, "run", fail_once)
    result = invoke(plan, "--seeds", 1, fails=True)
    assert isinstance(result.exception, ConfigError)
    states = {row["row"]: row["state"] for row in table(plan, "rows")}
    assert states["tiny-joint"] == "not run: out of memory"
    assert states["tiny-disjoint"] == "finished, 1 of 1 seed"


def test_cli_reproduce_folds_test_on_every_training_sentence_once(plan: Path) -> None:
    invoke(plan, "--rows", "tiny-joint", "--seeds", 1, "--folds", 2)
    place = plan.parent / "out" / "runs" / "tiny-joint"
    found = []
    for fold in (0, 1):
        run = place / f"fold-{fold}-seed-1"
        part = list(read_jsonl(run / "sets" / "punctuation.jsonl"))
        data = json.loads((run / "data.json").read_text(encoding="utf-8"))
        seen = data["train"]["n_sentences"] + data["dev"]["n_sentences"]
        assert seen == len(tiny.MARKED) - len(part)
        found += [d.document.id for d in part]
    assert len(set(found)) == len(found) == len(tiny.MARKED)
    (row,) = [row for row in table(plan, "table1") if row["row"] == "tiny-joint"]
    assert row["n_seeds"] == "1"


def test_cli_reproduce_asks_a_named_endpoint_once(plan: Path) -> None:
    pytest.importorskip("httpx")
    with llm_server(lambda body, n: answer(EMPTY)) as server:
        recipe = plan.parent / "asked.yaml"
        values = yaml.safe_load(recipe.read_text(encoding="utf-8"))
        values["model"]["url"] = server.url
        recipe.write_text(yaml.safe_dump(values), encoding="utf-8")
        invoke(plan, "--rows", "asked")
        asked = len(server.bodies)
        assert asked > 0
        invoke(plan, "--rows", "asked")
        assert len(server.bodies) == asked
    states = {row["row"]: row["state"] for row in table(plan, "rows")}
    assert states["asked"] == "finished, 1 of 1 seed"
    assert states["tiny-joint"] == "not run: not among the rows asked for"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--rows", "tiny"], "unknown row 'tiny'; valid: tiny-joint, tiny-disjoint, asked, big"),
        (["--folds", "1"], "--folds is 1, which leaves nothing to train on; valid: 0, 2 or more"),
        (["--seeds", "1,1"], "seeds are [1, 1]; each may be given once"),
        (["--seeds", "x"], "--seeds is 'x'; valid: whole numbers"),
    ],
)
def test_cli_reproduce_errors_name_what_is_valid(plan: Path, args: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        raise invoke(plan, *args, fails=True).exception or AssertionError
    assert not (plan.parent / "out").exists()
