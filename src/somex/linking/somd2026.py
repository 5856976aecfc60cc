"""The linking benchmark of SOMD 2026: mentions with attributes (JSON Lines), gold clusters (JSON).

``subtask1`` holds gold mentions in natural text, ``subtask2`` predicted ones in tokenised text.
A mention lists what is related to it with the type of the *other* end and not of the relation, so
that an abbreviation that is itself a mention (``Application_Usage``) looks like any other name.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somex.core.errors import FormatError, SomexError
from somex.core.schema import EntityType, parse_entity_type
from somex.core.software import Identifier, MentionRef
from somex.linking.identifiers import identifiers_in
from somex.linking.items import LinkItem
from somex.linking.names import abbreviates, name_key
from somex.readers.files import read_utf8, split_lines

SUBTASKS = (1, 2)
_E = EntityType
_ALIASES = {_E.ABBREVIATION, _E.ALTERNATIVE_NAME, _E.APPLICATION}
_ALIASES |= {_E.PROGRAMMING_ENVIRONMENT, _E.OPERATING_SYSTEM}


@dataclass(frozen=True, slots=True)
class LinkingBenchmark:
    """Mentions and their gold clusters.

    Attributes:
        items: The mentions, in the order of the file.
        clusters: The gold clusters; each mention is in one.
    """

    items: tuple[LinkItem, ...]
    clusters: tuple[frozenset[MentionRef], ...]


def read_somd2026(folder: str | Path, *, subtask: int) -> LinkingBenchmark:
    """Read a subtask of the benchmark.

    Args:
        folder: Folder with ``subtask1.mentions.jsonl``, ``subtask1.clusters.json`` and so on.
        subtask: 1 or 2.

    Raises:
        FormatError: A file is missing or breaks its form; the message gives path and line.
    """
    if subtask not in SUBTASKS:
        raise FormatError(f"subtask is {subtask}; valid: 1, 2", path=str(folder))
    path = Path(folder) / f"subtask{subtask}.mentions.jsonl"
    rows = list(_read_rows(path))
    items = tuple(_Rows(rows).items())
    refs = {item.ref.mention_id: item.ref for item in items}
    clusters = _read_clusters(Path(folder) / f"subtask{subtask}.clusters.json", refs)
    return LinkingBenchmark(items, clusters)


_MEMBERS = ("mention", "mention_id", "docid", "sentence", "start", "type", "relations")


def _type_of(row: dict[str, Any]) -> EntityType:
    """Return the type without its purpose."""
    return parse_entity_type(row["type"].partition("_")[0])


def _read_rows(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(split_lines(read_utf8(path)), start=1):
        try:
            row = json.loads(line)
            missing = [name for name in _MEMBERS if name not in row]
            row["type"] = _type_of(row)
            related = [{**other, "type": _type_of(other)} for other in row["relations"]]
            missing += [n for other in related for n in ("mention", "start") if n not in other]
        except (ValueError, KeyError, TypeError, AttributeError, SomexError) as error:
            message = f"is no mention of SOMD 2026 ({error!r:.80})"
            raise FormatError(message, path=str(path), line=number) from None
        if missing:
            message = f"lacks {', '.join(missing)}; a mention has {', '.join(_MEMBERS)}"
            raise FormatError(message, path=str(path), line=number)
        row["relations"] = related
        yield row


def _read_clusters(path: Path, refs: dict[str, MentionRef]) -> tuple[frozenset[MentionRef], ...]:
    try:
        clusters = tuple(frozenset(refs[id] for id in ids) for ids in json.loads(read_utf8(path)))
    except (ValueError, KeyError, TypeError) as error:
        message = f"is no list of lists of mention ids ({error!r:.80})"
        raise FormatError(message, path=str(path)) from None
    n_members = sum(map(len, clusters))
    if n_members != len(refs) or len(frozenset().union(*clusters)) != len(refs):
        message = f"{n_members} mentions in clusters, {len(refs)} in all; each belongs to one"
        raise FormatError(message, path=str(path))
    return clusters


class _Rows:
    """Makes items of rows; the rows of a sentence tell of each other."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows
        self._hosts: dict[tuple[str, str, int], str] = {}
        self._names: dict[tuple[str, str, int], list[str]] = defaultdict(list)
        for row in rows:
            for related in row["relations"]:
                place = (row["docid"], row["sentence"], related["start"])
                if _is_alias(row["mention"], related):
                    self._names[place].append(row["mention"])
                elif related["type"] is _E.PLUGIN:
                    self._hosts[place] = row["mention"]

    def items(self) -> Iterator[LinkItem]:
        for row in self._rows:
            yield self._item(row)

    def _item(self, row: dict[str, Any]) -> LinkItem:
        place = (row["docid"], row["sentence"], row["start"])
        aliases = [r["mention"] for r in row["relations"] if _is_alias(row["mention"], r)]

        def texts(*types: EntityType) -> tuple[str, ...]:
            return tuple(r["mention"] for r in row["relations"] if r["type"] in types)

        return LinkItem(
            MentionRef(row["docid"], row["mention_id"]),
            row["mention"],
            row["type"],
            row["sentence"],
            row["start"],
            versions=texts(_E.VERSION, _E.RELEASE),
            developers=texts(_E.DEVELOPER),
            citations=texts(_E.CITATION),
            aliases=tuple(aliases + self._names[place]),
            identifiers=_identifiers(texts(_E.URL)),
            host=self._hosts.get(place),
        )


def _is_alias(name: str, related: dict[str, Any]) -> bool:
    """Tell whether what is related to a mention is another name of it and not its plug-in."""
    other = related["mention"]
    if related["type"] is _E.PLUGIN:
        return max(abbreviates(other, name), abbreviates(name, other)) >= 0.9
    return related["type"] in _ALIASES and name_key(other) != name_key(name)


def _identifiers(urls: tuple[str, ...]) -> tuple[Identifier, ...]:
    return tuple(sorted({found for url in urls for found in identifiers_in(url)}))
