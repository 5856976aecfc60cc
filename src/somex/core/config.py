"""Typed configuration: a mapping becomes a frozen dataclass; all faults are reported together."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from somex.core.errors import ConfigError

T = TypeVar("T")


def build_config(cls: type[T], values: Mapping[str, Any], *, where: str = "configuration") -> T:
    """Build the dataclass ``cls`` (and those nested in it) from a mapping.

    Args:
        cls: A dataclass whose fields are plain values, tuples or dataclasses.
        values: What a YAML or JSON file held.
        where: Name of the file or part, for the error message.

    Raises:
        ConfigError: Unknown keys, wrong types or values out of range, all in one message.
    """
    problems: list[str] = []
    built = _build(cls, values, "", problems)
    if problems:
        raise ConfigError(f"{where}: " + "; ".join(problems))
    return typing.cast(T, built)


def _build(cls: Any, values: Any, path: str, problems: list[str]) -> Any:
    if not isinstance(values, Mapping):
        problems.append(f"{path or 'the whole'} must be a mapping, not {values!r}")
        return None
    hints = typing.get_type_hints(cls)
    names = [f.name for f in dataclasses.fields(cls)]
    for key in values:
        if key not in names:
            problems.append(f"unknown key {path}{key}; valid: {', '.join(names)}")
    before = len(problems)
    good: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        n_problems = len(problems)
        if field.name in values:
            value = _convert(hints[field.name], values[field.name], f"{path}{field.name}", problems)
            if len(problems) == n_problems:
                good[field.name] = value
        elif _is_required(field):
            problems.append(f"missing key {path}{field.name}")
    built = None
    if all(f.name in good for f in dataclasses.fields(cls) if _is_required(f)):
        try:
            built = cls(**good)  # also where a value was bad: its other values may be, too
        except (TypeError, ValueError) as error:
            problems.append(f"{path.rstrip('.')}: {error}" if path else str(error))
    return built if len(problems) == before else None


def _is_required(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _convert(hint: Any, value: Any, path: str, problems: list[str]) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in typing.get_args(hint):
            return None
        hint = next(arg for arg in typing.get_args(hint) if arg is not type(None))
        return _convert(hint, value, path, problems)
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, f"{path}.", problems)
    if origin is tuple:
        return _convert_list(typing.get_args(hint)[0], value, path, problems)
    if origin is typing.Literal:
        valid = typing.get_args(hint)
        if value not in valid:
            problems.append(f"{path} is {value!r}; valid: {', '.join(map(str, valid))}")
        return value
    return _convert_plain(hint, value, path, problems)


def _convert_list(item: Any, value: Any, path: str, problems: list[str]) -> Any:
    """Read a list; nothing is an empty one, and a lone mapping one of one.

    A key that held one part, or none, in recipes of earlier versions may hold several now.
    """
    if value is None:
        return ()
    if isinstance(value, Mapping) and dataclasses.is_dataclass(item):
        value = [value]
    if not isinstance(value, (list, tuple)):
        problems.append(f"{path} must be a list, not {value!r}")
        return None
    return tuple(_convert(item, v, f"{path}[{i}]", problems) for i, v in enumerate(value))


def _convert_plain(hint: Any, value: Any, path: str, problems: list[str]) -> Any:
    if hint is float and isinstance(value, (int, str)) and not isinstance(value, bool):
        try:
            return float(value)  # YAML reads 3e-5 as a string
        except ValueError:
            pass
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        problems.append(f"{path} must be {hint.__name__}, not {value!r}")
    return value


def read_setting_file(path: Path, what: str) -> str:
    """Return the text of a file that settings are read from.

    Args:
        path: A UTF-8 file.
        what: What it is, for the error message.

    Raises:
        ConfigError: It can't be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{what} {path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{what} {path} is not UTF-8: byte {error.start}") from None


def map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return plain values with each text in them changed; keys stay, tuples become lists."""
    if isinstance(value, dict):
        return {key: map_texts(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [map_texts(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def check_range(name: str, value: float, least: float, most: float) -> None:
    """Raise ConfigError unless ``least <= value <= most``."""
    if not least <= value <= most:
        raise ConfigError(f"{name} is {value}; valid: {least} to {most}")


def check_ranges(values: object, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Raise one ConfigError that names every attribute outside its range (least, most)."""
    problems = []
    for name, (least, most) in ranges.items():
        try:
            check_range(name, getattr(values, name), least, most)
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("; ".join(problems))
