"""Builds the store from dumps: streams them in, merges what is one software, writes in one step."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from somex.core.errors import ConfigError, FormatError, unknown_value
from somex.core.known_software import KnownSoftware
from somex.kb.keys import identifier_key, name_key
from somex.kb.registry import Source, get_source
from somex.kb.source_file import Progress, SourceFile, no_progress
from somex.kb.staging import Staging, merge
from somex.kb.store import APPLICATION_ID, SCHEMA, SCHEMA_VERSION, to_body


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What came of a dump.

    Attributes:
        source: Name of the source.
        file: Name of its file.
        n_read: Entries read.
        n_repeated: Entries that the dump had before; what they add went to the first.
        n_faults: Lines or entries that could not be read.
        first_faults: The first of these, with their line.
    """

    source: str
    file: str
    n_read: int
    n_repeated: int
    n_faults: int
    first_faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a store holds.

    Attributes:
        sources: Counts of each dump.
        n_software: Software in the store.
        n_merged: Entries that were joined to one of another source.
        n_ambiguous: Identifiers that entries share, but that join nothing: several entries of a
            source have them, or an entry has several of the same registry.
        n_names: Different spellings, case and punctuation aside.
        n_identifiers: Identifiers by scheme.
    """

    sources: tuple[SourceCounts, ...]
    n_software: int
    n_merged: int
    n_ambiguous: int
    n_names: int
    n_identifiers: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return asdict(self)


def build_store(
    out: Path,
    files: Sequence[tuple[str, Path]],
    *,
    options: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> BuildReport:
    """Build a store in place of ``out``, in one step: a stopped build leaves nothing there.

    Args:
        out: The store.
        files: Name of the source and file of each dump. Where several know a software, the first
            one names it.
        options: Options of sources, as ``{"wikidata.developers": "ids"}``.
        progress: Hears how far each file has been read.

    Raises:
        ConfigError: A source or option is unknown, or there is no file.
        FormatError: A file is missing, or nothing in it could be read.
    """
    readers = _readers(files, options or {}, progress)
    out.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{out.name}."
    with tempfile.TemporaryDirectory(".part", prefix, dir=out.parent) as folder:
        staging = Staging(Path(folder) / "staging.sqlite")
        try:
            counts = [_stage(s, f, staging, place) for place, (s, f) in enumerate(readers)]
            made = Path(folder) / "store.sqlite"
            report = _write(made, staging, tuple(counts))
        finally:
            staging.close()
        os.replace(made, out)
    return report


def _readers(
    files: Sequence[tuple[str, Path]], options: Mapping[str, str], progress: Progress
) -> list[tuple[Source, SourceFile]]:
    if not files:
        raise ConfigError("no dump is given; a knowledge base needs at least one")
    found = [(get_source(name), path) for name, path in files]
    valid = {f"{source.name}.{name}" for source, _ in found for name in source.options}
    for name in options:
        if name not in valid:
            raise ConfigError(unknown_value("option", name, sorted(valid) or ["none here"]))
    readers = []
    for source, path in found:
        if not path.is_file():
            raise FormatError("no such file", path=str(path))
        prefix = f"{source.name}."
        own = {n.removeprefix(prefix): v for n, v in options.items() if n.startswith(prefix)}
        file = (
            SourceFile(path, own) if progress is None else SourceFile(path, own, progress=progress)
        )
        readers.append((source, file))
    return readers


def _stage(source: Source, file: SourceFile, staging: Staging, place: int) -> SourceCounts:
    n_read = n_repeated = 0
    for software in source.read(file):
        n_read += 1
        n_repeated += not staging.add(software, place)
    faults = file.faults
    if not n_read:
        why = f"; {faults.n_faults} faults, first: {faults.first[0]}" if faults.first else ""
        message = f"holds no software that the source {source.name!r} can read{why}"
        raise FormatError(message, path=str(file.path))
    first = tuple(faults.first)
    name = file.path.name
    return SourceCounts(source.name, name, n_read, n_repeated, faults.n_faults, first)


def _write(path: Path, staging: Staging, counts: tuple[SourceCounts, ...]) -> BuildReport:
    database = sqlite3.connect(path, isolation_level=None)
    try:
        database.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {SCHEMA}"
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
            f"ATTACH '{_quoted(path.with_name('rows.sqlite'))}' AS rows;"
            "CREATE TABLE rows.names (key TEXT, software INTEGER);"
            "CREATE TABLE rows.identifiers (scheme TEXT, key TEXT, n INTEGER, software INTEGER);"
            "BEGIN"
        )
        n_software, n_merged, n_of = _insert(database, staging.merged())
        _index(database)
        (n_names,) = database.execute("SELECT count(DISTINCT key) FROM main.names").fetchone()
        report = BuildReport(
            counts,
            n_software,
            n_merged,
            staging.n_ambiguous,
            n_names,
            dict(sorted(n_of.items())),
        )
        value = json.dumps(report.to_json()["sources"], ensure_ascii=False)
        database.execute("INSERT INTO meta VALUES ('sources', ?)", (value,))
        database.execute("COMMIT")
        database.execute("DETACH rows")
    finally:
        database.close()
    return report


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _insert(
    database: sqlite3.Connection, groups: Iterable[list[KnownSoftware]]
) -> tuple[int, int, Counter[str]]:
    n_software = n_merged = 0
    schemes: Counter[str] = Counter()
    for n_software, members in enumerate(groups, start=1):
        software = merge(members)
        n_merged += len(members) - 1
        row = (n_software, to_body(software))
        database.execute("INSERT INTO main.software VALUES (?, ?)", row)
        names = {name_key(name): None for name in (software.name, *software.aliases)}
        name_rows = [(key, n_software) for key in names]
        database.executemany("INSERT INTO rows.names VALUES (?, ?)", name_rows)
        rows = list(_identifier_rows(software, n_software))
        database.executemany("INSERT INTO rows.identifiers VALUES (?, ?, ?, ?)", rows)
        schemes.update(scheme for scheme, *_ in rows)
    return n_software, n_merged, schemes


def _identifier_rows(software: KnownSoftware, id: int) -> Iterator[tuple[str, str, int, int]]:
    keys = dict.fromkeys((i.scheme, identifier_key(i)) for i in software.identifiers)
    n_of = Counter(scheme for scheme, _ in keys)
    for scheme, key in keys:
        yield scheme, key, n_of[scheme], id


def _index(database: sqlite3.Connection) -> None:
    """Fill the looked-up tables in the order of their keys, which is quick and packs them well."""
    for table, columns in (("names", "1, 2"), ("identifiers", "1, 2, 3, 4")):
        database.execute(f"INSERT INTO main.{table} SELECT * FROM rows.{table} ORDER BY {columns}")
