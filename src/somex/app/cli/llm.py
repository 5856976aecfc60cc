"""``somex llm``: language models as extractors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from somex.app.cli.options import Overrides, Resume
from somex.core.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from somex.core.types import Document
    from somex.llm.tune import TuneStep

llm = typer.Typer(
    name="llm", help="Ask language models, and check every answer.", no_args_is_help=True
)

REPORT_FILE = "report.json"


@llm.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="Recipe: a YAML file, see recipes/llm-*.yaml.")],
    out: Annotated[
        Path, typer.Option(help="Folder for the two submission files, report.json and the answers.")
    ],
    texts: Annotated[
        Path | None, typer.Option(help="SOMD texts: a tokenised sentence a line.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Corpus; its labels are not read.")] = None,
    split: Annotated[str, typer.Option(help="Split of a SOMD folder.")] = "validation",
    first: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many sentences.")
    ] = None,
    override: Overrides = None,
) -> None:
    """Annotate sentences with a language model; a stopped run goes on, no answer is paid twice.

    What does not stand in the sentence, or is not allowed by the schema, is left out and counted
    in report.json.
    """
    from tqdm import tqdm

    from somex.app.cli.json_output import write_json
    from somex.llm.config import read_llm_recipe
    from somex.llm.run import run_recipe
    from somex.readers.somd_writer import write_submission

    loaded = read_llm_recipe(recipe, overrides=tuple(override or ()))
    documents = _read_sentences(texts, data, split)[:first]
    with tqdm(total=len(documents), desc=loaded.name, unit="sentence") as bar:
        result = run_recipe(loaded, documents, folder=out, on_sentence=lambda _: bar.update())
    write_submission(result.labeled, out)
    write_json(result.report, out / REPORT_FILE)
    _show(result.report)


@llm.command()
def tune(
    recipe: Annotated[
        Path, typer.Argument(help="Recipe: a YAML file, see recipes/llm-tune-llama3.yaml.")
    ],
    out: Annotated[Path, typer.Option(help="Run folder; the weights go to its folder adapter.")],
    resume: Resume = False,
    override: Overrides = None,
) -> None:
    """Fine-tune a causal language model with LoRA to give the answers that `llm run` asks for."""
    from tqdm import tqdm

    from somex.llm.config import read_tune_recipe

    loaded = read_tune_recipe(recipe, overrides=tuple(override or ()))
    try:
        from somex.llm.tune import ADAPTER_FOLDER
        from somex.llm.tune import tune as tune_model
    except ImportError as error:
        raise MissingExtraError(
            f"`somex llm tune` needs {error.name}; pip install 'somex[llm-train]'"
        ) from None
    with tqdm(desc=loaded.name, unit="step") as bar:

        def show(step: TuneStep) -> None:
            bar.total, bar.n = step.n_steps, step.step
            bar.set_postfix_str(f"epoch {step.epoch} loss {step.loss:.3f}")

        history = tune_model(loaded, folder=out, resume=resume, on_step=show)
    console = Console(stderr=True, highlight=False)
    losses = ", ".join(f"{entry['loss']:.3f}" for entry in history["epochs"])
    console.print(
        f"{history['lessons']} answers learned, {history['left out']} too long; losses {losses}; "
        f"in {out / ADAPTER_FOLDER}"
    )


def _read_sentences(texts: Path | None, data: Path | None, split: str) -> list[Document]:
    from somex.corpus import read_source, split_labeled
    from somex.readers.somd import read_somd
    from somex.recipe import Source

    if texts is not None and data is None:
        return [labeled.document for labeled in read_somd(texts)]
    if data is None or texts is not None:
        raise ConfigError("give either --texts FILE or --data CORPUS")
    if split not in ("train", "validation", "test"):
        raise ConfigError(f"--split is {split!r}; valid: train, validation, test")
    source = Source(str(data), split=split)  # type: ignore[arg-type]
    return [part.document for item in read_source(source) for part in split_labeled(item)]


def _show(report: dict[str, Any]) -> None:
    console = Console(stderr=True, highlight=False)
    sentences, accepted, usage = report["sentences"], report["accepted"], report["usage"]
    console.print(
        f"{sentences['total']} sentences, {sentences['without an answer']} without an answer; "
        f"{accepted['mentions']} mentions and {accepted['relations']} relations accepted"
    )
    table = Table("fault", "first answers", "all answers", header_style="bold")
    for part in ("answers", "mentions", "relations"):
        cells = (f"{report[stage][part]['total']}" for stage in ("first", "all"))
        table.add_row(f"[bold]{part}[/bold]", *cells)
        for name in report["all"][part]["faults"]:
            faults = [report[stage][part]["faults"][name] for stage in ("first", "all")]
            table.add_row(f"  {name}", *(f"{f['count']} ({f['rate']:.1%})" for f in faults))
    console.print(table)
    wrong = {name: count for name, count in report["requests"].items() if count}
    if wrong:
        console.print("requests: " + ", ".join(f"{count} {name}" for name, count in wrong.items()))
    for name in ("all answers", "this run"):
        part = usage[name]
        console.print(
            f"{name}: {part['answers']} answers, {part['prompt tokens']} + "
            f"{part['completion tokens']} tokens, {part['cost']:.4f} {usage['currency']}"
        )
