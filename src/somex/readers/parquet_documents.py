"""Documents in Parquet: a row each, mentions and relations as lists, the whole line beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from somex.core.errors import FormatError, MissingExtraError

ROW_GROUP = 64
"""Documents of a row group: all that memory holds of a file."""


def import_parquet() -> tuple[Any, Any]:
    """Return the modules pyarrow and pyarrow.parquet.

    Raises:
        MissingExtraError: They are not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        message = "Parquet needs pyarrow; install it with: pip install 'somex[parquet]'"
        raise MissingExtraError(message) from None
    return pyarrow, pyarrow.parquet


def write_parquet_documents(lines: Iterable[bytes], stream: IO[bytes]) -> None:
    """Write JSON Lines of documents (``somex.document/1``) as Parquet.

    Columns: ``id``; ``mentions`` and ``relations`` with the members that they have in JSON Lines;
    ``document``, the whole line without its newline, from which nothing is missing.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    pa, parquet = import_parquet()
    schema = _schema(pa)
    rest = iter(lines)
    with parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        while rows := [_row(line, schema) for line in islice(rest, ROW_GROUP)]:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def _schema(pa: Any) -> Any:
    text, number = pa.string(), pa.int64()
    mention = pa.struct(
        [
            pa.field("id", text, False),
            pa.field("type", text, False),
            pa.field("char_start", number, False),
            pa.field("char_end", number, False),
            pa.field("text", text, False),
            pa.field("purpose", text),
            pa.field("confidence", pa.float64(), False),
        ]
    )
    relation = pa.struct(
        [
            pa.field("type", text, False),
            pa.field("head", text, False),
            pa.field("tail", text, False),
            pa.field("confidence", pa.float64(), False),
        ]
    )
    return pa.schema(
        [
            pa.field("id", text, False),
            pa.field("mentions", pa.list_(mention), False),
            pa.field("relations", pa.list_(relation), False),
            pa.field("document", text, False),
        ]
    )


def _row(line: bytes, schema: Any) -> dict[str, Any]:
    found = json.loads(line)
    row: dict[str, Any] = {"id": found["id"], "document": line.decode("utf-8").rstrip("\n")}
    for name in ("mentions", "relations"):
        members = [field.name for field in schema.field(name).type.value_type]
        row[name] = [{key: item.get(key) for key in members} for item in found[name]]
    return row


def read_parquet_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines that `write_parquet_documents` was given, with their newlines.

    Raises:
        FormatError: It is no such Parquet file, or damaged.
        MissingExtraError: pyarrow is not installed.
    """
    pa, parquet = import_parquet()
    try:
        with parquet.ParquetFile(path) as file:
            if "document" not in file.schema_arrow.names:
                message = "has no column 'document'; valid: Parquet parts of somex extract"
                raise FormatError(message, path=str(path))
            for batch in file.iter_batches(batch_size=ROW_GROUP, columns=["document"]):
                for value in batch.column(0):
                    yield value.as_py().encode("utf-8") + b"\n"
    except pa.ArrowInvalid as error:
        told = str(error).splitlines()[0]
        raise FormatError(f"is damaged or no Parquet: {told}", path=str(path)) from None
