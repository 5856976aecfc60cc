"""``somex validate``: lists every fault of a corpus."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer


def validate(
    path: Annotated[Path, typer.Argument(help="File or folder of a corpus.")],
    format: Annotated[
        str | None,
        typer.Option("--format", help="Its format (somd, brat, …); found out unless given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    strict: Annotated[bool, typer.Option(help="Let warnings fail too.")] = False,
) -> None:
    """List every problem of a corpus with file, line and what would be valid.

    Exit code 0: clean (warnings alone are), 1: problems, 2: there is nothing to validate.
    """
    from somex.readers.registry import detect_format, get_format

    found = detect_format(path) if format is None else get_format(format)
    counts: Counter[str] = Counter()
    listed = []
    for problem in found.validate(path):
        counts[problem.severity] += 1
        if as_json:
            listed.append(problem.to_json())
        else:
            typer.echo(str(problem))
    n_errors, n_warnings = counts["error"], counts["warning"]
    if as_json:
        summary = {"path": str(path), "format": found.name, "n_errors": n_errors}
        rest = {"n_warnings": n_warnings, "problems": listed}
        typer.echo(json.dumps(summary | rest, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"{path} ({found.name}): {n_errors} errors, {n_warnings} warnings", err=True)
    if n_errors or (strict and n_warnings):
        raise typer.Exit(1)
