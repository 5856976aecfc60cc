"""``somex serve``: the page and the HTTP API; ``somex serve-key``: a key for it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from somex.app.cli.options import Model, Threads
from somex.core.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from somex.service.app import Settings
    from somex.service.guard import Access

_MB = 1 << 20
_SHUTDOWN_SECONDS = 5


def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8080,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for all, then with --keys.")
    ] = "127.0.0.1",
    model: Model = "default",
    threads: Threads = None,
    store: Annotated[
        Path | None, typer.Option(help="Graph store (`somex graph load`) for the dashboard.")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(help="Folder for jobs; one of the user's and the port by default."),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(metavar="FILE", help="API keys, as `somex serve-key` makes them.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Name under which it answers; may be repeated.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="Origin of other pages that may use it (CORS); may be repeated."),
    ] = None,
    max_body: Annotated[int, typer.Option(min=1, help="Most megabytes of a request.")] = 32,
    max_unpacked: Annotated[
        int, typer.Option(min=1, help="Most megabytes that the files of a request unpack to.")
    ] = 256,
    time_limit: Annotated[float, typer.Option(min=0.1, help="Most seconds of a request.")] = 60.0,
    max_waiting: Annotated[
        int, typer.Option(min=1, help="Most short requests that run or wait.")
    ] = 64,
    per_client: Annotated[int, typer.Option(min=1, help="Most of them of one client.")] = 32,
    keep_hours: Annotated[
        float, typer.Option(min=0.0, help="Hours for which results of jobs are kept.")
    ] = 24.0,
) -> None:
    """Serve the page and the HTTP API until stopped."""
    try:
        import uvicorn

        from somex.service.app import Settings, create_app
        from somex.service.engine import Engine
        from somex.service.limits import Limits
    except ImportError as error:
        message = f"the service needs {error.name}; pip install 'somex[serve]'"
        raise MissingExtraError(message) from None
    limits = Limits(
        body_bytes=max_body * _MB,
        unpacked_bytes=max_unpacked * _MB,
        seconds=time_limit,
        waiting=max_waiting,
        per_client=per_client,
        keep_hours=keep_hours,
    )
    access = _access(host, keys, allow_host or [], allow_origin or [])
    settings = Settings(access, limits, store=store, state=state or _state_of(port))
    _check(settings)
    app = create_app(Engine(model, n_threads=threads), settings)
    _tell(host, port, settings)
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=int(limits.seconds) + _SHUTDOWN_SECONDS,
    )


def _access(host: str, keys: Path | None, hosts: list[str], origins: list[str]) -> Access:
    from somex.service.guard import LOOPBACK, Access
    from somex.service.keys import read_keys

    for origin in origins:
        if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
            raise ConfigError(f"origin {origin!r}; valid: as https://example.org, without a path")
    names = tuple(hosts) or (LOOPBACK if host in LOOPBACK else ())
    return Access(None if keys is None else read_keys(keys), names, tuple(origins))


def _state_of(port: int) -> Path:
    from platformdirs import user_state_path

    return user_state_path("somex") / f"serve-{port}"


def _check(settings: Settings) -> None:
    """Raise an error where the folders are none; before the model is loaded."""
    from somex.service.dashboard import Dashboard
    from somex.service.state import state_folder

    Dashboard(settings.store).check()
    with state_folder(settings.state):
        pass


def _tell(host: str, port: int, settings: Settings) -> None:
    logging.basicConfig(format="%(levelname)s: %(message)s")
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # warns of clients' faults
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"somex serves http://{shown}:{port}/ (stop it with Ctrl+C)", err=True)
    if not settings.access.hosts and settings.access.keys is None:
        typer.echo("warning: all of the network can use it; give it --keys FILE", err=True)


def serve_key(
    name: Annotated[str, typer.Argument(help="Name of the key: who is to use it.")],
    keys: Annotated[Path, typer.Option(metavar="FILE", help="File of keys; made if missing.")],
) -> None:
    """Make an API key for `somex serve --keys`; it is shown once, and kept as a hash only."""
    from somex.service.keys import add_key

    typer.echo(add_key(keys, name))
