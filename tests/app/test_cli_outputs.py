from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from output_documents import write_source
from somex.app.cli.main import app
from somex.core import ConfigError, FormatError
from somex.readers.jsonl import read_jsonl


def invoke(*args: object) -> Result:
    return CliRunner().invoke(app, [*map(str, args)], catch_exceptions=False)


def test_cli_tables_writes_the_tables_and_says_so(tmp_path: Path) -> None:
    write_source(tmp_path, is_linked=True)
    software = tmp_path / "software.jsonl"
    result = invoke("tables", tmp_path, "--software", software, "--out", tmp_path / "t")
    assert result.exit_code == 0
    assert f"wrote {tmp_path / 't' / 'mentions.csv'}: 13 rows" in result.stdout
    assert f"wrote {tmp_path / 't' / 'software.csv'}: 2 rows" in result.stdout


def test_cli_tables_unknown_format_is_an_error(tmp_path: Path) -> None:
    write_source(tmp_path)
    with pytest.raises(ConfigError, match="valid: csv, parquet"):
        invoke("tables", tmp_path, "--format", "xls", "--out", tmp_path / "t")
    assert not (tmp_path / "t").exists()


def test_cli_report_writes_a_page_or_a_folder(tmp_path: Path) -> None:
    write_source(tmp_path)
    result = invoke("report", tmp_path / "documents.jsonl", "--out", tmp_path / "r.html")
    assert result.stdout == f"wrote {tmp_path / 'r.html'}: 3 papers on one page\n"
    result = invoke("report", tmp_path, "--out", tmp_path / "r")
    assert f"3 papers; open {tmp_path / 'r' / 'index.html'}" in result.stdout


def extract(model: Path, *args: object) -> Result:
    return invoke("extract", *args, "--model", model, "--threads", "1", "--quiet")


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("We used Quill 4.0 (Orbital Labs) and Tessarix [12].")
    return path


def test_cli_extract_also_makes_outputs(tiny_model: Path, text: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = extract(
        tiny_model, text, "--out", out, "--also", "csv,brat", "--also", "report,web-annotation"
    )
    assert result.exit_code == 0
    names = {"documents.jsonl", "tables", "brat", "report", "annotations.jsonl"}
    assert {p.name for p in out.iterdir()} == names
    (labeled,) = read_jsonl(out / "documents.jsonl")
    assert f"csv: {len(labeled.annotation.mentions)} mentions, " in result.stderr
    assert f"report: 1 paper; open {out / 'report' / 'index.html'}" in result.stderr
    again = extract(tiny_model, text, "--out", out, "--also", "brat,report")
    assert again.exit_code == 0


def test_cli_extract_also_unknown_name_stops_before_any_work(
    tiny_model: Path, text: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="unknown output 'docx'; valid: brat, csv"):
        extract(tiny_model, text, "--out", tmp_path / "out", "--also", "csv,docx")
    assert not (tmp_path / "out").exists()


def test_cli_extract_also_needs_out(tiny_model: Path, text: Path) -> None:
    with pytest.raises(ConfigError, match="--also makes files in the folder of --out"):
        extract(tiny_model, text, "--also", "csv")


def test_cli_extract_also_keeps_folders_of_others(
    tiny_model: Path, text: Path, tmp_path: Path
) -> None:
    (tmp_path / "out" / "report").mkdir(parents=True)
    (tmp_path / "out" / "report" / "mine.txt").write_text("x")
    with pytest.raises(FormatError, match="holds other things"):
        extract(tiny_model, text, "--out", tmp_path / "out", "--also", "report")
    assert not (tmp_path / "out" / "documents.jsonl").exists()


def test_cli_extract_also_goes_on_where_an_output_fails(
    tiny_model: Path, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise FormatError("no room left")

    monkeypatch.setattr("somex.outputs.tables.iterate_rows", fail)
    out = tmp_path / "out"
    result = extract(tiny_model, text, "--out", out, "--also", "csv,report")
    assert result.exit_code == 1
    assert "csv failed: no room left" in result.stderr
    assert (out / "report" / "index.html").is_file()
    assert not (out / "tables" / "mentions.csv").exists()
