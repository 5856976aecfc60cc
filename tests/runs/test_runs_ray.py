from __future__ import annotations

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from run_items import write_texts
from somex.core import ConfigError, LabeledDocument, MissingExtraError
from somex.pipeline import Failure, load
from somex.readers.inputs import find_sources
from somex.runs.engine import build_engine
from somex.runs.ray_engine import RayEngine


def test_runs_ray_missing_is_told(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'somex\[ray\]'"):
        build_engine(partial(load, tiny_model), kind="ray")


def test_runs_ray_engines_are_named(tiny_model: Path) -> None:
    with pytest.raises(ConfigError, match="unknown engine 'spark'; valid: local, ray"):
        build_engine(partial(load, tiny_model), kind="spark")
    with pytest.raises(ConfigError, match="add --engine ray"):
        build_engine(partial(load, tiny_model), ray_address="head:6379")


def _open_slow(model: Path, *, n_threads: int | None) -> Any:
    """Load a model that takes its time; it dies of documents that say so."""
    extractor = load(model, n_threads=n_threads)
    annotate = extractor.annotate

    def slow(documents: Any) -> Any:
        time.sleep(0.1)
        if "deadly" in documents[0].text:
            os.kill(os.getpid(), signal.SIGKILL)
        return annotate(documents)

    extractor.annotate = slow  # type: ignore[method-assign]
    return extractor


def _workers_of(pid: int) -> list[int]:
    """Return the actors' processes that descend from a process."""
    parents: dict[int, int] = {}
    actors = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(place.name)] = int(
                (place / "stat").read_text().rsplit(")", 1)[1].split()[1]
            )
            if b"RayWorker" in (place / "cmdline").read_bytes():
                actors.append(int(place.name))
        except OSError:
            continue

    def is_below(child: int) -> bool:
        return child == pid or (child in parents and is_below(parents[child]))

    return [actor for actor in actors if is_below(actor)]


@pytest.fixture
def engine(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> RayEngine:
    pytest.importorskip("ray", reason="Ray is not installed")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    return RayEngine(partial(_open_slow, tiny_model), n_workers=2)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_runs_ray_killed_workers_lose_nothing(
    engine: RayEngine, tiny_model: Path, tmp_path: Path
) -> None:
    texts = write_texts(tmp_path / "texts", 20)
    (texts / "007.txt").write_text("Quill is deadly here.")
    sources = find_sources([texts])
    found = []
    n_killed = 0
    for result in engine.annotate(sources):
        found.append(result)
        if len(found) == 3:
            for actor in _workers_of(os.getpid()):
                os.kill(actor, signal.SIGKILL)
                n_killed += 1
    assert n_killed == 2
    (texts / "007.txt").write_text("Quill is well here.")
    wanted = list(build_engine(partial(load, tiny_model), n_threads=1).annotate(sources))
    death, _ = found.pop(7), wanted.pop(7)
    assert found == wanted
    assert isinstance(death, Failure)
    assert "died, twice" in death.reason
    assert engine.totals.characters == sum(
        len(item.document.text) for item in wanted if isinstance(item, LabeledDocument)
    )
