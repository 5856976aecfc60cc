"""Files of parts: JSON Lines, packed with zstd or not, and Parquet, each written in one step."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from somex.core.errors import ConfigError
from somex.readers.files import open_atomic
from somex.readers.parquet_documents import import_parquet, write_parquet_documents
from somex.runs.lines import sync_folder

FORMS = ("jsonl.zst", "jsonl", "parquet")
_ZSTD_LEVEL = 10


def check_form(form: str) -> None:
    """Check that parts can be written in a form.

    Raises:
        ConfigError: There is no such form.
        MissingExtraError: It is Parquet and pyarrow is not installed.
    """
    if form not in FORMS:
        raise ConfigError(f"unknown form of parts {form!r}; valid: {', '.join(FORMS)}")
    if form == "parquet":
        import_parquet()


def write_part(lines: Iterable[bytes], path: Path, *, form: str) -> tuple[int, str]:
    """Write lines of documents in place of ``path``, which survives the end of the machine.

    Returns:
        Bytes of the file and their SHA-256; the same lines give the same bytes.
    """
    with open_atomic(path) as stream:
        if form == "parquet":
            write_parquet_documents(lines, stream)
        elif form == "jsonl.zst":
            _write_packed(lines, stream)
        else:
            stream.writelines(lines)
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(path.parent)
    with path.open("rb") as written:
        return path.stat().st_size, hashlib.file_digest(written, "sha256").hexdigest()


def _write_packed(lines: Iterable[bytes], stream: IO[bytes]) -> None:
    import zstandard

    compressor = zstandard.ZstdCompressor(_ZSTD_LEVEL, write_checksum=True)
    with compressor.stream_writer(stream, closefd=False) as writer:
        for line in lines:
            writer.write(line)
