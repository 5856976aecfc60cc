"""Counts of what the service does, in the form of Prometheus; one registry an app."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES = (1, 2, 4, 8, 16, 32)


class Metrics:
    """The counters of one app."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        ProcessCollector(registry=registry)
        labels = ("method", "route", "status")
        self._requests = Counter("somex_requests", "Answered requests.", labels, registry=registry)
        self._seconds = Histogram(
            "somex_request_seconds",
            "Time to the end of the answer.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._batches = Histogram(
            "somex_batch_requests",
            "Requests of a batch.",
            ("lane",),
            buckets=_SIZES,
            registry=registry,
        )
        self._documents = Counter("somex_documents", "Annotated documents.", registry=registry)
        self._mentions = Counter(
            "somex_mentions", "Mentions found, by type.", ("type",), registry=registry
        )
        self._failures = Counter(
            "somex_failures", "Sources that could not be read.", registry=registry
        )

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request under the pattern of its route."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_batch(self, lane: str, n_requests: int) -> None:
        """Count a batch."""
        self._batches.labels(lane).observe(n_requests)

    def count_document(self, mentions: Mapping[str, int]) -> None:
        """Count an annotated document, with its mentions by type."""
        self._documents.inc()
        for type, n_mentions in mentions.items():
            self._mentions.labels(type).inc(n_mentions)

    def count_failure(self) -> None:
        """Count a source that could not be read."""
        self._failures.inc()

    def watch(self, name: str, help: str, value: Callable[[], float]) -> None:
        """Let a gauge show what a function returns."""
        Gauge(name, help, registry=self.registry).set_function(value)

    def format(self) -> bytes:
        """Return all counts as text."""
        return generate_latest(self.registry)
