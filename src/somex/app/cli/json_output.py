"""Results as JSON, for commands with ``--json FILE|-``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer


def print_json(values: dict[str, Any]) -> None:
    """Print values as JSON on standard output."""
    typer.echo(_format(values))


def write_json(values: dict[str, Any], path: Path) -> None:
    """Write values as JSON into a file, in one step, and say so."""
    from somex.readers.files import write_text

    write_text(_format(values) + "\n", path)
    typer.echo(f"wrote {path}")


def _format(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False)
