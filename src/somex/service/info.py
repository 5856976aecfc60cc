"""Routes that tell of the service: models, schema, examples, health, metrics."""

from __future__ import annotations

import logging
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from somex.core.palette import Shade, dark, light
from somex.core.schema import (
    ENTITY_TYPES,
    PURPOSE_TYPES,
    PURPOSES,
    RELATION_ARGUMENTS,
    SOFTWARE_TYPES,
)
from somex.model_registry import find_model, model_names
from somex.service.api import problems, runtime_of
from somex.service.dashboard import Dashboard
from somex.service.engine import Options
from somex.service.metrics import MEDIA_TYPE
from somex.service.problems import ProblemError
from somex.service.schemas import DashboardOut, ExampleOut, StatusOut

log = logging.getLogger("somex.service")
router = APIRouter()
info = APIRouter(prefix="/v1", tags=["about"])


@router.get("/health", response_model=StatusOut, tags=["operation"])
async def health() -> JSONResponse:
    """Tell that the service is alive."""
    return JSONResponse({"status": "ok"})


@router.get("/ready", response_model=StatusOut, responses=problems(503), tags=["operation"])
async def ready(request: Request) -> JSONResponse:
    """Tell whether the service takes work."""
    if not runtime_of(request).is_ready:
        raise ProblemError(503, "not-ready", "starts or stops; takes no work", retry_after=1)
    return JSONResponse({"status": "ready"})


@router.get("/metrics", response_class=Response, responses=problems(), tags=["operation"])
async def metrics(request: Request) -> Response:
    """Return the counts of the service for Prometheus."""
    return Response(runtime_of(request).metrics.format(), media_type=MEDIA_TYPE)


@info.get("/models", responses=problems())
def models(request: Request) -> dict[str, Any]:
    """List the installed models, the one that works here first."""
    loaded = runtime_of(request).engine.describe(Options())
    first = {"name": loaded["name"], "fingerprint": loaded["fingerprint"], "is_loaded": True}
    others = (m for m in _installed() if m["fingerprint"] != loaded["fingerprint"])
    return {"models": [first, *({**m, "is_loaded": False} for m in others)], "settings": loaded}


@cache  # fingerprints are taken over all weights
def _installed() -> tuple[dict[str, Any], ...]:
    """Return the installed models; those that can't be told are left out, and logged."""
    found = []
    for name in model_names():
        try:
            found.append(find_model(name).to_json())
        except Exception as error:  # of packages of others, too
            log.warning("model %r can't be listed: %s", name, error)
    return tuple(found)


@info.get("/schema", responses=problems())
def schema() -> dict[str, Any]:
    """Return the types of mentions, with their colours, and the relations that they allow."""
    return {
        "entity_types": [str(type) for type in ENTITY_TYPES],
        "software_types": [str(type) for type in ENTITY_TYPES if type in SOFTWARE_TYPES],
        "purpose_types": [str(type) for type in ENTITY_TYPES if type in PURPOSE_TYPES],
        "purposes": [str(purpose) for purpose in PURPOSES],
        "relation_types": [str(relation) for relation in RELATION_ARGUMENTS],
        "relations": [
            {"type": str(relation), "from": str(head), "to": str(tail)}
            for relation, (heads, tails) in RELATION_ARGUMENTS.items()
            for head in ENTITY_TYPES
            for tail in ENTITY_TYPES
            if head in heads and tail in tails
        ],
        "colours": {
            str(type): {"light": _shade(light(type)), "dark": _shade(dark(type))}
            for type in ENTITY_TYPES
        },
    }


def _shade(shade: Shade) -> dict[str, str]:
    return {"background": shade.background, "line": shade.line}


@info.get("/examples", response_model=list[ExampleOut], responses=problems())
def examples() -> list[dict[str, str]]:
    """Return texts to begin with."""
    folder = files("somex.service") / "examples"
    found = sorted((item for item in folder.iterdir()), key=lambda item: item.name)
    texts = [(item.name, item.read_text("utf-8")) for item in found if item.name.endswith(".txt")]
    return [{"id": name[:-4], "title": _title(name), "text": text} for name, text in texts]


@info.get("/dashboard", response_model=DashboardOut, responses=problems(404, 422))
def dashboard(request: Request, limit: Annotated[int, Query(ge=1, le=200)] = 30) -> JSONResponse:
    """Return what the papers of the graph store say, in figures."""
    found: Dashboard = request.app.state.dashboard
    if not found.has_store:
        detail = "the service has no graph store; start it as `somex serve --store FOLDER`"
        raise ProblemError(404, "no-store", detail)
    return JSONResponse(found.figures(limit))


def _title(name: str) -> str:
    words = name.removesuffix(".txt").split("-")
    return " ".join(words[1:] if words[0].isdigit() else words).capitalize()
