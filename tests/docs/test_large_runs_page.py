"""Runs what docs/large-runs.md shows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from test_docs import ROOT, blocks, needs_model, run_console

from somex.readers.jsonl import read_jsonl

PAGE = ROOT / "docs" / "large-runs.md"


@needs_model
@pytest.mark.slow
def test_large_runs_page_examples_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for _, text in blocks(PAGE, "console"):
        run_console(text, tmp_path)
    manifest = json.loads((tmp_path / "parts" / "manifest.json").read_text(encoding="utf-8"))
    ids = [labeled.document.id for labeled in read_jsonl(tmp_path / "parts")]
    assert manifest["documents"] == len(ids) == len(list((ROOT / "examples" / "papers").iterdir()))
    assert ids == sorted(ids)
    assert (tmp_path / "tables" / "mentions.csv").is_file()
