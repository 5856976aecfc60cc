"""Jobs in SQLite: what was asked for, how far it is, and what came out."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from somex.core.errors import FormatError
from somex.service.engine import Options

_VERSION = 1
_PAGE_ROWS = 20
_TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, status TEXT NOT NULL, options TEXT NOT NULL,
    created REAL NOT NULL, finished REAL, n_total INTEGER, error TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS texts (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, position INTEGER NOT NULL,
    id TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outcomes (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, position INTEGER NOT NULL,
    is_failure INTEGER NOT NULL, content TEXT NOT NULL, PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;
"""


class Status(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


_OPEN = (Status.QUEUED, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is now.

    Attributes:
        id: Its name, which can't be guessed.
        owner: The client that asked for it.
        status: Where it is.
        options: Thresholds.
        created: When it came, in seconds since 1970.
        finished: When it was done or failed.
        n_total: Number of its documents, once that is known.
        n_done: Documents annotated so far.
        n_failed: Documents that could not be read so far.
        error: Why it failed as a whole.
    """

    id: str
    owner: str
    status: Status
    options: Options
    created: float
    finished: float | None
    n_total: int | None
    n_done: int
    n_failed: int
    error: str | None


class JobStore:
    """The jobs of a service.

    Args:
        path: The SQLite file, made where it is missing.

    Raises:
        FormatError: The file is no such store.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise FormatError(f"has version {version}; known: {_VERSION}", path=str(path))
            for pragma in ("journal_mode = WAL", "foreign_keys = ON", "secure_delete = ON"):
                self._db.execute(f"PRAGMA {pragma}")
            self._db.executescript(_TABLES)
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
        except sqlite3.DatabaseError as error:
            raise FormatError(f"is no store of jobs: {error}", path=str(path)) from None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def add(
        self, owner: str, options: Options, texts: Sequence[tuple[str, str]] = (), *, id: str
    ) -> None:
        """Add a job that waits.

        Args:
            owner: The client.
            options: Thresholds.
            texts: Ids and texts, where the job has no files.
            id: What to call it, see `new_id`.
        """
        chosen = json.dumps({"min_confidence": options.min_confidence, "lean": options.lean})
        row = (id, owner, Status.QUEUED.value, chosen, time.time(), len(texts) or None)
        with self._writing() as db:
            db.execute(
                "INSERT INTO jobs (id, owner, status, options, created, n_total) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            rows = [(id, position, *item) for position, item in enumerate(texts)]
            db.executemany("INSERT INTO texts VALUES (?, ?, ?, ?)", rows)

    def get(self, id: str) -> Job | None:
        """Return a job, None where there is none."""
        return next(iter(self._select("WHERE id = ?", (id,))), None)

    def of_owner(self, owner: str, *, limit: int) -> list[Job]:
        """Return the jobs of a client, the newest first."""
        return self._select("WHERE owner = ? ORDER BY created DESC LIMIT ?", (owner, limit))

    def next_queued(self) -> Job | None:
        """Return the job that waits longest, None where none waits."""
        found = self._select("WHERE status = ? ORDER BY created LIMIT 1", (Status.QUEUED.value,))
        return found[0] if found else None

    def expired(self, before: float) -> list[Job]:
        """Return the jobs that ended before a time."""
        return self._select("WHERE finished < ?", (before,))

    def ids(self) -> set[str]:
        """Return the ids of all jobs."""
        with self._lock:
            return {row[0] for row in self._db.execute("SELECT id FROM jobs")}

    def _select(self, where: str, values: Sequence[Any]) -> list[Job]:
        counts = "(SELECT COUNT(*) FROM outcomes WHERE job = jobs.id AND is_failure = {})"
        query = (
            "SELECT id, owner, status, options, created, finished, n_total, "
            f"{counts.format(0)}, {counts.format(1)}, error FROM jobs {where}"
        )
        with self._lock, closing(self._db.execute(query, values)) as rows:
            return [
                Job(row[0], row[1], Status(row[2]), Options(**json.loads(row[3])), *row[4:])
                for row in rows
            ]

    def count_open(self, owner: str | None = None) -> int:
        """Count the jobs that wait or run, those of a client where one is named."""
        query = "SELECT COUNT(*) FROM jobs WHERE status IN (?, ?) AND (? IS NULL OR owner = ?)"
        with self._lock:
            found: int = self._db.execute(query, (*_OPEN, owner, owner)).fetchone()[0]
        return found

    def set_status(self, id: str, status: Status, *, error: str | None = None) -> None:
        """Change where a job is; one that ends loses its texts."""
        is_over = status not in _OPEN
        finished = time.time() if is_over else None
        with self._writing() as db:
            db.execute(
                "UPDATE jobs SET status = ?, finished = ?, error = ? WHERE id = ?",
                (status.value, finished, error, id),
            )
            if is_over:
                db.execute("DELETE FROM texts WHERE job = ?", (id,))

    def set_total(self, id: str, n_total: int) -> None:
        """Tell how many documents a job has."""
        with self._writing() as db:
            db.execute("UPDATE jobs SET n_total = ? WHERE id = ?", (n_total, id))

    def requeue(self) -> int:
        """Let the jobs wait that were running when the service ended; return how many."""
        with self._writing() as db:
            return db.execute(
                "UPDATE jobs SET status = ? WHERE status = ?",
                (Status.QUEUED.value, Status.RUNNING.value),
            ).rowcount

    def text(self, id: str, position: int) -> tuple[str, str] | None:
        """Return id and text of a document of a job without files."""
        query = "SELECT id, text FROM texts WHERE job = ? AND position = ?"
        with self._lock:
            found: tuple[str, str] | None = self._db.execute(query, (id, position)).fetchone()
        return found

    def done_positions(self, id: str) -> set[int]:
        """Return the positions that have an outcome."""
        with self._lock:
            rows = self._db.execute("SELECT position FROM outcomes WHERE job = ?", (id,))
            return {row[0] for row in rows}

    def put_outcome(
        self, id: str, position: int, content: dict[str, Any], *, is_failure: bool
    ) -> None:
        """Keep what came out for a document, unless the job was deleted meanwhile."""
        raw = json.dumps(content, ensure_ascii=False)
        with self._writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO outcomes SELECT id, ?, ?, ? FROM jobs WHERE id = ?",
                (position, int(is_failure), raw, id),
            )

    def outcomes(self, id: str, *, is_failure: bool) -> Iterator[str]:
        """Yield what came out, in order, as JSON; a page of rows at a time."""
        query = (
            "SELECT position, content FROM outcomes WHERE job = ? AND is_failure = ? "
            "AND position > ? ORDER BY position LIMIT ?"
        )
        last = -1
        while True:
            with self._lock:
                values = (id, int(is_failure), last, _PAGE_ROWS)
                rows = self._db.execute(query, values).fetchall()
            if not rows:
                return
            yield from (content for _, content in rows)
            last = rows[-1][0]

    def delete(self, id: str) -> None:
        """Delete a job with all that belongs to it."""
        with self._writing() as db:
            db.execute("DELETE FROM jobs WHERE id = ?", (id,))


def new_id() -> str:
    """Return an id for a job, which can't be guessed."""
    return secrets.token_hex(16)
