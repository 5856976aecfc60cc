"""Sources in, labelled documents out, in order: in this process with a reader, or in several."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any, Protocol

from somex.core.errors import ConfigError
from somex.core.types import Document, LabeledDocument
from somex.pipeline import Extractor, Failure, failure_of, hash_or_none, read_source
from somex.readers.inputs import Source
from somex.readers.papers import SourceReader
from somex.runs.scheduler import Died, WorkerPool, map_ahead

N_REPEATS = 20_000
"""Results of sentences that a run keeps for when they come again, in each process."""

READ_AHEAD = 4
"""So many documents are read, and wait, while the network reads another."""


class Opener(Protocol):
    """Loads the model; a partial of `somex.load`, since each worker process calls it."""

    def __call__(self, *, n_threads: int | None) -> Extractor:
        """Return the loaded model."""
        ...


@dataclass(slots=True)
class Totals:
    """What a run, or one document of it, came to.

    Attributes:
        characters: Characters of text.
        sentences: Sentences of text; those that the network was asked for where there is no
            prefilter.
        passed: Sentences that passed the prefilter.
        windows: Sentences, or windows of long ones, that the network was asked for.
        repeated: Those whose result was known from before.
        reading_seconds: Spent on reading and parsing, summed over processes.
        annotating_seconds: Spent on sentences, filter and network, summed over processes.
    """

    characters: int = 0
    sentences: int = 0
    passed: int = 0
    windows: int = 0
    repeated: int = 0
    reading_seconds: float = 0.0
    annotating_seconds: float = 0.0

    def add(self, other: Totals) -> None:
        """Add what another document came to."""
        for field in fields(self):
            total = getattr(self, field.name) + getattr(other, field.name)
            setattr(self, field.name, total)


@dataclass(frozen=True, slots=True)
class _Outcome:
    result: LabeledDocument | Failure
    totals: Totals


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

            def read(source: Source) -> tuple[Source, Document | Failure, float]:
                started = time.perf_counter()
                document = read_source(reader, source)
                return source, document, time.perf_counter() - started

            for source, document, seconds in map_ahead(thread, read, sources, n_ahead=READ_AHEAD):
                outcome = _annotate(self._extractor, source, document)
                outcome.totals.reading_seconds = seconds
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
        self._pool: WorkerPool[Source, _Outcome] = WorkerPool(
            _work,
            n_workers=n_workers,
            start=_start_worker,
            start_arguments=(open_extractor, n_threads, grobid),
        )

    def annotate(self, sources: Iterable[Source]) -> Iterator[LabeledDocument | Failure]:
        """Yield the labelled document of each source, or why there is none, in order."""
        for outcome in self._pool.map(sources):
            if isinstance(outcome, Died):
                yield death_of(outcome.item, grobid=self._grobid)
                continue
            self.totals.add(outcome.totals)
            yield outcome.result


def build_engine(
    open_extractor: Opener,
    *,
    n_workers: int = 1,
    n_threads: int | None = None,
    grobid: str | None = None,
) -> Engine:
    """Return what annotates on this machine.

    Args:
        open_extractor: Loads the model.
        n_workers: Processes; with 1 the network runs in this one.
        n_threads: Threads of all networks together; with several processes each has one at least.
        grobid: URL of a GROBID service that is to read the PDFs.

    Raises:
        ConfigError: There is no worker, or the URL is none of HTTP.
        ModelError: The model can't be loaded.
    """
    if n_workers < 1:
        raise ConfigError(f"there are {n_workers} workers; valid: 1 or more")
    if n_workers == 1:
        return ThreadEngine(open_extractor(n_threads=n_threads), grobid=grobid)
    per_worker = max(1, (n_threads or 0) // n_workers)
    return ProcessEngine(open_extractor, n_workers=n_workers, n_threads=per_worker, grobid=grobid)


def death_of(source: Source, *, grobid: str | None = None) -> Failure:
    """Return the failure of a source whose process died whenever it worked on it."""
    reason = f"{source.label}: the process that worked on it died, twice (out of memory?)"
    with SourceReader(grobid=grobid) as reader:
        return Failure(source.label, reason, source.id, hash_or_none(reader, source))


def _annotate(extractor: Extractor, source: Source, document: Document | Failure) -> _Outcome:
    if isinstance(document, Failure):
        return _Outcome(document, Totals())
    before = extractor.counts()
    started = time.perf_counter()
    result: LabeledDocument | Failure
    try:
        result = extractor.annotate([document])[0]
    except Exception as error:  # whatever it is, the run goes on and the list of failures has it
        result = failure_of(source, error, sha256=document.provenance.get("sha256"))
    seconds = time.perf_counter() - started
    counts = (b - a for a, b in zip(before, extractor.counts(), strict=True))
    sentences, passed, windows, repeated = counts
    totals = Totals(len(document.text), sentences, passed, windows, repeated)
    totals.annotating_seconds = seconds
    return _Outcome(result, totals)


class _Worker:
    """What a worker process holds."""

    extractor: Extractor
    reader: SourceReader


def _start_worker(open_extractor: Opener, n_threads: int, grobid: str | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Worker.extractor = open_extractor(n_threads=n_threads)
    _Worker.reader = SourceReader(grobid=grobid)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, SIGKILL included."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        sys.stderr.flush()
        os._exit(1)


def _work(source: Source) -> _Outcome:
    started = time.perf_counter()
    document = read_source(_Worker.reader, source)
    seconds = time.perf_counter() - started
    outcome = _annotate(_Worker.extractor, source, document)
    outcome.totals.reading_seconds = seconds
    return outcome
