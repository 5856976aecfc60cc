"""The software of a document in JSON Lines: which mentions are of one, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from somex.core.schema import RelationType
from somex.core.software import DocumentSoftware
from somex.core.types import Document, Mention, Relation
from somex.readers.json_members import LIST, STRING, Tell, items_of

_R = RelationType
ATTRIBUTE_MEMBERS: Mapping[str, RelationType] = {
    "versions": _R.VERSION_OF,
    "releases": _R.RELEASE_OF,
    "extensions": _R.EXTENSION_OF,
    "developers": _R.DEVELOPER_OF,
    "urls": _R.URL_OF,
    "licenses": _R.LICENSE_OF,
    "citations": _R.CITATION_OF,
}
"""Member of a software -> the relations that it lists."""


def software_to_json(
    software: Sequence[DocumentSoftware], ids: Mapping[Mention, str], document: Document
) -> list[dict[str, Any]]:
    """Return the software of a document as JSON values; they get the ids S1, S2, … in order."""
    return [_to_json(one, f"S{n}", ids, document) for n, one in enumerate(software, start=1)]


def _to_json(
    software: DocumentSoftware, id: str, ids: Mapping[Mention, str], document: Document
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": id,
        "name": software.name,
        "mentions": [ids[mention] for mention in software.mentions],
    }
    for member, kind in ATTRIBUTE_MEMBERS.items():
        attached = [
            {
                "text": document.slice(r.head.char_start, r.head.char_end),
                "mention": ids[r.head],
                "of": ids[r.tail],
            }
            for r in software.attributes
            if r.type is kind
        ]
        if attached:
            found[member] = attached
    return found


def parse_software(
    items: list[object],
    mentions: Mapping[str, Mention],
    relations: Sequence[Relation],
    tell: Tell,
) -> tuple[DocumentSoftware, ...]:
    """Return the software of a document, telling ``tell`` of each fault.

    Args:
        items: The member ``software``.
        mentions: The document's mentions by id.
        relations: Its relations; each attribute must be one of them.
        tell: Hears of the faults.
    """
    return tuple(_Parser(mentions, relations, tell).parse(items))


class _Parser:
    """Reads the software of one document; no id and no mention may come twice."""

    def __init__(
        self, mentions: Mapping[str, Mention], relations: Sequence[Relation], tell: Tell
    ) -> None:
        self._mentions, self._tell = mentions, tell
        self._relations = {(r.type, r.head, r.tail): r for r in relations}
        self._ids: set[str] = set()
        self._places: dict[str, str] = {}

    def parse(self, items: list[object]) -> Iterator[DocumentSoftware]:
        required = {"id": STRING, "name": STRING, "mentions": LIST}
        optional = dict.fromkeys(ATTRIBUTE_MEMBERS, LIST)
        return items_of(
            items,
            "software",
            self._tell,
            required=required,
            optional=optional,
            make=self._make,
        )

    def _make(self, members: dict[str, Any], where: str) -> DocumentSoftware:
        id = members["id"]
        if not id or id in self._ids:
            self._tell(f"{where}.id is {id!r}; ids are unique and not empty")
        self._ids.add(id)
        found = [
            self._member(m, f"{where}.mentions[{i}]") for i, m in enumerate(members["mentions"])
        ]
        mentions = tuple(mention for mention in found if mention is not None)
        attributes = [
            relation
            for member, kind in ATTRIBUTE_MEMBERS.items()
            for relation in self._attributes(members.get(member, []), f"{where}.{member}", kind)
        ]
        attributes.sort(key=lambda r: (r.head.key, r.tail.key))
        return DocumentSoftware(members["name"], mentions, tuple(attributes))

    def _member(self, id: object, where: str) -> Mention | None:
        mention = self._mention(id, where)
        if mention is not None and (first := self._places.setdefault(str(id), where)) != where:
            self._tell(f"{where} is {id!r}, and so is {first}; a mention is of one software")
        return mention

    def _mention(self, id: object, where: str) -> Mention | None:
        mention = self._mentions.get(id) if isinstance(id, str) else None
        if mention is None:
            self._tell(f"{where} is {id!r:.40}, which is the id of no mention")
        return mention

    def _attributes(self, items: list[object], name: str, kind: RelationType) -> Iterator[Relation]:
        def make(members: dict[str, Any], where: str) -> Relation | None:
            head = self._mention(members["mention"], f"{where}.mention")
            tail = self._mention(members["of"], f"{where}.of")
            if head is None or tail is None:
                return None
            if (kind, head, tail) not in self._relations:
                self._tell(f"{where}: the document has no such {kind}")
            return self._relations.get((kind, head, tail))

        required = dict.fromkeys(("text", "mention", "of"), STRING)
        return items_of(items, name, self._tell, required=required, make=make)
