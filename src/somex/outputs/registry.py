"""The outputs by name. Ours register through the entry points that outsiders use too.

A package adds an output with an entry point of the group ``somex.outputs`` that names an `Output`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from somex.core.errors import ConfigError, unknown_value
from somex.outputs.source import OutputSource

ENTRY_POINT_GROUP = "somex.outputs"
_NAME = re.compile(r"[a-z][a-z0-9-]*")


def _nothing_missing() -> None:
    """Stand for the check of an output that needs no further package."""


def _any_place(place: Path) -> None:
    """Stand for the check of an output that may be written anywhere."""


@dataclass(frozen=True, slots=True)
class Output:
    """Something made of documents.

    Attributes:
        name: Its name on the command line, lower case with hyphens.
        description: What it is, in one line.
        target: Name of the file or folder that it becomes in an output folder.
        write: Writes a source to a file or folder, in place of an earlier one, and returns what
            it wrote in a few words.
        check: Raises MissingExtraError where a package that it needs is missing.
        check_place: Raises FormatError where it can't be written to a file or folder.

    Both checks are asked before any work starts.
    """

    name: str
    description: str
    target: str
    write: Callable[[OutputSource, Path], str]
    check: Callable[[], None] = field(default=_nothing_missing)
    check_place: Callable[[Path], None] = field(default=_any_place)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError(
                f"output name {self.name!r} has other signs than a-z, 0-9 and hyphens"
            )


@cache
def outputs() -> dict[str, Output]:
    """Return all registered outputs by name, sorted.

    Raises:
        ConfigError: An entry point names something else than an `Output`.
    """
    found: dict[str, Output] = {}
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        loaded = point.load()
        if not isinstance(loaded, Output) or loaded.name != point.name:
            raise ConfigError(
                f"entry point {point.name!r} of {ENTRY_POINT_GROUP} ({point.value}) names no "
                "Output of that name"
            )
        found[point.name] = loaded
    return found


def choose_outputs(names: Iterable[str]) -> list[Output]:
    """Return the outputs that an option names, ready to write.

    Args:
        names: Names, or several with commas between; each output counts once.

    Raises:
        ConfigError: A name is none of an output; the message lists all names.
        MissingExtraError: An output needs a package that is not installed.
    """
    known = outputs()
    parts = [part.strip() for name in names for part in name.split(",")]
    chosen: list[Output] = []
    for part in dict.fromkeys(filter(None, parts)):
        if part not in known:
            raise ConfigError(unknown_value("output", part, list(known)))
        known[part].check()
        chosen.append(known[part])
    return chosen
