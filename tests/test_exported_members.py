from __future__ import annotations

import subprocess
import sys

import pytest

import somex

MEMBERS = [
    "Annotation",
    "Document",
    "DocumentSoftware",
    "EntityType",
    "Extractor",
    "LabeledDocument",
    "Mention",
    "Purpose",
    "Relation",
    "RelationType",
    "SomexError",
    "__version__",
    "evaluate",
    "frames",
    "load",
    "pipeline",
    "read_corpus",
    "resolve_software",
]
HEAVY = (
    "torch",
    "transformers",
    "onnx",
    "safetensors",
    "sklearn",
    "scipy",
    "pandas",
    "polars",
    "narwhals",
    "spacy",
    "mcp",
)


def test_exported_members_are_exact() -> None:
    assert sorted(somex.__all__) == MEMBERS
    assert [name for name in MEMBERS if not hasattr(somex, name)] == []


@pytest.mark.parametrize("module", ["somex", "somex.app.cli.main", "somex.readers.builtin"])
def test_exported_members_import_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
