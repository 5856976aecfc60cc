"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Model = Annotated[
    str, typer.Option(help="`default`, the name of an installed model, or a model folder.")
]
MinConfidence = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="Leave out mentions less sure than this.")
]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Threads of the network; all cores by default.")
]
