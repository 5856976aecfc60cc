"""JSON Lines of linked software: one software a line, version `SOFTWARE_VERSION`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from somex.core.errors import FormatError, SomexError
from somex.core.schema import parse_entity_type
from somex.core.software import Identifier, MentionRef, Software
from somex.readers.files import decode_utf8, write_lines
from somex.readers.json_members import LIST, STRING, STRING_OR_NULL, members_of

SOFTWARE_VERSION = "somex.software/1"
_REQUIRED = dict.fromkeys(("schema", "id", "name", "type"), STRING) | {"mentions": LIST}
_OPTIONAL = dict.fromkeys(("names", "identifiers", "developers"), LIST) | {"host": STRING_OR_NULL}


def software_to_json(software: Software) -> dict[str, Any]:
    """Return a software as a JSON object of the version `SOFTWARE_VERSION`."""
    return {
        "schema": SOFTWARE_VERSION,
        "id": software.id,
        "name": software.name,
        "names": list(software.names),
        "type": str(software.type),
        "identifiers": [
            {"scheme": i.scheme, "value": i.value, "uri": i.uri} for i in software.identifiers
        ],
        "developers": list(software.developers),
        "host": software.host_id,
        "mentions": [
            {"document": m.document_id, "mention": m.mention_id} for m in software.mentions
        ],
    }


def software_from_json(obj: object) -> Software:
    """Return the software of a JSON object.

    Raises:
        FormatError: The object breaks the form; the message gives the first fault.
    """
    version = obj.get("schema") if isinstance(obj, dict) else None
    if version != SOFTWARE_VERSION:
        raise FormatError(f"schema is {version!r}; supported: {SOFTWARE_VERSION}")
    faults: list[str] = []
    members = members_of(obj, "software", faults.append, required=_REQUIRED, optional=_OPTIONAL)
    if members is None:
        raise FormatError(faults[0])
    try:
        return Software(
            members["id"],
            members["name"],
            tuple(str(name) for name in members.get("names", [])),
            parse_entity_type(members["type"]),
            tuple(MentionRef(m["document"], m["mention"]) for m in members["mentions"]),
            tuple(Identifier(i["scheme"], i["value"]) for i in members.get("identifiers", [])),
            tuple(str(name) for name in members.get("developers", [])),
            members.get("host"),
        )
    except (KeyError, TypeError) as error:
        raise FormatError(
            f"a mention or identifier lacks a member or is no object: {error}"
        ) from None
    except SomexError as error:
        raise FormatError(str(error)) from None


def read_software(path: str | Path) -> Iterator[Software]:
    """Read linked software one by one; empty lines are passed over.

    Raises:
        FormatError: A line breaks the form; the message gives path and line.
    """
    try:
        with Path(path).open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                if raw.strip():
                    yield _parse_line(raw, str(path), number)
    except FileNotFoundError:
        raise FormatError("no such file", path=str(path)) from None


def _parse_line(raw: bytes, path: str, line: int) -> Software:
    try:
        return software_from_json(json.loads(decode_utf8(raw, path="")))
    except FormatError as error:
        raise FormatError(error.message, path=path, line=line) from None
    except (json.JSONDecodeError, RecursionError) as error:
        message = f"is no JSON ({error}); a line holds one JSON object"
        raise FormatError(message, path=path, line=line) from None


def write_software(software: Iterable[Software], path: str | Path) -> None:
    """Write linked software, one a line, in place of ``path`` in one step."""
    lines = (json.dumps(software_to_json(item), ensure_ascii=False) for item in software)
    write_lines(lines, Path(path))
