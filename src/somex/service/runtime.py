"""A running service: the model, its two lanes of work, and who may enter them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from somex.core.types import Document, LabeledDocument
from somex.readers.jsonl import document_to_json
from somex.service.batching import Batcher
from somex.service.engine import Options, Stop
from somex.service.limits import BULK_RETRY_SECONDS, RETRY_SECONDS, Admission, Limits
from somex.service.metrics import Metrics
from somex.service.problems import ProblemError
from somex.service.reading import ReaderPool

N_READERS = 2
"""Processes that read the uploads of requests; jobs have one more."""

QUICK_CHARS = 20_000
"""Longer requests take the other lane, so that short ones need not wait for them."""


class Annotator(Protocol):
    """What annotates documents; `somex.service.engine.Engine` does."""

    def annotate(
        self, documents: Sequence[Document], options: Options, *, stop: Stop | None = None
    ) -> list[LabeledDocument]:
        """Return the documents with their annotation; several threads may call."""
        ...

    def describe(self, options: Options) -> dict[str, Any]:
        """Return what a result says of what made it."""
        ...


class Runtime:
    """What the routes work with.

    Args:
        engine: The loaded model.
        limits: What one request and one client may use.
        metrics: Gets the counts.
    """

    def __init__(self, engine: Annotator, *, limits: Limits, metrics: Metrics) -> None:
        self.engine, self.limits, self.metrics = engine, limits, metrics
        self.is_ready = False
        self.quick_places = Admission(
            "requests", limits.waiting, per_client=limits.per_client, retry_after=RETRY_SECONDS
        )
        self.bulk_places = Admission(
            "requests with files or many texts",
            limits.bulk_waiting,
            retry_after=BULK_RETRY_SECONDS,
        )
        self.readers = ReaderPool(N_READERS)
        self.job_readers = ReaderPool(1)
        self._quick: Batcher | None = None
        self._bulk: Batcher | None = None
        self._watch()

    def _watch(self) -> None:
        watch = self.metrics.watch
        watch("somex_quick_open", "Short requests.", lambda: self.quick_places.n_inside)
        watch("somex_bulk_open", "Long requests.", lambda: self.bulk_places.n_inside)

    async def start(self) -> None:
        """Begin to work; needs a running event loop."""
        self._quick, self._bulk = self._lane("quick"), self._lane("bulk")
        self.is_ready = True

    def _lane(self, name: str) -> Batcher:
        def annotate(
            documents: Sequence[Document], options: Options, stop: Stop
        ) -> list[LabeledDocument]:
            return self.engine.annotate(documents, options, stop=stop)

        def on_batch(n_requests: int) -> None:
            self.metrics.count_batch(name, n_requests)

        lane = Batcher(annotate, name=f"somex-{name}", on_batch=on_batch)
        lane.start()
        return lane

    async def close(self) -> None:
        """Finish what runs, then stop."""
        self.is_ready = False
        for lane in (self._quick, self._bulk):
            if lane is not None:
                with suppress(asyncio.CancelledError):
                    await lane.close()
        for pool in (self.readers, self.job_readers):
            await pool.close()

    async def annotate(
        self, documents: Sequence[Document], options: Options, *, seconds: float | None = None
    ) -> list[dict[str, Any]]:
        """Annotate documents in the lane that their length calls for.

        Args:
            documents: What to read.
            options: Thresholds.
            seconds: Longest time, that of the limits by default.

        Returns:
            The documents as JSON objects.

        Raises:
            ProblemError: It takes longer than that (503).
        """
        n_chars = sum(len(document.text) for document in documents)
        lane = self._quick if n_chars <= QUICK_CHARS else self._bulk
        assert lane is not None, "the runtime is started"
        limit = self.limits.seconds if seconds is None else max(seconds, 0.0)
        try:
            found = await lane.submit(documents, options, seconds=limit)
        except TimeoutError:
            raise self.too_slow() from None
        model = self.engine.describe(options)
        for labeled in found:
            self.metrics.count_document(Counter(str(m.type) for m in labeled.annotation.mentions))
        if n_chars <= QUICK_CHARS:
            return [document_to_json(labeled, model=model) for labeled in found]
        return await asyncio.to_thread(_to_json, found, model)

    def too_slow(self) -> ProblemError:
        """Return the problem of a request that takes longer than is allowed."""
        detail = (
            f"was not done in {self.limits.seconds:g} s, the most that one request may take; "
            "send less at a time, or make it a job (POST /v1/jobs)"
        )
        return ProblemError(503, "time-limit", detail, retry_after=BULK_RETRY_SECONDS)


def _to_json(found: Sequence[LabeledDocument], model: dict[str, Any]) -> list[dict[str, Any]]:
    return [document_to_json(labeled, model=model) for labeled in found]
