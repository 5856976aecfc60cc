from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from somex import model_registry
from somex.app.cli.main import app
from somex.model_registry import fingerprint_folder


@pytest.fixture
def installed(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny model under the name of the embedded one, alone."""

    class Point:
        name = "mpnet-joint"

        def load(self) -> object:
            return lambda: tiny_model

    monkeypatch.setattr(model_registry, "entry_points", lambda group: [Point()])
    return tiny_model


def test_cli_models_json_gives_name_fingerprint_and_card(installed: Path) -> None:
    result = CliRunner().invoke(app, ["models", "--json"])
    assert result.exit_code == 0
    wanted = {"name": "mpnet-joint", "fingerprint": fingerprint_folder(installed), "card": {}}
    assert json.loads(result.stdout) == [wanted]


def test_cli_models_prints_a_table(installed: Path) -> None:
    result = CliRunner().invoke(app, ["models"], env={"COLUMNS": "200"})
    assert "mpnet-joint" in result.stdout
    assert fingerprint_folder(installed) in result.stdout
