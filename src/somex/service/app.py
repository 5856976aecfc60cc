"""Puts the service together."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from somex.service import api, api_jobs, conversion, info
from somex.service.dashboard import Dashboard
from somex.service.guard import Access, Guard
from somex.service.job_runner import JobRunner
from somex.service.job_store import JobStore
from somex.service.limits import Limits
from somex.service.metrics import Metrics
from somex.service.problems import ProblemError, install_handlers
from somex.service.runtime import Annotator, Runtime
from somex.service.state import state_folder

PAGE = Path(__file__).with_name("page")
_PAGE_NAME = re.compile(r"[a-z][a-z0-9-]*\.(html|js|css|svg)")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service is set up.

    Attributes:
        access: Who may use it.
        limits: What one request and one client may use.
        store: Folder of a graph store, for the dashboard.
        state: Folder for jobs and uploads, of this service alone; a temporary one by default.
    """

    access: Access = field(default_factory=Access)
    limits: Limits = field(default_factory=Limits)
    store: Path | None = None
    state: Path | None = None


def create_app(engine: Annotator, settings: Settings | None = None) -> FastAPI:
    """Return the app of a loaded model."""
    chosen = settings or Settings()
    metrics = Metrics()
    app = FastAPI(
        title="somex",
        version=version("somex"),
        description="Software mentions, their attributes and relations, in scientific text.",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        middleware=_middleware(chosen, metrics),
    )
    app.state.runtime = Runtime(engine, limits=chosen.limits, metrics=metrics)
    app.state.settings = chosen
    app.state.dashboard = Dashboard(chosen.store)
    metrics.watch("somex_jobs_open", "Jobs that wait or run.", lambda: _n_jobs(app))
    install_handlers(app)
    for router in (api.router, api_jobs.router, conversion.router, info.info, info.router):
        app.include_router(router)
    _add_page(app)
    return app


def _n_jobs(app: FastAPI) -> int:
    runner: JobRunner | None = getattr(app.state, "jobs", None)
    return 0 if runner is None else runner.store.count_open()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings, runtime = app.state.settings, app.state.runtime
    with state_folder(settings.state) as state:
        app.state.uploads = state / "uploads"
        runner = JobRunner(runtime, JobStore(state / "jobs.sqlite"), state / "jobs")
        app.state.jobs = runner
        await runtime.start()
        runner.start()
        try:
            yield
        finally:
            runtime.is_ready = False
            await runner.close()
            await runtime.close()


def _middleware(settings: Settings, metrics: Metrics) -> list[Middleware]:
    guard = Middleware(Guard, access=settings.access, limits=settings.limits, metrics=metrics)
    if not settings.access.origins:
        return [guard]
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(settings.access.origins),
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "X-API-Key"],
    )
    return [guard, cors]


def _add_page(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return _page_file("index.html")

    @app.get("/{name}", include_in_schema=False)
    async def page(name: str) -> Response:
        return _page_file(name)

    app.mount("/static", StaticFiles(directory=PAGE, check_dir=False), name="static")


def _page_file(name: str) -> Response:
    """Return a file of the page by its plain name."""
    if _PAGE_NAME.fullmatch(name) and (PAGE / name).is_file():
        return FileResponse(PAGE / name)
    raise ProblemError(404, "not-found", "there is nothing here; see / and /openapi.json")
