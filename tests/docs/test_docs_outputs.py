from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from test_docs import ROOT, blocks, needs_model, run_console


@needs_model
@pytest.mark.slow
def test_docs_outputs_examples_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for _, text in blocks(ROOT / "docs" / "outputs.md", "console"):
        run_console(text, tmp_path)
    assert (tmp_path / "results" / "report" / "index.html").is_file()
    assert (tmp_path / "results" / "tables" / "mentions.csv").is_file()
    assert (tmp_path / "report.html").is_file()
