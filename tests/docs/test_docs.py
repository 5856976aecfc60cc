"""Runs what the docs show, and checks that the generated pages are current."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import somex
from somex.models import mpnet_joint
from somex.readers.jsonl import document_from_json

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

needs_model = pytest.mark.skipif(
    not (mpnet_joint() / "encode.onnx").is_file(),
    reason=f"the embedded model is not in {mpnet_joint()}",
)


def blocks(page: Path, kind: str = "") -> list[tuple[str, str]]:
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(name, text) for name, text in found if kind in ("", name)]


def run_console(block: str, folder: Path) -> None:
    """Run each ``$ command``; the lines below it must stand in its output, ``...`` for any."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *shown = part.strip().splitlines()
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        done = subprocess.run(
            shlex.split(command),
            cwd=folder,
            env={**os.environ, "PATH": path, "COLUMNS": "100"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        printed = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
        for line in shown:
            assert line == "..." or line.strip() in printed, f"{command}: {printed}"


@needs_model
@pytest.mark.slow
def test_docs_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for kind, text in blocks(ROOT / "docs" / "tutorial.md"):
        if kind == "console":
            run_console(text, tmp_path)
        elif kind == "python":
            exec(compile(text, "docs/tutorial.md", "exec"), names)
    relations = names["found"].annotation.relations  # type: ignore[attr-defined]
    assert [str(relation.type) for relation in relations]


@needs_model
def test_docs_readme_api_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    for _, text in blocks(ROOT / "README.md", "python"):
        exec(compile(text, "README.md", "exec"), {})
    assert "Version_of" in capsys.readouterr().out


def test_docs_tutorial_names_every_command() -> None:
    from typer.main import get_command

    from somex.app.cli.main import app

    tutorial = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    shown = {"extract", "predict", "evaluate", "validate", "convert", "train", "export"}
    assert shown <= set(get_command(app).commands)  # type: ignore[attr-defined]
    assert [name for name in sorted(shown) if f"$ somex {name} " not in tutorial] == []


@pytest.mark.parametrize("script", ["make_cli_docs.py", "make_recipe_docs.py"])
def test_docs_generated_pages_are_current(script: str) -> None:
    command = [sys.executable, str(ROOT / "scripts" / script), "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_docs_changelog_has_its_form_and_version() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "check_changelog.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_docs_changelog_check_names_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    from check_changelog import find_faults

    text = "## [0.1.0] - soon\n### News\n## [0.2.0] - 2030-01-31\n## [0.3.0] - 2030-02-28\n"
    faults = find_faults(text, version="0.1.0", code_version="0.1.1")
    assert len(faults) == 5
    assert "0.1.1" in faults[0]
    assert faults[1].startswith("line 1")
    assert faults[2].startswith("line 2")
    assert "no section for version 0.1.0" in faults
    assert "0.2.0, 0.3.0" in faults[4]


def test_docs_json_lines_example_keeps_the_schema() -> None:
    (_, text), *_ = blocks(ROOT / "docs" / "formats.md", "json")
    labeled = document_from_json(json.loads(text))
    assert [mention.type for mention in labeled.annotation.mentions] == ["Application", "Version"]
    assert labeled.annotation.relations[0].type == somex.RelationType.VERSION_OF


def test_docs_name_every_relation_and_entity_type() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    names = [*map(str, somex.EntityType), *map(str, somex.RelationType)]
    assert [name for name in names if name not in index] == []


def test_docs_architecture_names_every_module() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = [path for path in (ROOT / "src" / "somex").iterdir() if path.name[0] not in "._"]
    names = [p.name for p in rooms if p.suffix == ".py" or (p / "__init__.py").is_file()]
    assert len(names) > 10
    assert [name for name in names if f"`{name}" not in page] == []


@pytest.mark.parametrize("page", [*DOCS, ROOT / "README.md"], ids=lambda page: page.name)
def test_docs_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []
