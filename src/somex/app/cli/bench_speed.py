"""``somex bench speed``: ways to run a model, timed side by side."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from somex.app.cli.json_output import print_json, write_json
from somex.app.cli.options import JsonResults, Model, Threads
from somex.core.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from somex.speed.prepare import Folders
    from somex.speed.worker import Spec


def bench_speed(
    documents: Annotated[
        list[Path],
        typer.Argument(help="Documents of natural text: files or folders, as `somex extract`."),
    ],
    model: Model = "default",
    fast: Annotated[
        str, typer.Option(help="The fast model, by name or folder; empty for none.")
    ] = "fast",
    trained: Annotated[
        Path | None,
        typer.Option(
            help="Folder of `somex train` that the model was exported from, so that outputs can be "
            "compared; by default PyTorch runs a model of that size with random weights."
        ),
    ] = None,
    has_gold: Annotated[
        bool,
        typer.Option(
            "--gold", help="The documents are annotated corpora: score each way against the gold."
        ),
    ] = False,
    n_documents: Annotated[
        int, typer.Option("--n-documents", min=1, help="So many documents, drawn once for all.")
    ] = 8,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds that count.")] = 3,
    variants: Annotated[
        str, typer.Option(help="Only these, as `naive,onnx-int8`; all by default.")
    ] = "",
    threads: Threads = None,
    json_path: JsonResults = None,
) -> None:
    """Time ways to run a model on the same documents, side by side, against the naive way.

    Each way has a process of its own; all take their turn in each round, so that what slows the
    machine slows all. Ratios are medians over the rounds. The ceiling of the machine, a large
    product in fp32 and in int8, is measured in each round too.
    """
    from tqdm import tqdm

    from somex.core.types import LabeledDocument
    from somex.readers.jsonl import write_jsonl
    from somex.speed.bench import run_variants, summarise
    from somex.speed.prepare import count_sample, encoder_size, prepare_models, read_sample
    from somex.speed.variants import BY_NAME

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drawn = read_sample(documents, n_documents, has_gold=has_gold)
        write_jsonl([LabeledDocument(one.document) for one in drawn], folder / "sample.jsonl")
        sample = count_sample(drawn)
        exported = _find(model)
        made = prepare_models(exported, trained, folder)
        specs = _specs(_chosen(variants), made, _find_fast(fast), folder, threads)
        with tqdm(total=len(specs) * (rounds + 1), unit="run", disable=None) as progress:
            measured, ceilings = run_variants(
                specs, n_rounds=rounds, folder=folder, on_run=lambda _: progress.update()
            )
        sizes = {spec.variant: encoder_size(Path(spec.model)) for spec in specs}
        gold = drawn if has_gold else []
        rows = summarise(measured, ceilings, sample, sizes, gold=gold)
    for name, row in rows.items():
        variant = BY_NAME[name]
        has_weights = made.has_weights and variant.kind != "gliner"
        if not has_weights:
            row.pop("agreement_with_naive", None)
            if variant.precision == "fp32":
                row.pop("f1", None)
    best = max(ceilings, key=lambda c: c.int8)
    results: dict[str, Any] = {
        "sample": asdict(sample),
        "n_rounds": rounds,
        "n_threads": threads,
        "ceiling": asdict(replace(best, fp32=max(c.fp32 for c in ceilings))),
        "variants": rows,
    }
    if json_path == "-":
        print_json(results)
        return
    if json_path is not None:
        write_json(results, Path(json_path))
    Console().print(_table(rows))


def _chosen(names: str) -> list[str]:
    from somex.speed.variants import BY_NAME

    chosen = [name.strip() for name in names.split(",") if name.strip()] or [*BY_NAME]
    for name in chosen:
        if name not in BY_NAME:
            raise ConfigError(f"--variants names {name!r}; valid: {', '.join(BY_NAME)}")
    return chosen


def _find(model: str) -> Path:
    from somex.model_registry import find_model

    return find_model(model).folder


def _find_fast(name: str) -> Path | None:
    try:
        return _find(name) if name else None
    except ModelError as error:
        Console(stderr=True).print(f"the fast model is left out: {error}")
        return None


def _specs(
    names: list[str], made: Folders, fast: Path | None, folder: Path, threads: int | None
) -> list[Spec]:
    from somex.speed.variants import BY_NAME
    from somex.speed.worker import Spec

    specs = []
    for variant in (BY_NAME[name] for name in names):
        if variant.is_fast and fast is None:
            continue
        if variant.kind == "gliner" and find_spec("gliner") is None:
            Console(stderr=True).print(
                "the gliner package is left out: pip install 'somex[gliner]'"
            )
            continue
        exported = made.fp32 if variant.precision == "fp32" else made.int8
        place = made.torch if variant.kind == "torch" else exported
        place = fast if variant.is_fast and fast is not None else place
        documents = str(folder / "sample.jsonl")
        specs.append(Spec(variant.name, str(place), str(made.int8), documents, threads))
    return specs


def _table(rows: Mapping[str, Mapping[str, Any]]) -> Table:
    from somex.speed.variants import BY_NAME

    table = Table(box=None)
    headings = ("way", "× naive", "sentences/s", "documents/s", "of ceiling", "MB", "start s", "F1")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for name, row in rows.items():
        table.add_row(
            BY_NAME[name].title,
            f"{row['ratio_to_naive']:.1f}" if "ratio_to_naive" in row else "",
            f"{row['sentences_per_second']:.1f}",
            f"{row['documents_per_second']:.2f}",
            f"{row['fraction_of_ceiling']:.0%}",
            f"{row['peak_rss_mb']:.0f}",
            f"{row['start_up_seconds']:.1f}",
            f"{row['f1']['ner_micro_f1']:.3f}" if "f1" in row else "",
        )
    return table
