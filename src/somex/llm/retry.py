"""When to ask again and when: back-off, ``Retry-After``, and a pause that all requests keep."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

_JITTER = 0.25


class HttpFault(StrEnum):
    """What can go wrong between the client and an answer."""

    RATE_LIMITED = "rate limited"
    SERVER_ERROR = "server error"
    TIMEOUT = "time-out"
    NO_CONNECTION = "no connection"
    HANG_UP = "hang-up"
    BROKEN_RESPONSE = "broken response"
    REFUSED = "refused"


class FaultTally:
    """Counts faults, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[HttpFault] = Counter()

    def add(self, fault: HttpFault) -> None:
        """Count a fault."""
        with self._lock:
            self._counts[fault] += 1

    def to_json(self) -> dict[str, int]:
        """Return the counts by name, those of 0 too."""
        with self._lock:
            return {str(fault): self._counts[fault] for fault in HttpFault}


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a request is sent again.

    Attributes:
        n_retries: Repetitions before it is given up.
        first: Seconds before the first one; each further wait is twice as long.
        most: Longest wait in seconds.
    """

    n_retries: int = 5
    first: float = 1.0
    most: float = 120.0

    def wait(self, n_failed: int, *, asked: float | None, rng: random.Random) -> float | None:
        """Return the seconds to wait after the ``n_failed``-th failure; None gives up.

        Args:
            n_failed: Failures of the request so far, 1 or more.
            asked: Seconds that the server asks for; None where it does not say.
            rng: Spreads the waits, so that requests that failed together do not return together.
        """
        if n_failed > self.n_retries:
            return None
        if asked is not None:
            return asked if asked <= self.most else None
        wait: float = min(self.most, self.first * 2.0 ** (n_failed - 1))
        return wait * (1.0 - _JITTER * rng.random())


def parse_retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for (RFC 9110, 10.2.3).

    Args:
        value: Seconds, or a date; None and anything else give None.
        now: The time to count from; the present by default.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return seconds if 0.0 <= seconds < float("inf") else None
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


class Gate:
    """Holds all requests back while a server asks for a pause."""

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep, self._clock = sleep, clock
        self._lock = threading.Lock()
        self._open_at = 0.0

    def close(self, seconds: float) -> None:
        """Keep the gate closed for so many seconds from now."""
        with self._lock:
            self._open_at = max(self._open_at, self._clock() + seconds)

    def wait(self) -> None:
        """Wait until the gate is open."""
        while True:
            with self._lock:
                left = self._open_at - self._clock()
            if left <= 0.0:
                return
            self._sleep(left)
