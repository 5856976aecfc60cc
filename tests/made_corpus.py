"""Made-up documents with gold, whose sentences with software are told by their words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from somex.core import Annotation, Document, EntityType, LabeledDocument, Mention
from somex.readers.brat import write_brat

NAMES = ("Glimmerfit", "Tessarix", "Brookstat", "Seedwise", "Fernview", "Mossflow", "Quill")
PLACES = ("Berin", "Tolva", "Kestrel", "Marn", "Oslo", "Quend")
PLAIN = (
    "Samples from {place} were kept cold and shaken twice a day.",
    "Nobody in the {place} group was told about the aim of the study.",
    "The age of the children in {place} was between four and nine years.",
    "Blood was drawn in the morning at {place} hospital.",
    "We thank the farmers of {place} for their help with the fields.",
)
TOLD = (
    "All models were fitted with {name} version {version}.",
    "Curves were drawn using the software {name} ({version}, Orbital Labs Inc.).",
)


def make_document(index: int, *, n_plain: int = 14) -> LabeledDocument:
    """A document with two sentences that name its software by version, and one by name alone."""
    name, version = NAMES[index % len(NAMES)], f"{index % 9}.{index % 5}"
    places = itertools.cycle(PLACES[index % 6 :] + PLACES[: index % 6])
    plain = [PLAIN[(i + index) % 5].format(place=next(places)) for i in range(n_plain)]
    told = [line.format(name=name, version=version) for line in TOLD]
    lines = [*plain[:3], told[0], *plain[3:7], told[1], *plain[7:], f"{name} gave the rest."]
    text = " ".join(lines)
    return LabeledDocument(Document(f"paper-{index}", text), _annotate(text, name, version))


def _annotate(text: str, name: str, version: str) -> Annotation:
    mentions = [Mention(EntityType.APPLICATION, *span) for span in _spans(text, name)]
    mentions += [Mention(EntityType.VERSION, *span) for span in _spans(text, version)]
    return Annotation.build(mentions)


def _spans(text: str, part: str) -> Iterator[tuple[int, int]]:
    start = text.find(part)
    while start >= 0:
        yield start, start + len(part)
        start = text.find(part, start + 1)


def write_corpus(folder: Path, *, n_documents: int = 30) -> Path:
    """Write made-up documents as a BRAT corpus."""
    write_brat([make_document(index) for index in range(n_documents)], folder)
    return folder
