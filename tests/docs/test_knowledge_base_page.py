"""What docs/knowledge-base.md shows is run."""

from __future__ import annotations

import shutil

from test_docs import ROOT, blocks, run_console

from somex.kb.registry import sources


def test_docs_knowledge_base_page_runs(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / "knowledge-base.md"
    for kind, text in blocks(page):
        if kind == "console":
            run_console(text, tmp_path)
        elif kind == "python":
            exec(compile(text, str(page), "exec"), {})
    assert (tmp_path / "known.sqlite").is_file()


def test_docs_knowledge_base_page_names_every_source():
    page = (ROOT / "docs" / "knowledge-base.md").read_text(encoding="utf-8")
    ours = ["bioconductor", "cran", "own", "pypi", "scicrunch", "wikidata"]
    assert [name for name in ours if f"| `{name}` |" not in page] == []
    options = [f"{s}.{o}" for s, source in sources().items() if s in ours for o in source.options]
    assert [option for option in options if option not in page] == []
