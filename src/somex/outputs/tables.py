"""Flat tables as a stream of rows, and their writing; a format is one `TableFormat`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from somex.core.errors import ConfigError, unknown_value
from somex.core.schema import SOFTWARE_TYPES, RelationType
from somex.outputs.facts import DocumentFacts, collapse
from somex.outputs.rows import TABLES, MentionRow, PaperRow, RelationRow, Row, SoftwareRow
from somex.outputs.software_table import SoftwareTable, by_software
from somex.outputs.source import OutputSource

_R = RelationType


class RowWriter(Protocol):
    """Takes the rows of one table."""

    def write(self, row: Row) -> None:
        """Write a row."""


OpenTable = Callable[[type[Row], Path], AbstractContextManager[RowWriter]]


@dataclass(frozen=True, slots=True)
class TableFormat:
    """A format of tables.

    Attributes:
        name: Its name on the command line.
        suffix: Suffix of its files.
        open: Opens a file for the rows of a class; the file appears when all is well.
        check: Raises MissingExtraError where a package that it needs is missing.
    """

    name: str
    suffix: str
    open: OpenTable
    check: Callable[[], None] = field(default=lambda: None)


def table_formats() -> dict[str, TableFormat]:
    """Return the formats of tables by name."""
    from somex.outputs.csv_tables import CSV_TABLES
    from somex.outputs.parquet_tables import PARQUET_TABLES

    return {found.name: found for found in (CSV_TABLES, PARQUET_TABLES)}


def get_table_format(name: str) -> TableFormat:
    """Return the format of tables called ``name``.

    Raises:
        ConfigError: There is none; the message lists all names.
    """
    known = table_formats()
    if name not in known:
        raise ConfigError(unknown_value("table format", name, list(known)))
    return known[name]


def iterate_rows(source: OutputSource) -> Iterator[tuple[str, Row]]:
    """Yield each row with the name of its table; those of linked software come last.

    Documents are read one at a time; of them, only the linked software stays in memory.
    """
    linking = source.linking()
    linked = SoftwareTable()
    for result in source.results():
        facts = DocumentFacts(result, linking)
        id = facts.document.id
        table = linked if linking.is_linked else SoftwareTable()
        table.add(facts)
        yield "papers", paper_row(facts)
        yield from (("mentions", row) for row in mention_rows(facts))
        yield from (("relations", row) for row in relation_rows(facts))
        if not linking.is_linked:
            for summary in table.summaries.values():
                yield "software", summary.to_row(linking, document_id=id)
    for summary in linked.ranked():
        yield "software", summary.to_row(linking)


def write_tables(source: OutputSource, folder: Path, format: TableFormat) -> dict[str, int]:
    """Write all tables into a folder, a file each; other files there stay.

    Returns:
        Name of each table -> its number of rows.

    Raises:
        MissingExtraError: The format needs a package that is not installed.
        FormatError: A source breaks its form; files of an earlier run are then as they were.
    """
    format.check()
    counts = Counter(dict.fromkeys(TABLES, 0))
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(format.open(row_class, folder / f"{name}{format.suffix}"))
            for name, row_class in TABLES.items()
        }
        for name, row in iterate_rows(source):
            writers[name].write(row)
            counts[name] += 1
    return dict(counts)


def software_id(facts: DocumentFacts, key: str | None) -> str | None:
    """Return the id that a software has in the table of software."""
    if key is None or facts.linking.is_linked:
        return key
    return f"{facts.document.id}#{key}"


def mention_rows(facts: DocumentFacts) -> Iterator[MentionRow]:
    """Yield the rows of a document's mentions."""
    for found in facts.mentions:
        mention = found.mention
        entries, dois = facts.citations_of(found)
        plugged = [r.tail for r in found.hosts if r.type == _R.PLUGIN_OF]
        yield MentionRow(
            document_id=facts.document.id,
            doi=facts.doi,
            mention_id=found.id,
            type=str(mention.type),
            text=found.text,
            char_start=mention.char_start,
            char_end=mention.char_end,
            context=facts.context_of(mention),
            section=facts.section_of(mention),
            confidence=round(mention.confidence, 6),
            purpose=None if mention.purpose is None else str(mention.purpose),
            software_id=software_id(facts, found.software_key),
            attached_to=tuple(dict.fromkeys(facts.id_of(r.tail) for r in found.hosts)),
            versions=facts.texts_of(found, _R.VERSION_OF),
            releases=facts.texts_of(found, _R.RELEASE_OF),
            developers=facts.texts_of(found, _R.DEVELOPER_OF),
            urls=facts.texts_of(found, _R.URL_OF),
            links=facts.document.urls_of(mention.char_start, mention.char_end),
            licenses=facts.texts_of(found, _R.LICENSE_OF),
            citations=facts.texts_of(found, _R.CITATION_OF),
            citation_entries=entries,
            citation_dois=dois,
            abbreviations=facts.texts_of(found, _R.ABBREVIATION_OF),
            alternative_names=facts.texts_of(found, _R.ALTERNATIVE_NAME_OF),
            extensions=facts.texts_of(found, _R.EXTENSION_OF),
            hosts=tuple(dict.fromkeys(collapse(facts.text_of(host)) for host in plugged)),
            missing_version=not found.has_version if found.is_software else None,
            missing_citation=not found.has_citation if found.is_software else None,
        )


def relation_rows(facts: DocumentFacts) -> Iterator[RelationRow]:
    """Yield the rows of a document's relations."""
    keys = {found.mention: found.software_key for found in facts.mentions}
    for relation in facts.labeled.annotation.relations:
        head, tail = relation.head, relation.tail
        yield RelationRow(
            document_id=facts.document.id,
            doi=facts.doi,
            type=str(relation.type),
            head_id=facts.id_of(head),
            head_type=str(head.type),
            head_text=facts.text_of(head),
            tail_id=facts.id_of(tail),
            tail_type=str(tail.type),
            tail_text=facts.text_of(tail),
            tail_software_id=software_id(facts, keys[tail]),
            confidence=round(relation.confidence, 6),
        )


def paper_row(facts: DocumentFacts) -> PaperRow:
    """Return the row of a document."""
    provenance, annotation = facts.document.provenance, facts.labeled.annotation
    groups = by_software(facts).values()
    return PaperRow(
        id=facts.document.id,
        title=facts.title,
        doi=facts.doi,
        pmcid=provenance.get("pmcid"),
        pmid=provenance.get("pmid"),
        path=provenance.get("path"),
        format=provenance.get("format"),
        model=facts.model_name,
        n_chars=len(facts.document.text),
        n_mentions=len(annotation.mentions),
        n_software_mentions=sum(m.type in SOFTWARE_TYPES for m in annotation.mentions),
        n_software=len(groups),
        n_relations=len(annotation.relations),
        n_without_version=sum(not any(m.has_version for m in group) for group in groups),
        n_without_citation=sum(not any(m.has_citation for m in group) for group in groups),
    )


__all__ = [
    "RowWriter",
    "SoftwareRow",
    "TableFormat",
    "get_table_format",
    "iterate_rows",
    "mention_rows",
    "paper_row",
    "relation_rows",
    "table_formats",
    "write_tables",
]
