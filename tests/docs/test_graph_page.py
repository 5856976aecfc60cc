"""Runs what docs/graph.md shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from test_docs import ROOT, blocks, needs_model, run_console

from somex.graph.ask import questions
from somex.graph.store import EmbeddedStore

PAGE = ROOT / "docs" / "graph.md"


@needs_model
@pytest.mark.slow
def test_graph_page_console_and_query_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for _, text in blocks(PAGE, "console"):
        run_console(text, tmp_path)
    store = EmbeddedStore.open(tmp_path / "kg", read_only=True)
    ((_, query),) = blocks(PAGE, "sparql")
    assert store.ask(query).columns == ("words", "confidence")


def test_graph_page_names_every_question() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in questions() if f"| `{name}` |" not in page] == []
