"""``somex average``: several runs become one model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from somex.core.errors import MissingExtraError


def average(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, such as runs/NAME/seed-1.")],
    out: Annotated[Path, typer.Option(help="Run folder for the averaged model.")],
) -> None:
    """Average the weights of runs that started from the same weights (a model soup)."""
    try:
        from somex.model.average import average_models
    except ImportError as error:
        raise MissingExtraError(
            f"`somex average` needs {error.name}; pip install 'somex[train]'"
        ) from None
    from somex.model_card import MEMBERS_FILE, build_card

    average_models([run / "model" for run in runs], out / "model")
    members: list[dict[str, Any]] = [
        build_card(f"{run.parent.name}/{run.name}", run_folder=run, scores={}) for run in runs
    ]
    (out / MEMBERS_FILE).write_text(json.dumps(members, indent=2) + "\n", encoding="utf-8")
    Console(stderr=True).print(f"{out / 'model'}: the mean of {len(runs)} models")
