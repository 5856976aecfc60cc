"""``somex bench documents``: whole documents, by a ready model or cross-validated by document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from somex.app.cli.json_output import print_json, write_json
from somex.app.cli.options import JsonResults, Overrides, ReadyModel, Resume, Threads, parse_numbers
from somex.core.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from somex.core.types import LabeledDocument
    from somex.document_bench.runs import DocumentBench, HeldOut

_TITLES = {
    "software_span": "software",
    "software": "software and type",
    "mentions": "all types",
    "relations": "relations",
}
_SEEN = "a model that was trained on these documents scores too high here; a recipe holds them out"


def bench_documents(
    recipe: Annotated[
        Path | None, typer.Argument(help="Recipe to train once a fold; or give --model.")
    ] = None,
    model: ReadyModel = None,
    data: Annotated[
        Path | None,
        typer.Option(help="With --model: folder that holds somesci/.", envvar="SOMEX_DATA"),
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option(help="With --model: another corpus of whole documents with gold."),
    ] = None,
    subsets: Annotated[
        str, typer.Option(help="With --model: only documents of these folders, as `PLoS_methods`.")
    ] = "",
    folds: Annotated[int, typer.Option(min=2, help="Folds of documents.")] = 5,
    only_folds: Annotated[str, typer.Option(help="Only these folds, as `0,1,2`.")] = "",
    prefilter_recipe: Annotated[
        Path | None,
        typer.Option(help="Train a prefilter a fold too, by this recipe, and score with it."),
    ] = None,
    easy_share: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="With --prefilter-recipe: train on this share only of the sentences without "
            "mentions that the prefilter holds back.",
        ),
    ] = 1.0,
    out: Annotated[
        Path | None,
        typer.Option(help="Run folder; runs/documents-<name of the recipe> by default."),
    ] = None,
    resume: Resume = False,
    override: Overrides = None,
    resamples: Annotated[
        int, typer.Option(min=1, help="Resamples of documents for the intervals.")
    ] = 1000,
    json_path: JsonResults = None,
    threads: Threads = None,
) -> None:
    """Score whole documents, sentences without software included: exact spans, F1 with interval.

    With a recipe, a model is trained for each fold without the fold's documents (those of the
    recipe's extra corpora) and without any sentence of theirs, and annotates them; the run folder
    gets gold.jsonl, documents.jsonl and sifted.jsonl for `somex evaluate`. With --model, a ready
    model annotates SoMeSci's documents, with and without its prefilter.
    """
    if (recipe is None) == (model is None):
        raise ConfigError("give either a recipe, which is trained, or --model, which is not")
    if model is not None:
        results = _of_model(
            model,
            _read_documents(corpus, data, subsets),
            n_resamples=resamples,
            threads=threads,
        )
    else:
        assert recipe is not None
        bench = _plan(
            recipe,
            folds=folds,
            only=parse_numbers(only_folds, "--only-folds"),
            prefilter_recipe=prefilter_recipe,
            easy_share=easy_share,
            out=out,
            overrides=tuple(override or ()),
        )
        results = _of_recipe(bench, resume=resume, n_resamples=resamples, threads=threads)
    _show(results, json_path)


def _read_documents(
    corpus: Path | None, data: Path | None, subsets: str
) -> Sequence[LabeledDocument]:
    from somex.corpus import read_source
    from somex.recipe import Source

    if corpus is None and data is None:
        raise ConfigError("give --data, a folder that holds somesci/, or --corpus")
    source = (
        Source(str(corpus))
        if corpus is not None
        else Source(str(data and data / "somesci"), "brat")
    )
    found = read_source(source)
    wanted = [name.strip() for name in subsets.split(",") if name.strip()]
    if not wanted:
        return found
    folders = sorted({d.document.id.rpartition("/")[0] for d in found})
    for name in wanted:
        if name not in folders:
            raise ConfigError(f"--subsets names {name!r}; valid: {', '.join(folders)}")
    return [d for d in found if d.document.id.rpartition("/")[0] in wanted]


def _of_model(
    model: str, gold: Sequence[LabeledDocument], *, n_resamples: int, threads: int | None
) -> dict[str, Any]:
    from tqdm import tqdm

    from somex.document_bench.filters import sift
    from somex.document_bench.scores import score_whole_documents
    from somex.model_registry import find_model
    from somex.pipeline import load
    from somex.prefilter.model import has_prefilter, read_prefilter

    extractor = load(model, n_threads=threads, prefilter=False)
    found = [
        extractor.annotate([labeled.document])[0]
        for labeled in tqdm(gold, unit="doc", disable=None)
    ]
    ways = {"every sentence read": found}
    folder = find_model(model).folder
    if has_prefilter(folder):
        ways["prefilter"] = sift(found, read_prefilter(folder))
    scored = {
        way: [s.to_json() for s in score_whole_documents(gold, of_way, n_resamples=n_resamples)]
        for way, of_way in ways.items()
    }
    return {"model": extractor.to_json(), "note": _SEEN, "scores": scored}


def _plan(
    path: Path,
    *,
    folds: int,
    only: Sequence[int],
    prefilter_recipe: Path | None,
    easy_share: float,
    out: Path | None,
    overrides: tuple[str, ...],
) -> DocumentBench:
    try:
        from somex.document_bench.runs import DocumentBench
        from somex.prefilter_runs import read_prefilter_recipe
    except ImportError as error:
        raise MissingExtraError(
            f"`somex bench documents` with a recipe needs {error.name}; pip install 'somex[train]'"
        ) from None
    from somex.recipe import read_recipe

    wrong = [fold for fold in only if not 0 <= fold < folds]
    if wrong:
        raise ConfigError(f"--only-folds names fold {wrong[0]}; valid: 0 to {folds - 1}")
    if prefilter_recipe is None and easy_share < 1.0:
        raise ConfigError("--easy-share needs --prefilter-recipe, which tells what is easy")
    recipe = read_recipe(path, overrides=overrides)
    sieve = None if prefilter_recipe is None else read_prefilter_recipe(prefilter_recipe)
    folder = out or Path("runs") / f"documents-{recipe.name}"
    return DocumentBench(
        recipe, folds, sorted(set(only)) or range(folds), folder, sieve, easy_share
    )


def _of_recipe(
    bench: DocumentBench, *, resume: bool, n_resamples: int, threads: int | None
) -> dict[str, Any]:
    try:
        import torch

        from somex.app.cli.listeners import build_listener
        from somex.document_bench.runs import run_folds
    except ImportError as error:
        raise MissingExtraError(
            f"`somex bench documents` with a recipe needs {error.name}; pip install 'somex[train]'"
        ) from None
    if threads:
        torch.set_num_threads(threads)
    held = run_folds(
        bench,
        resume=resume,
        make_listener=lambda name, place: build_listener(name, place, tensorboard=False),
    )
    return _score_held_out(bench, held, n_resamples=n_resamples)


def _score_held_out(bench: DocumentBench, held: HeldOut, *, n_resamples: int) -> dict[str, Any]:
    from somex.document_bench.scores import score_whole_documents
    from somex.document_bench.thresholds import apply_thresholds
    from somex.experiments import describe_environment
    from somex.model.torch_folder import write_json as write_quietly

    ways = held.ways()
    thresholds: Mapping[int, float] = {}
    if len(bench.folds) > 1:
        last, found = list(ways.items())[-1]
        left, thresholds = apply_thresholds(held.gold, found, n_folds=bench.n_folds)
        ways[f"{last}, above a confidence chosen on the other folds"] = left
    results = {
        "recipe": bench.recipe.to_json(),
        "n_folds": bench.n_folds,
        "folds": list(bench.folds),
        "easy_share": bench.easy_share,
        "environment": describe_environment(),
        "trained_on": held.trained_on,
        "thresholds": thresholds,
        "scores": {
            way: [
                s.to_json()
                for s in score_whole_documents(held.gold, found, n_resamples=n_resamples)
            ]
            for way, found in ways.items()
        },
    }
    write_quietly(bench.folder / "results.json", results)
    return results


def _show(results: dict[str, Any], json_path: str | None) -> None:
    if json_path == "-":
        print_json(results)
        return
    console = Console(highlight=False)
    for way, rows in results["scores"].items():
        console.print(_table(way, rows))
    if "note" in results:
        typer.echo(f"note: {results['note']}")
    if json_path is not None:
        write_json(results, Path(json_path))


def _table(way: str, rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(title=f"{way}: exact spans, micro scores in per cent", title_justify="left")
    for title in ("documents", "scored"):
        table.add_column(title)
    for title in ("gold", "P", "R", "F1", "95 %"):
        table.add_column(title, justify="right")
    for row in rows:
        first = f"{row['name']}: {row['n_documents']}, {row['n_sentences']} sentences"
        for view, title in _TITLES.items():
            score = row[view]
            cells = (f"{100 * score[key]:.1f}" for key in ("precision", "recall", "f1"))
            interval = f"{100 * score['low']:.1f} to {100 * score['high']:.1f}"
            table.add_row(first, title, str(score["n_gold"]), *cells, interval)
            first = ""
        table.add_section()
    return table
