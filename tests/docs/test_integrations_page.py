"""Runs docs/integrations.md and the tutorial notebook."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from test_docs import ROOT, blocks

from somex.core.schema import PURPOSES
from somex.models import fast

PAGE = ROOT / "docs" / "integrations.md"
NOTEBOOK = ROOT / "docs" / "tutorial.ipynb"

needs_fast = pytest.mark.skipif(
    not (fast() / "encode.onnx").is_file(), reason=f"the embedded model is not in {fast()}"
)


@needs_fast
@pytest.mark.slow
def test_docs_integrations_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for module in ("spacy", "polars", "narwhals", "mcp.server.mcpserver"):
        pytest.importorskip(module, reason=f"{module} is not installed")
    monkeypatch.chdir(tmp_path)
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    monkeypatch.setenv("PATH", path)
    names: dict[str, object] = {}
    code = [text for _, text in blocks(PAGE, "python")]
    for text in code[:-1]:
        if "extract_frame" in text:
            with pytest.warns(UserWarning, match="1 of 3 texts failed"):
                exec(compile(text, PAGE.name, "exec"), names)
        else:
            exec(compile(text, PAGE.name, "exec"), names)
    exec(compile(code[-1], PAGE.name, "exec"), names)
    printed = capfd.readouterr().out
    assert "25 Version_of SPSS" in printed
    assert "'versions': ['25']" in printed


def test_docs_integrations_page_tells_options_as_they_are() -> None:
    spacy = pytest.importorskip("spacy", reason="spaCy is not installed (the extra spacy)")
    page = PAGE.read_text(encoding="utf-8")
    meta = spacy.blank("en").get_factory_meta("somex")
    for option, value in meta.default_config.items():
        shown = "null" if value is None else f"`{value}`" if isinstance(value, str) else value
        assert f"| `{option}` | {shown} |" in page
    assert [name for name in meta.assigns if f"`{name}`" not in page] == []
    assert [purpose for purpose in PURPOSES if f"`{purpose}`" not in page] == []


def test_docs_integrations_page_tells_assistants_right() -> None:
    from typer.main import get_command

    from somex.app.cli.main import app

    ((_, text),) = blocks(PAGE, "json")
    command, *arguments = json.loads(text)["mcpServers"]["somex"]["args"]
    assert json.loads(text)["mcpServers"]["somex"]["command"] == "somex"
    found = get_command(app).commands[command]  # type: ignore[attr-defined]
    options = {option for parameter in found.params for option in parameter.opts}
    named = {argument for argument in arguments if argument.startswith("--")}
    assert named
    assert named <= options


def test_docs_integrations_page_names_every_column_and_tool() -> None:
    from somex.integrations import frames

    page = PAGE.read_text(encoding="utf-8")
    columns = {*frames.MENTION_COLUMNS, *frames.RELATION_COLUMNS, *frames.FAILURE_COLUMNS}
    assert [column for column in columns if f"`{column}`" not in page] == []
    server = (ROOT / "src" / "somex" / "integrations" / "mcp_server.py").read_text("utf-8")
    tools = re.findall(r"_add\(server, (\w+)", server)
    assert len(tools) == 3
    assert [tool for tool in tools if f"| `{tool}(" not in page] == []


@needs_fast
@pytest.mark.slow
def test_docs_notebook_runs() -> None:
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed (extra dev)")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed (extra dev)")
    for module in ("ipykernel", "polars", "narwhals"):
        pytest.importorskip(module, reason=f"{module} is not installed")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    folder = {"metadata": {"path": str(NOTEBOOK.parent)}}
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources=folder
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [o for o in outputs if o.output_type == "stream" and o.name == "stderr"] == []
    pages = [o.data["text/html"] for o in outputs if "text/html" in o.get("data", {})]
    assert "lme4" in pages[0]
    assert "Version_of" in pages[0]
    assert "06-shift-work" in pages[1]
    printed = "".join(o.text for o in outputs if o.output_type == "stream")
    assert "4.2.1 Version_of R" in printed


def test_docs_notebook_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) >= 5
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"]] == []
    links = re.findall(r"\]\(([^)#:]+)\)", " ".join("".join(c["source"]) for c in cells))
    assert [link for link in links if not (NOTEBOOK.parent / link).exists()] == []
