"""Routes of jobs: long work that is asked for now and fetched later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from somex.service.api import ON_WORK, problems
from somex.service.engine import Options
from somex.service.job_runner import JobRunner
from somex.service.job_store import Job, JobStore, Status
from somex.service.problems import ProblemError
from somex.service.schemas import BatchIn, DocumentsOut, JobOut, JobsOut, OptionsIn

MAX_FILES = 200
router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_FILES = {
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "min_confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "lean": {"type": "number", "minimum": -20, "maximum": 20},
    },
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _FILES},
            "application/json": {"schema": {"$ref": "#/components/schemas/BatchIn"}},
        },
    }
}


def runner_of(request: Request) -> JobRunner:
    """Return what runs the jobs."""
    runner = request.app.state.jobs
    assert isinstance(runner, JobRunner)
    return runner


@router.post("", status_code=202, response_model=JobOut, responses=ON_WORK, openapi_extra=_BODY)
async def add_job(request: Request) -> JSONResponse:
    """Take files (as `files`) or texts as a job; the answer tells where to ask for it."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    owner = request.state.client
    if kind == "multipart/form-data":
        async with request.form(max_files=MAX_FILES, max_fields=10) as form:
            files = [item for item in form.getlist("files") if isinstance(item, UploadFile)]
            if not files:
                raise ProblemError(422, "invalid-request", "the form has no file called 'files'")
            job = await runner_of(request).add(owner, _options(form), files=files)
    elif kind == "application/json":
        body = _validated(BatchIn, await request.body())
        texts = [(item.id, item.text) for item in body.documents]
        job = await runner_of(request).add(owner, body.options.to_options(), texts=texts)
    else:
        detail = "Content-Type is none of: multipart/form-data, application/json"
        raise ProblemError(415, "unsupported-media-type", detail)
    return JSONResponse(_to_json(job), 202, headers={"Location": f"/v1/jobs/{job.id}"})


def _options(form: FormData) -> Options:
    given = {name: form[name] for name in ("min_confidence", "lean") if name in form}
    try:
        return OptionsIn.model_validate(given).to_options()
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None


def _validated(model: type[BatchIn], raw: bytes) -> BatchIn:
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None


@router.get("", response_model=JobsOut, responses=problems(422))
def list_jobs(request: Request, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> JSONResponse:
    """List the jobs of this client, the newest first."""
    jobs = runner_of(request).store.of_owner(request.state.client, limit=limit)
    return JSONResponse({"jobs": [_to_json(job) for job in jobs]})


@router.get("/{id}", response_model=JobOut, responses=problems(404, 422))
def get_job(request: Request, id: str) -> JSONResponse:
    """Tell how far a job is."""
    return JSONResponse(_to_json(_find(request, id)))


@router.get("/{id}/result", response_model=DocumentsOut, responses=problems(404, 409, 422))
def get_result(request: Request, id: str) -> Response:
    """Return what came out of a job that is done."""
    job = _find(request, id)
    if job.status is Status.FAILED:
        raise ProblemError(409, "job-failed", job.error or "the job failed")
    if job.status is not Status.DONE:
        detail = f"the job is {job.status}; ask again later"
        raise ProblemError(409, "job-not-done", detail, retry_after=5)
    pieces = _result_pieces(runner_of(request).store, job.id)
    return StreamingResponse(pieces, media_type="application/json")


@router.delete("/{id}", status_code=204, responses=problems(404, 422))
async def delete_job(request: Request, id: str) -> Response:
    """Stop a job where it waits or runs, and delete all that belongs to it."""
    await runner_of(request).delete(_find(request, id).id)
    return Response(status_code=204)


def _find(request: Request, id: str) -> Job:
    job = runner_of(request).store.get(id) if id.isascii() else None
    if job is None or job.owner != request.state.client:
        raise ProblemError(404, "not-found", "this client has no such job")
    return job


def _to_json(job: Job) -> dict[str, Any]:
    place = f"/v1/jobs/{job.id}"
    return {
        "id": job.id,
        "status": str(job.status),
        "n_total": job.n_total,
        "n_done": job.n_done,
        "n_failed": job.n_failed,
        "created": _iso(job.created),
        "finished": None if job.finished is None else _iso(job.finished),
        "error": job.error,
        "links": {"self": place, "result": f"{place}/result"},
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _result_pieces(store: JobStore, id: str) -> Iterator[str]:
    for name, is_failure, begin in (("documents", False, "{"), ("failures", True, ", ")):
        yield f"{begin}{json.dumps(name)}: ["
        for number, content in enumerate(store.outcomes(id, is_failure=is_failure)):
            yield f", {content}" if number else content
        yield "]"
    yield "}"
