"""Where an extra is missing, the message names it."""

from __future__ import annotations

import subprocess
import sys

import pytest

_CODE = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {blocked!r}:
            raise ModuleNotFoundError(f"blocked: {{name}}", name=name)
sys.meta_path.insert(0, Blocker())
import somex
try:
    {statement}
except somex.SomexError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("blocked", "statement", "extra"),
    [
        ("spacy", "import somex.integrations.spacy_component", "spacy"),
        ("mcp", "import somex.integrations.mcp_server", "mcp"),
        ("narwhals", "somex.frames.extract_frame(None)", "frames"),
    ],
)
def test_integration_extras_are_named_where_they_are_missing(
    blocked: str, statement: str, extra: str
) -> None:
    code = _CODE.format(blocked=blocked, statement=statement)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("MissingExtraError ")
    assert f"pip install 'somex[{extra}]'" in done.stdout


@pytest.mark.parametrize("module", ["spacy_component", "mcp_server", "frames", "hf_pipeline"])
def test_integration_extras_need_no_torch(module: str) -> None:
    pytest.importorskip("spacy", reason="spaCy is not installed (the extra spacy)")
    pytest.importorskip("mcp.server.mcpserver", reason="mcp 2 is not installed (the extra mcp)")
    code = _CODE.format(blocked="torch", statement=f"import somex.integrations.{module}")
    code += "print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
