"""The outputs that somex ships, as its entry points in ``pyproject.toml`` name them."""

from __future__ import annotations

from pathlib import Path

from somex.outputs.csv_tables import CSV_TABLES
from somex.outputs.folders import check_replaceable, replace_folder
from somex.outputs.parquet_tables import PARQUET_TABLES
from somex.outputs.registry import Output
from somex.outputs.source import OutputSource
from somex.outputs.tables import TableFormat, write_tables
from somex.outputs.web_annotation import write_web_annotations
from somex.readers.brat import write_brat


def _tables(format: TableFormat, description: str) -> Output:
    def write(source: OutputSource, place: Path) -> str:
        counts = write_tables(source, place, format)
        return ", ".join(f"{n} {name}" for name, n in counts.items())

    return Output(format.name, description, "tables", write, format.check)


def _write_brat(source: OutputSource, place: Path) -> str:
    with replace_folder(place) as made:
        report = write_brat(source.labeled(), made)
    lost = ", ".join(f"{n} x {what}" for what, n in sorted(report.losses.items()))
    return f"{report.n_documents} documents" + (f"; not in BRAT: {lost}" if lost else "")


def _write_annotations(source: OutputSource, place: Path) -> str:
    n_documents, n_annotations = write_web_annotations(source, place)
    return f"{n_annotations} annotations of {n_documents} documents"


def _write_report(source: OutputSource, place: Path) -> str:
    from somex.outputs.report.write import write_report

    return write_report(source, place)


CSV = _tables(CSV_TABLES, "Tables of mentions, relations, software and papers as CSV")
PARQUET = _tables(PARQUET_TABLES, "The same tables as Parquet")
BRAT = Output(
    "brat",
    "BRAT stand-off: .txt and .ann a document",
    "brat",
    _write_brat,
    check_place=check_replaceable,
)
WEB_ANNOTATION = Output(
    "web-annotation",
    "W3C Web Annotations: JSON-LD, a collection a document and line",
    "annotations.jsonl",
    _write_annotations,
)
REPORT = Output(
    "report",
    "HTML report: a page a paper and an index",
    "report",
    _write_report,
    check_place=check_replaceable,
)
