"""The work on one source, in whatever process: read it, annotate it, count what it came to."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from typing import Protocol

from somex.core.types import Document, LabeledDocument
from somex.pipeline import Extractor, Failure, failure_of, hash_or_none, read_source
from somex.readers.inputs import Source
from somex.readers.papers import SourceReader

N_REPEATS = 20_000
"""Results of sentences that a run keeps for when they come again, in each process."""


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

    def work(self, source: Source) -> Outcome:
        """Return the labelled document of a source, or why there is none."""
        started = time.perf_counter()
        document = read_source(self._reader, source)
        seconds = time.perf_counter() - started
        outcome = annotate_document(self._extractor, source, document)
        outcome.totals.reading_seconds = seconds
        return outcome


def annotate_document(
    extractor: Extractor, source: Source, document: Document | Failure
) -> Outcome:
    """Annotate what was read; an error becomes a failure."""
    if isinstance(document, Failure):
        return Outcome(document, Totals())
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
    return Outcome(result, totals)


def death_of(source: Source, *, grobid: str | None = None) -> Failure:
    """Return the failure of a source whose process died whenever it worked on it."""
    reason = f"{source.label}: the process that worked on it died, twice (out of memory?)"
    with SourceReader(grobid=grobid) as reader:
        return Failure(source.label, reason, source.id, hash_or_none(reader, source))
