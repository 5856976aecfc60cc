"""``somex extract``: papers in, JSON Lines and a table out."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from somex.app.cli.options import Device, Lean, MinConfidence, Model, Prefilter, Threads
from somex.app.cli.tally import Tally
from somex.core.errors import ConfigError, SomexError
from somex.readers.inputs import Source

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
            help="Folder for documents.jsonl (and failures.jsonl); a stopped run goes on, inputs "
            "that did not change are not read again."
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
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that work side by side, each with a network.")
    ] = 1,
    engine: Annotated[
        str, typer.Option(help="What runs the workers: local, or ray (an extra of that name).")
    ] = "local",
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Ray cluster to run on; its nodes must see the same files. By default Ray is "
            "started on this machine.",
        ),
    ] = None,
    shards: Annotated[
        str | None,
        typer.Option(
            metavar="FORM",
            help="For large runs: parts of this form in --out, with a journal and a manifest: "
            "jsonl.zst, jsonl or parquet.",
        ),
    ] = None,
    shard_size: Annotated[
        int | None, typer.Option(min=1, help="Documents of a part; 1000 by default.")
    ] = None,
    retry_failed: Annotated[
        bool,
        typer.Option("--retry-failed", help="Do again what failed in --out, and nothing else."),
    ] = False,
    model: Model = "default",
    min_confidence: MinConfidence = 0.0,
    lean: Lean = 0.0,
    threads: Threads = None,
    device: Device = "cpu",
    prefilter: Prefilter = True,
) -> None:
    """Find software mentions, attributes and relations in papers."""
    from tqdm import tqdm

    from somex.pipeline import load
    from somex.runs.engine import build_engine
    from somex.runs.output import RunOutput
    from somex.runs.work import N_REPEATS

    wanted = _choose(also, out)
    output = RunOutput(out, form=shards, n_documents=shard_size, retry_failed=retry_failed)
    files = _find(sources)
    opener = partial(
        load,
        model,
        min_confidence=min_confidence,
        lean=lean,
        prefilter=prefilter,
        n_repeats=N_REPEATS,
        device=device,
    )
    runner = build_engine(
        opener,
        kind=engine,
        n_workers=workers,
        n_threads=threads,
        grobid=grobid,
        ray_address=ray_address,
        n_gpus=int(device == "cuda"),
    )
    tally = Tally(runner, as_json=as_json, quiet=quiet)
    results = output.write(files, runner, grobid=grobid)
    for result in tqdm(results, total=len(files), unit="doc", disable=None, smoothing=0.05):
        tally.add(result)
    tally.close(len(files), output.place)
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
            told = output.write(OutputSource((out,)), place)
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
