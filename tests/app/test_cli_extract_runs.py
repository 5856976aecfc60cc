from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from run_items import results_of
from somex.app.cli.main import app
from somex.core import ConfigError
from somex.readers.jsonl import read_jsonl

COMMAND = [sys.executable, "-c", "from somex.app.cli.main import run; run()", "extract"]
TEXT = "We used Quill 4.0 (Orbital Labs) and Tessarix [12]. Samples were kept cold."


def write_texts(folder: Path, n: int, *, n_times: int = 1) -> Path:
    folder.mkdir()
    for number in range(n):
        text = f"Text {number}. " + f"{TEXT} In all, {number} plots. " * n_times
        (folder / f"{number:02}.txt").write_text(text)
    return folder


def invoke(model: Path, *args: object, command: str = "extract") -> Result:
    options = ["--model", str(model), "--threads", "1", "--quiet"] if command == "extract" else []
    return CliRunner().invoke(app, [command, *map(str, args), *options], catch_exceptions=False)


def start(*args: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *map(str, args)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def workers_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(child) for child in children.read_text().split()] if children.exists() else []
    return [c for c in found if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]


def lines_of(growing: Path) -> int:
    try:
        return growing.read_bytes().count(b"\n")
    except FileNotFoundError:  # a finished part has just taken its last name
        return 0


def n_written(out: Path) -> int:
    return sum(map(lines_of, out.glob(".growing-*")))


def test_cli_extract_runs_workers_write_the_same_file(tiny_model: Path, tmp_path: Path) -> None:
    texts = write_texts(tmp_path / "texts", 5)
    assert invoke(tiny_model, texts, "--out", tmp_path / "one").exit_code == 0
    result = invoke(tiny_model, texts, "--out", tmp_path / "two", "--workers", 2)
    assert "5 documents, " in result.stderr
    assert " MB in a worker" in result.stderr
    one, two = (tmp_path / name / "documents.jsonl" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_cli_extract_runs_parts_are_read_by_the_other_commands(
    tiny_model: Path, tmp_path: Path
) -> None:
    texts = write_texts(tmp_path / "texts", 5)
    plain, parts = tmp_path / "plain", tmp_path / "parts"
    invoke(tiny_model, texts, "--out", plain)
    result = invoke(tiny_model, texts, "--out", parts, "--shard-size", 2, "--also", "csv")
    assert result.exit_code == 0
    assert str(parts / "manifest.json") in result.stderr
    assert len(list(parts.glob("part-0000?.jsonl.zst"))) == 3
    assert list(read_jsonl(parts)) == list(read_jsonl(plain))
    for command, *options in (("link", "--top", 0), ("tables",), ("report",)):
        for folder in (plain, parts):
            done = invoke(
                tiny_model, folder, "--out", tmp_path / f"{folder.name}-{command}", *options,
                command=command,
            )  # fmt: skip
            assert done.exit_code == 0, done.output
    links = [(tmp_path / f"{name}-link").read_bytes() for name in ("plain", "parts")]
    assert links[0] == links[1]
    tables = [(tmp_path / f"{n}-tables" / "mentions.csv").read_bytes() for n in ("plain", "parts")]
    assert tables[0] == tables[1]
    assert invoke(tiny_model, parts, command="validate").exit_code == 0


def test_cli_extract_runs_a_folder_goes_on_as_it_began(tiny_model: Path, tmp_path: Path) -> None:
    texts = write_texts(tmp_path / "texts", 4)
    invoke(tiny_model, texts, "--out", tmp_path / "out", "--shards", "jsonl", "--shard-size", 3)
    (texts / "02.txt").write_text("Brookstat 7.1 fits the lines.")
    result = invoke(tiny_model, texts, "--out", tmp_path / "out")
    assert "1 documents, 3 done before" in result.stderr
    assert not (tmp_path / "out" / "documents.jsonl").exists()
    with pytest.raises(ConfigError, match="form is 'parquet', was 'jsonl'"):
        invoke(tiny_model, texts, "--out", tmp_path / "out", "--shards", "parquet")


@pytest.mark.parametrize("options", [[], ["--shard-size", 2]], ids=["file", "parts"])
def test_cli_extract_runs_retry_failed_tries_these_alone(
    tiny_model: Path, tmp_path: Path, options: list[object]
) -> None:
    texts, out = write_texts(tmp_path / "texts", 4), tmp_path / "out"
    (texts / "01.txt").write_bytes(b"\xff")
    (texts / "02.txt").write_bytes(b"\xff")
    assert invoke(tiny_model, texts, "--out", out, *options).exit_code == 1
    (texts / "01.txt").write_text(TEXT)
    (texts / "03.txt").write_text("Changed, but it had not failed.")
    result = invoke(tiny_model, texts, "--out", out, "--retry-failed")
    assert result.exit_code == 1
    assert "1 documents, 1 failed, 2 done before" in result.stderr
    found = {d.document.id: d.document.text for d in read_jsonl(out)}
    assert found.keys() == {"00", "01", "03"}
    assert found["03"].startswith("Text 3.")
    (failure,) = (out / "failures.jsonl").read_text().splitlines()
    assert json.loads(failure)["id"] == "02"


def test_cli_extract_runs_options_are_checked_before_any_work(
    tiny_model: Path, tmp_path: Path
) -> None:
    texts = write_texts(tmp_path / "texts", 1)
    with pytest.raises(ConfigError, match="are in a folder; name it by --out"):
        invoke(tiny_model, texts, "--shards", "jsonl")
    with pytest.raises(ConfigError, match=r"unknown form of parts 'csv'; valid: jsonl\.zst"):
        invoke(tiny_model, texts, "--out", tmp_path / "out", "--shards", "csv")
    with pytest.raises(ConfigError, match="holds no earlier run whose failed sources to retry"):
        invoke(tiny_model, texts, "--out", tmp_path / "out", "--retry-failed")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("n_workers", [1, 2])
def test_cli_extract_runs_killed_at_random_moments_end_as_if_they_never_were(
    tiny_model: Path, tmp_path: Path, n_workers: int
) -> None:
    texts = write_texts(tmp_path / "texts", 30, n_times=40)
    (texts / "11.txt").write_bytes(b"\xff")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    invoke(tiny_model, texts, "--out", whole, "--shard-size", 4)
    model = ["--model", tiny_model, "--threads", 1, "--quiet", "--workers", n_workers]
    chance = random.Random(n_workers)
    n_kills = 0
    for _ in range(4):
        process = start(texts, "--out", cut, "--shard-size", 4, *model)
        give_up = time.monotonic() + 120
        before = len(list(cut.glob("part-*"))), n_written(cut)
        while (len(list(cut.glob("part-*"))), n_written(cut)) == before:
            if process.poll() is not None or time.monotonic() > give_up:
                break
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        n_kills += process.wait() == -signal.SIGKILL
    assert n_kills > 1
    invoke(tiny_model, texts, "--out", cut, "--workers", n_workers)
    assert results_of(cut) == results_of(whole)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_cli_extract_runs_a_killed_worker_loses_nothing(tiny_model: Path, tmp_path: Path) -> None:
    texts = write_texts(tmp_path / "texts", 30, n_times=40)
    whole, hurt = tmp_path / "whole", tmp_path / "hurt"
    invoke(tiny_model, texts, "--out", whole, "--shard-size", 4)
    model = ["--model", tiny_model, "--threads", 1, "--quiet", "--workers", 2]
    process = start(texts, "--out", hurt, "--shard-size", 4, *model)
    give_up = time.monotonic() + 120
    while not n_written(hurt):
        assert process.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.001)
    killed = workers_of(process.pid)[0]
    os.kill(killed, signal.SIGKILL)
    assert process.wait(120) == 0
    assert results_of(hurt) == results_of(whole)
