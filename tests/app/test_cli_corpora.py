import json

import pytest
from typer.testing import CliRunner

from somex.app.cli.main import app
from somex.core import FormatError

runner = CliRunner()


@pytest.fixture
def somd(tmp_path):
    folder = tmp_path / "somd"
    folder.mkdir()
    (folder / "train_texts.txt").write_text("We used Foo 2 .\n")
    (folder / "train_entities.txt").write_text("O O B-Application B-Version O\n")
    (folder / "train_relations.txt").write_text("Version_of\t3\t2\n")
    return folder


def test_cli_validate_is_silent_and_zero_where_clean(somd):
    result = runner.invoke(app, ["validate", str(somd)])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "0 errors, 0 warnings" in result.stderr


def test_cli_validate_lists_problems_with_exit_one(somd):
    (somd / "train_entities.txt").write_text("O O I-Application B-Version\n")
    result = runner.invoke(app, ["validate", str(somd), "--format", "somd"])
    assert result.exit_code == 1
    assert "train_entities.txt:1: error: 4 tags for 5 tokens" in result.stdout
    assert len(result.stdout.splitlines()) == 2
    result = runner.invoke(app, ["validate", str(somd), "--json"])
    found = json.loads(result.stdout)
    assert (found["format"], found["n_errors"], found["n_warnings"]) == ("somd", 2, 0)
    assert found["problems"][0]["line"] == 1


def test_cli_validate_lets_warnings_fail_on_request(somd):
    (somd / "stray.txt").write_text("")
    assert runner.invoke(app, ["validate", str(somd)]).exit_code == 0
    assert runner.invoke(app, ["validate", str(somd), "--strict"]).exit_code == 1


def test_cli_validate_names_unknown_formats(somd):
    result = runner.invoke(app, ["validate", str(somd), "--format", "conll"])
    assert isinstance(result.exception, FormatError)
    assert "valid: brat, html, jats, jsonl" in str(result.exception)


def test_cli_convert_reports_what_is_lost(somd, tmp_path):
    result = runner.invoke(app, ["convert", str(somd), str(tmp_path / "b"), "--to", "brat"])
    assert result.exit_code == 0
    assert "1 documents, 2 mentions, 1 relations" in result.stdout
    assert "lost or changed: 1 x sentence with its tokens" in result.stdout
    result = runner.invoke(app, ["convert", str(somd), str(tmp_path / "o.jsonl")])
    assert "nothing lost" in result.stdout
    assert runner.invoke(app, ["validate", str(tmp_path / "o.jsonl")]).exit_code == 0


def test_cli_data_list_names_homes_and_revisions():
    result = runner.invoke(app, ["data", "list"])
    assert result.exit_code == 0
    for word in ("somd2025", "commit 6a52109", "Zenodo record 4968738", "checksums known: 7"):
        assert word in result.stdout


def test_cli_data_fetch_takes_a_present_right_copy_only(tmp_path):
    arguments = ["data", "fetch", "softcite", "--to", str(tmp_path)]
    result = runner.invoke(app, arguments)
    assert "--base-url" in str(result.exception)
    result = runner.invoke(app, ["data", "fetch", "softcite", "somesci", "--sha256", "0" * 64])
    assert "are for a single corpus" in str(result.exception)
    (tmp_path / "softcite").mkdir()
    (tmp_path / "softcite" / "softcite-working.tei.xml").write_text("<tei/>")
    result = runner.invoke(app, [*arguments, "--base-url", "http://127.0.0.1:9"])
    assert "move it away first" in str(result.exception)
