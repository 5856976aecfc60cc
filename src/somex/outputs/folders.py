"""Folders that outputs make: written beside their place and moved there when all is well."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from somex.core.errors import FormatError

MARKER = ".somex-output"
"""File in a folder that an output made, so that the next run may replace the folder."""


def check_replaceable(place: Path) -> None:
    """Raise FormatError unless a folder may be made here, or replaced.

    Raises:
        FormatError: A file is there, or a folder with other things than an earlier output.
    """
    if place.is_file():
        raise FormatError("is a file; name a folder", path=str(place))
    is_ours = (place / MARKER).is_file()
    if place.is_dir() and not is_ours and next(place.iterdir(), None) is not None:
        raise FormatError(
            "is a folder that holds other things; name a new or empty one", path=str(place)
        )


@contextmanager
def replace_folder(place: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of ``place`` when the block ends well.

    Raises:
        FormatError: As `check_replaceable`; nothing is changed then.
    """
    check_replaceable(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent))
    try:
        made.chmod(0o777 & ~_umask())
        yield made
        (made / MARKER).write_text("made by somex; the next run replaces this folder\n", "utf-8")
        _swap(made, place)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _swap(made: Path, place: Path) -> None:
    if not place.exists():
        os.replace(made, place)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".old", dir=place.parent))
    os.replace(place, old / "old")
    try:
        os.replace(made, place)
    except OSError:
        os.replace(old / "old", place)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
