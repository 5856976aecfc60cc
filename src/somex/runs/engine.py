"""Sources in, labelled documents out, in order: in this process with a reader, or in several."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, Protocol

from somex.core.errors import ConfigError
from somex.core.types import LabeledDocument
from somex.pipeline import Extractor, Failure
from somex.readers.inputs import Source
from somex.readers.papers import SourceReader
from somex.runs.scheduler import Died, WorkerPool, map_ahead
from somex.runs.work import (
    GROUP_DOCUMENTS,
    Opener,
    Outcome,
    Totals,
    Worker,
    annotate_stream,
    death_of,
    read_timed,
)

ENGINES = ("local", "ray")

READ_AHEAD = 2 * GROUP_DOCUMENTS
"""So many documents are read, and wait, while the network reads others."""

GROUPS_AHEAD = 3
"""So many groups of documents are worked on, wait or are ready for each process."""


class Engine(Protocol):
    """Annotates sources; `pipeline.write_documents` and `shards.ShardedRun` run on one.

    Attributes:
        model: What results say of what made them, see `Extractor.to_json`.
        totals: What the documents so far came to.
        n_workers: Processes that work beside this one; 0 where it works itself.
    """

    model: Mapping[str, Any]
    totals: Totals
    n_workers: int

    def annotate(self, sources: Iterable[Source]) -> Iterator[LabeledDocument | Failure]:
        """Yield the labelled document of each source, or why there is none, in order."""
        ...


class ThreadEngine:
    """Annotates in this process; a thread reads ahead of the network.

    Args:
        extractor: The loaded model.
        grobid: URL of a GROBID service that is to read the PDFs.
    """

    def __init__(self, extractor: Extractor, *, grobid: str | None = None) -> None:
        self.model: Mapping[str, Any] = extractor.to_json()
        self.totals = Totals()
        self.n_workers = 0
        self._extractor = extractor
        self._grobid = grobid

    def annotate(self, sources: Iterable[Source]) -> Iterator[LabeledDocument | Failure]:
        """Yield the labelled document of each source, or why there is none, in order."""
        with SourceReader(grobid=self._grobid) as reader, ThreadPoolExecutor(1) as thread:
            read = map_ahead(thread, partial(read_timed, reader), sources, n_ahead=READ_AHEAD)
            for outcome in annotate_stream(self._extractor, read):
                self.totals.add(outcome.totals)
                yield outcome.result


class ProcessEngine:
    """Annotates in several processes, each with a reader and a network of its own.

    Args:
        open_extractor: Loads the model in each process.
        n_workers: So many processes.
        n_threads: Threads of the network in each.
        grobid: URL of a GROBID service that is to read the PDFs.

    Raises:
        ConfigError: The URL is none of HTTP, or there is no worker.
    """

    def __init__(
        self,
        open_extractor: Opener,
        *,
        n_workers: int,
        n_threads: int = 1,
        grobid: str | None = None,
    ) -> None:
        self._grobid = grobid
        SourceReader(grobid=grobid).close()  # a wrong address is told before any work
        self.model: Mapping[str, Any] = open_extractor(n_threads=1).to_json()
        self.totals = Totals()
        self.n_workers = n_workers
        self._pool: WorkerPool[tuple[Source, ...], list[Outcome]] = WorkerPool(
            _work,
            n_workers=n_workers,
            start=_start_worker,
            start_arguments=(open_extractor, n_threads, grobid),
            ahead_per_worker=GROUPS_AHEAD,
        )

    def annotate(self, sources: Iterable[Source]) -> Iterator[LabeledDocument | Failure]:
        """Yield the labelled document of each source, or why there is none, in order."""
        for outcomes in self._pool.map(_cut(sources, GROUP_DOCUMENTS)):
            yield from self._take(outcomes)

    def _take(
        self, outcomes: list[Outcome] | Died[tuple[Source, ...]]
    ) -> Iterator[LabeledDocument | Failure]:
        """Yield results; sources whose process died are tried one by one."""
        if not isinstance(outcomes, Died):
            for outcome in outcomes:
                self.totals.add(outcome.totals)
                yield outcome.result
        elif len(outcomes.item) == 1:
            yield death_of(outcomes.item[0], grobid=self._grobid)
        else:
            for source in outcomes.item:
                yield from self._take(self._pool.map_one((source,)))


def build_engine(
    open_extractor: Opener,
    *,
    kind: str = "local",
    n_workers: int = 1,
    n_threads: int | None = None,
    grobid: str | None = None,
    ray_address: str | None = None,
    n_gpus: int = 0,
) -> Engine:
    """Return what annotates.

    Args:
        open_extractor: Loads the model.
        kind: One of `ENGINES`.
        n_workers: Processes; with 1 the network runs in this one, unless Ray does it.
        n_threads: Threads of all networks together; with several processes each has one at least.
        grobid: URL of a GROBID service that is to read the PDFs.
        ray_address: Address of a Ray cluster; one is started on this machine by default.
        n_gpus: GPUs that Ray sets aside for each worker.

    Raises:
        ConfigError: There is no such engine, no worker, or the URL is none of HTTP.
        MissingExtraError: The engine is Ray, which is not installed.
        ModelError: The model can't be loaded.
    """
    if kind not in ENGINES:
        raise ConfigError(f"unknown engine {kind!r}; valid: {', '.join(ENGINES)}")
    if ray_address is not None and kind != "ray":
        raise ConfigError("the address of a Ray cluster is given; add --engine ray")
    if n_workers < 1:
        raise ConfigError(f"there are {n_workers} workers; valid: 1 or more")
    if kind == "ray":
        from somex.runs.ray_engine import RayEngine

        per_worker = max(1, (n_threads or 0) // n_workers)
        return RayEngine(
            open_extractor,
            n_workers=n_workers,
            n_threads=per_worker,
            grobid=grobid,
            address=ray_address,
            n_gpus=n_gpus,
        )
    if n_workers == 1:
        return ThreadEngine(open_extractor(n_threads=n_threads), grobid=grobid)
    per_worker = max(1, (n_threads or 0) // n_workers)
    return ProcessEngine(open_extractor, n_workers=n_workers, n_threads=per_worker, grobid=grobid)


class _Process:
    """What a worker process holds."""

    worker: Worker


def _start_worker(open_extractor: Opener, n_threads: int, grobid: str | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Process.worker = Worker(open_extractor, n_threads, grobid)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, SIGKILL included."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        sys.stderr.flush()
        os._exit(1)


def _work(sources: Sequence[Source]) -> list[Outcome]:
    return _Process.worker.work(sources)


def _cut(sources: Iterable[Source], n_most: int) -> Iterator[tuple[Source, ...]]:
    rest = iter(sources)
    while group := tuple(islice(rest, n_most)):
        yield group
