"""``somex spans``: spans of types that the caller names, by a model of the span family."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from somex.app.cli.json_output import print_json, write_json
from somex.app.cli.options import Threads


def spans(
    texts: Annotated[
        list[Path], typer.Argument(help="Files: papers, plain text, documents of somex.")
    ],
    model: Annotated[
        Path,
        typer.Option(help="Model folder (family span), or a GLiNER checkpoint: folder, hub name."),
    ],
    labels: Annotated[
        str, typer.Option(help="Types in plain words, as `data set,software version`.")
    ],
    threshold: Annotated[float, typer.Option(help="Least probability, between 0 and 1.")] = 0.5,
    backend: Annotated[str, typer.Option(help="`auto`, `onnx` or `torch`.")] = "auto",
    threads: Threads = None,
    json_path: Annotated[
        str | None,
        typer.Option("--json", metavar="FILE|-", help="Write the spans as JSON; - for stdout."),
    ] = None,
) -> None:
    """Find spans of any types, also of types that the model was not trained on (zero-shot)."""
    from somex.model.span.finder import open_finder
    from somex.readers.registry import read_corpus

    names = [name.strip() for name in labels.split(",") if name.strip()]
    finder = open_finder(model, backend=backend, n_threads=threads)
    found = []
    for path in texts:
        for labeled in read_corpus(path):
            of_document = finder.find(labeled.document, names, threshold=threshold)
            found.append((labeled.document.id, of_document))
    listed = [{"id": id, "spans": [span.to_json() for span in spans]} for id, spans in found]
    if json_path == "-":
        print_json({"documents": listed})
        return
    if json_path is not None:
        write_json({"documents": listed}, Path(json_path))
        return
    console = Console(highlight=False, markup=False)
    for id, of_document in found:
        console.print(id)
        for span in of_document:
            place = f"({span.char_start}-{span.char_end})"
            console.print(f"  {span.confidence:.2f}  {span.label}: {span.text}  {place}")
