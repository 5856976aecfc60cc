"""Plain text of papers: the text stands as it is, its reference list is cut off."""

from __future__ import annotations

from somex.core.errors import FormatError
from somex.core.origins import CallOut, Reference
from somex.core.types import Document
from somex.readers.bibliography import is_reference_heading, split_entries
from somex.readers.call_outs import find_call_outs
from somex.readers.files import decode_utf8
from somex.readers.paper_builder import MAX_CHARS, PaperBuilder

_MIN_ENTRIES = 2


def read_plain_paper(raw: bytes, *, path: str, id: str) -> Document:
    """Read a plain text; an empty file is an empty text.

    Args:
        raw: UTF-8 bytes; a byte order mark is removed, newlines stay as they are.
        path: What to call the source.
        id: Id of the document.

    Returns:
        The text up to its reference list, so that offsets are those of the file and no origins
        are needed.

    Raises:
        FormatError: The bytes are not UTF-8, or too long for one document.
    """
    text = decode_utf8(raw, path=path)
    if len(text) > MAX_CHARS:
        message = f"holds more than {MAX_CHARS:,} characters of text; split it"
        raise FormatError(message, path=path)
    text, references, call_outs = _cut_references(text, path)
    return Document(
        id,
        text,
        provenance={"format": "text", "path": path},
        references=references,
        call_outs=call_outs,
    )


def _cut_references(text: str, path: str) -> tuple[str, tuple[Reference, ...], tuple[CallOut, ...]]:
    """Cut a text at the last line that is a reference list's heading, if entries follow it."""
    lines = text.split("\n")
    heading = next((n for n in reversed(range(len(lines))) if is_reference_heading(lines[n])), None)
    if heading is None or not lines[heading].strip():
        return text, (), ()
    entries = split_entries([line.rstrip("\r") for line in lines[heading + 1 :]])
    if len(entries) < _MIN_ENTRIES:
        return text, (), ()
    cut = sum(len(line) + 1 for line in lines[:heading])
    builder = PaperBuilder(path)
    for entry in entries:
        builder.add_reference("", entry)
    references = builder.references
    body = text[:cut]
    return body, references, tuple(find_call_outs(body, references, ()))
