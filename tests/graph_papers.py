"""Papers that nobody wrote, with annotation, and their software linked."""

from __future__ import annotations

from pathlib import Path

from somex.core.origins import CallOut, Link, Reference
from somex.core.schema import EntityType as E
from somex.core.schema import Purpose, RelationType
from somex.core.software import Identifier, MentionRef, Software
from somex.core.types import Annotation, Document, LabeledDocument, Mention, Relation
from somex.readers.jsonl import write_jsonl
from somex.readers.software_jsonl import write_software

MODEL = {"name": "tiny", "fingerprint": "0123456789ab", "min_confidence": 0.0, "lean": 0.5}
FIRST, SECOND, THIRD = "papers/a b/ü?#1", "second", "third"


def label(
    document: Document,
    mentions: list[tuple[E, str] | tuple[E, str, Purpose]],
    relations: list[tuple[RelationType, int, int]] = [],  # noqa: B006
) -> LabeledDocument:
    """Annotate a document: mentions by their words, each found after the one before."""
    found, reached = [], 0
    for type, words, *purpose in mentions:
        start = document.text.index(words, reached)
        reached = start + len(words)
        confidence = round(0.9 - len(found) % 50 / 100, 6)
        found.append(Mention(type, start, reached, *(purpose or [None]), confidence=confidence))
    links = [Relation(r, found[head], found[tail], 0.75) for r, head, tail in relations]
    return LabeledDocument(document, Annotation.build(found, links))


def first() -> LabeledDocument:
    text = (
        "We used Fernwick Analytics (FWA) 2.1 by Fernwick Ltd. [7] and the package mossr 0.3 "
        "for Stonepipe (MIT). Code of fernwick  analytics lies here."
    )
    link = text.index("here")
    call_out = text.index("[7]")
    document = Document(
        FIRST,
        text,
        provenance={
            "title": 'Mosses "in" the North',
            "doi": "10.5555/Moss(2021)<1>",
            "pmcid": "PMC9990001",
            "published": "2021-05-03",
        },
        references=(
            Reference("r7", "Ames A. Fernwick. 2019.", "10.5555/FERN.1", "Fernwick, a program"),
        ),
        call_outs=(CallOut(call_out, call_out + 3, ("r7",)),),
        links=(Link(link, link + 4, "https://github.com/fernwick/fwa"),),
    )
    use = Purpose.USAGE
    return label(
        document,
        [
            (E.APPLICATION, "Fernwick Analytics", use),
            (E.ABBREVIATION, "FWA"),
            (E.VERSION, "2.1"),
            (E.DEVELOPER, "Fernwick Ltd."),
            (E.CITATION, "[7]"),
            (E.PLUGIN, "mossr", use),
            (E.VERSION, "0.3"),
            (E.PROGRAMMING_ENVIRONMENT, "Stonepipe", Purpose.MENTION),
            (E.LICENSE, "MIT"),
            (E.APPLICATION, "fernwick  analytics", Purpose.DEPOSITION),
            (E.URL, "here"),
        ],
        [
            (RelationType.ABBREVIATION_OF, 1, 0),
            (RelationType.VERSION_OF, 2, 0),
            (RelationType.DEVELOPER_OF, 3, 0),
            (RelationType.CITATION_OF, 4, 0),
            (RelationType.VERSION_OF, 6, 5),
            (RelationType.PLUGIN_OF, 5, 7),
            (RelationType.LICENSE_OF, 8, 7),
            (RelationType.URL_OF, 10, 9),
        ],
    )


def second() -> LabeledDocument:
    text = "FWA 2.2 and Stonepipe were used [3]; see also Quillbox at www.quillbox.example/get."
    document = Document(SECOND, text, provenance={"year": "2022", "pmid": "123"})
    return label(
        document,
        [
            (E.APPLICATION, "FWA", Purpose.USAGE),
            (E.VERSION, "2.2"),
            (E.PROGRAMMING_ENVIRONMENT, "Stonepipe", Purpose.USAGE),
            (E.CITATION, "[3]"),
            (E.APPLICATION, "Quillbox", Purpose.CREATION),
            (E.URL, "www.quillbox.example/get"),
        ],
        [
            (RelationType.VERSION_OF, 1, 0),
            (RelationType.CITATION_OF, 3, 2),
            (RelationType.URL_OF, 5, 4),
        ],
    )


def third() -> LabeledDocument:
    return LabeledDocument(Document(THIRD, "Nothing was computed."))


def papers() -> list[LabeledDocument]:
    return [first(), second(), third()]


def software() -> list[Software]:
    """The software of the papers, as a linking has it: FWA is Fernwick Analytics."""
    ref = MentionRef
    return [
        Software(
            "S1",
            "Fernwick Analytics",
            ("Fernwick Analytics", "FWA"),
            E.APPLICATION,
            (ref(FIRST, "T1"), ref(FIRST, "T10"), ref(SECOND, "T1")),
            (Identifier("doi", "10.5555/FWA.9"), Identifier("wikidata", "Q1")),
            ("Fernwick Ltd.",),
        ),
        Software(
            "S2",
            "mossr",
            ("mossr",),
            E.PLUGIN,
            (ref(FIRST, "T6"),),
            (Identifier("cran", "mossr"), Identifier("url", "https://gitlab.com/moss/mossr")),
            host_id="S3",
        ),
        Software(
            "S3",
            "Stonepipe",
            ("Stonepipe",),
            E.PROGRAMMING_ENVIRONMENT,
            (ref(FIRST, "T8"), ref(SECOND, "T3")),
        ),
    ]


def write_papers(folder: Path, *, model: dict[str, object] | None = None) -> Path:
    path = folder / "documents.jsonl"
    write_jsonl(papers(), path, model=model)
    return path


def write_linked(folder: Path) -> Path:
    path = folder / "software.jsonl"
    write_software(software(), path)
    return path
