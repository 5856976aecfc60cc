"""Makes items and documents for the tests of linking; every name in them is invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from somex.core.schema import EntityType, RelationType
from somex.core.software import MentionRef
from somex.core.types import Annotation, Document, LabeledDocument, Mention, Relation
from somex.linking.items import LinkItem


def item(place: str, surface: str, **members: Any) -> LinkItem:
    """Return an item; ``place`` is document and mention, as ``a/T1``."""
    document, _, mention = place.partition("/")
    members.setdefault("type", EntityType.APPLICATION)
    return LinkItem(MentionRef(document, mention), surface, **members)


def document(
    id: str,
    text: str,
    mentions: list[tuple[EntityType, str]],
    relations: list[tuple[RelationType, int, int]] = [],  # noqa: B006
) -> LabeledDocument:
    """Return a document whose mentions are found in the text, one after the other."""
    found, start = [], 0
    for type, words in mentions:
        start = text.index(words, start)
        found.append(Mention(type, start, start + len(words)))
        start += len(words)
    made = [Relation(type, found[head], found[tail]) for type, head, tail in relations]
    return LabeledDocument(Document(id, text), Annotation.build(found, made))


SENTENCE = "Slope Length Runner ( SLR ) and its sloper 2 . 0 ( https : / / slope . example ) ran ."


def somd_row(id: str, mention: str, type: str, **related: str) -> dict[str, Any]:
    """Return a mention of the benchmark; ``related`` is type and text."""
    relations = [
        {"mention": text, "start": SENTENCE.index(text), "type": type_}
        for type_, text in related.items()
    ]
    start = SENTENCE.index(mention)
    place = {"start": start, "end": start + len(mention), "docid": "d1", "sentence": SENTENCE}
    return {"mention": mention, "mention_id": id, "type": type, "relations": relations, **place}


SOMD_ROWS = [
    somd_row(
        "m1",
        "Slope Length Runner",
        "Application_Usage",
        Application_Usage="SLR",
        PlugIn_Usage="sloper",
    ),
    somd_row("m2", "SLR", "Application_Usage"),
    somd_row(
        "m3",
        "sloper",
        "PlugIn_Usage",
        Version="2 . 0",
        URL="https : / / slope . example",
    ),
]


def write_somd2026(folder: Path, rows: list[Any], clusters: Any) -> Path:
    """Write subtask 2 of the benchmark."""
    lines = "".join(json.dumps(one) + "\n" for one in rows)
    (folder / "subtask2.mentions.jsonl").write_text(lines)
    (folder / "subtask2.clusters.json").write_text(json.dumps(clusters))
    return folder
