"""Runs the jobs, one after the other, and goes on after a restart where it stopped."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from starlette.datastructures import UploadFile

from somex.core.errors import SomexError
from somex.core.types import Document
from somex.service.engine import Options
from somex.service.job_store import Job, JobStore, Status, new_id
from somex.service.problems import ProblemError, printable
from somex.service.reading import ReaderDiedError, Reading, Unread, UploadFolder
from somex.service.runtime import Runtime
from somex.service.uploads import annotate_part, check_number, save_files

log = logging.getLogger("somex.service")

PURGE_SECONDS = 600.0


class JobRunner:
    """Takes jobs, runs them and keeps what comes out.

    Args:
        runtime: Annotates.
        store: Keeps the jobs.
        folder: Keeps their files until they are done.
    """

    def __init__(self, runtime: Runtime, store: JobStore, folder: Path) -> None:
        self._runtime, self.store, self._folder = runtime, store, folder
        self._limits = runtime.limits
        self._has_work = asyncio.Event()
        self._is_closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._current: tuple[str, asyncio.Task[None]] | None = None

    def start(self) -> None:
        """Begin to work; needs a running event loop."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if n_stopped := self.store.requeue():
            log.warning("%d jobs that were stopped go on", n_stopped)
        known = self.store.ids()
        for path in self._folder.iterdir():
            if path.name not in known:
                shutil.rmtree(path, ignore_errors=True)
        self._has_work.set()
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._purge())]

    async def close(self) -> None:
        """Finish the document that is read now; the rest waits for the next start."""
        self._is_closing = True
        self._has_work.set()
        if self._current is not None:
            _, task = self._current
            await asyncio.wait([task], timeout=self._limits.seconds)
            task.cancel()
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self.store.close()

    async def add(
        self,
        owner: str,
        options: Options,
        *,
        files: Sequence[UploadFile] = (),
        texts: Sequence[tuple[str, str]] = (),
    ) -> Job:
        """Take a job.

        Raises:
            ProblemError: Too many jobs wait already (503), or too many of this client (429).
        """
        self._check_room(owner)
        id = new_id()
        if files:
            path = self._folder / id
            path.mkdir()
            await save_files(UploadFolder(path), files)
        await asyncio.to_thread(self.store.add, owner, options, texts, id=id)
        self._has_work.set()
        job = self.store.get(id)
        assert job is not None
        return job

    def _check_room(self, owner: str) -> None:
        most, of_client = self._limits.jobs, max(1, self._limits.jobs // 4)
        if self.store.count_open() >= most:
            detail = f"{most} jobs wait or run already; try again in 60 s"
            raise ProblemError(503, "busy", detail, retry_after=60)
        if self.store.count_open(owner) >= of_client:
            detail = f"{of_client} jobs of this client wait or run already; try again in 60 s"
            raise ProblemError(429, "too-many-requests", detail, retry_after=60)

    async def delete(self, id: str) -> None:
        """Stop a job where it runs, and delete all that belongs to it."""
        await asyncio.to_thread(self.store.delete, id)
        if self._current is not None and self._current[0] == id:
            self._current[1].cancel()
        await asyncio.to_thread(shutil.rmtree, self._folder / id, ignore_errors=True)

    async def _run(self) -> None:
        while not self._is_closing:
            self._has_work.clear()
            job = await asyncio.to_thread(self.store.next_queued)
            if job is None:
                await self._has_work.wait()
                continue
            task = asyncio.create_task(self._run_job(job))
            self._current = (job.id, task)
            await asyncio.wait([task])
            self._current = None

    async def _run_job(self, job: Job) -> None:
        """Run a job to its end, or until it is deleted or the service stops."""
        self.store.set_status(job.id, Status.RUNNING)
        try:
            is_over = await self._work(job)
        except (SomexError, ProblemError) as error:
            self._end(job, Status.FAILED, error=printable(getattr(error, "detail", str(error))))
        except TimeoutError:
            self._end(job, Status.FAILED, error="its files took too long to be looked through")
        except Exception:
            log.exception("job %s failed", job.id)
            self._end(job, Status.FAILED, error="an error in the service; its log tells more")
        else:
            if is_over:
                self._end(job, Status.DONE)

    def _end(self, job: Job, status: Status, *, error: str | None = None) -> None:
        self.store.set_status(job.id, status, error=error)
        shutil.rmtree(self._folder / job.id, ignore_errors=True)

    async def _work(self, job: Job) -> bool:
        """Annotate what is not annotated yet; return whether that is all."""
        path = self._folder / job.id
        if not path.is_dir():
            return await self._work_through(job, None, job.n_total or 0)
        folder = UploadFolder(path, sorted(item.name for item in path.iterdir()))
        n_most, until = self._limits.unpacked_bytes, time.monotonic() + self._limits.seconds
        async with self._runtime.job_readers.open(
            folder, unpacked_bytes=n_most, until=until
        ) as reading:
            check_number(reading, self._limits.job_documents)
            self.store.set_total(job.id, len(reading.ids))
            return await self._work_through(job, reading, len(reading.ids))

    async def _work_through(self, job: Job, reading: Reading | None, n_total: int) -> bool:
        done = self.store.done_positions(job.id)
        for position in range(n_total):
            if position in done:
                continue
            if self._is_closing:
                return False
            found = await self._outcome(job, reading, position)
            if isinstance(found, Unread):
                failure = {"id": found.id, "reason": found.reason}
                self.store.put_outcome(job.id, position, failure, is_failure=True)
            else:
                self.store.put_outcome(job.id, position, found, is_failure=False)
        return True

    async def _outcome(
        self, job: Job, reading: Reading | None, position: int
    ) -> dict[str, Any] | Unread:
        """Return the annotated document at a position, or why there is none."""
        until = time.monotonic() + self._limits.seconds
        text = self.store.text(job.id, position) if reading is None else None
        id = reading.ids[position] if reading is not None else (text or ("?", ""))[0]
        try:
            if reading is not None:
                return await annotate_part(
                    self._runtime, reading, position, job.options, until=until
                )
            if text is None:
                return Unread(id, "its text is gone")
            (found,) = await self._runtime.annotate([Document(*text)], job.options)
            return found
        except (TimeoutError, ProblemError):
            return Unread(id, f"took longer than {self._limits.seconds:g} s")
        except ReaderDiedError as error:
            return Unread(id, str(error))
        except Exception:  # whatever it is, the job goes on and the log has it
            log.exception("document %d of job %s failed", position, job.id)
            return Unread(id, "an error in the service; its log tells more")

    async def _purge(self) -> None:
        """Delete the results that are older than they are kept."""
        while True:
            before = time.time() - 3600 * self._limits.keep_hours
            for job in await asyncio.to_thread(self.store.expired, before):
                await self.delete(job.id)
            await asyncio.sleep(PURGE_SECONDS)
