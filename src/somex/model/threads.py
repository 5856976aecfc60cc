"""Threads that work on batches side by side; they outlive a fork, which copies no threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class BatchThreads:
    """A few threads, started when they are first needed in a process.

    Args:
        n_threads: So many; with one, work is done by the thread that asks.
    """

    def __init__(self, n_threads: int) -> None:
        self._n_threads = n_threads
        self._of_process: tuple[int, ThreadPoolExecutor] | None = None

    def map(self, work: Callable[[Item], Result], items: list[Item]) -> Iterable[Result]:
        """Return ``work(item)`` in order.

        Raises:
            Exception: What ``work`` raises.
        """
        if self._n_threads == 1 or len(items) < 2:
            return map(work, items)
        return self._results(work, items)

    def _results(self, work: Callable[[Item], Result], items: list[Item]) -> Iterator[Result]:
        process = os.getpid()
        if self._of_process is None or self._of_process[0] != process:
            self._of_process = process, ThreadPoolExecutor(self._n_threads, "somex-batch")
        return self._of_process[1].map(work, items)
