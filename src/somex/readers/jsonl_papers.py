"""What JSON Lines hold of papers: origins, references, call-outs and links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict, cast

from somex.core.errors import SomexError
from somex.core.origins import (
    Box,
    CallOut,
    ElementLocator,
    Link,
    Origin,
    PageLocator,
    Reference,
)
from somex.core.schema import EntityType
from somex.core.types import Document, Mention
from somex.readers.json_members import (
    LIST,
    SPAN,
    STRING,
    STRING_OR_NULL,
    Tell,
    items_of,
)

PAPER_MEMBERS = ("origins", "references", "call_outs", "links")


class PaperParts(TypedDict):
    """The parts of a document that only papers have."""

    origins: tuple[Origin, ...]
    references: tuple[Reference, ...]
    call_outs: tuple[CallOut, ...]
    links: tuple[Link, ...]


def paper_to_json(document: Document) -> dict[str, Any]:
    """Return the members that a document of a paper has, none where it has no such parts.

    An origin is ``[char_start, char_end, path, source_start, source_end]`` or ``[char_start,
    char_end, page, box, edges]``.
    """
    parts: dict[str, list[Any]] = {
        "origins": [_origin_to_row(origin) for origin in document.origins],
        "references": [
            {"id": r.id, "text": r.text, "doi": r.doi, "title": r.title}
            for r in document.references
        ],
        "call_outs": [
            {"char_start": c.char_start, "char_end": c.char_end, "references": [*c.reference_ids]}
            for c in document.call_outs
        ],
        "links": [
            {"char_start": link.char_start, "char_end": link.char_end, "url": link.url}
            for link in document.links
        ],
    }
    return {name: part for name, part in parts.items() if part}


def _origin_to_row(origin: Origin) -> list[Any]:
    place = origin.locator
    span: list[Any] = [origin.char_start, origin.char_end]
    if isinstance(place, ElementLocator):
        return [*span, place.path, place.source_start, place.source_end]
    return [*span, place.page, list(place.box), list(place.edges)]


def mention_facts(mention: Mention, document: Document) -> dict[str, Any]:
    """Return what a mention's place in the paper tells: its origins, references and URLs.

    Only mentions of type Citation have references; what there is none of is left out.
    """
    span = (mention.char_start, mention.char_end)
    facts: dict[str, list[Any]] = {
        "origins": [_origin_to_json(origin) for origin in document.origins_of(*span)],
        "references": [],
        "urls": list(document.urls_of(*span)),
    }
    if mention.type is EntityType.CITATION:
        found = document.references_of(*span)
        facts["references"] = [{"id": r.id, "doi": r.doi, "title": r.title} for r in found]
    return {name: fact for name, fact in facts.items() if fact}


def _origin_to_json(origin: Origin) -> dict[str, Any]:
    place = origin.locator
    span = {"char_start": origin.char_start, "char_end": origin.char_end}
    if isinstance(place, PageLocator):
        return {**span, "page": place.page, "box": list(place.box)}
    return {
        **span,
        "path": place.path,
        "source_start": place.source_start,
        "source_end": place.source_end,
    }


def paper_from_json(members: Mapping[str, Any], tell: Tell) -> PaperParts:
    """Return the parts that `paper_to_json` wrote, telling ``tell`` of each fault."""
    return {
        "origins": tuple(_parse_origins(members.get("origins", []), tell)),
        "references": tuple(_parse_references(members.get("references", []), tell)),
        "call_outs": tuple(_parse_call_outs(members.get("call_outs", []), tell)),
        "links": tuple(_parse_links(members.get("links", []), tell)),
    }


def _parse_origins(rows: list[Any], tell: Tell) -> Iterator[Origin]:
    for index, row in enumerate(rows):
        try:
            yield _origin_of_row(row)
        except SomexError as error:
            tell(f"origins[{index}]: {error}")
        except (TypeError, ValueError):
            tell(
                f"origins[{index}] is {row!r:.60}, not [char_start, char_end, path, source_start, "
                "source_end] or [char_start, char_end, page, box, edges]"
            )


def _origin_of_row(row: Any) -> Origin:
    start, end, place, first, second = row
    if not (type(start) is int and type(end) is int):
        raise TypeError
    if type(place) is str and type(first) is int and type(second) is int:
        return Origin(start, end, ElementLocator(place, first, second))
    if type(place) is not int:
        raise TypeError
    numbers = [float(number) for number in (*first, *second)]
    box = cast("Box", tuple(numbers[: len(first)]))
    return Origin(start, end, PageLocator(place, box, tuple(numbers[len(first) :])))


def _parse_references(items: list[object], tell: Tell) -> Iterator[Reference]:
    return items_of(
        items,
        "references",
        tell,
        required={"id": STRING, "text": STRING},
        optional={"doi": STRING_OR_NULL, "title": STRING_OR_NULL},
        make=lambda members, _: Reference(**members),
    )


def _parse_call_outs(items: list[object], tell: Tell) -> Iterator[CallOut]:
    def make(members: dict[str, Any], where: str) -> CallOut | None:
        if not all(type(id) is str for id in members["references"]):
            tell(f"{where}.references holds something that is no string")
            return None
        return CallOut(members["char_start"], members["char_end"], tuple(members["references"]))

    required = SPAN | {"references": LIST}
    return items_of(items, "call_outs", tell, required=required, make=make)


def _parse_links(items: list[object], tell: Tell) -> Iterator[Link]:
    required = SPAN | {"url": STRING}
    return items_of(
        items, "links", tell, required=required, make=lambda members, _: Link(**members)
    )
