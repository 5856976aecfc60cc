"""Work ahead within bounds, results in order; a process that dies takes no other document along."""

from __future__ import annotations

import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from somex.core.errors import ConfigError

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    executor: Executor, function: Callable[[Item], Result], items: Iterable[Item], *, n_ahead: int
) -> Iterator[Result]:
    """Yield ``function(item)`` in order while at most ``n_ahead`` items are worked on or wait.

    Items are taken one by one, from the thread that asks for results, so a slow consumer holds up
    the producer and memory stays bounded.

    Raises:
        Exception: What ``function`` raises.
    """
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(executor.submit(function, item))
            if len(waiting) >= n_ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


@dataclass(frozen=True, slots=True)
class Died(Generic[Item]):
    """The process that worked on an item died, twice, the second time with this item alone."""

    item: Item


class WorkerPool(Generic[Item, Result]):
    """Processes that work on items, results in order.

    Where a process dies (killed, out of memory), the items on their way are done again in new
    ones; the one that is next is tried alone first, and given up if its process dies again.
    Results come by way of files in a temporary folder: a process that dies while it sends one
    through a pipe, in pieces, would leave all others waiting for the rest for ever.

    Args:
        function: What each item is put through; a function of a module, as are ``start`` and its
            arguments: the processes are started afresh.
        n_workers: So many processes.
        start: Called once in each process.
        start_arguments: Its arguments.
        ahead_per_worker: So many items are worked on, wait or are ready for each process.

    Raises:
        ConfigError: There is no worker.
    """

    def __init__(
        self,
        function: Callable[[Item], Result],
        *,
        n_workers: int,
        start: Callable[..., None],
        start_arguments: tuple[Any, ...] = (),
        ahead_per_worker: int = 8,
    ) -> None:
        if n_workers < 1:
            raise ConfigError(f"there are {n_workers} workers; valid: 1 or more")
        self._function = function
        self._n_workers = n_workers
        self._start, self._start_arguments = start, start_arguments
        self._n_ahead = n_workers * ahead_per_worker
        self._pool: ProcessPoolExecutor | None = None
        self._folder = ""

    def map(self, items: Iterable[Item]) -> Iterator[Result | Died[Item]]:
        """Yield the result of each item, in order; of one that kills its process, `Died`.

        Raises:
            Exception: What the function raises.
        """
        waiting: deque[tuple[Item, Future[str] | None]] = deque()
        with self._running():
            for item in items:
                waiting.append((item, self._submit(item)))
                if len(waiting) >= self._n_ahead:
                    yield self._next(waiting)
            while waiting:
                yield self._next(waiting)

    def _next(self, waiting: deque[tuple[Item, Future[str] | None]]) -> Result | Died[Item]:
        """Return the next result, starting anew where its process died."""
        item, future = waiting.popleft()
        try:
            if future is not None:
                return self._take(future)
        except BrokenProcessPool:
            pass
        self._open()
        result = self.map_one(item)
        again = [(i, f if _is_good(f) else self._submit(i)) for i, f in waiting]
        waiting.clear()
        waiting.extend(again)
        return result

    def map_one(self, item: Item) -> Result | Died[Item]:
        """Return the result of one item, while `map` is under way; `Died` if its process dies.

        Raises:
            Exception: What the function raises.
        """
        future = self._submit(item)
        try:
            return Died(item) if future is None else self._take(future)
        except BrokenProcessPool:
            self._open()
            return Died(item)

    def _take(self, future: Future[str]) -> Result:
        path = Path(future.result())
        result: Result = pickle.loads(path.read_bytes())
        path.unlink()
        return result

    def _submit(self, item: Item) -> Future[str] | None:
        """Return what becomes of an item; None where the pool broke a moment ago."""
        assert self._pool is not None
        try:
            return self._pool.submit(_keep_result, self._function, item, self._folder)
        except BrokenProcessPool:
            return None

    def _open(self) -> None:
        from multiprocessing import get_context

        self._close()
        self._pool = ProcessPoolExecutor(
            self._n_workers,
            mp_context=get_context("spawn"),
            initializer=self._start,
            initargs=self._start_arguments,
        )

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None

    @contextmanager
    def _running(self) -> Iterator[None]:
        with tempfile.TemporaryDirectory(prefix="somex-") as self._folder:
            self._open()
            try:
                yield
            finally:
                self._close()


def _keep_result(function: Callable[[Item], Result], item: Item, folder: str) -> str:
    """Leave a result in a file, in a process of the pool, and return its path.

    A path is short enough (below PIPE_BUF) for a pipe to take it whole or not at all.
    """
    result = function(item)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as stream:
        pickle.dump(result, stream, protocol=pickle.HIGHEST_PROTOCOL)
    return stream.name


def _is_good(future: Future[Any] | None) -> bool:
    """Tell whether a future has its result, or an error of its own."""
    if future is None or not future.done() or future.cancelled():
        return False
    return not isinstance(future.exception(), BrokenProcessPool)
