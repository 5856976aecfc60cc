"""CSV as RFC 4180 has it: UTF-8, a header, CRLF; lists in one cell with `` | `` between.

Spreadsheets run cells that begin like a formula. So a text that begins with one of `RISKY` gets an
apostrophe before it, and so does one that begins with an apostrophe: taking one off where a cell
begins with it gives back the text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from somex.outputs.rows import Row, columns_of
from somex.outputs.tables import RowWriter, TableFormat
from somex.readers.files import open_atomic

RISKY = "=+-@\t\r\n＝＋－＠'"
"""First characters that get an apostrophe before them (OWASP's list, and the apostrophe)."""

SEPARATOR = " | "


class _CsvWriter:
    def __init__(self, stream: io.TextIOWrapper, row_class: type[Row]) -> None:
        self._names = [one.name for one in fields(row_class)]
        self._writer = csv.writer(stream, lineterminator="\r\n")
        self._writer.writerow([column.name for column in columns_of(row_class)])

    def write(self, row: Row) -> None:
        self._writer.writerow([_cell(getattr(row, name)) for name in self._names])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = value if isinstance(value, str) else SEPARATOR.join(value)
    text = text.replace("\0", "\ufffd")
    return f"'{text}" if text[:1] in RISKY and text else text


@contextmanager
def open_csv(row_class: type[Row], path: Path) -> Iterator[RowWriter]:
    """Open a CSV file for the rows of a class; it takes its place when the block ends well."""
    with open_atomic(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        try:
            yield _CsvWriter(text, row_class)
        finally:
            text.detach()


CSV_TABLES = TableFormat("csv", ".csv", open_csv)
