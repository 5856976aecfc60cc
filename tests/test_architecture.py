"""The rooms import only what docs/architecture.md lets them, so the data flows one way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import somex

ROOT = Path(somex.__file__).parent
MAY_IMPORT = {
    "core": set(),
    "text": {"core"},
    "calibration": {"core"},
    "decoding": {"calibration", "core"},
    "metrics": {"core"},
    "significance": {"core", "metrics"},
    "error_analysis": {"core", "metrics"},
    "readers": {"core", "resolution", "text"},
    "graph": {"core", "readers", "resolution"},
    "graph_outputs": {"core", "graph", "outputs", "readers"},
    "kb": {"core", "readers"},
    "linking": {"core", "readers", "text"},
    "llm": {"core", "corpus", "model", "model_registry", "readers", "recipe", "run_state", "text"},
    "outputs": {"core", "readers", "text"},
    "model": {
        "addresses",
        "versions",
        "calibration",
        "core",
        "text",
        "decoding",
        "name_pairs",
        "second_names",
    },
    "run_files": set(),
    "models": set(),
    "model_card": {"core"},
    "model_registry": {"core", "model_card"},
    "prefilter": {"core", "text"},
    "cascade": {"core", "prefilter", "text"},
    "prefilter_data": {"core", "corpus", "made_sentences", "recipe", "text"},
    "prefilter_training": {"core", "perturbations", "prefilter", "prefilter_data"},
    "prefilter_scores": {
        "core",
        "corpus",
        "prefilter",
        "prefilter_data",
        "prefilter_training",
    },
    "prefilter_runs": {
        "core",
        "model_card",
        "perturbations",
        "prefilter",
        "prefilter_data",
        "prefilter_scores",
        "prefilter_training",
        "recipe",
    },
    "citations": {"core", "rewriting"},
    "augment": {"core", "rewriting", "text"},
    "rewriting": {"core"},
    "resolution": {"core", "text"},
    "addresses": {"core", "text"},
    "versions": {"core"},
    "name_pairs": {"core", "text"},
    "second_names": {"core", "text"},
    "purposes": {"core", "text"},
    "purpose_metrics": {"core", "metrics"},
    "recipe": {"core", "model"},
    "long_names": set(),
    "templates": {"core", "long_names"},
    "name_lists": {"core", "recipe", "text"},
    "made_sentences": {"augment", "citations", "core", "name_lists", "recipe", "templates"},
    "standoff": {"core"},
    "corpus": {"core", "made_sentences", "purposes", "readers", "recipe", "standoff", "text"},
    "optimizer": {"recipe"},
    "run_state": {"core"},
    "teaching": {"core", "model", "model_registry", "recipe", "text"},
    "training": {"core", "metrics", "model", "optimizer", "recipe", "run_state", "teaching"},
    "perturbations": {"citations", "core", "rewriting", "text"},
    "softcite_scores": {"core", "metrics"},
    "ood_splits": {"core", "corpus", "recipe", "text"},
    "plotting": {"core"},
    "ood_plots": {"error_analysis", "plotting"},
    "ood_bench": {
        "core",
        "corpus",
        "error_analysis",
        "metrics",
        "ood_splits",
        "perturbations",
        "recipe",
        "softcite_scores",
    },
    "speed": {
        "calibration",
        "cascade",
        "core",
        "decoding",
        "metrics",
        "model",
        "prefilter",
        "readers",
        "runs",
        "text",
    },
    "service": {
        "core",
        "graph",
        "model",
        "model_registry",
        "outputs",
        "pipeline",
        "prefilter",
        "readers",
    },
    "document_bench": {
        "cascade",
        "core",
        "corpus",
        "experiments",
        "metrics",
        "model",
        "prefilter",
        "prefilter_data",
        "prefilter_runs",
        "prefilter_scores",
        "prefilter_training",
        "readers",
        "recipe",
        "significance",
        "text",
        "training",
    },
    "integrations": {"core", "model_registry", "pipeline", "readers", "resolution"},
    "reproduce": {
        "core",
        "corpus",
        "experiments",
        "llm",
        "metrics",
        "model",
        "model_card",
        "ood_bench",
        "perturbations",
        "plotting",
        "readers",
        "recipe",
        "significance",
        "softcite_scores",
        "text",
        "training",
    },
    "pipeline": {
        "cascade",
        "core",
        "decoding",
        "model",
        "model_registry",
        "prefilter",
        "readers",
    },
    "runs": {"core", "pipeline", "readers"},
}
"""Room -> rooms it may import; experiments, ood_runs and app: all, __init__: what it exports."""


def imports(room: str) -> Iterator[tuple[Path, str]]:
    place = ROOT / room
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: imports are absolute"
                yield path, node.module or ""
            elif isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_architecture_room_imports_only_what_it_may(room: str) -> None:
    allowed = MAY_IMPORT[room] | {room}
    wrong = [
        f"{path.name}: {name}"
        for path, name in imports(room)
        if name.split(".")[0] == "somex" and name.partition(".")[2].split(".")[0] not in allowed
    ]
    assert wrong == []


def test_architecture_every_room_is_known() -> None:
    rooms = {p.stem for p in ROOT.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert rooms == {*MAY_IMPORT, "experiments", "ood_runs", "app", "__init__"}


def test_architecture_recipes_know_only_the_configuration_of_models() -> None:
    named = {name for _, name in imports("recipe") if name.startswith("somex.model")}
    assert named == {"somex.model.config"}


def test_architecture_files_stay_short() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in ROOT.rglob("*.py")}
    assert {str(path): n for path, n in lengths.items() if n >= 400} == {}
