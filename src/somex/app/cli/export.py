"""``somex export``: a trained model becomes ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from somex.core.errors import ConfigError, MissingExtraError
from somex.model_card import build_card, read_scores, write_card
from somex.readers.files import read_utf8, split_lines


def export(
    model: Annotated[Path, typer.Argument(help="Model folder that `somex train` wrote.")],
    out: Annotated[Path, typer.Option(help="Folder for the ONNX model.")],
    precision: Annotated[
        str, typer.Option(help="`int8` (for CPUs), `fp32`, or `fp16` (for GPUs).")
    ] = "int8",
    calibration: Annotated[
        Path | None,
        typer.Option(
            help="Text file, a sentence a line, over which int8 ranges are measured; "
            "sentences of ours by default."
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Name on the card; the folder's by default.")] = "",
    score: Annotated[
        list[str] | None,
        typer.Option(help="SET=FILE: a report of `somex evaluate --json`, for the card."),
    ] = None,
) -> None:
    """Export a trained model to ONNX, to run without torch, with its card."""
    try:
        from somex.model.export import export_model
    except ImportError as error:
        raise MissingExtraError(
            f"`somex export` needs {error.name}; pip install 'somex[train]'"
        ) from None

    scores = _scores(score or [])
    texts = split_lines(read_utf8(calibration)) if calibration else []
    export_model(model, out, precision=precision, calibration=texts)
    card = build_card(name or out.resolve().name, run_folder=model.parent, scores=scores)
    write_card({**card, "precision": precision}, out)
    n_bytes = sum(path.stat().st_size for path in out.iterdir() if path.is_file())
    Console(stderr=True).print(f"{out}: {n_bytes / 1e6:.1f} MB")


def _scores(items: list[str]) -> dict[str, dict[str, Any]]:
    scores = {}
    for item in items:
        name, separator, file = item.partition("=")
        if not separator:
            raise ConfigError(f"--score is {item!r}; valid: SET=FILE, as validation=scores.json")
        scores[name] = read_scores(Path(file))
    return scores
