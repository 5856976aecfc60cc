"""Wikidata's JSON dump: items whose class is software, or that packages registries know.

Source of the format: https://www.wikidata.org/wiki/Wikidata:Database_download, one entity a line
within an array.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from somex.core.errors import ConfigError
from somex.core.known_software import KnownSoftware
from somex.core.software import Identifier
from somex.kb.keys import identifiers_of_url, make_identifier
from somex.kb.source_file import SourceFile

CLASSES = {
    "Q73539779": "R package",
    "Q29642950": "Python library",
    "Q9143": "programming language",
    "Q9135": "operating system",
    "Q13741": "integrated development environment",
    "Q188860": "software library",
    "Q271680": "software framework",
    "Q176165": "database management system",
    "Q1639024": "mathematical software",
    "Q166142": "application",
    "Q341": "software",
    "Q218616": "software",
    "Q7397": "software",
}
"""Class (value of P31) -> kind of software, the most telling first."""

VIDEO_GAME = "Q7889"
_SCHEME_OF = {"P5568": "pypi", "P5565": "cran", "P10892": "bioconductor", "P9712": "rrid"}
_REGISTERED = ("P5568", "P5565", "P10892", "P348")
"""Projects of PyPI, CRAN and Bioconductor, and version: what has these is software."""

_URLS = {"P1324": "repository", "P856": "website"}
_LANGUAGES = ("en", "mul", "en-gb", "en-us")
_ID = re.compile(rb'"id": ?"(Q[1-9][0-9]*)"')
_HEAD = 120
_OPTIONS = {
    "classes": "classes to keep instead of the built-in ones, as Q7397,Q341",
    "developers": "'names' (default; reads the dump a second time) or 'ids'",
}
OPTIONS: Mapping[str, str] = _OPTIONS


def read_wikidata(file: SourceFile) -> Iterator[KnownSoftware]:
    """Yield the software of a dump.

    Kept are items with a class of `CLASSES` (or of the option ``classes``), and those with a
    software version or a project of PyPI, CRAN or Bioconductor that are no video games.

    Raises:
        ConfigError: An option has a value that is not valid.
    """
    classes, with_names = _classes(file.options), _with_names(file.options)
    if not with_names:
        yield from _items(file, classes)
        return
    wanted: set[str] = set()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
        for item in _items(file, classes):
            wanted.update(item.developers)
            spool.write(json.dumps(_pack(item)) + "\n")
        labels = _labels(file, wanted) if wanted else {}
        spool.seek(0)
        for line in spool:
            item = _unpack(json.loads(line))
            names = tuple(labels.get(id, id) for id in item.developers)
            yield replace(item, developers=tuple(dict.fromkeys(names)))


def _classes(options: Mapping[str, str]) -> dict[str, str]:
    given = [part.strip() for part in options.get("classes", "").split(",") if part.strip()]
    for id in given:
        if not re.fullmatch(r"Q[1-9]\d*", id):
            raise ConfigError(f"wikidata.classes has {id!r}; valid: ids of items, as Q7397,Q341")
    return {id: CLASSES.get(id, "software") for id in given} if given else CLASSES


def _with_names(options: Mapping[str, str]) -> bool:
    value = options.get("developers", "names")
    if value not in ("names", "ids"):
        raise ConfigError(f"wikidata.developers is {value!r}; valid: names, ids")
    return value == "names"


def _pack(item: KnownSoftware) -> list[Any]:
    ids = [[identifier.scheme, identifier.value] for identifier in item.identifiers]
    return [ids, item.name, item.aliases, item.developers, item.kind, item.homepage]


def _unpack(row: list[Any]) -> KnownSoftware:
    ids = tuple(Identifier(scheme, value) for scheme, value in row[0])
    return KnownSoftware(ids, row[1], tuple(row[2]), tuple(row[3]), row[4], row[5])


def _items(file: SourceFile, classes: Mapping[str, str]) -> Iterator[KnownSoftware]:
    """Yield the software, with the ids of its developers."""
    ids, properties = "|".join(classes), "|".join(_REGISTERED)
    may_be = re.compile(f'"(?:id": ?"(?:{ids})"|(?:{properties})":)'.encode())
    for number, line in file.lines(f"{file.path.name}, software"):
        entity = line.strip().rstrip(b",")
        if entity in (b"[", b"]", b""):
            continue
        if not (entity.startswith(b"{") and entity.endswith(b"}")):
            file.faults.tell(number, "is no entity: a JSON object on a line of its own")
        elif may_be.search(entity):
            try:
                item = _item(json.loads(entity), classes)
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                file.faults.tell(number, f"is no entity of Wikidata: {error!r:.200}")
                continue
            if item is not None:
                yield item


def _item(entity: dict[str, Any], classes: Mapping[str, str]) -> KnownSoftware | None:
    claims = entity.get("claims") or {}
    kind = _kind(claims, classes)
    name = _label(entity)
    if entity.get("type") != "item" or kind is None or name is None:
        return None
    ids = [Identifier("wikidata", entity["id"])]
    for property, scheme in _SCHEME_OF.items():
        ids += filter(None, (make_identifier(scheme, v) for v in _texts(claims, property)))
    for property in _URLS:
        for url in _texts(claims, property):
            ids += identifiers_of_url(url)
    return KnownSoftware(
        tuple(dict.fromkeys(ids)),
        name,
        tuple(dict.fromkeys(alias for alias in _aliases(entity) if alias != name)),
        tuple(_item_ids(claims, "P178")),
        kind,
        next(iter(_texts(claims, "P856")), None),
    )


def _kind(claims: Mapping[str, Any], classes: Mapping[str, str]) -> str | None:
    is_of = set(_item_ids(claims, "P31"))
    for id, kind in classes.items():
        if id in is_of:
            return kind
    if VIDEO_GAME in is_of or not any(property in claims for property in _REGISTERED):
        return None
    return "software"


def _label(entity: dict[str, Any]) -> str | None:
    labels = entity.get("labels") or {}
    found = (labels[code]["value"] for code in _LANGUAGES if code in labels)
    return next((label.strip() for label in found if label.strip()), None)


def _aliases(entity: dict[str, Any]) -> Iterator[str]:
    """Yield the other names in English and in no language of their own."""
    labels, aliases = entity.get("labels") or {}, entity.get("aliases") or {}
    for code in _LANGUAGES:
        if code in labels:
            yield labels[code]["value"].strip()
        for alias in aliases.get(code, ()):
            if alias["value"].strip():
                yield alias["value"].strip()


def _values(claims: Mapping[str, Any], property: str) -> Iterator[Any]:
    """Yield the values of a property, preferred ones first, deprecated ones never."""
    ranked = [
        (statement.get("rank") != "preferred", index, statement["mainsnak"])
        for index, statement in enumerate(claims.get(property, ()))
        if statement.get("rank") != "deprecated"
    ]
    for _, _, snak in sorted(ranked, key=lambda entry: entry[:2]):
        if snak.get("snaktype") == "value":
            yield snak["datavalue"]["value"]


def _texts(claims: Mapping[str, Any], property: str) -> Iterator[str]:
    for value in _values(claims, property):
        if isinstance(value, str) and value.strip():
            yield value.strip()


def _item_ids(claims: Mapping[str, Any], property: str) -> Iterator[str]:
    for value in _values(claims, property):
        if isinstance(value, dict) and isinstance(value.get("id"), str):
            yield value["id"]


def _labels(file: SourceFile, wanted: set[str]) -> dict[str, str]:
    """Return the names of entities; what has none, or can't be read, is left out."""
    found: dict[str, str] = {}
    again = replace(file, faults=type(file.faults)())
    for _, line in again.lines(f"{file.path.name}, developers"):
        head = _ID.search(line, 0, _HEAD)
        if head is None or head[1].decode() not in wanted:
            continue
        try:
            label = _label(json.loads(line.strip().rstrip(b",")))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
        if label:
            found[head[1].decode()] = label
    return found
