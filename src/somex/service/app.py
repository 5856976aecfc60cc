"""Puts the service together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from somex.service import api, info
from somex.service.guard import Access, Guard
from somex.service.limits import Limits
from somex.service.metrics import Metrics
from somex.service.problems import ProblemError, install_handlers
from somex.service.runtime import Annotator, Runtime

PAGE = Path(__file__).with_name("page")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service is set up.

    Attributes:
        access: Who may use it.
        limits: What one request and one client may use.
        store: Folder of a graph store, for the dashboard.
    """

    access: Access = field(default_factory=Access)
    limits: Limits = field(default_factory=Limits)
    store: Path | None = None


def create_app(engine: Annotator, settings: Settings | None = None) -> FastAPI:
    """Return the app of a loaded model."""
    chosen = settings or Settings()
    metrics = Metrics()
    runtime = Runtime(engine, limits=chosen.limits, metrics=metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await runtime.start()
        try:
            yield
        finally:
            await runtime.close()

    app = FastAPI(
        title="somex",
        version=_version(),
        description="Software mentions, their attributes and relations, in scientific text.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        middleware=_middleware(chosen, metrics),
    )
    app.state.runtime = runtime
    app.state.settings = chosen
    install_handlers(app)
    for router in (api.router, info.info, info.router):
        app.include_router(router)
    _add_page(app)
    return app


def _version() -> str:
    import somex

    return somex.__version__


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
    async def page() -> Response:
        index = PAGE / "index.html"
        if not index.is_file():
            raise ProblemError(404, "not-found", "this installation has no page; see /openapi.json")
        return FileResponse(index)

    app.mount("/static", StaticFiles(directory=PAGE, check_dir=False), name="static")
