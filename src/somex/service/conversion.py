"""Documents, corrected ones too, in the formats that people and programs take."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from somex.core.errors import SomexError
from somex.core.types import LabeledDocument
from somex.outputs.registry import choose_outputs
from somex.outputs.source import OutputSource
from somex.readers.jsonl import document_from_json, format_line
from somex.readers.registry import get_format
from somex.service.api import ON_WORK, runtime_of
from somex.service.problems import ProblemError, printable
from somex.service.reading import safe_name
from somex.service.schemas import ConvertIn

router = APIRouter(prefix="/v1", tags=["convert"])

_SUFFIXES = {
    "brat": ("brat.zip", "application/zip"),
    "csv": ("csv.zip", "application/zip"),
    "jsonl": ("jsonl", "application/x-ndjson"),
    "jsonld": ("jsonld", "application/ld+json"),
    "somd": ("somd.zip", "application/zip"),
    "turtle": ("ttl", "text/turtle; charset=utf-8"),
    "web-annotation": ("annotations.jsonl", "application/x-ndjson"),
}
_BY_FORMAT = ("brat", "somd")
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file; folders come as ZIP archives.",
        "content": {kind.split(";")[0]: {} for _, kind in _SUFFIXES.values()},
        "headers": {
            "X-Somex-Losses": {
                "description": "What the format could not hold, in words, as a JSON object.",
                "schema": {"type": "string"},
            }
        },
    }
}


@router.post("/convert", response_class=Response, responses={**ON_WORK, **_FILES})
async def convert(request: Request, body: ConvertIn) -> Response:
    """Write documents in another format, as a download."""
    given = [*([body.document] if body.document is not None else []), *(body.documents or [])]
    if not given:
        raise ProblemError(422, "invalid-request", "give a 'document', or 'documents'")
    with runtime_of(request).bulk_places.enter(request.state.client):
        content, losses = await run_in_threadpool(convert_documents, given, body.to)
    suffix, media_type = _SUFFIXES[body.to]
    stem = safe_name(str(given[0]["id"])).partition(".")[0] if len(given) == 1 else "somex"
    name = f"{stem}.{suffix}".encode("ascii", "replace").decode().replace("?", "_")
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if losses:
        headers["X-Somex-Losses"] = json.dumps(losses)
    return Response(content, media_type=media_type, headers=headers)


def convert_documents(
    given: Sequence[dict[str, Any]], target: str
) -> tuple[bytes, Mapping[str, int]]:
    """Write documents in a format.

    Args:
        given: Documents of the form somex.document/1.
        target: Name of the format.

    Returns:
        The file, and what it could not hold.

    Raises:
        ProblemError: A document breaks its form, or can't be written in that format (422).
    """
    labeled = [_parse(obj, index) for index, obj in enumerate(given)]
    with tempfile.TemporaryDirectory(prefix="somex-convert-") as name:
        folder = Path(name)
        try:
            made, losses = _write(labeled, given, target, folder)
        except SomexError as error:
            told = (getattr(error, "message", None) or str(error)).replace(name, "")
            raise ProblemError(422, "not-convertible", printable(told)) from None
        return (_zipped(made) if made.is_dir() else made.read_bytes()), losses


def _parse(obj: dict[str, Any], index: int) -> LabeledDocument:
    """Return a document; its ``software`` follows from the rest and may be that of before."""
    try:
        json.dumps(obj, ensure_ascii=False, allow_nan=False).encode("utf-8")
        return document_from_json({name: obj[name] for name in obj if name != "software"})
    except (SomexError, ValueError, RecursionError) as error:
        detail = printable(f"document {index}: {error}")
        raise ProblemError(422, "invalid-document", detail) from None


def _write(
    labeled: Sequence[LabeledDocument], given: Sequence[dict[str, Any]], target: str, folder: Path
) -> tuple[Path, Mapping[str, int]]:
    """Write documents; return the file or folder, and what it could not hold."""
    source = folder / "documents.jsonl"
    lines = [format_line(d, model=o.get("model")) for d, o in zip(labeled, given, strict=True)]
    source.write_text("\n".join([*lines, ""]), encoding="utf-8")
    if target == "jsonl":
        list(OutputSource((source,)).results())  # an id that comes twice is an error
        return source, {}
    place = folder / "made"
    if target in _BY_FORMAT:
        write = get_format(target).write
        assert write is not None
        return place, write(labeled, place).losses
    (output,) = choose_outputs([target])
    output.write(OutputSource((source,)), place)
    return place, {}


def _zipped(folder: Path) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return raw.getvalue()
