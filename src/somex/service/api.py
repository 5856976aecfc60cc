"""Routes that extract: from a text, from tokenised sentences, from several texts."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import JSONResponse

from somex.core.types import Document
from somex.service.engine import Options
from somex.service.problems import MEDIA_TYPE
from somex.service.runtime import Runtime
from somex.service.schemas import (
    BatchIn,
    DocumentsOut,
    ExtractIn,
    ExtractOut,
    SentencesIn,
    SentencesOut,
)
from somex.service.uploads import extract_files


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the description of a route says of its errors."""
    schema = {"$ref": "#/components/schemas/ProblemOut"}
    told = {
        400: "The body can't be read.",
        401: "A key is needed.",
        403: "The host or origin is not allowed.",
        404: "There is no such thing.",
        408: "The body comes in too slowly.",
        409: "It is not done yet.",
        413: "The body is too large, or unpacks to too much.",
        415: "The body is of another kind.",
        422: "The request is not valid.",
        429: "This client has too many requests at a time.",
        503: "The service has too much work, or the request took too long.",
    }
    return {
        status: {"description": told[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in sorted({401, 403, *statuses})
    }


ON_WORK = problems(400, 408, 413, 415, 422, 429, 503)
router = APIRouter(prefix="/v1", tags=["extract"])


def runtime_of(request: Request) -> Runtime:
    """Return the running service."""
    runtime = request.app.state.runtime
    assert isinstance(runtime, Runtime)
    return runtime


@router.post("/extract", response_model=ExtractOut, responses=ON_WORK)
async def extract(request: Request, body: ExtractIn) -> JSONResponse:
    """Find the software mentions of a text."""
    started = time.perf_counter()
    runtime = runtime_of(request)
    options = body.options.to_options()
    with runtime.quick_places.enter(request.state.client):
        (found,) = await runtime.annotate([Document(body.id, body.text)], options)
    seconds = round(time.perf_counter() - started, 4)
    return JSONResponse({"document": found, "seconds": seconds, "model": found["model"]})


@router.post("/extract/sentences", response_model=SentencesOut, responses=ON_WORK)
async def extract_sentences(request: Request, body: SentencesIn) -> JSONResponse:
    """Find the software mentions of sentences that are cut into tokens already."""
    runtime = runtime_of(request)
    with runtime.quick_places.enter(request.state.client):
        found = await runtime.annotate(body.to_documents(), body.options.to_options())
    return JSONResponse({"documents": found})


@router.post("/extract/file", response_model=DocumentsOut, responses=ON_WORK)
async def extract_file(
    request: Request,
    file: UploadFile,
    min_confidence: Annotated[float, Form(ge=0, le=1, allow_inf_nan=False)] = 0.0,
    lean: Annotated[float, Form(ge=-20, le=20, allow_inf_nan=False)] = 0.0,
) -> JSONResponse:
    """Find the software mentions of a file: a paper, an archive of papers, JSON Lines."""
    runtime = runtime_of(request)
    options = Options(min_confidence, lean)
    with runtime.bulk_places.enter(request.state.client):
        found = await extract_files(runtime, [file], options, request.app.state.uploads)
        return await asyncio.to_thread(JSONResponse, found)


@router.post("/extract/batch", response_model=DocumentsOut, responses=ON_WORK)
async def extract_batch(request: Request, body: BatchIn) -> JSONResponse:
    """Find the software mentions of several texts."""
    runtime = runtime_of(request)
    documents = [Document(item.id, item.text) for item in body.documents]
    with runtime.bulk_places.enter(request.state.client):
        found = await runtime.annotate(documents, body.options.to_options())
    return JSONResponse({"documents": found, "failures": []})
