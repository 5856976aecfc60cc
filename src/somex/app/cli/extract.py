"""``somex extract``: papers in, JSON Lines and a table out."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from somex.app.cli.options import Lean, MinConfidence, Model, Prefilter, Threads
from somex.app.cli.tables import mention_table
from somex.core.errors import ConfigError, SomexError
from somex.core.types import LabeledDocument
from somex.pipeline import OUTPUT_FILE, Extractor, Failure
from somex.readers.inputs import Source
from somex.readers.jsonl import document_to_json

if TYPE_CHECKING:
    from somex.outputs.registry import Output


def extract(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Papers (JATS, TEI, PDF, HTML, Markdown, text; .gz, .zip and .tar.gz of them), "
            "folders, patterns; - reads a list of these from standard input."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for documents.jsonl (and failures.jsonl); a stopped run goes on."
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="Make these from the results in --out too, with commas between: "
            "csv, parquet, brat, web-annotation, report, turtle, jsonld.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON Lines instead of tables.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No tables, only the closing line.")
    ] = False,
    grobid: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Let this GROBID service read the PDFs."),
    ] = None,
    model: Model = "default",
    min_confidence: MinConfidence = 0.0,
    lean: Lean = 0.0,
    threads: Threads = None,
    prefilter: Prefilter = True,
) -> None:
    """Find software mentions, attributes and relations in papers."""
    from tqdm import tqdm

    from somex.pipeline import annotate_files, extract_files, load

    wanted = _choose(also, out)
    files = _find(sources)
    extractor = load(
        model, min_confidence=min_confidence, lean=lean, n_threads=threads, prefilter=prefilter
    )
    if out:
        results = extract_files(extractor, files, out, grobid=grobid)
    else:
        results = annotate_files(extractor, files, grobid=grobid)
    tally = _Tally(as_json=as_json, quiet=quiet, extractor=extractor)
    for result in tqdm(results, total=len(files), unit="doc", disable=None):
        tally.add(result)
    tally.close(len(files), out)
    made_all = out is None or _make(wanted, out)
    if tally.n_failed or not made_all:
        raise typer.Exit(1)


def _choose(also: list[str] | None, out: Path | None) -> list[Output]:
    """Return the outputs that ``--also`` names; whatever hinders them is said before any work."""
    from somex.outputs.registry import choose_outputs

    wanted = choose_outputs(also or ())
    if wanted and out is None:
        raise ConfigError("--also makes files in the folder of --out; name that folder too")
    for output in wanted:
        output.check_place((out or Path()) / output.target)
    return wanted


def _make(wanted: list[Output], out: Path) -> bool:
    """Make the outputs; where one fails, say why and go on. Tell whether all are made."""
    from somex.outputs.source import OutputSource

    errors = Console(stderr=True, highlight=False)
    n_failed = 0
    for output in wanted:
        place = out / output.target
        try:
            told = output.write(OutputSource((out / OUTPUT_FILE,)), place)
            line = f"{output.name}: {told}; in {place}"
            errors.print(escape(line), soft_wrap=True)
        except (SomexError, OSError) as error:
            n_failed += 1
            line = f"[red]{output.name} failed:[/red] {escape(str(error))}"
            errors.print(line, soft_wrap=True)
    return not n_failed


def _find(places: list[str]) -> list[Source]:
    """List the sources; what standard input lists may be missing, what is named here may not."""
    from somex.readers.inputs import find_sources

    found = find_sources([place for place in places if place != "-"])
    if "-" in places:
        listed = [line.rstrip("\r\n") for line in sys.stdin]
        found = find_sources([*found, *filter(None, listed)], is_strict=False)
    return found


class _Tally:
    """Shows results as they come and sums them up."""

    def __init__(self, *, as_json: bool, quiet: bool, extractor: Extractor) -> None:
        self.n_failed = self.n_kept = self.n_mentions = self.n_relations = 0
        self._as_json, self._quiet, self._extractor = as_json, quiet, extractor
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
            model = self._extractor.to_json()
            typer.echo(json.dumps(document_to_json(result, model=model), ensure_ascii=False))
        elif result.annotation.mentions:
            self._screen.print(mention_table(result))

    def close(self, n_files: int, out: Path | None) -> None:
        """Print the closing line: counts, rate, peak memory."""
        seconds = time.monotonic() - self._started
        n_new = n_files - self.n_kept - self.n_failed
        parts = [
            f"{n_new} documents",
            f"{self.n_mentions} mentions",
            f"{self.n_relations} relations",
            f"{seconds:.1f} s ({n_new / max(seconds, 1e-9):.2f} documents/s)",
        ]
        if (peak := _peak_bytes()) is not None:
            parts.append(f"peak memory {peak / 1e6:.0f} MB")
        cascade = self._extractor.cascade
        if cascade is not None and cascade.n_sentences:
            parts.append(cascade.describe())
        if self.n_kept:
            parts.insert(1, f"{self.n_kept} done before")
        if self.n_failed:
            parts.insert(1, f"{self.n_failed} failed")
        place = f"; in {out / OUTPUT_FILE}" if out else ""
        self._errors.print(escape(", ".join(parts) + place), soft_wrap=True)


def _peak_bytes() -> int | None:
    """Return the greatest memory that the process has had; None where that is not known."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
