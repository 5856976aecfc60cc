"""The graph is an output of extract like any other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from somex.core.errors import MissingExtraError
from somex.core.schema import EntityType
from somex.core.types import Annotation, Document, LabeledDocument, Mention
from somex.outputs.registry import choose_outputs
from somex.outputs.source import OutputSource
from somex.readers.jsonl import write_jsonl


@pytest.fixture
def source(tmp_path: Path) -> OutputSource:
    mention = Mention(EntityType.APPLICATION, 8, 19)
    document = Document("d", "We used Sloperunner.")
    path = tmp_path / "documents.jsonl"
    write_jsonl([LabeledDocument(document, Annotation.build([mention]))], path)
    return OutputSource((path,), None)


def test_graph_outputs_hold_the_mention(source: OutputSource, tmp_path: Path) -> None:
    for output in choose_outputs(["turtle,jsonld"]):
        place = tmp_path / output.target
        assert output.write(source, place).endswith(" statements")
        assert "Sloperunner" in place.read_text("utf-8")


def test_graph_outputs_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyoxigraph", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'somex\[graph\]'"):
        choose_outputs(["turtle"])
