from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import kb_dumps
from somex.app.cli.main import app
from somex.core import ConfigError

RUNNER = CliRunner()


@pytest.fixture
def store(tmp_path):
    """A built knowledge base, and what the command printed."""
    dump = kb_dumps.wikidata_text(kb_dumps.FOOBOLT, kb_dumps.BOLT_WORKS)
    (tmp_path / "dump.json").write_text(dump.replace("]\n", "{broken\n]\n"))
    (tmp_path / "PACKAGES").write_text("Package: quuxmix\n")
    out = tmp_path / "kb.sqlite"
    names = [f"wikidata={tmp_path / 'dump.json'}", f"cran={tmp_path / 'PACKAGES'}"]
    done = RUNNER.invoke(app, ["kb", "build", str(out), *names])
    assert done.exit_code == 0, done.output
    return out, done


def test_cli_kb_build_tells_counts_and_faults(store):
    out, done = store
    assert "wikidata: 1 entries from dump.json, 1 could not be read" in done.stdout
    assert "dump.json, line 4: is no entity" in done.stderr
    assert f"2 software with 3 names in {out}" in done.stdout


def test_cli_kb_build_json_and_options(tmp_path, store):
    out = tmp_path / "again.sqlite"
    dump = f"wikidata={tmp_path / 'dump.json'}"
    command = ["kb", "build", str(out), dump, "--set", "wikidata.developers=ids", "--json"]
    done = RUNNER.invoke(app, command)
    report = json.loads(done.stdout)
    assert report["n_software"] == 1
    assert report["sources"][0]["n_faults"] == 1
    shown = json.loads(RUNNER.invoke(app, ["kb", "show", str(out), "FB suite", "--json"]).stdout)
    (software,) = shown["software"]
    assert software["developers"] == ["Q900009", "Q900404"]
    assert software["identifiers"][0]["uri"] == "http://www.wikidata.org/entity/Q900001"


def test_cli_kb_show_by_name_identifier_and_url(store):
    out, _ = store
    for name in ("foo-bolt", "pypi:foobolt", "https://foobolt.example.org"):
        done = RUNNER.invoke(app, ["kb", "show", str(out), name])
        assert done.exit_code == 0
        assert "Foobolt (software)" in done.stdout
        assert "  also called: FB Suite\n  developers: Bolt Works; Q900404\n" in done.stdout
        assert "  pypi: https://pypi.org/project/foobolt/" in done.stdout


def test_cli_kb_show_unknown_name(store):
    done = RUNNER.invoke(app, ["kb", "show", str(store[0]), "nothing"])
    assert done.exit_code == 1
    assert "nothing is known under 'nothing'" in done.stderr


def test_cli_kb_wrong_pair_is_an_error(tmp_path):
    done = RUNNER.invoke(app, ["kb", "build", str(tmp_path / "x"), "PACKAGES"])
    assert isinstance(done.exception, ConfigError)
    assert "'PACKAGES' is not NAME=VALUE" in str(done.exception)


def test_cli_kb_sources_lists_options():
    done = RUNNER.invoke(app, ["kb", "sources"])
    assert "cran: CRAN's PACKAGES" in done.stdout
    assert "--set wikidata.classes=" in done.stdout
