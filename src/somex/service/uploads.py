"""Uploaded files become annotated documents, one part after the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.datastructures import UploadFile

from somex.service.engine import Options
from somex.service.problems import ProblemError
from somex.service.reading import (
    ReaderDiedError,
    Reading,
    Unread,
    UploadFolder,
    temporary_folder,
)
from somex.service.runtime import Runtime


async def save_files(folder: UploadFolder, files: Sequence[UploadFile]) -> None:
    """Copy uploaded files into a folder."""
    for file in files:
        await asyncio.to_thread(folder.add, file.filename, file.file)


async def extract_files(
    runtime: Runtime, files: Sequence[UploadFile], options: Options, place: Path
) -> dict[str, Any]:
    """Annotate what uploaded files hold; they are deleted before this returns.

    Returns:
        ``documents`` and ``failures``.

    Raises:
        ProblemError: It takes too long (503), or there are too many documents (413).
    """
    until = time.monotonic() + runtime.limits.seconds
    documents, failures = [], []
    try:
        async with temporary_folder(place) as folder:
            await save_files(folder, files)
            n_most = runtime.limits.unpacked_bytes
            async with runtime.readers.open(folder, unpacked_bytes=n_most, until=until) as reading:
                check_number(reading, runtime.limits.documents)
                for index in range(len(reading.ids)):
                    found = await annotate_part(runtime, reading, index, options, until=until)
                    if isinstance(found, Unread):
                        failures.append({"id": found.id, "reason": found.reason})
                    else:
                        documents.append(found)
    except TimeoutError:
        raise runtime.too_slow() from None
    except ReaderDiedError as error:
        raise ProblemError(422, "unreadable", f"the upload can't be read: {error}") from None
    return {"documents": documents, "failures": failures}


def check_number(reading: Reading, n_most: int) -> None:
    """Raise ProblemError where an upload holds more documents than are taken."""
    if len(reading.ids) > n_most:
        detail = f"holds {len(reading.ids):,} documents; at most {n_most:,} are taken at once"
        raise ProblemError(413, "too-many-documents", detail)


async def annotate_part(
    runtime: Runtime, reading: Reading, index: int, options: Options, *, until: float
) -> dict[str, Any] | Unread:
    """Read and annotate a part of an upload.

    Returns:
        The document as a JSON object, or why there is none.

    Raises:
        TimeoutError: Reading took too long.
        ProblemError: Annotating took too long (503).
    """
    read = await reading.read(index, until=until)
    if isinstance(read, Unread):
        runtime.metrics.count_failure()
        return read
    (found,) = await runtime.annotate([read], options, seconds=until - time.monotonic())
    return found
