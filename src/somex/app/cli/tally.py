"""What ``somex extract`` shows: results as they come, then a line that sums them up."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape

from somex.app.cli.tables import mention_table
from somex.cascade import describe_passing
from somex.core.types import LabeledDocument
from somex.pipeline import Failure
from somex.readers.jsonl import document_to_json

if TYPE_CHECKING:
    from somex.runs.engine import Engine


class Tally:
    """Shows results as they come and sums them up.

    Args:
        engine: Makes the results.
        as_json: Show them as JSON Lines instead of tables.
        quiet: Show no results.
    """

    def __init__(self, engine: Engine, *, as_json: bool, quiet: bool) -> None:
        self.n_failed = self.n_kept = self.n_mentions = self.n_relations = 0
        self._as_json, self._quiet, self._engine = as_json, quiet, engine
        self._started = time.monotonic()
        self._screen, self._errors = Console(), Console(stderr=True, highlight=False)

    def add(self, result: LabeledDocument | Failure | None) -> None:
        """Take in the result of one document."""
        if result is None:
            self.n_kept += 1
        elif isinstance(result, Failure):
            self.n_failed += 1
            self._errors.print(f"[red]failed:[/red] {escape(result.reason)}", soft_wrap=True)
        else:
            self.n_mentions += len(result.annotation.mentions)
            self.n_relations += len(result.annotation.relations)
            self._show(result)

    def _show(self, result: LabeledDocument) -> None:
        if self._quiet:
            return
        if self._as_json:
            shown = document_to_json(result, model=self._engine.model)
            typer.echo(json.dumps(shown, ensure_ascii=False))
        elif result.annotation.mentions:
            self._screen.print(mention_table(result))

    def close(self, n_files: int, place: Path | None) -> None:
        """Print the closing line: counts, rate, peak memory."""
        seconds = time.monotonic() - self._started
        n_new = n_files - self.n_kept - self.n_failed
        parts = [
            f"{n_new} documents",
            f"{self.n_mentions} mentions",
            f"{self.n_relations} relations",
            f"{seconds:.1f} s ({n_new / max(seconds, 1e-9):.2f} documents/s)",
            *self._memory(),
        ]
        totals, prefilter = self._engine.totals, self._engine.model.get("prefilter")
        if prefilter is not None and totals.sentences:
            lost = prefilter["mentions_lost"]
            parts.append(describe_passing(totals.passed, totals.sentences, lost=lost))
        if self.n_kept:
            parts.insert(1, f"{self.n_kept} done before")
        if self.n_failed:
            parts.insert(1, f"{self.n_failed} failed")
        told = f"; in {place}" if place else ""
        self._errors.print(escape(", ".join(parts) + told), soft_wrap=True)

    def _memory(self) -> list[str]:
        """Return the greatest memory that the processes have had, as far as that is known."""
        try:
            import resource
        except ImportError:  # Windows
            return []
        factor = 1 if sys.platform == "darwin" else 1024
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * factor
        found = [f"peak memory {own / 1e6:.0f} MB"]
        if self._engine.n_workers:
            most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * factor
            found.append(f"{most / 1e6:.0f} MB in a worker")
        return found
