"""``somex prefilter``: trains and measures the filter in front of the encoder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from somex.app.cli.json_output import print_json, write_json
from somex.app.cli.options import Model, Overrides
from somex.core.errors import ConfigError, unknown_value

if TYPE_CHECKING:
    from somex.prefilter.model import Prefilter

prefilter = typer.Typer(
    name="prefilter",
    help="Train and measure the filter that spares the encoder sentences without software.",
    no_args_is_help=True,
)
Json = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE|-", help="Write the figures as JSON; - for stdout."),
]


@prefilter.callback()
def _group() -> None:
    """Train and measure the filter that spares the encoder sentences without software."""


@prefilter.command("train")
def train(
    recipe: Annotated[Path, typer.Argument(help="Recipe: a YAML file, see recipes/prefilter/.")],
    out: Annotated[
        Path,
        typer.Option(help="Folder for prefilter.npz and prefilter.json; may be a model folder."),
    ],
    override: Overrides = None,
    json_path: Json = None,
) -> None:
    """Train a filter; its threshold and its loss come from cross-validation over documents.

    In a model folder, the filter is used by `somex extract --model FOLDER`.
    """
    from somex.prefilter.model import write_prefilter
    from somex.prefilter_runs import read_prefilter_recipe, train_prefilter

    model = train_prefilter(read_prefilter_recipe(recipe, overrides=tuple(override or ())))
    write_prefilter(model, out)
    Console(stderr=True).print(f"wrote {out / 'prefilter.npz'}", soft_wrap=True)
    _report({"threshold": model.threshold, **model.card["cross_validation"]}, json_path)
    if json_path is None:
        _print_curve(model.card["curve"])


@prefilter.command("evaluate")
def evaluate(
    corpus: Annotated[Path, typer.Argument(help="Corpus of whole documents with gold.")],
    model: Model = "default",
    format: Annotated[str | None, typer.Option(help="Its format; found out unless given.")] = None,
    perturb: Annotated[
        str | None,
        typer.Option(help="Respell the sentences first: punctuation, lower-case, …"),
    ] = None,
    found: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Share of the gold mentions that the encoder is taken to find (second pass).",
        ),
    ] = 1.0,
    json_path: Json = None,
) -> None:
    """Count the gold mentions that a filter loses and the sentences that it lets pass.

    Measure on documents that the filter was not trained on. MODEL may be any folder that holds
    prefilter.npz and prefilter.json.
    """
    from somex.perturbations import PERTURBATIONS
    from somex.prefilter_data import cut_document
    from somex.prefilter_runs import measure
    from somex.readers.registry import read_corpus

    if perturb is not None and perturb not in PERTURBATIONS:
        raise ConfigError(unknown_value("perturbation", perturb, list(PERTURBATIONS)))
    change = PERTURBATIONS[perturb] if perturb else None
    documents = [cut_document(d, change=change) for d in read_corpus(corpus, format=format)]
    _report(measure(_find(model), documents, found=found), json_path)


def _find(model: str) -> Prefilter:
    from somex.model_registry import find_model
    from somex.prefilter.model import has_prefilter, read_prefilter

    folder = Path(model)
    return read_prefilter(folder if has_prefilter(folder) else find_model(model).folder)


def _report(figures: dict[str, Any], json_path: str | None) -> None:
    if json_path == "-":
        print_json(figures)
        return
    if json_path is not None:
        write_json(figures, Path(json_path))
    table = Table(title="Prefilter", title_justify="left", show_header=False)
    whole = {f"whole documents: {key}": v for key, v in figures["whole_documents"].items()}
    for key, value in (*figures.items(), *whole.items()):
        if isinstance(value, (int, float)):
            text = f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
            table.add_row(key.replace("_", " "), text)
    Console().print(table)
    by_type = Table(title="Lost mentions by type", title_justify="left")
    for name in ("Type", "Mentions", "Lost"):
        by_type.add_column(name, justify="left" if name == "Type" else "right")
    for name, counts in figures["by_type"].items():
        by_type.add_row(name, str(counts["n"]), str(counts["lost"]))
    Console().print(by_type)


def _print_curve(curve: list[dict[str, float]]) -> None:
    table = Table(title="Trade-off on held-out whole documents", title_justify="left")
    for name in ("Threshold", "Lost", "Lost by the first pass", "Sentences", "Characters"):
        table.add_column(name, justify="right")
    for row in curve:
        threshold, *shares = row.values()
        table.add_row(f"{threshold:.2f}", *(f"{100 * share:.2f} %" for share in shares))
    Console().print(table)
