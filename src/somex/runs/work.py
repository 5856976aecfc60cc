"""The work on sources, in whatever process: read, annotate, count what it came to."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Protocol

from somex.core.types import Document, LabeledDocument
from somex.pipeline import Extractor, Failure, failure_of, hash_or_none, read_source
from somex.readers.inputs import Source
from somex.readers.papers import SourceReader

N_REPEATS = 20_000
"""Results of sentences that a run keeps for when they come again, in each process."""

GROUP_DOCUMENTS = 8
"""So many documents are annotated together at most: the prefilter leaves few sentences of one."""

GROUP_CHARACTERS = 200_000
"""A group that has so many is full."""


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
class Outcome:
    """What became of a source, and what it came to."""

    result: LabeledDocument | Failure
    totals: Totals


class Worker:
    """Reads and annotates sources, with a network of its own.

    Args:
        open_extractor: Loads the model.
        n_threads: Threads of the network.
        grobid: URL of a GROBID service that is to read the PDFs.
    """

    def __init__(self, open_extractor: Opener, n_threads: int, grobid: str | None) -> None:
        self._extractor = open_extractor(n_threads=n_threads)
        self._reader = SourceReader(grobid=grobid)

    def work(self, sources: Sequence[Source]) -> list[Outcome]:
        """Return the labelled document of each source, or why there is none."""
        return [*annotate_stream(self._extractor, (read_timed(self._reader, s) for s in sources))]


@dataclass(frozen=True, slots=True)
class WhatWasRead:
    """A source's document, or why there is none, and how long that took."""

    source: Source
    document: Document | Failure
    seconds: float

    @property
    def n_characters(self) -> int:
        """Length of the text."""
        return 0 if isinstance(self.document, Failure) else len(self.document.text)


def read_timed(reader: SourceReader, source: Source) -> WhatWasRead:
    """Read a source."""
    started = time.perf_counter()
    document = read_source(reader, source)
    return WhatWasRead(source, document, time.perf_counter() - started)


def annotate_stream(extractor: Extractor, read: Iterable[WhatWasRead]) -> Iterator[Outcome]:
    """Annotate documents as they come, in order, some together so that batches are full.

    A model whose results may depend on the batch gets one document at a time: what a document
    comes to must not depend on its neighbours.
    """
    n_most = GROUP_DOCUMENTS if extractor.may_share_batches else 1
    group: list[WhatWasRead] = []
    for one in read:
        group.append(one)
        if len(group) >= n_most or sum(g.n_characters for g in group) >= GROUP_CHARACTERS:
            yield from _annotate_group(extractor, group)
            group = []
    yield from _annotate_group(extractor, group)


def _annotate_group(extractor: Extractor, group: Sequence[WhatWasRead]) -> Iterator[Outcome]:
    """Annotate documents together; where that fails, one by one, to find whose fault it is.

    What the network was asked for is put down to the first document.
    """
    documents = [one.document for one in group if isinstance(one.document, Document)]
    before = extractor.counts()
    started = time.perf_counter()
    results: Iterator[LabeledDocument | Failure]
    try:
        results = iter(extractor.annotate(documents) if documents else [])
    except Exception as error:  # whatever it is, the run goes on and the list of failures has it
        if len(group) > 1:
            for one in group:
                yield from _annotate_group(extractor, [one])
            return
        sha256 = documents[0].provenance.get("sha256")
        results = iter([failure_of(group[0].source, error, sha256=sha256)])
    counts = [b - a for a, b in zip(before, extractor.counts(), strict=True)]
    totals = Totals(0, *counts)
    totals.annotating_seconds = time.perf_counter() - started
    for one in group:
        totals.characters, totals.reading_seconds = one.n_characters, one.seconds
        failed = one.document if isinstance(one.document, Failure) else None
        yield Outcome(failed or next(results), totals)
        totals = Totals()


def death_of(source: Source, *, grobid: str | None = None) -> Failure:
    """Return the failure of a source whose process died whenever it worked on it."""
    reason = f"{source.label}: the process that worked on it died, twice (out of memory?)"
    with SourceReader(grobid=grobid) as reader:
        return Failure(source.label, reason, source.id, hash_or_none(reader, source))
