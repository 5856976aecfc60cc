"""``somex bench``: measures what a model or a recipe is worth outside of its own data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from somex.app.cli.bench_documents import bench_documents
from somex.app.cli.bench_link import bench_link
from somex.app.cli.bench_speed import bench_speed
from somex.app.cli.json_output import print_json, write_json
from somex.app.cli.options import (
    JsonResults,
    Overrides,
    ReadyModel,
    Resume,
    Seeds,
    Threads,
    parse_numbers,
)
from somex.core.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from somex.core.types import LabeledDocument
    from somex.ood_bench import Annotate, Corpora

bench = typer.Typer(name="bench", help="Measure models and recipes.", no_args_is_help=True)


@bench.callback()
def _group() -> None:
    """Measure models and recipes."""


bench.command("link")(bench_link)
bench.command("documents")(bench_documents)
bench.command("speed")(bench_speed)


@bench.command("ood")
def ood(
    recipe: Annotated[
        Path | None, typer.Argument(help="Recipe to train once a split; or give --model.")
    ] = None,
    model: ReadyModel = None,
    corpus: Annotated[
        Path | None,
        typer.Option(help="With --model: sentences with gold that it was not trained on."),
    ] = None,
    split: Annotated[
        str, typer.Option(help="With --corpus: split of a SOMD folder: train, validation or test.")
    ] = "validation",
    format: Annotated[
        str | None, typer.Option(help="With --corpus: its format; found out unless given.")
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(help="With --corpus: a stand-off file with other labels; only its sentences."),
    ] = None,
    splits: Annotated[
        str, typer.Option(help="Only these test sets, as `fold,unseen-names,softcite`.")
    ] = "",
    seeds: Seeds = "",
    out: Annotated[
        Path | None, typer.Option(help="Run folder; runs/ood-<name of the recipe> by default.")
    ] = None,
    resume: Resume = False,
    override: Overrides = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder that holds somesci/ and softcite/.", envvar="SOMEX_DATA"),
    ] = None,
    softcite_limit: Annotated[
        int, typer.Option(min=0, help="So many softcite documents of each domain; 0 for all.")
    ] = 0,
    softcite_fifth: Annotated[
        int,
        typer.Option(
            min=-1,
            max=4,
            help="With --model: only this fifth of softcite's documents, 0 to 4, for a model that "
            "was trained on the others; -1 for all. A recipe says itself what it leaves out.",
        ),
    ] = -1,
    errors: Annotated[
        bool, typer.Option("--errors", help="Count the mistakes by category, too.")
    ] = False,
    plots: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Draw the mistakes there (mistakes.svg)."),
    ] = None,
    json_path: JsonResults = None,
    threads: Threads = None,
) -> None:
    """Score where texts are unlike the training: one table, a row a test set.

    With a recipe, a model is trained for each split without what the split holds out (a part of
    SoMeSci, a fifth of the software names; `fold` is the control) and scored on that. Perturbed
    texts (punctuation apart, the other citation style, resolver addresses, lower case) and
    softcite need no training; the control's model is scored on them. With --model, a ready model
    is scored on these only. Differences are those of the total to the control. A model that learned
    softcite's labels with a head of their own is scored on softcite with that head as well.
    """
    from somex.ood_bench import Corpora, choose_sets
    from somex.plotting import check_plots

    if plots is not None:
        check_plots()
    if (recipe is None) == (model is None):
        raise ConfigError("give either a recipe, which is trained, or --model, which is not")
    sets = choose_sets([name.strip() for name in splits.split(",") if name.strip()])
    corpora = Corpora(data, softcite_limit, None if softcite_fifth < 0 else softcite_fifth)
    if model is not None:
        _refuse("--model", {"--seeds": seeds, "--out": out, "--resume": resume, "--set": override})
        documents = _read_corpus(corpus, split=split, format=format, annotations=annotations)
        results = _score_model(
            model, documents, sets=sets, corpora=corpora, threads=threads, all_wanted=not splits
        )
    else:
        fifth = softcite_fifth >= 0
        given: dict[str, object] = {
            "--corpus": corpus,
            "--format": format,
            "--annotations": annotations,
            "--softcite-fifth": fifth,
        }
        _refuse("a recipe", given)
        assert recipe is not None
        results = _run_recipe(
            recipe,
            sets=sets,
            seeds=parse_numbers(seeds, "--seeds"),
            out=out,
            resume=resume,
            overrides=tuple(override or ()),
            corpora=corpora,
            threads=threads,
        )
    _show(results, json_path, errors=errors, plots=plots)


def _refuse(kind: str, options: dict[str, object]) -> None:
    given = [name for name, value in options.items() if value]
    if given:
        raise ConfigError(f"{', '.join(given)} can't go with {kind}; see somex bench ood --help")


def _read_corpus(
    path: Path | None, *, split: str, format: str | None, annotations: Path | None
) -> list[LabeledDocument]:
    from somex.corpus import cut_sentences, read_source
    from somex.readers.somd import split_names
    from somex.recipe import Source

    if path is None:
        _refuse("no --corpus", {"--annotations": annotations})
        return []
    split_names(split)  # refuses a wrong name
    labels = None if annotations is None else str(annotations)
    source = Source(str(path), format, split, annotations=labels)  # type: ignore[arg-type]
    return list(cut_sentences(source, read_source(source)))


def _score_model(
    model: str,
    documents: list[LabeledDocument],
    *,
    sets: list[str],
    corpora: Corpora,
    threads: int | None,
    all_wanted: bool,
) -> dict[str, Any]:
    from somex.ood_bench import SOFTCITE, bench_model
    from somex.ood_splits import SPLITS
    from somex.perturbations import PERTURBATIONS
    from somex.pipeline import load

    held_out = [name for name in sets if name in SPLITS]
    if held_out and not all_wanted:
        raise ConfigError(
            f"{', '.join(held_out)} must be held out of training and so need a recipe; "
            f"with --model: {', '.join([*PERTURBATIONS, *SOFTCITE])}"
        )
    if not documents and (not all_wanted) and any(name in PERTURBATIONS for name in sets):
        raise ConfigError("perturbed texts need --corpus, sentences with gold")
    if all_wanted and corpora.folder is None:
        sets = [name for name in sets if name not in SOFTCITE]
        if not documents:
            raise ConfigError("there is nothing to score on; give --corpus or --data, or both")
    extractor = load(model, n_threads=threads, prefilter=False)

    rows = bench_model(
        lambda found: [labeled.annotation for labeled in extractor.annotate(found)],
        documents,
        sets=sets,
        corpora=corpora,
        annotate_as_softcite=_softcite_reader(extractor.info.folder, sets),
    )
    note = "splits that hold something out of training need a recipe and are not in this table"
    return {"model": extractor.to_json(), "note": note, "rows": rows}


def _softcite_reader(folder: Path, sets: list[str]) -> Annotate | None:
    """Return what a model's head for softcite's labels finds, where it has one and is wanted."""
    from somex.model.config import read_model_config
    from somex.model.folder import open_predictor
    from somex.ood_bench import is_softcite

    if not any(map(is_softcite, sets)) or not read_model_config(folder).softcite_head:
        return None
    return open_predictor(folder, as_softcite=True).annotate


def _run_recipe(
    path: Path,
    *,
    sets: list[str],
    seeds: list[int],
    out: Path | None,
    resume: bool,
    overrides: tuple[str, ...],
    corpora: Corpora,
    threads: int | None,
) -> dict[str, Any]:
    try:
        import torch

        from somex.app.cli.listeners import build_listener
        from somex.ood_runs import Bench, run_bench
    except ImportError as error:
        raise MissingExtraError(
            f"`somex bench ood` with a recipe needs {error.name}; pip install 'somex[train]'"
        ) from None
    from somex.recipe import read_recipe

    if threads:
        torch.set_num_threads(threads)
    recipe = read_recipe(path, overrides=overrides)
    folder = out or Path("runs") / f"ood-{recipe.name}"
    plan = Bench(recipe, sets, seeds or [recipe.training.seed], corpora, folder)
    return run_bench(
        plan,
        resume=resume,
        make_listener=lambda name, place: build_listener(name, place, tensorboard=False),
    )


def _show(
    results: dict[str, Any], json_path: str | None, *, errors: bool, plots: Path | None
) -> None:
    from somex.app.cli.score_tables import print_bench, print_mistakes

    if plots is not None:
        from somex.ood_plots import draw_mistakes

        typer.echo(f"wrote {draw_mistakes(results['rows'], plots)}", err=True)
    if json_path == "-":
        print_json(results)
        return
    print_bench(results["rows"])
    if errors:
        print_mistakes(results["rows"])
    if "note" in results:
        typer.echo(f"note: {results['note']}")
    if json_path is not None:
        write_json(results, Path(json_path))
