"""What users import needs neither torch nor the rest of the training extra."""

from __future__ import annotations

import subprocess
import sys

import pytest

BLOCKED = ("torch", "transformers", "onnx", "onnxscript", "safetensors", "tensorboard")

_CODE = """
import importlib, sys, time
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ImportError(f"blocked: {{name}}", name=name)
sys.meta_path.insert(0, Blocker())
started = time.perf_counter()
importlib.import_module({module!r})
print(time.perf_counter() - started)
print([name for name in sys.modules if name.split(".")[0] in {blocked!r}])
"""


def _import(module: str) -> tuple[float, str]:
    code = _CODE.format(blocked=BLOCKED, module=module)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    seconds, loaded = done.stdout.splitlines()
    return float(seconds), loaded


@pytest.mark.parametrize(
    "module",
    [
        "somex",
        "somex.core",
        "somex.decoding",
        "somex.metrics",
        "somex.corpus",
        "somex.recipe",
        "somex.model.predictor",
        "somex.model.folder",
        "somex.model.onnx_backend",
        "somex.llm.run",
        "somex.pipeline",
        "somex.app.cli.main",
    ],
)
def test_import_needs_no_torch(module: str) -> None:
    _, loaded = _import(module)
    assert loaded == "[]"


def test_import_is_light() -> None:
    seconds = min(_import("somex")[0] for _ in range(3))
    print(f"import somex: {seconds:.2f} s")
    assert seconds < 2.0


def test_import_of_training_without_torch_fails() -> None:
    code = _CODE.format(blocked=BLOCKED, module="somex.training")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "blocked: torch" in done.stderr
