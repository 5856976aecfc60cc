from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from run_items import MODEL, FirstWordEngine, results_of, run_in_parts, write_texts
from somex.core import ConfigError, FormatError, LabeledDocument
from somex.pipeline import Failure
from somex.readers.inputs import find_sources
from somex.readers.jsonl import read_jsonl
from somex.runs import journal as journal_module
from somex.runs import lines as lines_module
from somex.runs import parts as parts_module
from somex.runs.shards import ShardedRun, ShardSettings

EXIT_CRASHED = 17


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    return write_texts(tmp_path / "texts", 10)


def test_runs_shards_are_cut_by_documents_and_read_as_one(texts: Path, tmp_path: Path) -> None:
    yielded, asked = run_in_parts(find_sources([texts]), tmp_path / "out")
    assert asked == [f"{n:03}" for n in range(10)]
    assert [type(item) for item in yielded].count(Failure) == 2
    out = tmp_path / "out"
    manifest = json.loads((out / "manifest.json").read_text())
    assert [part["file"] for part in manifest["parts"]] == [f"part-0000{n}.jsonl" for n in range(3)]
    assert [part["documents"] for part in manifest["parts"]] == [3, 3, 2]
    assert (manifest["documents"], manifest["mentions"], manifest["failed"]) == (8, 8, 2)
    assert manifest["model"] == MODEL
    assert [d.document.id for d in read_jsonl(out)] == [f"{n:03}" for n in range(10) if n % 5 != 1]
    failures = [json.loads(line) for line in (out / "failures.jsonl").read_text().splitlines()]
    assert [failure["id"] for failure in failures] == ["001", "006"]
    assert "is not UTF-8" in failures[0]["reason"]


def test_runs_shards_every_form_holds_the_same_documents(texts: Path, tmp_path: Path) -> None:
    sources = find_sources([texts])
    found = []
    for form in ("jsonl", "jsonl.zst", "parquet"):
        run_in_parts(sources, tmp_path / form, form=form)
        assert len(list((tmp_path / form).glob(f"part-0000?.{form}"))) == 3
        found.append(list(read_jsonl(tmp_path / form)))
    assert len(found[0]) == 8
    assert found[0] == found[1] == found[2]


def test_runs_shards_nothing_is_done_twice(texts: Path, tmp_path: Path) -> None:
    sources, out = find_sources([texts]), tmp_path / "out"
    first, _ = run_in_parts(sources, out)
    before = results_of(out)
    again, asked = run_in_parts(sources, out)
    assert asked == []
    assert [item for item in again if item] == [item for item in first if isinstance(item, Failure)]
    assert results_of(out) == before


def test_runs_shards_a_changed_input_is_done_again_in_its_place(
    texts: Path, tmp_path: Path
) -> None:
    sources, out = find_sources([texts]), tmp_path / "out"
    run_in_parts(sources, out)
    (texts / "003.txt").write_text("Tessarix drew the maps.")
    (texts / "006.txt").write_text("Brookstat fits now.")
    (texts / "007.txt").write_bytes(b"\xff no text")
    _, asked = run_in_parts(sources, out)
    assert asked == ["003", "006", "007"]
    run_in_parts(sources, tmp_path / "anew")
    assert results_of(out) == results_of(tmp_path / "anew")


def test_runs_shards_new_inputs_come_behind_the_others(texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_in_parts(find_sources([texts]), out)
    (texts / "0000.txt").write_text("Fernview reads all.")
    _, asked = run_in_parts(find_sources([texts]), out)
    assert asked == ["0000"]
    assert [d.document.id for d in read_jsonl(out)][-2:] == ["009", "0000"]


def test_runs_shards_results_of_inputs_that_are_gone_stay(texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_in_parts(find_sources([texts]), out)
    before = results_of(out)
    (texts / "004.txt").unlink()
    _, asked = run_in_parts(find_sources([texts]), out)
    assert asked == []
    assert [d.document.id for d in read_jsonl(out)].count("004") == 1
    assert results_of(out) == before


def test_runs_shards_retry_failed_tries_these_alone(texts: Path, tmp_path: Path) -> None:
    sources, out = find_sources([texts]), tmp_path / "out"
    run_in_parts(sources, out)
    (texts / "006.txt").write_text("Brookstat fits now.")
    (texts / "008.txt").write_text("Changed, but not what failed.")
    yielded, asked = run_in_parts(sources, out, retry_failed=True)
    assert asked == ["001", "006"]
    assert len(yielded) == len(sources)
    assert isinstance(yielded[6], LabeledDocument)
    ids = [d.document.id for d in read_jsonl(out)]
    assert ids == ["000", "002", "003", "004", "005", "006", "007", "008", "009"]
    (failure,) = (out / "failures.jsonl").read_text().splitlines()
    assert json.loads(failure)["id"] == "001"


def test_runs_shards_retry_failed_needs_a_finished_run(texts: Path, tmp_path: Path) -> None:
    sources, out = find_sources([texts]), tmp_path / "out"
    run = ShardedRun(out, model=MODEL, settings=ShardSettings(4, "jsonl"))
    results = run.run(sources, FirstWordEngine().annotate)
    for _ in range(6):
        next(results)
    results.close()
    with pytest.raises(ConfigError, match="is not finished; finish it before what failed"):
        run_in_parts(sources, out, retry_failed=True)
    with pytest.raises(FormatError, match=r"not finished \(no manifest.json\)"):
        list(read_jsonl(out))


def test_runs_shards_other_settings_and_other_outputs_are_refused(
    texts: Path, tmp_path: Path
) -> None:
    sources, out = find_sources([texts]), tmp_path / "out"
    run_in_parts(sources, out)
    with pytest.raises(ConfigError, match="n_documents is 5, was 4"):
        run_in_parts(sources, out, size=5)
    with pytest.raises(ConfigError, match=r"model is .* was .*; name a new output folder"):
        run_in_parts(sources, out, model={**MODEL, "lean": 1.0})
    (tmp_path / "documents.jsonl").write_text("")
    with pytest.raises(ConfigError, match=r"holds documents\.jsonl; name a new folder"):
        run_in_parts(sources, tmp_path)
    with pytest.raises(ConfigError, match="a part holds 0 documents; valid: 1 or more"):
        ShardSettings(0)
    with pytest.raises(
        ConfigError, match=r"unknown form of parts 'csv'; valid: jsonl\.zst, jsonl, "
    ):
        ShardSettings(1, "csv")


def test_runs_shards_one_run_at_a_time_in_a_folder(texts: Path, tmp_path: Path) -> None:
    run = ShardedRun(tmp_path / "out", model=MODEL, settings=ShardSettings(4, "jsonl"))
    with pytest.raises(ConfigError, match="another run is at work in"):
        run_in_parts(find_sources([texts]), tmp_path / "out")
    assert len(list(run.run(find_sources([texts]), FirstWordEngine().annotate))) == 10


def test_runs_shards_memory_holds_only_parts_that_are_on_their_way(tmp_path: Path) -> None:
    sources = find_sources([write_texts(tmp_path / "texts", 40)])
    out = tmp_path / "out"
    run = ShardedRun(out, model=MODEL, settings=ShardSettings(4, "jsonl"))
    for n_done, _ in enumerate(run.run(sources, FirstWordEngine().annotate), start=1):
        growing = list(out.glob(".growing-*"))
        assert len(growing) <= 2
        assert len(list(out.glob("part-*"))) in (n_done // 4, n_done // 4 - 1)


def _crash_at(step: int, work: Callable[[], object]) -> bool:
    """Do work in a child that dies without a word at its nth step towards the disk.

    Returns:
        Whether it died; else it came to its end.
    """
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, EXIT_CRASHED)
        return status == EXIT_CRASHED
    try:
        n_steps = 0

        def counted(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                nonlocal n_steps
                n_steps += 1
                if n_steps == step:
                    os._exit(EXIT_CRASHED)
                return original(*args, **kwargs)

            return call

        os.fsync, os.replace = counted(os.fsync), counted(os.replace)
        Path.unlink = counted(Path.unlink)  # type: ignore[method-assign]
        lines_module.GrowingLines.append = counted(  # type: ignore[method-assign]
            lines_module.GrowingLines.append
        )
        journal_module.Journal._write = counted(  # type: ignore[method-assign]
            journal_module.Journal._write
        )
        parts_module.open_atomic = counted(parts_module.open_atomic)  # type: ignore[attr-defined]
        work()
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_runs_shards_stopped_at_any_step_ends_as_if_it_never_was(tmp_path: Path) -> None:
    sources = find_sources([write_texts(tmp_path / "texts", 7)])
    run_in_parts(sources, tmp_path / "whole", size=3)
    whole = results_of(tmp_path / "whole")
    step = 1
    while True:
        out = tmp_path / f"out{step}"
        run = partial(run_in_parts, sources, out, size=3)
        if not _crash_at(step, run):
            break
        _crash_at(2 + step // 2, run)
        run()
        assert results_of(out) == whole, f"stopped at step {step}"
        step += 1
    assert step > 25


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_runs_shards_retry_stopped_at_any_step_loses_nothing(tmp_path: Path) -> None:
    texts = write_texts(tmp_path / "texts", 7)
    sources = find_sources([texts])
    bad = (texts / "001.txt").read_bytes()
    step = 1
    while True:
        (texts / "001.txt").write_bytes(bad)
        out = tmp_path / f"out{step}"
        run_in_parts(sources, out, size=3)
        (texts / "001.txt").write_text("Mossflow is well now.")
        retry = partial(run_in_parts, sources, out, size=3, retry_failed=True)
        if not _crash_at(step, retry):
            break
        retry()
        assert [d.document.id for d in read_jsonl(out)] == [f"{n:03}" for n in range(6)]
        step += 1
    assert step > 8
