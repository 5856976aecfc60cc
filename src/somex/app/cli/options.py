"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from somex.core.errors import ConfigError

Model = Annotated[
    str, typer.Option(help="`default`, the name of an installed model, or a model folder.")
]
MinConfidence = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="Leave out mentions less sure than this.")
]
Lean = Annotated[
    float,
    typer.Option(
        min=-20.0,
        max=20.0,
        help="Above 0 leans to precision, below 0 to recall (log odds added to 'no mention').",
    ),
]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Threads of the network; all cores by default.")
]
Backend = Annotated[str, typer.Option(help="`auto`, `onnx` or `torch`.")]
Device = Annotated[
    str,
    typer.Option(
        help="What runs the network: `cpu`, or `cuda` for a GPU (with a torch model, or an fp32 or "
        "fp16 export and ONNX Runtime's CUDA provider)."
    ),
]
Prefilter = Annotated[
    bool,
    typer.Option(
        "--prefilter/--no-prefilter",
        help="Let a cheap filter spare the network sentences that hold no software.",
    ),
]

Seeds = Annotated[str, typer.Option(help="Seeds, as `1,2,3`; the recipe's by default.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on from the checkpoints in the run folder.")
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="Change a value: training.epochs=3.")
]

Documents = Annotated[
    list[Path],
    typer.Argument(help="JSON Lines of documents, or folders that `somex extract` wrote."),
]
LinkedSoftware = Annotated[
    Path | None,
    typer.Option("--software", metavar="FILE", help="Linked software, as `somex link` writes it."),
]

JsonResults = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE|-", help="Write the results as JSON; - for stdout."),
]

ReadyModel = Annotated[
    str | None,
    typer.Option(help="Instead of a recipe: a ready model, by name or folder, or `default`."),
]

Gold = Annotated[Path, typer.Argument(metavar="GOLD", help="Corpus with the right annotation.")]
Predicted = Annotated[
    Path,
    typer.Argument(
        metavar="PRED", help="Prediction: a corpus, or a SOMD submission (folder or zip)."
    ),
]
GoldSplit = Annotated[
    str | None,
    typer.Option(help="Split of a SOMD folder that is the gold: train, validation or test."),
]
FormatGold = Annotated[str | None, typer.Option(help="Format of GOLD; found out unless given.")]
FormatPred = Annotated[
    str | None, typer.Option(help="Format of PRED, 'submission' too; found out unless given.")
]


def parse_numbers(text: str, option: str) -> list[int]:
    """Read whole numbers with commas between them, the value of an option.

    Raises:
        ConfigError: A part is no whole number.
    """
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ConfigError(f"{option} is {text!r}; valid: whole numbers, as 1,2,3") from None
