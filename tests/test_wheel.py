"""The wheel as users get it: built, installed without torch into a clean environment, and run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from somex.models import fast, mpnet_joint
from somex.readers.jsonl import document_from_json

ROOT = Path(__file__).resolve().parents[1]
EMBEDDED = (mpnet_joint() / "encode.onnx").is_file()
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")

pytestmark = pytest.mark.slow


def run(*command: object, cwd: Path) -> str:
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, *PIP, "wheel", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("somex-*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pinned = ROOT / "constraints.txt"
    run(python, *PIP, "install", "--no-compile", "--constraint", pinned, wheel, cwd=folder)
    return python


def test_wheel_holds_what_it_needs_and_no_more(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        "somex/py.typed",
        "somex/readers/document.schema.json",
        "somex/models/__init__.py",
    ):
        assert name in names
    for name in ("LICENSE", "NOTICE"):
        assert [n for n in names if n.endswith(f".dist-info/licenses/{name}")]
    assert {name.split("/")[0].split("-")[0] for name in names} == {"somex"}
    for folder in (mpnet_joint(), fast()) if EMBEDDED else ():
        embedded = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
        start = f"somex/models/{folder.name}/"
        assert {n.removeprefix(start) for n in names if n.startswith(start)} == embedded


def test_wheel_works_without_torch(python: Path, tiny_model: Path, tmp_path: Path) -> None:
    somex = python.parent / "somex"
    (tmp_path / "text.txt").write_text("Data were analysed in R version 4.2.1 (R Core Team).")
    model = [] if EMBEDDED else ["--model", tiny_model]
    (line,) = run(somex, "extract", "text.txt", "--json", *model, cwd=tmp_path).splitlines()
    assert document_from_json(json.loads(line)).annotation.mentions
    probe = "import importlib.util as u; print([n for n in NAMES if u.find_spec(n)])"
    heavy = "NAMES = ['torch', 'transformers', 'onnx', 'scipy']; "
    assert run(python, "-c", heavy + probe, cwd=tmp_path).strip() == "[]"
    where = run(python, "-c", "import somex; print(somex.__file__)", cwd=tmp_path)
    assert str(python.parents[1]) in where


def test_wheel_train_without_torch_says_what_to_install(python: Path, tmp_path: Path) -> None:
    for command in (["train", "recipe.yaml"], ["export", "model", "--out", "out"]):
        done = subprocess.run(
            [str(python.parent / "somex"), *command], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 2
        assert "pip install 'somex[train]'" in done.stderr
        assert len(done.stderr.splitlines()) == 1
