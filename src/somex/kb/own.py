"""A list of the user's own: CSV, TSV or JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from somex.core.known_software import KnownSoftware
from somex.core.software import Identifier
from somex.kb.keys import identifiers_of_url, parse_identifier
from somex.kb.source_file import SourceFile
from somex.kb.tables import read_rows

_MEMBERS = ("name", "aliases", "developers", "identifiers", "kind", "homepage")
_LISTS = ("aliases", "developers", "identifiers")
_SUFFIXES = (".jsonl", ".ndjson")


def read_own(file: SourceFile) -> Iterator[KnownSoftware]:
    """Yield the software of a list with ``name`` and, where known, the other members.

    ``aliases``, ``developers`` and ``identifiers`` hold several values, in tables with ``|``
    between them; an identifier is ``scheme:value`` or a URL.
    """
    is_json = any(suffix in _SUFFIXES for suffix in file.path.suffixes)
    for number, row in _objects(file) if is_json else read_rows(file):
        try:
            yield _software(row)
        except ValueError as error:
            file.faults.tell(number, str(error))


def _objects(file: SourceFile) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in file.lines():
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            file.faults.tell(number, f"is no JSON: {error}")
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            file.faults.tell(number, "is no JSON object")


def _software(row: dict[str, Any]) -> KnownSoftware:
    unknown = [name for name in row if name not in _MEMBERS]
    if unknown:
        raise ValueError(f"has the unknown member {unknown[0]!r}; valid: {', '.join(_MEMBERS)}")
    for name, value in row.items():
        if not (isinstance(value, str) or (name in _LISTS and isinstance(value, list))):
            raise ValueError(f"{name} is {value!r:.60}, not a text" + " or list" * (name in _LISTS))
    name = row.get("name", "").strip()
    if not name:
        raise ValueError("has no name")
    homepage = row.get("homepage", "").strip() or None
    ids = [_identifier(text) for text in _texts(row, "identifiers")]
    ids += identifiers_of_url(homepage or "")
    return KnownSoftware(
        tuple(dict.fromkeys(ids)),
        name,
        tuple(alias for alias in _texts(row, "aliases") if alias != name),
        _texts(row, "developers"),
        row.get("kind", "").strip() or "software",
        homepage,
        is_listed=True,
    )


def _texts(row: dict[str, Any], name: str) -> tuple[str, ...]:
    value = row.get(name, [])
    parts = value.split("|") if isinstance(value, str) else map(str, value)
    return tuple(dict.fromkeys(filter(None, map(str.strip, parts))))


def _identifier(text: str) -> Identifier:
    made = parse_identifier(text)
    if made is None:
        raise ValueError(f"identifier {text!r:.80} is neither scheme:value nor a URL")
    return made
