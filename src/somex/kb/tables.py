"""Tables with a header, CSV or TSV, read row by row; broken rows are told."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from somex.core.errors import FormatError
from somex.kb.source_file import SourceFile, decode
from somex.readers.files import BOM

_MAX_CELL = 1 << 20


def plain_column(name: str) -> str:
    """Return a column's name without case, blanks and underscores."""
    return "".join(char for char in name.casefold() if char.isalnum())


def read_rows(file: SourceFile) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line where each row ends and its cells by `plain_column`, empty ones left out.

    Tabs separate cells if the header has more of them than commas.

    Raises:
        FormatError: The file has no header.
    """
    lines = (decode(raw) for _, raw in file.lines())
    header = next(lines, "").removeprefix(BOM)
    if not header.strip():
        raise FormatError("is empty; a table has a header", path=str(file.path))
    delimiter = "\t" if header.count("\t") > header.count(",") else ","
    columns = [plain_column(name) for name in next(csv.reader([header], delimiter=delimiter))]
    csv.field_size_limit(_MAX_CELL)
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            file.faults.tell(reader.line_num + 1, f"is no row: {error}")
            continue
        if len(row) > len(columns):
            message = f"has {len(row)} cells; the header names {len(columns)}"
            file.faults.tell(reader.line_num + 1, message)
        elif row:
            cells = zip(columns, map(str.strip, row), strict=False)
            yield reader.line_num + 1, {name: cell for name, cell in cells if name and cell}
