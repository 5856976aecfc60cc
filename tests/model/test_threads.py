from __future__ import annotations

import os
import threading
import time

import pytest

from somex.model.threads import BatchThreads


def _name(n: int) -> tuple[int, str]:
    time.sleep(0.002 * (n % 3))
    return n, threading.current_thread().name


def test_threads_keep_the_order_and_share_the_work() -> None:
    found = list(BatchThreads(3).map(_name, [*range(30)]))
    assert [n for n, _ in found] == [*range(30)]
    assert {name for _, name in found} <= {f"somex-batch_{i}" for i in range(3)}
    assert len({name for _, name in found}) > 1


@pytest.mark.parametrize(("n_threads", "n_items"), [(1, 5), (4, 1), (4, 0)])
def test_threads_are_not_started_for_little(n_threads: int, n_items: int) -> None:
    own = threading.current_thread().name
    found = list(BatchThreads(n_threads).map(_name, [*range(n_items)]))
    assert found == [(n, own) for n in range(n_items)]


def test_threads_raise_what_the_work_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        list(BatchThreads(2).map(lambda n: 1 // n, [2, 1, 0]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_threads_work_in_a_forked_process() -> None:
    threads = BatchThreads(2)
    assert len(list(threads.map(_name, [*range(8)]))) == 8
    child = os.fork()
    if not child:
        os._exit(0 if len(list(threads.map(_name, [*range(8)]))) == 8 else 1)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.05)
    os.kill(child, 9)
    os.waitpid(child, 0)
    pytest.fail("the forked process hangs")
