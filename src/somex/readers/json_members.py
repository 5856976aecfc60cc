"""Checks the members of JSON objects: their names and kinds, with every fault told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from somex.core.errors import SomexError

T = TypeVar("T")
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A JSON type: how it is called and how a value is known."""

    name: str
    types: tuple[type, ...]

    def holds(self, value: object) -> bool:
        """Tell whether a value is of this kind."""
        return type(value) in self.types


STRING, INTEGER = Kind("a string", (str,)), Kind("a whole number", (int,))
NUMBER, LIST = Kind("a number", (int, float)), Kind("a list", (list,))
OBJECT, STRING_OR_NULL = Kind("an object", (dict,)), Kind("a string or null", (str, type(None)))
SPAN = {"char_start": INTEGER, "char_end": INTEGER}


def members_of(
    obj: object, where: str, tell: Tell, *, required: dict[str, Kind], optional: dict[str, Kind]
) -> dict[str, Any] | None:
    """Return an object whose members have the right names and kinds, else tell and None."""
    if not isinstance(obj, dict):
        tell(f"{where} is not an object")
        return None
    known = required | optional
    faults = [f"{where} lacks {name!r}" for name in required if name not in obj]
    for name, value in obj.items():
        if name not in known:
            faults.append(f"{where} has the unknown member {name!r}; valid: {', '.join(known)}")
        elif not known[name].holds(value):
            faults.append(f"{where}.{name} is {value!r:.40}, not {known[name].name}")
    for fault in faults:
        tell(fault)
    return None if faults else cast("dict[str, Any]", obj)


def items_of(
    items: list[object],
    name: str,
    tell: Tell,
    *,
    required: dict[str, Kind],
    optional: dict[str, Kind] | None = None,
    make: Callable[[dict[str, Any], str], T | None],
) -> Iterator[T]:
    """Yield what is made of each object of a list, telling of those that can't be.

    Args:
        items: The list.
        name: What it is called.
        tell: Hears of each fault, with its place.
        required: Members that each object must have.
        optional: Members that it may have.
        make: Makes the value of an object's members and its place; None where it told of a fault
            itself, a `SomexError` where the values don't fit.
    """
    for index, item in enumerate(items):
        where = f"{name}[{index}]"
        members = members_of(item, where, tell, required=required, optional=optional or {})
        if members is None:
            continue
        try:
            made = make(members, where)
        except SomexError as error:
            tell(f"{where}: {error}")
            continue
        if made is not None:
            yield made
