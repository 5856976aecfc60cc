from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import tiny
from somex.app.cli.main import app

GOLD = (
    "We ran {Application|Glimmerfit} {Version|2.4} twice . => Version_of 1 0",
    "The {PlugIn|leafcount} package counts leaves .",
)
FOUND = (
    "We ran {Application|Glimmerfit 2.4} twice .",
    "The {Application|leafcount} package counts {Application|leaves} .",
)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tiny.write_marked(tmp_path / "gold", GOLD), tiny.write_marked(tmp_path / "found", FOUND)


def run(command: str, *args: object) -> str:
    result = CliRunner(env={"COLUMNS": "120"}).invoke(
        app, [command, *map(str, args)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def test_cli_errors_counts_by_category_as_evaluate_does(folders: tuple[Path, Path]) -> None:
    options = (*folders, "--split", "train", "--examples", "1", "--json", "-")
    counts = json.loads(run("errors", *options))
    mentions = counts["mentions"]
    assert mentions["right"] == 0
    assert mentions["nested"] == {"Application": 1, "Version": 1}
    assert mentions["type"] == {"PlugIn as Application": 1}
    assert mentions["spurious"] == {"Application": 1}
    assert "PlugIn 'leafcount' -> Application 'leafcount'" in mentions["examples"]["type"][0]
    scores = json.loads(run("evaluate", *options, "--errors"))
    assert scores["errors"] == {key: counts[key] for key in ("mentions", "relations")}


def test_cli_errors_shows_a_table_and_writes_json(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    target = tmp_path / "errors.json"
    shown = run("errors", *folders, "--split", "train", "--json", target)
    assert "4 mistakes in mentions, 0 right" in shown
    assert json.loads(target.read_text("utf-8"))["mentions"]["missed"] == {}
