"""The store of known software: one SQLite file, opened for reading only."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from somex.core.errors import FormatError
from somex.core.known_software import KnownSoftware
from somex.core.software import Identifier
from somex.kb.keys import identifier_key, name_key

APPLICATION_ID = 0x736F6D78
"""SQLite's mark of whose file it is: 'somx'."""

SCHEMA_VERSION = 2
SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE software (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE names (key TEXT, software INTEGER, PRIMARY KEY (key, software)) WITHOUT ROWID;
CREATE TABLE identifiers (scheme TEXT, key TEXT, n_of_scheme INTEGER, software INTEGER,
    PRIMARY KEY (scheme, key, n_of_scheme, software)) WITHOUT ROWID;
"""


def to_body(software: KnownSoftware) -> str:
    """Return a software as the store keeps it."""
    ids = [[identifier.scheme, identifier.value] for identifier in software.identifiers]
    lists = [list(software.aliases), list(software.developers)]
    row = [software.name, ids, *lists, software.kind, software.homepage, software.is_listed]
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def from_body(body: str) -> KnownSoftware:
    """Return the software that `to_body` wrote."""
    name, ids, aliases, developers, *rest = json.loads(body)
    identifiers = tuple(Identifier(scheme, value) for scheme, value in ids)
    return KnownSoftware(identifiers, name, tuple(aliases), tuple(developers), *rest)


class KnowledgeStore:
    """A knowledge base on disk; implements `somex.core.known_software.KnowledgeBase`.

    Args:
        path: The file that ``somex kb build`` wrote.

    Raises:
        FormatError: There is no such file, or it is no knowledge base of this version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise FormatError("no such file; 'somex kb build' makes one", path=str(path))
        place = f"file:{quote(str(self.path.resolve()))}?mode=ro&immutable=1"
        self._database = sqlite3.connect(place, uri=True)
        try:
            self._check()
        except BaseException:
            self.close()
            raise

    def _check(self) -> None:
        try:
            (application_id,) = self._database.execute("PRAGMA application_id").fetchone()
            (version,) = self._database.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as error:
            message = f"is no knowledge base ({error}); 'somex kb build' makes one"
            raise FormatError(message, path=str(self.path)) from None
        if application_id != APPLICATION_ID:
            message = "is a SQLite file, but no knowledge base; 'somex kb build' makes one"
            raise FormatError(message, path=str(self.path))
        if version != SCHEMA_VERSION:
            message = f"has version {version}; this somex reads {SCHEMA_VERSION}, build it anew"
            raise FormatError(message, path=str(self.path))

    def __enter__(self) -> KnowledgeStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __len__(self) -> int:
        (n_software,) = self._rows("SELECT count(*) FROM software")[0]
        return int(n_software)

    @property
    def sources(self) -> list[dict[str, Any]]:
        """What the store was built from: name, file and counts of each source."""
        ((value,),) = self._rows("SELECT value FROM meta WHERE name = 'sources'")
        return list(json.loads(value))

    def lookup(self, name: str) -> tuple[KnownSoftware, ...]:
        """Return the software called ``name``, whatever its case, blanks and punctuation.

        First those whose name is spelt as given, then those with such an alias, then the others,
        each in the order of the sources.

        Raises:
            FormatError: The file is damaged.
        """
        query = (
            "SELECT body FROM names JOIN software ON software.id = names.software "
            "WHERE key = ? ORDER BY software.id"
        )
        found = [from_body(body) for (body,) in self._rows(query, name_key(name))]
        plain, key = name.strip(), name_key(name)

        def distance(software: KnownSoftware) -> int:
            exact = (software.name == plain, plain in software.aliases)
            likely = name_key(software.name) == key
            return exact.index(True) if any(exact) else 3 - likely

        return tuple(sorted(found, key=distance))

    def by_identifier(self, identifier: Identifier) -> KnownSoftware | None:
        """Return the software with an identifier.

        Where several have it: of a registry, the one that has fewest others of that registry, the
        first of the sources; of a URL, the only one that Wikidata knows, else none.

        Raises:
            FormatError: The file is damaged.
        """
        query = (
            "SELECT body FROM identifiers JOIN software ON software.id = identifiers.software "
            "WHERE scheme = ? AND key = ? ORDER BY n_of_scheme, software.id"
        )
        key = identifier_key(identifier)
        found = [from_body(body) for (body,) in self._rows(query, identifier.scheme, key)]
        if len(found) > 1 and identifier.scheme == "url":
            found = [s for s in found if any(id.scheme == "wikidata" for id in s.identifiers)]
            return found[0] if len(found) == 1 else None
        return found[0] if found else None

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            message = f"is damaged ({error}); build it anew with 'somex kb build'"
            raise FormatError(message, path=str(self.path)) from None
