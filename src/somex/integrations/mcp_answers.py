"""What the MCP server answers with: typed, so that assistants are told the form beforehand."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, Field

from somex.core.schema import (
    PURPOSE_TYPES,
    PURPOSES,
    RELATION_ARGUMENTS,
    SOFTWARE_TYPES,
    EntityType,
)
from somex.core.software import DocumentSoftware
from somex.core.types import Document, LabeledDocument, Mention
from somex.pipeline import Extractor
from somex.readers.jsonl_software import ATTRIBUTE_MEMBERS
from somex.resolution import resolve_software

CONTEXT_CHARS = 80
"""Characters on either side of a mention that its context shows."""


class MentionOut(BaseModel):
    """A mention."""

    id: str = Field(description="T1 is the first in reading order.")
    type: str
    text: str
    char_start: int = Field(description="First character; counts Unicode code points.")
    char_end: int = Field(description="One past the last character.")
    confidence: float
    purpose: str | None = Field(description="Why the software is mentioned, where that is known.")
    context: str | None = Field(description="The text around a software mention of a file.")


class RelationOut(BaseModel):
    """A relation: head <type> tail, the head being the attribute."""

    type: str
    head: str = Field(description="Id of the attribute.")
    tail: str = Field(description="Id of the mention that it belongs to.")
    confidence: float


class SoftwareOut(BaseModel):
    """One software of the document, with what the text says of it."""

    name: str
    mentions: list[str] = Field(description="Ids of its mentions.")
    versions: list[str] = []
    releases: list[str] = []
    extensions: list[str] = []
    developers: list[str] = []
    urls: list[str] = []
    licenses: list[str] = []
    citations: list[str] = []


class FoundOut(BaseModel):
    """What a text or file holds."""

    document: str
    title: str | None
    software: list[SoftwareOut]
    mentions: list[MentionOut]
    relations: list[RelationOut]
    model: str = Field(description="Name and fingerprint of the model that found it.")


class TypeOut(BaseModel):
    """A type of mentions."""

    name: str
    is_software: bool = Field(description="Whether it names a software.")
    has_purpose: bool
    relations: list[str] = Field(description="Relations from it to its hosts.")


class TypesOut(BaseModel):
    """The types of mentions and relations, and the purposes."""

    types: list[TypeOut]
    purposes: list[str]


def found_out(labeled: LabeledDocument, extractor: Extractor, *, has_context: bool) -> FoundOut:
    """Return an annotated document as an answer."""
    document, annotation = labeled.document, labeled.annotation
    ids = {mention: f"T{n}" for n, mention in enumerate(annotation.mentions, start=1)}
    info = extractor.info
    return FoundOut(
        document=document.id,
        title=document.provenance.get("title"),
        software=[_software_out(one, ids, document) for one in resolve_software(labeled)],
        mentions=[_mention_out(m, id, document, has_context) for m, id in ids.items()],
        relations=[
            RelationOut(
                type=r.type, head=ids[r.head], tail=ids[r.tail], confidence=round(r.confidence, 4)
            )
            for r in annotation.relations
        ],
        model=f"{info.name} {info.fingerprint}",
    )


def _mention_out(mention: Mention, id: str, document: Document, has_context: bool) -> MentionOut:
    start, end = mention.char_start, mention.char_end
    context = None
    if has_context and mention.takes_purpose:
        around = document.slice(max(0, start - CONTEXT_CHARS), end + CONTEXT_CHARS)
        context = " ".join(around.split())
    return MentionOut(
        id=id,
        type=mention.type,
        text=document.slice(start, end),
        char_start=start,
        char_end=end,
        confidence=round(mention.confidence, 4),
        purpose=mention.purpose,
        context=context,
    )


def _software_out(
    software: DocumentSoftware, ids: dict[Mention, str], document: Document
) -> SoftwareOut:
    def texts(member: str) -> Iterator[str]:
        for r in software.attributes:
            if r.type is ATTRIBUTE_MEMBERS[member]:
                yield " ".join(document.slice(r.head.char_start, r.head.char_end).split())

    attached = {member: list(dict.fromkeys(texts(member))) for member in ATTRIBUTE_MEMBERS}
    return SoftwareOut(
        name=software.name, mentions=[ids[mention] for mention in software.mentions], **attached
    )


def types_out() -> TypesOut:
    """Return the label schema as an answer."""
    return TypesOut(
        types=[
            TypeOut(
                name=type,
                is_software=type in SOFTWARE_TYPES,
                has_purpose=type in PURPOSE_TYPES,
                relations=[
                    f"{relation} {', '.join(sorted(tails))}"
                    for relation, (heads, tails) in RELATION_ARGUMENTS.items()
                    if type in heads
                ],
            )
            for type in EntityType
        ],
        purposes=[str(purpose) for purpose in PURPOSES],
    )
