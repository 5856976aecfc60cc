"""The rows of the flat tables. A field is a column: its type and meaning stand here alone.

Documentation (docs/outputs.md), CSV headers and Parquet schemas are made from these classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, get_type_hints


class ColumnType(StrEnum):
    """The types of columns; all but lists and booleans of software may be empty."""

    TEXT = "text"
    TEXTS = "list of texts"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its name, the same in every format.
        type: Type of its values.
        is_optional: Whether it may be empty.
        meaning: What it holds, in a sentence.
    """

    name: str
    type: ColumnType
    is_optional: bool
    meaning: str


_TYPES: dict[object, tuple[ColumnType, bool]] = {
    str: (ColumnType.TEXT, False),
    str | None: (ColumnType.TEXT, True),
    tuple[str, ...]: (ColumnType.TEXTS, False),
    int: (ColumnType.INTEGER, False),
    float: (ColumnType.NUMBER, False),
    bool | None: (ColumnType.BOOLEAN, True),
}


def _column(meaning: str) -> Any:
    """Return a field whose column means this."""
    return field(metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionRow:
    """A mention: software or attribute."""

    document_id: str = _column("Id of the document.")
    doi: str | None = _column("DOI of the paper, bare and in lower case.")
    mention_id: str = _column("Id of the mention in its document: T1 is the first one.")
    type: str = _column("Entity type.")
    text: str = _column("The mention as the text has it.")
    char_start: int = _column("First character in the text of the document.")
    char_end: int = _column("One past the last character.")
    context: str = _column(
        "The sentence around it, white space collapsed; of a sentence above 500 characters, 80 "
        "characters to each side."
    )
    section: str | None = _column("Name of the innermost section that holds it.")
    confidence: float = _column("Probability that span and type are right; 1 for gold.")
    purpose: str | None = _column("Usage, Creation, Deposition or Mention; software only.")
    software_id: str | None = _column(
        "Id in the table of software, coreferences with a plain antecedent included; empty for "
        "attributes and for what has no software."
    )
    attached_to: tuple[str, ...] = _column("Ids of the mentions that it is an attribute of.")
    versions: tuple[str, ...] = _column("Versions attached to it.")
    releases: tuple[str, ...] = _column("Releases (dates) attached to it.")
    developers: tuple[str, ...] = _column("Developers attached to it.")
    urls: tuple[str, ...] = _column("URLs attached to it, as the text has them.")
    links: tuple[str, ...] = _column("Hyperlinks that it lies on, shown in the text or not.")
    licenses: tuple[str, ...] = _column("Licences attached to it.")
    citations: tuple[str, ...] = _column("Citations attached to it, as the text has them.")
    citation_entries: tuple[str, ...] = _column(
        "Entries of the bibliography that it (a Citation) or its citations lead to."
    )
    citation_dois: tuple[str, ...] = _column("DOIs of these entries, and of citations by DOI.")
    abbreviations: tuple[str, ...] = _column("Abbreviations given for it.")
    alternative_names: tuple[str, ...] = _column("Other names given for it.")
    extensions: tuple[str, ...] = _column("Extensions attached to it.")
    hosts: tuple[str, ...] = _column("Names of the software that it is a plug-in of.")
    missing_version: bool | None = _column(
        "Whether neither a version nor a release is attached; empty for attributes."
    )
    missing_citation: bool | None = _column(
        "Whether no citation is attached; empty for attributes."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationRow:
    """A relation between two mentions of a document."""

    document_id: str = _column("Id of the document.")
    doi: str | None = _column("DOI of the paper.")
    type: str = _column("Relation type; it reads head, type, tail.")
    head_id: str = _column("Id of the head, the attribute.")
    head_type: str = _column("Entity type of the head.")
    head_text: str = _column("The head as the text has it.")
    tail_id: str = _column("Id of the tail, the host.")
    tail_type: str = _column("Entity type of the tail.")
    tail_text: str = _column("The tail as the text has it.")
    tail_software_id: str | None = _column("Software that the tail stands for.")
    confidence: float = _column("Probability that the relation holds; 1 for gold.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftwareRow:
    """A software: one of the linking or, where nobody linked, one of one document."""

    id: str = _column("Id in the linking; without a linking, document id, # and name.")
    document_id: str | None = _column("The document, where nobody linked.")
    name: str = _column("The name to show.")
    type: str = _column("Entity type of most of its mentions.")
    names: tuple[str, ...] = _column("Every spelling, the commonest first.")
    identifiers: tuple[str, ...] = _column("Its identifiers, as URIs.")
    n_papers: int = _column("Documents that mention it.")
    n_mentions: int = _column("Its mentions, coreferences included.")
    versions: tuple[str, ...] = _column("Versions attached to its mentions, the commonest first.")
    developers: tuple[str, ...] = _column("Developers likewise.")
    urls: tuple[str, ...] = _column("URLs likewise.")
    licenses: tuple[str, ...] = _column("Licences likewise.")
    citation_dois: tuple[str, ...] = _column("DOIs that its citations lead to.")
    host_id: str | None = _column("Id of the software that it is a plug-in of; linking only.")
    share_without_version: float = _column(
        "Of its papers, the share (0 to 1) in which no mention has a version or release."
    )
    share_without_citation: float = _column(
        "Of its papers, the share (0 to 1) in which no mention has a citation."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """A document."""

    id: str = _column("Id of the document.")
    title: str | None = _column("Title of the paper.")
    doi: str | None = _column("DOI, bare and in lower case.")
    pmcid: str | None = _column("PubMed Central id.")
    pmid: str | None = _column("PubMed id.")
    path: str | None = _column("File that it was read from.")
    format: str | None = _column("Format of that file.")
    model: str | None = _column("Name of the model that annotated it; empty for gold.")
    n_chars: int = _column("Characters of its text.")
    n_mentions: int = _column("Mentions of all types.")
    n_software_mentions: int = _column("Mentions of the types that name a software.")
    n_software: int = _column("Different software among these.")
    n_relations: int = _column("Relations.")
    n_without_version: int = _column("Of its software, how many never have a version or release.")
    n_without_citation: int = _column("Of its software, how many never have a citation.")


Row = MentionRow | RelationRow | SoftwareRow | PaperRow

TABLES: dict[str, type[Row]] = {
    "mentions": MentionRow,
    "relations": RelationRow,
    "software": SoftwareRow,
    "papers": PaperRow,
}
"""Name of a table -> the class of its rows."""


def columns_of(row_class: type[Row]) -> tuple[Column, ...]:
    """Return the columns of a table, in order."""
    hints = get_type_hints(row_class)
    return tuple(
        Column(one.name, *_TYPES[hints[one.name]], one.metadata["meaning"])
        for one in fields(row_class)
    )


def format_columns() -> str:
    """Return all columns as Markdown, a table each, for docs/outputs.md."""
    parts = []
    for name, row_class in TABLES.items():
        what = (row_class.__doc__ or "").strip()
        lines = [f"### {name}", "", what, "", "| Column | Type | Meaning |", "| --- | --- | --- |"]
        for column in columns_of(row_class):
            may = ", may be empty" if column.is_optional else ""
            lines.append(f"| `{column.name}` | {column.type}{may} | {column.meaning} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
