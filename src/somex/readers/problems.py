"""What is wrong with a file: the one path by which parsers report, for reading and validating.

A parser gets a `Report` and goes on after calling it. `raise_errors` makes it a strict reader,
`list.append` makes it a validator, so that both see the same faults.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from somex.core.errors import FormatError

Severity = Literal["error", "warning"]


class ReadWarning(UserWarning):
    """A reader or writer changed or left out something; the text gives the count."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a file.

    Attributes:
        path: The file.
        line: 1-based line, None where the fault has no line.
        message: What is wrong and what would be valid.
        severity: "error" where a strict reader stops, "warning" where it goes on.
    """

    path: str
    line: int | None
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.severity}: {self.message}"

    def to_json(self) -> dict[str, str | int | None]:
        """Return the fields as a JSON object."""
        return asdict(self)


Report = Callable[[Problem], None]


def raise_errors(problem: Problem) -> None:
    """Raise an error, let a warning pass as a `ReadWarning`.

    Raises:
        FormatError: The problem is an error.
    """
    if problem.severity == "error":
        raise FormatError(problem.message, path=problem.path, line=problem.line)
    warnings.warn(str(problem), ReadWarning, stacklevel=3)


def problem_of(error: FormatError, *, path: str) -> Problem:
    """Return a raised error as a problem, ``path`` filling in where the error names none."""
    return Problem(error.path or path, error.line, error.message)
