"""``somex mcp``: a server that assistants ask for the software of texts and papers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from somex.app.cli.options import Lean, MinConfidence, Model, Prefilter, Threads


def mcp(
    root: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Folder whose papers may be read; no file may be without it."
        ),
    ] = None,
    model: Model = "default",
    min_confidence: MinConfidence = 0.0,
    lean: Lean = 0.0,
    threads: Threads = None,
    prefilter: Prefilter = True,
) -> None:
    """Serve assistants over the Model Context Protocol, on standard input and output.

    Assistants start this command themselves; docs/integrations.md shows how to tell them.
    """
    from somex.integrations.mcp_server import SomexTools, build_server
    from somex.model_registry import find_model
    from somex.pipeline import load

    find_model(model)  # a wrong name is told at the start, not to the assistant
    opener = partial(
        load,
        model,
        min_confidence=min_confidence,
        lean=lean,
        n_threads=threads,
        prefilter=prefilter,
    )
    build_server(SomexTools(opener, root=root)).run("stdio")
