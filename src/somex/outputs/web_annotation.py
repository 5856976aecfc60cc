"""W3C Web Annotation Data Model: one AnnotationCollection a document and line, as JSON-LD.

Source: https://www.w3.org/TR/annotation-model/. A mention is an annotation with the motivation
"tagging", a relation one with the motivation "linking" from the mention that is the host to the
one that is the attribute. What the model has no word for stands under an extension context.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from somex.core.types import Relation
from somex.outputs.facts import DocumentFacts, MentionFacts
from somex.outputs.source import OutputSource
from somex.readers.files import write_lines

CONTEXT: list[Any] = [
    "http://www.w3.org/ns/anno.jsonld",
    {
        "somex": "urn:somex:vocabulary/",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "confidence": {"@id": "somex:confidence", "@type": "xsd:double"},
        "paper": {"@id": "https://schema.org/isBasedOn", "@type": "@id"},
    },
]
"""The model's context, then what it has no word for."""

QUOTE_CHARS = 32
"""Characters of prefix and suffix around a quote."""

BASE = "urn:somex:"


def document_iri(document_id: str) -> str:
    """Return the IRI of a document's text, the same as in the graph."""
    escaped = quote(document_id, safe="", errors="surrogatepass")
    escaped = escaped.replace(".", "%2E") if not escaped.strip(".") else escaped
    return f"{BASE}paper/{escaped}"


def _annotation_iri(document_id: str, id: str) -> str:
    return f"{document_iri(document_id)}/annotation/{id}"


def annotation_collection(facts: DocumentFacts) -> dict[str, Any]:
    """Return the mentions and relations of a document as an AnnotationCollection of one page."""
    iri = document_iri(facts.document.id)
    items = [_mention_annotation(facts, mention) for mention in facts.mentions]
    items += [
        _relation_annotation(facts, relation, f"R{n}")
        for n, relation in enumerate(facts.labeled.annotation.relations, start=1)
    ]
    collection: dict[str, Any] = {
        "@context": CONTEXT,
        "id": f"{iri}/annotations",
        "type": "AnnotationCollection",
        "label": facts.title or facts.document.id,
        "total": len(items),
    }
    if facts.model_name is not None:
        collection["generator"] = {"type": "Software", "name": f"somex, {facts.model_name}"}
    page = {
        "id": f"{iri}/annotations/page1",
        "type": "AnnotationPage",
        "partOf": f"{iri}/annotations",
        "startIndex": 0,
        "items": items,
    }
    return collection | {"first": page, "last": f"{iri}/annotations/page1"}


def _mention_annotation(facts: DocumentFacts, found: MentionFacts) -> dict[str, Any]:
    mention, text = found.mention, facts.document.text
    bodies = [{"type": "TextualBody", "purpose": "tagging", "value": str(mention.type)}]
    if mention.purpose is not None:
        purpose = {"type": "TextualBody", "purpose": "classifying", "value": str(mention.purpose)}
        bodies.append(purpose)
    start, end = mention.char_start, mention.char_end
    source = {"id": document_iri(facts.document.id), "type": "Text", "format": "text/plain"}
    if facts.doi:
        source["paper"] = "https://doi.org/" + quote(facts.doi, safe="/:;()._-~@+,!*'$&=")
    quoted = {
        "type": "TextQuoteSelector",
        "exact": found.text,
        "prefix": text[max(0, start - QUOTE_CHARS) : start],
        "suffix": text[end : end + QUOTE_CHARS],
    }
    position = {"type": "TextPositionSelector", "start": start, "end": end}
    return {
        "id": _annotation_iri(facts.document.id, found.id),
        "type": "Annotation",
        "motivation": "tagging",
        "confidence": round(mention.confidence, 6),
        "body": bodies,
        "target": {"type": "SpecificResource", "source": source, "selector": [position, quoted]},
    }


def _relation_annotation(facts: DocumentFacts, relation: Relation, id: str) -> dict[str, Any]:
    document_id = facts.document.id
    head = _annotation_iri(document_id, facts.id_of(relation.head))
    return {
        "id": _annotation_iri(document_id, id),
        "type": "Annotation",
        "motivation": "linking",
        "confidence": round(relation.confidence, 6),
        "body": [
            {"type": "TextualBody", "purpose": "tagging", "value": str(relation.type)},
            {"type": "SpecificResource", "purpose": "linking", "source": head},
        ],
        "target": _annotation_iri(document_id, facts.id_of(relation.tail)),
    }


def write_web_annotations(source: OutputSource, path: Path) -> tuple[int, int]:
    """Write the annotations of each document, a line each, in place of ``path`` in one step.

    Returns:
        Number of documents, and of annotations.
    """
    counts = [0, 0]

    def lines() -> Iterator[str]:
        linking = source.linking()
        for result in source.results():
            collection = annotation_collection(DocumentFacts(result, linking))
            counts[0] += 1
            counts[1] += collection["total"]
            yield json.dumps(collection, ensure_ascii=False)

    write_lines(lines(), path)
    return counts[0], counts[1]
