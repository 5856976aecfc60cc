"""Conversion between formats: writes beside the target and moves it there when all is well."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from pathlib import Path

from somex.core.errors import FormatError
from somex.readers.losses import WriteReport
from somex.readers.problems import ReadWarning
from somex.readers.registry import Format, detect_format, formats, get_format

_BY_SUFFIX = {".jsonl": "jsonl", ".ndjson": "jsonl", ".xml": "softcite"}


def convert_corpus(
    source: str | Path,
    target: str | Path,
    *,
    source_format: str | None = None,
    target_format: str | None = None,
    overwrite: bool = False,
) -> tuple[WriteReport, list[str]]:
    """Convert a corpus.

    Args:
        source: File or folder to read.
        target: File or folder to write; its parent is made if missing.
        source_format: Name of the source's format; found out unless given.
        target_format: Name of the target's format; known by suffix for files unless given.
        overwrite: Replace a target file that is there.

    Returns:
        The counts with what the target could not hold, and the reader's warnings.

    Raises:
        FormatError: A format is unknown or only read, the source breaks its format, or the
            target is there already. The target is then as it was.
    """
    read = detect_format(source) if source_format is None else get_format(source_format)
    written = _target_format(Path(target), target_format)
    if written.write is None:
        raise FormatError(f"format {written.name!r} is only read; write {_writable()}")
    place = Path(target)
    _check_free(place, overwrite=overwrite)
    place.parent.mkdir(parents=True, exist_ok=True)
    workplace = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent))
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ReadWarning)
            report = written.write(read.read(Path(source)), workplace / place.name)
        _move(workplace / place.name, place)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
    notes = [str(one.message) for one in caught if issubclass(one.category, ReadWarning)]
    return report, notes


def _target_format(target: Path, name: str | None) -> Format:
    if name is not None:
        return get_format(name)
    guess = _BY_SUFFIX.get(target.suffix.lower())
    if guess is None:
        message = f"its name does not tell the format; name one of {_writable()}"
        raise FormatError(message, path=str(target))
    return get_format(guess)


def _writable() -> str:
    return ", ".join(name for name, found in formats().items() if found.write is not None)


def _check_free(target: Path, *, overwrite: bool) -> None:
    if target.is_dir() and next(target.iterdir(), None) is not None:
        raise FormatError("is a folder that is not empty; name a new one", path=str(target))
    if target.is_file() and not overwrite:
        raise FormatError("is there already; allow it with --overwrite", path=str(target))


def _move(made: Path, target: Path) -> None:
    if not made.exists():
        made.mkdir()
    if target.is_dir():
        target.rmdir()
    os.replace(made, target)
