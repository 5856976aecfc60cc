"""What one request and one client may use, and the count of who uses it now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from somex.core.config import check_ranges
from somex.service.problems import ProblemError

RETRY_SECONDS = 1
BULK_RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a service.

    Attributes:
        body_bytes: Longest body of a request.
        unpacked_bytes: Most bytes that the files of one request unpack to.
        documents: Most documents of one request.
        seconds: Longest time that a request may take.
        body_seconds: Longest time between two parts of a body that comes in.
        waiting: Most short requests that run or wait.
        per_client: Most of them that one client may have (a key, or else an address).
        bulk_waiting: Most requests with files or many documents that run or wait.
        open_requests: Most requests of any kind at a time.
        jobs: Most jobs that wait or run; one client may have a quarter of them.
        job_documents: Most documents of one job.
        keep_hours: Time for which the result of a job is kept.
    """

    body_bytes: int = 32 << 20
    unpacked_bytes: int = 256 << 20
    documents: int = 1000
    seconds: float = 60.0
    body_seconds: float = 20.0
    waiting: int = 64
    per_client: int = 32
    bulk_waiting: int = 8
    open_requests: int = 256
    jobs: int = 100
    job_documents: int = 100_000
    keep_hours: float = 24.0

    def __post_init__(self) -> None:
        ranges: dict[str, tuple[float, float]] = {
            "body_bytes": (1 << 10, 1 << 32),
            "unpacked_bytes": (1 << 10, 1 << 36),
            "documents": (1, 1_000_000),
            "seconds": (0.1, 86_400),
            "body_seconds": (0.1, 3600),
            "waiting": (1, 100_000),
            "per_client": (1, 100_000),
            "bulk_waiting": (1, 10_000),
            "open_requests": (1, 100_000),
            "jobs": (1, 1_000_000),
            "job_documents": (1, 100_000_000),
            "keep_hours": (0.0, 24 * 365),
        }
        check_ranges(self, ranges)


class Admission:
    """Counts who runs or waits, and refuses those for whom there is no room.

    Args:
        name: What is counted, for the message.
        most: Most at a time.
        per_client: Most of one client at a time; as many as there is room for by default.
        retry_after: Seconds that a refused client is told to wait.
    """

    def __init__(
        self, name: str, most: int, *, per_client: int | None = None, retry_after: int
    ) -> None:
        self._name, self._most, self._retry_after = name, most, retry_after
        self._per_client = min(per_client or most, most)
        self._of_client: Counter[str] = Counter()
        self.n_inside = 0
        """How many run or wait now."""
        self.n_refused: Counter[int] = Counter()
        """Status -> how many were refused with it."""

    @contextmanager
    def enter(self, client: str) -> Iterator[None]:
        """Hold a place for the length of a block.

        Raises:
            ProblemError: The service is full (503) or the client has too many requests (429).
        """
        if self.n_inside >= self._most:
            self._refuse(503, "busy", f"{self._most} {self._name} run or wait already")
        if self._of_client[client] >= self._per_client:
            detail = f"{self._per_client} {self._name} of this client run or wait already"
            self._refuse(429, "too-many-requests", detail)
        self.n_inside += 1
        self._of_client[client] += 1
        try:
            yield
        finally:
            self.n_inside -= 1
            self._of_client[client] -= 1
            if not self._of_client[client]:
                del self._of_client[client]

    def _refuse(self, status: int, kind: str, detail: str) -> None:
        self.n_refused[status] += 1
        detail = f"{detail}; send the request again in {self._retry_after} s"
        raise ProblemError(status, kind, detail, retry_after=self._retry_after)
