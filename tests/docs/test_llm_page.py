from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from test_docs import blocks, run_console

from llm_server import EMPTY, Reply, answer, llm_server
from somex.llm.config import EndpointConfig, PromptConfig, read_llm_recipe, read_tune_recipe
from somex.llm.retry import HttpFault
from somex.llm.verify import FaultKind

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "llm.md"


def test_docs_llm_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("examples", "recipes"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    recipe = tmp_path / "recipes" / "llm-zero-shot.yaml"

    def script(_: dict[str, Any], __: int) -> Reply:
        return answer(EMPTY)

    with llm_server(script) as server:
        recipe.write_text(recipe.read_text().replace("http://127.0.0.1:8080/v1", server.url))
        for kind, text in blocks(PAGE):
            if kind == "console":
                run_console(text, tmp_path)
            elif kind == "python":
                exec(compile(text, "docs/llm.md", "exec"), {})
    assert (tmp_path / "llm-out" / "report.json").is_file()


def test_docs_llm_page_names_every_fault() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in (*FaultKind, *HttpFault) if name not in page] == []


def test_docs_llm_page_names_only_keys_that_exist() -> None:
    named = set(re.findall(r"(model|prompt)\.(\w+)", PAGE.read_text(encoding="utf-8")))
    fields = {"model": EndpointConfig, "prompt": PromptConfig}
    unknown = [key for part, key in named if key not in fields[part].__dataclass_fields__]
    assert [key for key in unknown if key not in ("gguf",)] == []


@pytest.mark.parametrize("name", ["llm-zero-shot", "llm-few-shot", "llm-tune-llama3"])
def test_docs_llm_recipes_are_short_and_right(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMEX_DATA", "/nowhere")
    path = ROOT / "recipes" / f"{name}.yaml"
    read = read_tune_recipe if "tune" in name else read_llm_recipe
    assert read(path).name == name
    assert len(path.read_text().splitlines()) < 25
