from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from output_documents import empty, paper, write_source
from somex.core import Document, EntityType, LabeledDocument, Mention
from somex.core.types import Annotation
from somex.outputs.web_annotation import CONTEXT, document_iri, write_web_annotations

MOTIVATIONS = {
    *("assessing", "bookmarking", "classifying", "commenting", "describing", "editing"),
    *("highlighting", "identifying", "linking", "moderating", "questioning", "replying", "tagging"),
}


@pytest.fixture
def collections(tmp_path: Path) -> list[dict[str, Any]]:
    source = write_source(tmp_path)
    write_web_annotations(source, tmp_path / "a.jsonl")
    return [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]


def items_of(collection: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = collection["first"]["items"]
    return items


def test_web_annotation_collections_have_the_required_members(
    collections: list[dict[str, Any]],
) -> None:
    assert len(collections) == 3
    for collection in collections:
        assert collection["@context"][0] == "http://www.w3.org/ns/anno.jsonld"
        assert collection["type"] == "AnnotationCollection"
        assert collection["label"]
        assert collection["total"] == len(items_of(collection))
        page = collection["first"]
        assert page["type"] == "AnnotationPage"
        assert page["partOf"] == collection["id"]
        assert page["startIndex"] == 0
        assert collection["last"] == page["id"]
        ids = [collection["id"], page["id"], *(item["id"] for item in items_of(collection))]
        assert len(set(ids)) == len(ids)
        assert all(id.startswith("urn:somex:paper/") for id in ids)


def test_web_annotation_annotations_have_the_required_members(
    collections: list[dict[str, Any]],
) -> None:
    items = [item for collection in collections for item in items_of(collection)]
    assert len(items) == 8 + 6 + 5 + 2
    for item in items:
        assert item["type"] == "Annotation"
        assert item["motivation"] in MOTIVATIONS
        assert item["target"]
        for body in item["body"]:
            assert body["type"] in ("TextualBody", "SpecificResource")
            assert body["purpose"] in MOTIVATIONS
            assert ("value" in body) == (body["type"] == "TextualBody")
            assert ("source" in body) == (body["type"] == "SpecificResource")


def test_web_annotation_words_outside_the_model_are_in_the_context(
    collections: list[dict[str, Any]],
) -> None:
    (item, *_) = items_of(collections[0])
    assert {"confidence", "paper"} <= CONTEXT[1].keys()
    assert item["confidence"] == 0.875
    assert item["target"]["source"]["paper"] == "https://doi.org/10.5555/reeds.7"


def test_web_annotation_selectors_lead_to_the_text(collections: list[dict[str, Any]]) -> None:
    text = paper().document.text
    tagged = [item for item in items_of(collections[0]) if item["motivation"] == "tagging"]
    assert len(tagged) == len(paper().annotation.mentions)
    for item, mention in zip(tagged, paper().annotation.mentions, strict=True):
        position, quoted = item["target"]["selector"]
        assert position == {
            "type": "TextPositionSelector",
            "start": mention.char_start,
            "end": mention.char_end,
        }
        assert quoted["type"] == "TextQuoteSelector"
        around = quoted["prefix"] + quoted["exact"] + quoted["suffix"]
        assert text.find(around) == position["start"] - len(quoted["prefix"])
        assert quoted["exact"] == text[position["start"] : position["end"]]
        assert item["body"][0]["value"] == mention.type


def test_web_annotation_relations_link_annotations(collections: list[dict[str, Any]]) -> None:
    items = {item["id"]: item for item in items_of(collections[0])}
    linking = [item for item in items.values() if item["motivation"] == "linking"]
    assert len(linking) == 6
    named = {(i["body"][0]["value"], i["body"][1]["source"], i["target"]) for i in linking}
    base = "urn:somex:paper/papers%2Freeds/annotation"
    assert ("Version_of", f"{base}/T2", f"{base}/T1") in named
    assert all(head in items and tail in items for _, head, tail in named)


def test_web_annotation_says_which_model_made_it(collections: list[dict[str, Any]]) -> None:
    assert collections[0]["generator"] == {"type": "Software", "name": "somex, tiny"}


def test_web_annotation_iris_are_those_of_the_graph() -> None:
    iris = pytest.importorskip("somex.graph.iris").Iris()
    for id in ("a", "papers/a b/ü?#1", "..", "a.b", 'x!y"<>'):
        assert document_iri(id) == iris.paper(id).value


def test_web_annotation_counts_code_points(tmp_path: Path) -> None:
    mention = Mention(EntityType.APPLICATION, 2, 6)
    labeled = LabeledDocument(Document("x", "\U0001f98a Reed"), Annotation((mention,)))
    counts = write_web_annotations(write_source(tmp_path, labeled, empty()), tmp_path / "a.jsonl")
    (line, _) = (tmp_path / "a.jsonl").read_text("utf-8").splitlines()
    position, quoted = items_of(json.loads(line))[0]["target"]["selector"]
    assert (position["start"], position["end"]) == (2, 6)
    assert quoted["exact"] == "Reed"
    assert counts == (2, 1)
