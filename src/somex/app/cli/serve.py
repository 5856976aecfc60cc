"""``somex serve``: the page and the HTTP API; ``somex serve-key``: a key for it."""

from __future__ import annotations

from typing import Annotated

import typer

from somex.app.cli.options import Model, Threads
from somex.core.errors import MissingExtraError


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for all, then with --keys.")
    ] = "127.0.0.1",
    model: Model = "default",
    threads: Threads = None,
) -> None:
    """Serve the page and the HTTP API until stopped."""
    try:
        import uvicorn

        from somex.service.app import Settings, create_app
        from somex.service.engine import Engine
        from somex.service.guard import LOOPBACK, Access
    except ImportError as error:
        raise MissingExtraError(
            f"the service needs {error.name}; pip install 'somex[serve]'"
        ) from None
    access = Access(hosts=LOOPBACK if host in LOOPBACK else ())
    app = create_app(Engine(model, n_threads=threads), Settings(access=access))
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)
