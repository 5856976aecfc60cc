"""Where documents lie as lines: a file, packed or not, or a folder that ``somex extract`` wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, Any, cast

from somex.core.errors import FormatError
from somex.readers.parquet_documents import read_parquet_lines

DOCUMENTS_FILE = "documents.jsonl"
MANIFEST_FILE = "manifest.json"
MANIFEST_SCHEMA = "somex.manifest/1"
PARTS_PATTERN = "part-[0-9]*"
_CHUNK_BYTES = 1 << 20
SUFFIXES = (".jsonl", ".ndjson", ".jsonl.zst")


def is_jsonl(path: Path) -> bool:
    """Tell whether a path looks like JSON Lines or like a folder of them."""
    if path.is_dir():
        return any((path / name).is_file() for name in (DOCUMENTS_FILE, MANIFEST_FILE))
    name = path.name.lower()
    is_part = fnmatchcase(name, PARTS_PATTERN + ".parquet")
    return path.is_file() and (name.endswith(SUFFIXES) or is_part)


def jsonl_files(path: Path) -> list[Path]:
    """Return the files to read, in order: the path itself, or those of a folder of results.

    Raises:
        FormatError: A folder holds no results, or a run in parts that is not finished.
    """
    if not path.is_dir():
        return [path]
    if (path / DOCUMENTS_FILE).is_file():
        return [path / DOCUMENTS_FILE]
    if (path / MANIFEST_FILE).is_file():
        return [path / part["file"] for part in read_manifest(path)["parts"]]
    if next(path.glob(PARTS_PATTERN), None) is not None:
        message = f"holds a run that is not finished (no {MANIFEST_FILE}); run somex extract again"
        raise FormatError(message, path=str(path))
    raise FormatError(f"holds no {DOCUMENTS_FILE} and no {MANIFEST_FILE}", path=str(path))


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a run in parts.

    Raises:
        FormatError: It is damaged or of another version.
    """
    path = folder / MANIFEST_FILE
    try:
        found = json.loads(path.read_bytes())
        names = [part["file"] for part in found["parts"]]
        version = found["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"is no manifest ({error!r})", path=str(path)) from None
    except OSError as error:
        raise FormatError(f"can't be read: {error.strerror}", path=str(path)) from None
    if version != MANIFEST_SCHEMA:
        raise FormatError(f"schema is {version!r}; valid: {MANIFEST_SCHEMA}", path=str(path))
    if any(not isinstance(name, str) or Path(name).name != name for name in names):
        raise FormatError("names a part that is no plain file name", path=str(path))
    return cast("dict[str, Any]", found)


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file with their newlines; its suffix tells ``.zst`` and ``.parquet``.

    Raises:
        FormatError: There is no such file, or it is damaged or cut off.
        MissingExtraError: It is Parquet and pyarrow is not installed.
    """
    try:
        with path.open("rb") as stream:
            kind = path.suffix.lower()
            if kind == ".zst":
                yield from _split(_decompress(stream, path))
            elif kind == ".parquet":
                yield from read_parquet_lines(path)
            else:
                yield from stream
    except FileNotFoundError:
        raise FormatError("no such file", path=str(path)) from None


def _decompress(stream: IO[bytes], path: Path) -> Iterator[bytes]:
    """Yield the content of zstd frames; unlike the library's reader, cut off ones are an error."""
    import zstandard

    frame, raw = None, b""
    try:
        while raw or (raw := stream.read(_CHUNK_BYTES)):
            frame = frame or zstandard.ZstdDecompressor().decompressobj()
            yield frame.decompress(raw)
            raw = frame.unused_data if frame.eof else b""
            frame = None if frame.eof else frame
    except zstandard.ZstdError as error:
        raise FormatError(f"is damaged: {error}", path=str(path)) from None
    if frame is not None:
        raise FormatError("is damaged: its end is missing", path=str(path))


def _split(chunks: Iterator[bytes]) -> Iterator[bytes]:
    parts: list[bytes] = []
    for chunk in chunks:
        head, *rest = chunk.split(b"\n")
        parts.append(head)
        for line in rest:
            yield b"".join(parts) + b"\n"
            parts = [line]
    if last := b"".join(parts):
        yield last
