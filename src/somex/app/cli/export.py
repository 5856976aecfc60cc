"""``somex export``: a trained model becomes ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from somex.core.errors import MissingExtraError


def export(
    model: Annotated[Path, typer.Argument(help="Model folder that `somex train` wrote.")],
    out: Annotated[Path, typer.Option(help="Folder for the ONNX model.")],
    precision: Annotated[str, typer.Option(help="`int8` or `fp32`.")] = "int8",
) -> None:
    """Export a trained model to ONNX, to run without torch."""
    try:
        from somex.model.export import export_model
    except ImportError as error:
        raise MissingExtraError(
            f"`somex export` needs {error.name}; pip install 'somex[train]'"
        ) from None

    export_model(model, out, precision=precision)
    n_bytes = sum(path.stat().st_size for path in out.iterdir() if path.is_file())
    Console(stderr=True).print(f"{out}: {n_bytes / 1e6:.1f} MB")
