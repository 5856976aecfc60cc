"""The finished runs that this repository keeps: today's code reads them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

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
