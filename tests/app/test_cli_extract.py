from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from somex.app.cli.main import app
from somex.app.cli.tables import mention_table
from somex.core import (
    Annotation,
    ConfigError,
    Document,
    EntityType,
    FormatError,
    LabeledDocument,
    Mention,
    Relation,
    RelationType,
)
from somex.readers.jsonl import document_from_json, read_jsonl

COMMAND = [sys.executable, "-c", "from somex.app.cli.main import run; run()", "extract"]
TEXT = "We used Quill 4.0 (Orbital Labs) and Tessarix [12]. Samples were kept cold."


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_text(f"Document {name}. {TEXT}")
    return folder


def invoke(model: Path, *args: object) -> Result:
    options = ["--model", str(model), "--threads", "1"]
    arguments = ["extract", *map(str, args), *options]
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_cli_extract_prints_a_table_a_document(tiny_model: Path, texts: Path) -> None:
    result = invoke(tiny_model, texts)
    assert result.exit_code == 0
    tables = [line.strip() for line in result.stdout.splitlines() if line.strip() in ("a", "b")]
    assert tables == ["a", "b"]
    assert "2 documents, " in result.stderr
    assert " documents/s)" in result.stderr


def test_cli_extract_json_prints_documents_that_keep_the_schema(
    tiny_model: Path, texts: Path
) -> None:
    result = invoke(tiny_model, texts / "b.txt", "--json")
    (line,) = result.stdout.splitlines()
    labeled = document_from_json(json.loads(line))
    assert labeled.document.id == "b"
    assert labeled.document.text == f"Document b. {TEXT}"
    assert labeled.annotation.mentions
    assert set(json.loads(line)["model"]) == {"name", "fingerprint", "min_confidence", "lean"}


def test_cli_extract_out_writes_the_lines_that_json_prints(
    tiny_model: Path, texts: Path, tmp_path: Path
) -> None:
    printed = invoke(tiny_model, texts, "--json").stdout
    result = invoke(tiny_model, texts, "--out", tmp_path / "out", "--quiet")
    assert result.stdout == ""
    assert str(tmp_path / "out" / "documents.jsonl") in result.stderr
    assert (tmp_path / "out" / "documents.jsonl").read_text() == printed
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["documents.jsonl"]


def test_cli_extract_does_not_repeat_what_is_done(
    tiny_model: Path, texts: Path, tmp_path: Path
) -> None:
    invoke(tiny_model, texts, "--out", tmp_path / "out")
    before = (tmp_path / "out" / "documents.jsonl").read_bytes()
    result = invoke(tiny_model, texts, "--out", tmp_path / "out")
    assert "0 documents, 2 done before" in result.stderr
    assert (tmp_path / "out" / "documents.jsonl").read_bytes() == before
    (texts / "c.txt").write_text(TEXT)
    assert (
        "1 documents, 2 done before" in invoke(tiny_model, texts, "--out", tmp_path / "out").stderr
    )


def test_cli_extract_mends_a_truncated_last_line(
    tiny_model: Path, texts: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out" / "documents.jsonl"
    invoke(tiny_model, texts, "--out", output.parent)
    whole = output.read_bytes()
    output.write_bytes(whole[:-20])
    assert "1 documents, 1 done before" in invoke(tiny_model, texts, "--out", output.parent).stderr
    assert output.read_bytes() == whole


def test_cli_extract_goes_on_after_a_broken_document(
    tiny_model: Path, texts: Path, tmp_path: Path
) -> None:
    (texts / "aa.txt").write_bytes(b"Quill \xff 4.0")
    result = invoke(tiny_model, texts, "--out", tmp_path / "out", "--quiet")
    assert result.exit_code == 1
    assert "byte 6 (0xff) is not UTF-8" in result.stderr
    assert "2 documents, 1 failed" in result.stderr
    done = [d.document.id for d in read_jsonl(tmp_path / "out" / "documents.jsonl")]
    assert done == ["a", "b"]
    (failure,) = (tmp_path / "out" / "failures.jsonl").read_text().splitlines()
    assert json.loads(failure)["path"] == str(texts / "aa.txt")
    assert invoke(tiny_model, texts).exit_code == 1


def test_cli_extract_min_confidence_is_checked_and_used(tiny_model: Path, texts: Path) -> None:
    assert invoke(tiny_model, texts, "--min-confidence", "1.5").exit_code == 2
    sure = invoke(tiny_model, texts / "a.txt", "--json", "--min-confidence", "0.999999")
    assert json.loads(sure.stdout)["mentions"] == []


def test_cli_extract_missing_source_is_an_error(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="gone: does not exist; give a text file or a folder"):
        invoke(tiny_model, tmp_path / "gone")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["gone.txt"], "gone.txt: does not exist; give a text file or a folder"),
        (["a.txt", "--model", "gpt"], "unknown model 'gpt'; valid: default, mpnet-joint"),
        (["a.txt", "--model", "."], "holds no config.json"),
    ],
)
def test_cli_extract_errors_are_one_line_with_exit_code_two(
    texts: Path, args: list[str], message: str
) -> None:
    done = subprocess.run([*COMMAND, *args], cwd=texts, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_cli_extract_killed_in_the_middle_ends_as_if_it_never_was(
    tiny_model: Path, tmp_path: Path
) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    for n in range(30):
        (texts / f"{n:02}.txt").write_text(f"Text {n}. " + f"{TEXT} In all, {n} plots. " * 60)
    options = ["--model", str(tiny_model), "--threads", "1", "--quiet"]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    subprocess.run([*COMMAND, texts, "--out", whole, *options], check=True, capture_output=True)
    output = cut / "documents.jsonl"
    process = subprocess.Popen([*COMMAND, texts, "--out", cut, *options], stderr=subprocess.PIPE)
    give_up = time.monotonic() + 60
    while not (output.exists() and output.read_bytes().count(b"\n") >= 3):
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < give_up
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    n_done = output.read_bytes().count(b"\n")
    assert 3 <= n_done < 30
    done = subprocess.run(
        [*COMMAND, texts, "--out", cut, *options], check=True, capture_output=True, text=True
    )
    assert f"{30 - n_done} documents, {n_done} done before" in done.stderr
    assert output.read_bytes() == (whole / "documents.jsonl").read_bytes()


def test_cli_extract_reads_papers_archives_and_lists(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jats = f"<article><body><sec><title>Methods</title><p>{TEXT}</p></sec></body></article>"
    (tmp_path / "a.xml").write_text(jats)
    (tmp_path / "b.md").write_text(f"# Title\n\n{TEXT}\n")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("d.html", f"<p>{TEXT}")
        archive.writestr("../e.xml", jats)
    monkeypatch.chdir(tmp_path)
    options = ["--model", str(tiny_model), "--threads", "1", "--quiet", "--out", "out"]
    listed = "a.xml\n*.md\n\nc.zip\ngone.xml\n"
    result = CliRunner().invoke(app, ["extract", "-", *options], input=listed)
    assert result.exit_code == 1
    assert "3 documents, 2 failed" in result.stderr
    assert "c.zip!../e.xml: has a name with '..'" in result.stderr
    assert "gone.xml: does not exist" in result.stderr
    written = {d.document.id: d.document for d in read_jsonl(tmp_path / "out/documents.jsonl")}
    assert list(written) == ["a", "b", "c.zip!d.html"]
    assert [section.name for section in written["a"].sections] == ["Methods"]
    lines = (tmp_path / "out/documents.jsonl").read_text().splitlines()
    assert all(mention["origins"] for mention in json.loads(lines[0])["mentions"])
    again = CliRunner().invoke(app, ["extract", "-", *options], input=listed)
    assert "0 documents, 2 failed, 3 done before" in again.stderr
    assert (tmp_path / "out/documents.jsonl").read_text().splitlines() == lines


def test_cli_extract_grobid_address_is_checked(tiny_model: Path, texts: Path) -> None:
    with pytest.raises(ConfigError, match="GROBID's URL is 'here'; valid: http://HOST:PORT"):
        invoke(tiny_model, texts, "--grobid", "here")


def test_cli_extract_table_shows_brackets_as_they_stand() -> None:
    text = "Tess[/b]arix [red] [bold]"
    host = Mention(EntityType.APPLICATION, 0, 12)
    citation = Mention(EntityType.CITATION, 13, 18)
    found = Annotation.build([host, citation], [Relation(RelationType.CITATION_OF, citation, host)])
    from rich.console import Console

    console = Console(width=120, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(mention_table(LabeledDocument(Document("[/x]", text), found)))
    shown = console.export_text()
    assert "[/x]" in shown
    assert "Tess[/b]arix" in shown
    assert "Citation: [red]" in shown
