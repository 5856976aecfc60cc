from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from link_items import SOMD_ROWS as ROWS
from link_items import document
from link_items import write_somd2026 as write
from somex.app.cli.main import app
from somex.core.errors import ConfigError, FormatError
from somex.core.known_software import KnownSoftware
from somex.core.schema import EntityType as E
from somex.core.software import Identifier
from somex.readers.jsonl import write_jsonl
from somex.readers.software_jsonl import read_software

RUNNER = CliRunner()


def make_documents(folder: Path) -> list[str]:
    one = document("a", "We ran SLOPERUNNER and R.", [(E.APPLICATION, "SLOPERUNNER")])
    two = document(
        "b", "Sloperunner; sloper.", [(E.APPLICATION, "Sloperunner"), (E.PLUGIN, "sloper")]
    )
    paths = [folder / "one.jsonl", folder / "two.jsonl"]
    for path, labeled in zip(paths, (one, two), strict=True):
        write_jsonl([labeled], path)
    return list(map(str, paths))


def test_cli_link_writes_software_and_shows_it(tmp_path: Path) -> None:
    out = tmp_path / "software.jsonl"
    result = RUNNER.invoke(app, ["link", *make_documents(tmp_path), "--out", str(out)])
    assert result.exit_code == 0, result.output
    first, second = read_software(out)
    assert first.names == ("SLOPERUNNER", "Sloperunner")
    assert [(m.document_id, m.mention_id) for m in first.mentions] == [("a", "T1"), ("b", "T1")]
    assert second.name == "sloper"
    assert "Sloperunner" in result.output
    assert "3 mentions in 2 documents are of 2 software" in " ".join(result.output.split())


def test_cli_link_does_not_depend_on_the_order_of_files(tmp_path: Path) -> None:
    paths = make_documents(tmp_path)
    for name, order in (("x", paths), ("y", paths[::-1])):
        RUNNER.invoke(app, ["link", *order, "--out", str(tmp_path / name)])
    assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()


def test_cli_link_prints_json(tmp_path: Path) -> None:
    arguments = ["link", *make_documents(tmp_path), "--out", str(tmp_path / "s"), "--json"]
    found = json.loads(RUNNER.invoke(app, [*arguments, "--top", "1"]).stdout)
    assert (found["n_mentions"], found["n_software"], found["n_documents"]) == (3, 2, 2)
    assert [one["n_documents"] for one in found["top"]] == [2]


def test_cli_link_takes_over_a_knowledge_base(tmp_path: Path, monkeypatch) -> None:
    from somex.kb import store

    known = KnownSoftware((Identifier("wikidata", "Q7"),), "Slope Runner", ("Sloperunner",))

    class Base:
        def __init__(self, path: Path) -> None:
            assert path == tmp_path / "kb"

        def __enter__(self) -> Base:
            return self

        def __exit__(self, *error: object) -> None: ...

        def lookup(self, name: str) -> tuple[KnownSoftware, ...]:
            return (known,) if name.lower() == "sloperunner" else ()

        def by_identifier(self, identifier: Identifier) -> None:
            return None

    monkeypatch.setattr(store, "KnowledgeStore", Base)
    out = tmp_path / "software.jsonl"
    arguments = ["link", *make_documents(tmp_path), "--out", str(out), "--kb", str(tmp_path / "kb")]
    assert RUNNER.invoke(app, arguments).exit_code == 0
    first, _ = read_software(out)
    assert (first.name, first.identifiers) == ("Slope Runner", known.identifiers)


def test_cli_link_refuses_an_id_in_two_files(tmp_path: Path) -> None:
    path = make_documents(tmp_path)[0]
    result = RUNNER.invoke(app, ["link", path, path, "--out", str(tmp_path / "s")])
    assert isinstance(result.exception, FormatError)
    assert "document 'a' is also in" in str(result.exception)
    assert not (tmp_path / "s").exists()


def test_cli_bench_link_cross_validates(tmp_path: Path) -> None:
    rows, clusters = [], []
    for n in range(8):
        rows += [{**r, "mention_id": f"{r['mention_id']}-{n}", "docid": f"d{n}"} for r in ROWS]
        clusters += [[f"m1-{n}", f"m2-{n}"], [f"m3-{n}"]]
    merged = [[i for c in clusters[k::2] for i in c] for k in (0, 1)]
    other = [
        {**ROWS[2], "mention": f"sloper{x}", "mention_id": f"n{x}", "docid": f"d{n}"}
        for n, x in enumerate("ab" * 4)
        for x in (f"{x}{n}",)
    ]
    folder = write(tmp_path, rows + other, merged + [[r["mention_id"]] for r in other])
    arguments = ["bench", "link", "--data", str(folder), "--subtask", "2", "--folds", "2"]
    shown = RUNNER.invoke(app, [*arguments, "--seeds", "1"], env={"COLUMNS": "100"})
    assert shown.exit_code == 0, shown.output
    assert "learned, by fold" in shown.output
    assert "learned over normalised name: CoNLL" in shown.output
    found = json.loads(RUNNER.invoke(app, [*arguments, "--seeds", "1", "--json", "-"]).stdout)
    assert found["n_mentions"] == sum(fold["n_mentions"] for fold in found["folds"])
    assert found["cross_validation"]["learned"]["conll_f1"]["mean"] > 0.8


@pytest.mark.parametrize("subtask", ["0", "3"])
def test_cli_bench_link_refuses_other_subtasks(tmp_path: Path, subtask: str) -> None:
    arguments = ["bench", "link", "--data", str(tmp_path), "--subtask", subtask]
    result = RUNNER.invoke(app, arguments)
    assert isinstance(result.exception, ConfigError)
    assert "valid: 1, 2" in str(result.exception)
