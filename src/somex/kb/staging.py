"""Where the software of all sources waits on disk, to be merged by identifiers they share."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from somex.core.known_software import KnownSoftware
from somex.kb.keys import identifier_key
from somex.kb.store import from_body, to_body

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE entries (id INTEGER PRIMARY KEY, source INTEGER, body TEXT);
CREATE TABLE own (source INTEGER, scheme TEXT, key TEXT, entry INTEGER,
    PRIMARY KEY (source, scheme, key)) WITHOUT ROWID;
CREATE TABLE links (scheme TEXT, key TEXT, n_of_scheme INTEGER, entry INTEGER, source INTEGER);
"""
_WEAK = "url"
"""Scheme that joins nothing: many packages share a home page or repository."""


class Staging:
    """Software of several sources, on disk.

    Args:
        path: A file to make.

    Attributes:
        n_ambiguous: Identifiers that entries share, but that do not tell which of them are one.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(_SCHEMA)
        self._database.execute("BEGIN")
        self.n_ambiguous = 0

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def add(self, software: KnownSoftware, source: int) -> bool:
        """Take in a software of a source; False if the source had it already.

        Args:
            software: The software; what it adds to an earlier one is kept.
            source: Place of the source among the sources.
        """
        own = software.identifiers[0] if software.identifiers else None
        if own is not None:
            key = identifier_key(own)
            query = "SELECT entry FROM own WHERE source = ? AND scheme = ? AND key = ?"
            known = self._database.execute(query, (source, own.scheme, key)).fetchone()
            if known is not None:
                self._extend(known[0], software)
                return False
        row = (source, to_body(software))
        cursor = self._database.execute("INSERT INTO entries (source, body) VALUES (?, ?)", row)
        if own is not None:
            own_row = (source, own.scheme, key, cursor.lastrowid)
            self._database.execute("INSERT INTO own VALUES (?, ?, ?, ?)", own_row)
        return True

    def _extend(self, entry: int, software: KnownSoftware) -> None:
        query = "SELECT body FROM entries WHERE id = ?"
        (body,) = self._database.execute(query, (entry,)).fetchone()
        new = to_body(merge([from_body(body), software]))
        if new != body:
            self._database.execute("UPDATE entries SET body = ? WHERE id = ?", (new, entry))

    def merged(self) -> Iterator[list[KnownSoftware]]:
        """Yield the entries of each software, in the order of their sources."""
        groups = self._groups()
        first = {members[0]: members for members in groups}
        later = {entry for members in groups for entry in members[1:]}
        cursor = self._database.execute("SELECT id, body FROM entries ORDER BY id")
        for entry, body in cursor:
            if entry in later:
                continue
            members = [from_body(body)]
            members += [self._entry(other) for other in first.get(entry, (entry,))[1:]]
            yield members

    def _entry(self, entry: int) -> KnownSoftware:
        query = "SELECT body FROM entries WHERE id = ?"
        (body,) = self._database.execute(query, (entry,)).fetchone()
        return from_body(body)

    def _groups(self) -> list[list[int]]:
        """Return the entries that are one software, each list in order."""
        self._fill_links()
        union = _Union()
        query = (
            "SELECT scheme, key, n_of_scheme, entry, source FROM links WHERE (scheme, key) IN "
            "(SELECT scheme, key FROM links GROUP BY scheme, key HAVING count(*) > 1) "
            "ORDER BY scheme, key, entry"
        )
        rows = self._database.execute(query)
        for _, group in groupby(rows, key=lambda row: row[:2]):
            alone = [(entry, source) for _, _, n, entry, source in group if n == 1]
            self.n_ambiguous += not (len(alone) > 1 and union.join(alone))
        return union.groups()

    def _fill_links(self) -> None:
        cursor = self._database.execute("SELECT id, source, body FROM entries ORDER BY id")
        for entry, source, body in cursor:
            links = {(id.scheme, identifier_key(id)) for id in from_body(body).identifiers}
            n_of = Counter(scheme for scheme, _ in links)
            self._database.executemany(
                "INSERT INTO links VALUES (?, ?, ?, ?, ?)",
                [(s, k, n_of[s], entry, source) for s, k in sorted(links) if s != _WEAK],
            )
        self._database.execute("CREATE INDEX links_by_key ON links (scheme, key)")


class _Union:
    """Entries joined to groups that hold at most one entry of each source."""

    def __init__(self) -> None:
        self._group_of: dict[int, dict[int, int]] = {}

    def join(self, entries: list[tuple[int, int]]) -> bool:
        """Join entries, given with their sources; False if a source would be in a group twice."""
        if len({source for _, source in entries}) < len(entries):
            return False
        joined: dict[int, int] = {}
        groups = {id(g): g for g in (self._group_of.get(e, {s: e}) for e, s in entries)}
        for group in groups.values():
            if joined.keys() & group.keys():
                return False
            joined |= group
        for entry in joined.values():
            self._group_of[entry] = joined
        return True

    def groups(self) -> list[list[int]]:
        """Return the groups of two and more, entries in order."""
        unique = {id(group): sorted(group.values()) for group in self._group_of.values()}
        return sorted(members for members in unique.values() if len(members) > 1)


def merge(entries: list[KnownSoftware]) -> KnownSoftware:
    """Return what several entries say of one software: name and kind of the first that has them."""
    first = entries[0]
    if len(entries) == 1:
        return first
    names = dict.fromkeys(name for e in entries for name in (e.name, *e.aliases))
    return replace(
        first,
        identifiers=tuple(dict.fromkeys(id for e in entries for id in e.identifiers)),
        aliases=tuple(name for name in names if name != first.name),
        developers=tuple(dict.fromkeys(name for e in entries for name in e.developers)),
        homepage=next((e.homepage for e in entries if e.homepage), None),
        is_listed=any(e.is_listed for e in entries),
    )
