"""What the papers of a graph store say, in figures, by the ready questions of `somex.graph`."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from somex.core.errors import MissingExtraError, SomexError

if TYPE_CHECKING:
    from somex.graph.store import EmbeddedStore

KEEP_SECONDS = 60.0
N_VERSIONS_OF = 12

Rows = list[dict[str, str | None]]


class Dashboard:
    """The figures of a store; they are kept for a minute.

    Args:
        store: Folder of the store; None where there is none.
    """

    def __init__(self, store: Path | None) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: dict[int, tuple[float, dict[str, Any]]] = {}

    @property
    def has_store(self) -> bool:
        """Tell whether there is a store at all."""
        return self._store is not None

    def check(self) -> None:
        """Raise FormatError where the folder holds no store, MissingExtraError without Oxigraph."""
        if self._store is not None:
            _open(self._store)

    def figures(self, limit: int) -> dict[str, Any]:
        """Return the figures, as `somex.service.schemas.DashboardOut` has them.

        Args:
            limit: Most software of each list.

        Raises:
            FormatError: The store can't be opened.
        """
        assert self._store is not None, "there is a store"
        with self._lock:  # one at a time: the others get what it found
            when, found = self._kept.get(limit, (0.0, {}))
            if not found or time.monotonic() - when > KEEP_SECONDS:
                found = _figures(_open(self._store), limit)
                self._kept = {limit: (time.monotonic(), found)}
            return found


def _open(folder: Path) -> EmbeddedStore:
    try:
        from somex.graph.store import EmbeddedStore
    except ImportError:
        message = "the dashboard needs pyoxigraph, which is not installed"
        raise MissingExtraError(f"{message}; pip install 'somex[graph]'") from None
    return EmbeddedStore.open(folder, read_only=True)


def _figures(store: EmbeddedStore, limit: int) -> dict[str, Any]:
    (totals,) = _ask(store, "totals")
    used = _ask(store, "most-used-software", limit=limit)
    most_used = [
        {"name": row["software"], "papers": _n(row["papers"]), "mentions": _n(row["mentions"])}
        for row in used
    ]
    return {
        "n_papers": _n(totals["papers"]),
        "n_software": _n(totals["software"]),
        "n_mentions": _n(totals["mentions"]),
        "most_used": most_used,
        "versions": _versions(store, [str(row["software"]) for row in used[:N_VERSIONS_OF]]),
        "co_use": _network(store, most_used, limit),
        "badly_cited": _badly_cited(store, limit),
    }


def _versions(store: EmbeddedStore, names: list[str]) -> list[dict[str, Any]]:
    found = []
    for name in names:
        rows = _ask(store, "versions-by-year", {"name": name})
        if rows:
            counts = [
                {
                    "version": row["version"],
                    "year": int(row["year"]) if row["year"] and row["year"].isdecimal() else None,
                    "papers": _n(row["papers"]),
                }
                for row in rows
            ]
            found.append({"name": name, "rows": counts})
    return found


def _network(store: EmbeddedStore, most_used: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    names = {row["name"] for row in most_used}
    links = [
        {"from": row["software"], "to": row["other"], "papers": _n(row["papers"])}
        for row in _ask(store, "software-used-together", limit=limit * 20)
        if row["software"] in names and row["other"] in names
    ]
    linked = {link[end] for link in links for end in ("from", "to")}
    nodes = [
        {"name": row["name"], "papers": row["papers"]} for row in most_used if row["name"] in linked
    ]
    return {"nodes": nodes, "links": links}


def _badly_cited(store: EmbeddedStore, limit: int) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for question, key in (
        ("software-without-citation", "without_citation"),
        ("software-without-version", "without_version"),
    ):
        for row in _ask(store, question):
            name = str(row["software"])
            of_name = found.setdefault(
                name,
                {
                    "name": name,
                    "papers": _n(row["papers"]),
                    "without_version": 0,
                    "without_citation": 0,
                },
            )
            of_name[key] = _n(row["without"])

    def badness(row: dict[str, Any]) -> tuple[int, str]:
        return -(row["without_citation"] + row["without_version"]), row["name"]

    return sorted(found.values(), key=badness)[:limit]


def _ask(
    store: EmbeddedStore, name: str, values: Mapping[str, str] | None = None, *, limit: int = 0
) -> Rows:
    from somex.graph.ask import ask

    answer = ask(store, name, values or {}, limit=limit)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def _n(value: str | None) -> int:
    if value is None or not value.isdecimal():
        raise SomexError(f"the store answered {value!r} where a number belongs")
    return int(value)
