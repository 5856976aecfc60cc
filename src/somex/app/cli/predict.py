"""``somex predict``: tokenised SOMD sentences in, the shared task's submission files out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from somex.app.cli.options import Backend, Device, Lean, MinConfidence, Model, Threads


def predict(
    texts: Annotated[Path, typer.Argument(help="SOMD texts: a tokenised sentence a line.")],
    out: Annotated[
        Path,
        typer.Option(help="Folder for predictions.entities.txt and predictions.relations.txt."),
    ],
    make_zip: Annotated[
        bool, typer.Option("--zip", help="Also write submission.zip with both files.")
    ] = False,
    model: Model = "default",
    backend: Backend = "auto",
    min_confidence: MinConfidence = 0.0,
    lean: Lean = 0.0,
    threads: Threads = None,
    device: Device = "cpu",
) -> None:
    """Annotate tokenised sentences; both files get exactly as many lines as the texts have."""
    from somex.pipeline import load
    from somex.readers.somd import read_somd
    from somex.readers.somd_writer import write_submission, write_submission_zip

    documents = [labeled.document for labeled in read_somd(texts)]
    extractor = load(
        model,
        backend=backend,
        min_confidence=min_confidence,
        lean=lean,
        n_threads=threads,
        device=device,
    )
    labeled = extractor.annotate(documents)
    report = write_submission(labeled, out)
    if make_zip:
        write_submission_zip(labeled, out / "submission.zip")
    n_mentions = sum(len(item.annotation.mentions) for item in labeled)
    n_relations = sum(len(item.annotation.relations) for item in labeled)
    console = Console(stderr=True, highlight=False)
    console.print(f"{len(labeled)} lines, {n_mentions} mentions, {n_relations} relations; in {out}")
    for loss, count in report.losses.items():
        console.print(f"{count}: {loss}")
