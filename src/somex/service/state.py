"""The folder in which a service keeps jobs and, for a moment, uploads."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from somex.core.errors import FormatError


@contextmanager
def state_folder(place: Path | None) -> Iterator[Path]:
    """Hold a folder for one service; uploads that an ended one left are deleted.

    Args:
        place: The folder, made where it is missing; None for a temporary one.

    Raises:
        FormatError: It can't be made, or another service holds it.
    """
    if place is None:
        with tempfile.TemporaryDirectory(prefix="somex-serve-") as name, state_folder(Path(name)):
            yield Path(name)
        return
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (place / "lock").open("w")
    except OSError as error:
        message = f"can't keep the jobs: {error.strerror}"
        raise FormatError(message, path=str(place)) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = "is in use by another `somex serve`; name another folder with --state"
            raise FormatError(message, path=str(place)) from None
        shutil.rmtree(place / "uploads", ignore_errors=True)
        (place / "uploads").mkdir()
        yield place
