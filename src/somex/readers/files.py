"""Text files, read without newline translation and written in one step."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from somex.core.errors import FormatError

BOM = "\ufeff"


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        FormatError: There is no such file, or it can't be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FormatError("no such file", path=str(path)) from None
    except OSError as error:
        raise FormatError(f"can't be read: {error.strerror}", path=str(path)) from None


def decode_utf8(raw: bytes, *, path: str, keep_bom: bool = False) -> str:
    """Return UTF-8 bytes as text, newlines left as they are.

    Raises:
        FormatError: The bytes are not UTF-8; the message gives byte offset and line.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FormatError(
            f"byte {error.start} (0x{raw[error.start]:02x}) is not UTF-8 ({error.reason}); "
            "save the file as UTF-8",
            path=path,
            line=line,
        ) from None
    return text if keep_bom else text.removeprefix(BOM)


def read_utf8(path: Path, *, keep_bom: bool = False) -> str:
    """Return the text of a UTF-8 file, newlines left as they are.

    Args:
        path: The file.
        keep_bom: Leave a byte order mark, for formats whose offsets count it.

    Raises:
        FormatError: The file is missing or not UTF-8 (with byte offset and line).
    """
    return decode_utf8(read_bytes(path), path=str(path), keep_bom=keep_bom)


def split_lines(text: str) -> list[str]:
    r"""Split at line feeds alone (text may hold U+2028 or form feeds), carriage returns cut off.

    A final newline ends the last line and starts no further one.
    """
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


@contextmanager
def open_atomic(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that takes the place of ``path`` when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_lines(lines: Iterable[str], path: Path) -> None:
    r"""Write UTF-8 lines, each ended by ``\n``, in place of ``path`` in one step."""
    with open_atomic(path) as stream:
        for line in lines:
            stream.write(line.encode("utf-8") + b"\n")


def write_text(text: str, path: Path) -> None:
    """Write a text as it is, UTF-8, in place of ``path`` in one step."""
    with open_atomic(path) as stream:
        stream.write(text.encode("utf-8"))
