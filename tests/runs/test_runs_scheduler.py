from __future__ import annotations

import os
import pickle
import select
import signal
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from somex.core import ConfigError
from somex.runs.scheduler import Died, WorkerPool, _keep_result, map_ahead


def _nothing() -> None:
    """Start a worker that needs nothing."""


def _square(n: int) -> int:
    time.sleep(0.002 * (n % 3))
    return n * n


def _die_at(item: tuple[int, str]) -> int:
    """Square; kill the own process at 5 always, at 2 the first time."""
    n, flag = item
    if n == 5 or (n == 2 and not os.path.exists(flag)):
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return n * n


def _large(n: int) -> bytes:
    return bytes(1_000_000 + n)


def _fail(n: int) -> int:
    raise ValueError(f"no {n}")


def test_runs_scheduler_map_ahead_keeps_order_and_bounds() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for n in range(20):
            taken.append(n)
            yield n

    with ThreadPoolExecutor(1) as thread:
        for n_given, result in enumerate(map_ahead(thread, _square, items(), n_ahead=4)):
            assert result == n_given**2
            assert len(taken) <= n_given + 4
    assert len(taken) == 20


def test_runs_scheduler_pool_keeps_order_and_bounds() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for n in range(30):
            taken.append(n)
            yield n

    pool = WorkerPool(_square, n_workers=2, start=_nothing, ahead_per_worker=3)
    for n_given, result in enumerate(pool.map(items())):
        assert result == n_given**2
        assert len(taken) <= n_given + 6
    assert len(taken) == 30


def test_runs_scheduler_a_killed_process_takes_no_other_item_along(tmp_path: Path) -> None:
    pool = WorkerPool(_die_at, n_workers=2, start=_nothing)
    items = [(n, str(tmp_path / "flag")) for n in range(9)]
    found = list(pool.map(items))
    assert found[5] == Died(items[5])
    assert [f for n, f in enumerate(found) if n != 5] == [n * n for n in range(9) if n != 5]


def test_runs_scheduler_sends_less_than_a_pipe_takes_at_once(tmp_path: Path) -> None:
    path = _keep_result(_large, 3, str(tmp_path))
    assert len(pickle.dumps(path)) < select.PIPE_BUF // 2
    assert pickle.loads(Path(path).read_bytes()) == bytes(1_000_003)


def test_runs_scheduler_large_results_come_whole_and_leave_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pool = WorkerPool(_large, n_workers=2, start=_nothing)
    assert list(map(len, pool.map(range(6)))) == [1_000_000 + n for n in range(6)]
    assert list(tmp_path.iterdir()) == []


def test_runs_scheduler_errors_and_settings_are_told() -> None:
    pool = WorkerPool(_fail, n_workers=1, start=_nothing)
    with pytest.raises(ValueError, match="no 7"):
        list(pool.map([7]))
    with pytest.raises(ConfigError, match="there are 0 workers; valid: 1 or more"):
        WorkerPool(_square, n_workers=0, start=_nothing)
