"""The finished runs that this repository keeps: today's code reads them, the page shows them."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from somex.app.cli.main import app
from somex.core.config import build_config
from somex.recipe import Recipe

ROOT = Path(__file__).resolve().parents[2]
ARCHIVE = ROOT / "benchmarks" / "results" / "paper-tables"
KEPT = sorted(ARCHIVE.rglob("*.json.gz"))
CARDS = sorted((ROOT / "src" / "somex" / "models").glob("*/card.json"))


@pytest.mark.parametrize("path", [*KEPT, *CARDS], ids=lambda path: str(path.relative_to(ROOT)))
def test_recipes_of_finished_runs_are_still_read(path: Path) -> None:
    is_card = path.name == "card.json"
    values = json.loads(path.read_bytes() if is_card else gzip.decompress(path.read_bytes()))
    build_config(Recipe, values["recipe"] if is_card else values["files"]["recipe.json"])


def _measured(text: str) -> set[str]:
    """Return the lines of tables that hold what was run here, not what was published alone."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return {line for line in lines if " of 3 |" in line or "[" in line.partition("](")[0]}


@pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="needs the corpora: set SOMEX_DATA")
def test_tables_of_the_page_are_what_the_kept_runs_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("all-MiniLM-L6-v2", "all-mpnet-base-v2"):
        (tmp_path / "encoders" / name).mkdir(parents=True)
    monkeypatch.setenv("SOMEX_ENCODERS", str(tmp_path / "encoders"))
    archive = shutil.copytree(ARCHIVE, tmp_path / "archive")
    rows = sorted(
        folder.name for folder in ARCHIVE.iterdir() if len(list(folder.glob("seed-*.gz"))) == 3
    )
    plan = ROOT / "recipes" / "paper-tables.yaml"
    options = ["--rows", ",".join(rows), "--archive", str(archive), "--no-plots"]
    result = CliRunner().invoke(
        app, ["reproduce", str(plan), "--out", str(tmp_path / "out"), *options]
    )
    assert result.exit_code == 0, result.output
    written = (tmp_path / "out" / "tables.md").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "reproduce.md").read_text(encoding="utf-8")
    assert len(_measured(page)) >= 2 * len(rows)
    assert _measured(page) - _measured(written) == set()
