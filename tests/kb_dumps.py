"""Small dumps of invented software, in the forms of the public ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from somex.core.known_software import KnownSoftware
from somex.kb.registry import get_source
from somex.kb.source_file import SourceFile


def statement(property: str, value: str, rank: str = "normal") -> dict[str, object]:
    """A statement of Wikidata: an item where the value is an id, else a text."""
    is_item = value[:1] == "Q" and value[1:].isdigit()
    data = {"entity-type": "item", "id": value} if is_item else value
    snak = {"snaktype": "value", "property": property, "datavalue": {"value": data}}
    return {"mainsnak": snak, "type": "statement", "rank": rank}


def entity(
    id: str,
    label: str,
    claims: dict[str, Sequence[str]],
    *,
    aliases: Sequence[str] = (),
    language: str = "en",
) -> dict[str, object]:
    """An item of Wikidata."""
    return {
        "type": "item",
        "id": id,
        "labels": {language: {"language": language, "value": label}},
        "aliases": {language: [{"language": language, "value": alias} for alias in aliases]},
        "claims": {p: [statement(p, value) for value in values] for p, values in claims.items()},
        "sitelinks": {},
    }


FOOBOLT = entity(
    "Q900001",
    "Foobolt",
    {
        "P31": ["Q7397"],
        "P178": ["Q900009", "Q900404"],
        "P5568": ["foobolt"],
        "P856": ["https://foobolt.example.org/"],
        "P9712": ["RRID:SCR_999001"],
    },
    aliases=["FB Suite", "Foobolt"],
)
QUUXMIX = entity(
    "Q900002",
    "quuxmix",
    {"P31": ["Q73539779"], "P5565": ["quuxmix"], "P1324": ["https://github.com/quux/quuxmix"]},
    language="mul",
)
BOLT_WORKS = entity("Q900009", "Bolt Works", {"P31": ["Q4830453"]})
GAME = entity("Q900010", "Boltrace", {"P31": ["Q7889"], "P348": ["1.0"]})
VERSIONED = entity("Q900011", "Nutfit", {"P31": ["Q900500"], "P348": ["3.1"]})
PERSON = entity("Q900012", "Ann Bolt", {"P31": ["Q5"]})


def wikidata_text(*entities: dict[str, object]) -> str:
    """A dump with these entities, one a line."""
    lines = (json.dumps(one, separators=(",", ":")) for one in entities)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def read(source: str, path: Path, **options: str) -> tuple[list[KnownSoftware], SourceFile]:
    """Read a dump with a source; return its software, and the file with its faults."""
    file = SourceFile(path, options)
    return list(get_source(source).read(file)), file


def ids(software: KnownSoftware) -> list[str]:
    """The identifiers as texts."""
    return [f"{identifier.scheme}:{identifier.value}" for identifier in software.identifiers]
