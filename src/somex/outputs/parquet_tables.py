"""Parquet by pyarrow, written a row group at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

from somex.core.errors import MissingExtraError
from somex.outputs.rows import ColumnType, Row, columns_of
from somex.outputs.tables import RowWriter, TableFormat
from somex.readers.files import open_atomic

ROW_GROUP = 20_000
"""Rows of a row group: all that memory holds of a table."""


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        message = "Parquet needs pyarrow; install it with: pip install 'somex[parquet]'"
        raise MissingExtraError(message) from None
    return pyarrow, pyarrow.parquet


def arrow_schema(row_class: type[Row]) -> Any:
    """Return the Arrow schema of a table; each field's metadata has its meaning.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    pa, _ = _pyarrow()
    types = {
        ColumnType.TEXT: pa.string(),
        ColumnType.TEXTS: pa.list_(pa.field("element", pa.string(), nullable=False)),
        ColumnType.INTEGER: pa.int64(),
        ColumnType.NUMBER: pa.float64(),
        ColumnType.BOOLEAN: pa.bool_(),
    }
    return pa.schema(
        pa.field(c.name, types[c.type], c.is_optional, {"meaning": c.meaning})
        for c in columns_of(row_class)
    )


class _ParquetWriter:
    def __init__(self, stream: IO[bytes], row_class: type[Row]) -> None:
        self._pa, parquet = _pyarrow()
        self._schema = arrow_schema(row_class)
        self._file = parquet.ParquetWriter(stream, self._schema, compression="zstd")
        self._columns: dict[str, list[Any]] = {one.name: [] for one in fields(row_class)}
        self._n_waiting = 0

    def write(self, row: Row) -> None:
        for name, values in self._columns.items():
            values.append(getattr(row, name))
        self._n_waiting += 1
        if self._n_waiting == ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._n_waiting:
            self._file.write_table(self._pa.table(self._columns, schema=self._schema))
        for values in self._columns.values():
            values.clear()
        self._n_waiting = 0

    def close(self) -> None:
        self._flush()
        self._file.close()


@contextmanager
def open_parquet(row_class: type[Row], path: Path) -> Iterator[RowWriter]:
    """Open a Parquet file for the rows of a class; it takes its place when the block ends well."""
    with open_atomic(path) as stream:
        writer = _ParquetWriter(stream, row_class)
        yield writer
        writer.close()


def _check() -> None:
    _pyarrow()


PARQUET_TABLES = TableFormat("parquet", ".parquet", open_parquet, _check)
