"""The errors that somex raises on purpose: each names the value, its place and what is valid."""

from __future__ import annotations


class SomexError(Exception):
    """Base of every error that somex raises on purpose; its text is meant for the user."""


class SchemaError(SomexError, ValueError):
    """A label, purpose or relation that the label schema does not have."""


class AnnotationError(SomexError, ValueError):
    """A type of the data model was given values that contradict each other."""


class FormatError(SomexError, ValueError):
    """An input file breaks its format.

    Args:
        message: What is wrong and what would be valid.
        path: File (or part of it) that holds the fault.
        line: 1-based line of the fault, where the format has lines.
    """

    def __init__(self, message: str, *, path: str | None = None, line: int | None = None) -> None:
        self.message = message
        self.path = path
        self.line = line
        place = ":".join(str(part) for part in (path, line) if part is not None)
        super().__init__(f"{place}: {message}" if place else message)


class ConfigError(SomexError, ValueError):
    """A recipe or configuration holds unknown keys or values out of range, all listed together."""


class ModelError(SomexError, RuntimeError):
    """A model folder is missing, incomplete or of an unknown kind."""


class MissingExtraError(SomexError, ImportError):
    """A command needs an optional extra (torch, for instance) that is not installed."""


class ServiceError(SomexError, RuntimeError):
    """A service that was asked refuses or does not answer, and asking again does not help."""


def unknown_value(kind: str, value: object, valid: list[str]) -> str:
    """Return the standard text for a wrong name: the value, and all the right ones."""
    return f"unknown {kind} {value!r}; valid: {', '.join(valid)}"
