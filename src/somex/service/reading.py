"""Reads uploads in a process of its own, which is killed where it takes too long."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from somex.core.errors import SomexError
from somex.core.types import Document
from somex.readers.jsonl import document_from_json
from somex.service.reading_child import LENGTH, frame

_MAX_UPLOADS_OF_PROCESS = 200
_UNSAFE = re.compile(r"[^\w.+-]+")
_COPY_BYTES = 1 << 20


class ReaderDiedError(SomexError):
    """The reading process ended by itself: a file made it need too much memory, or crash."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of an upload that could not be read, and why."""

    id: str
    reason: str


class ReaderProcess:
    """One process that reads; it starts when it is needed and serves one upload at a time."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._n_uploads = 0

    async def ask(self, message: dict[str, Any], *, until: float) -> dict[str, Any]:
        """Send a message and return the answer.

        Args:
            message: What to do.
            until: Time of `time.monotonic` at which the process is killed.

        Raises:
            TimeoutError: There was no answer in time.
            ReaderDiedError: The process ended.
        """
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(until - time.monotonic()):
                process.stdin.write(frame(message))
                await process.stdin.drain()
                head = await process.stdout.readexactly(LENGTH.size)
                raw = await process.stdout.readexactly(*LENGTH.unpack(head))
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.kill()
            raise ReaderDiedError("reading it broke down or needed too much memory") from None
        except BaseException:  # too late, or nobody waits any more: the state is unknown
            await self.kill()
            raise
        found: dict[str, Any] = await asyncio.to_thread(json.loads, raw)
        return found

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._n_uploads = 0
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "somex.service.reading_child",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # an interrupt of the terminal is the service's matter
            )
        return self._process

    async def finish(self) -> None:
        """Forget an upload; now and then begin with a new process."""
        self._n_uploads += 1
        if self._process is None:
            return
        if self._n_uploads >= _MAX_UPLOADS_OF_PROCESS:
            await self.kill()
        else:
            with suppress(TimeoutError, ReaderDiedError):
                await self.ask({"close": True}, until=time.monotonic() + 10)

    async def kill(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _environment() -> dict[str, str]:
    kept = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "HOME")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "OMP_NUM_THREADS": "1"
    }


def safe_name(name: str | None) -> str:
    """Return a file name that a client gave without anything that has a meaning in paths."""
    last = PurePosixPath((name or "").replace("\\", "/")).name
    plain = _UNSAFE.sub("_", last.encode("utf-8", "replace").decode()).lstrip(".-")
    stem, dot, suffixes = plain.partition(".")
    return f"{stem[:80]}{dot}{suffixes[-40:]}".strip() or "upload"


@dataclass(slots=True)
class UploadFolder:
    """A folder with uploaded files, under names of their own."""

    path: Path
    names: list[str] = field(default_factory=list)

    def add(self, name: str | None, content: BinaryIO) -> None:
        """Copy a file into the folder."""
        wanted = chosen = safe_name(name)
        n_same = 1
        while chosen in self.names:
            n_same += 1
            chosen = f"{n_same}-{wanted}"
        with (self.path / chosen).open("xb") as stream:
            shutil.copyfileobj(content, stream, _COPY_BYTES)
        self.names.append(chosen)


@asynccontextmanager
async def temporary_folder(place: Path) -> AsyncIterator[UploadFolder]:
    """Make a folder for uploads that is deleted when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="upload-", dir=place))
    try:
        yield UploadFolder(folder)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


class Reading:
    """The parts of an upload, to be read one by one.

    Args:
        process: Reads them; nobody else uses it meanwhile.
        message: What lets a process list the parts.
    """

    def __init__(self, process: ReaderProcess, message: dict[str, Any]) -> None:
        self._process, self._message = process, message
        self._is_open = False
        self.ids: list[str] = []
        """The ids of the parts."""

    async def open(self, *, until: float) -> None:
        """List the parts.

        Raises:
            TimeoutError: They were not listed in time.
            ReaderDiedError: The process ended.
        """
        answer = await self._process.ask(self._message, until=until)
        self.ids = list(answer["ids"])
        self._is_open = True

    async def read(self, index: int, *, until: float) -> Document | Unread:
        """Read a part; one that ends the process is told like one that can't be read.

        Raises:
            TimeoutError: It was not read in time.
        """
        try:
            if not self._is_open:
                await self.open(until=until)
            self._is_open = False
            answer = await self._process.ask({"index": index}, until=until)
            self._is_open = True
        except ReaderDiedError as error:
            return Unread(self.ids[index], str(error))
        if "document" in answer:
            labeled = await asyncio.to_thread(document_from_json, answer["document"])
            return labeled.document
        return Unread(answer["id"], answer["reason"])


class ReaderPool:
    """Some reading processes, each lent to one request at a time."""

    def __init__(self, n_processes: int) -> None:
        self._all = [ReaderProcess() for _ in range(n_processes)]
        self._free: asyncio.Queue[ReaderProcess] = asyncio.Queue()
        for process in self._all:
            self._free.put_nowait(process)

    @asynccontextmanager
    async def open(
        self, folder: UploadFolder, *, unpacked_bytes: int, until: float
    ) -> AsyncIterator[Reading]:
        """List the parts of the files of a folder.

        Raises:
            TimeoutError: They were not listed in time, waiting for a process included.
            ReaderDiedError: The process ended.
        """
        async with asyncio.timeout(until - time.monotonic()):
            process = await self._free.get()
        try:
            message = {"folder": str(folder.path.resolve()), "names": folder.names}
            reading = Reading(process, message | {"unpacked_bytes": unpacked_bytes})
            await reading.open(until=until)
            yield reading
        finally:
            await process.finish()
            self._free.put_nowait(process)

    async def close(self) -> None:
        """End all processes."""
        for process in self._all:
            await process.kill()
