"""A short run of `benchmarks/fuzz_service.py` against a service without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from page_server import WordListEngine, serving

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_service_bears_generated_requests_and_damaged_files(tmp_path: Path) -> None:
    pytest.importorskip("schemathesis", reason="needs schemathesis (extra dev)")
    script = str(ROOT / "benchmarks" / "fuzz_service.py")
    with serving(WordListEngine(), tmp_path) as url:
        command = [sys.executable, script, url.rstrip("/"), "--seed", "1"]
        command += ["--requests", "100", "--uploads", "40", "--bodies", "60"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=580)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("0 faults\n")
