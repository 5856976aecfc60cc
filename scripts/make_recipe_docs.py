"""Write the tables of docs/recipes.md from the recipe's dataclasses; --check only compares."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from pathlib import Path
from typing import Any

from make_cli_docs import update

from somex.llm.config import EndpointConfig, PromptConfig, TuningConfig
from somex.model.config import ModelConfig
from somex.model.span.options import SpanOptions
from somex.recipe import DataConfig, NameList, Source, Templates, TrainingConfig

TARGET = Path(__file__).resolve().parents[1] / "docs" / "recipes.md"
BEGIN, END = "<!-- keys (made by `make docs`) -->\n", "<!-- /keys -->\n"
PARTS = {
    "model": ModelConfig,
    "model.span (family: span)": SpanOptions,
    "data": DataConfig,
    "data.train, data.extra[], data.never[]": Source,
    "data.name_lists[]": NameList,
    "data.templates[]": Templates,
    "training": TrainingConfig,
    "model (language models)": EndpointConfig,
    "prompt (language models)": PromptConfig,
    "tuning (language models)": TuningConfig,
}
NOT_FOR_USERS = {"format": ModelConfig}


def attribute_docs(cls: type) -> dict[str, str]:
    """Return what the ``Attributes:`` part of a class's docstring says of each attribute."""
    _, _, part = inspect.getdoc(cls).partition("Attributes:\n")  # type: ignore[union-attr]
    entries = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", part, re.MULTILINE)
    return {name: " ".join(text.split()).replace("``", "`") for name, text in entries}


def table(cls: Any) -> str:
    """Return a table of a dataclass's keys.

    Raises:
        KeyError: A key is not described in the docstring.
    """
    described = attribute_docs(cls)
    rows = ["| Key | Type | Default | Meaning |", "| --- | --- | --- | --- |"]
    for field in dataclasses.fields(cls):
        if NOT_FOR_USERS.get(field.name) is cls:
            continue
        kind = str(field.type).replace("|", "\\|")
        rows.append(f"| `{field.name}` | `{kind}` | {_default(field)} | {described[field.name]} |")
    return "\n".join(rows) + "\n"


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return f"`{field.default}`"
    return "required" if field.default_factory is dataclasses.MISSING else "its defaults"


def render(page: str) -> str:
    """Return the page with its tables made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = "\n".join(f"### {name}\n\n{table(cls)}" for name, cls in PARTS.items())
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


if __name__ == "__main__":
    text = render(TARGET.read_text(encoding="utf-8"))
    sys.exit(update(TARGET, text, check="--check" in sys.argv))
