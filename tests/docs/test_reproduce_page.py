from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from test_docs import ROOT, blocks, run_console

from somex.reproduce.plan import read_plan

PAGE = ROOT / "docs" / "reproduce.md"


def test_reproduce_page_plan_and_commands_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("examples", "recipes"):
        shutil.copytree(ROOT / name, tmp_path / name)
    ((_, plan),) = blocks(PAGE, "yaml")
    (tmp_path / "my-encoder.yaml").write_text(plan, encoding="utf-8")
    assert len(read_plan(tmp_path / "my-encoder.yaml").rows) == 3
    monkeypatch.setenv("SOMEX_DATA", str(tmp_path))
    for _, text in blocks(PAGE, "console"):
        run_console(text, tmp_path)


def test_reproduce_page_names_every_key_of_a_plan() -> None:
    from dataclasses import fields

    from somex.reproduce.plan import Plan, Row

    text = PAGE.read_text(encoding="utf-8")
    keys = [field.name for kind in (Plan, Row) for field in fields(kind)]
    assert [key for key in keys if f"`{key}`" not in text] == []
