"""From clusters of mentions to `Software`: name, identifiers, developers, host, a stable id."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from somex.core.known_software import KnownSoftware
from somex.core.schema import EntityType
from somex.core.software import Identifier, Software
from somex.linking.identifiers import identifier_key, is_telling
from somex.linking.items import LinkItem
from somex.linking.names import is_generic, name_key
from somex.linking.nodes import NameNode, developer_key

_ID_ORDER = ("wikidata", "rrid", "cran", "bioconductor", "pypi", "url")
_MAX_PAGES = 5


@dataclass(slots=True)
class Cluster:
    """The mentions of one software.

    Attributes:
        names: Indices of its names.
        members: Indices of the mentions by name.
        known: Its entry in the knowledge base.
        pointers: Indices of mentions that only point at it, such as "the package".
    """

    names: list[int]
    members: list[int]
    known: KnownSoftware | None
    pointers: list[int] = field(default_factory=list)


def describe_clusters(
    items: Sequence[LinkItem], nodes: Sequence[NameNode], clusters: Sequence[Cluster]
) -> list[Software]:
    """Return the software of clusters, those with most mentions first, then by id."""
    ids = _make_ids(items, nodes, clusters)
    software = []
    by_name = _ids_by_name(nodes, clusters, ids)
    for cluster, id in zip(clusters, ids, strict=True):
        named = [items[index] for index in cluster.members]
        names = _by_count(item.surface for item in named)
        software.append(
            Software(
                id,
                cluster.known.name if cluster.known else names[0],
                tuple(names),
                EntityType(_by_count(str(item.type) for item in named)[0]),
                tuple(sorted(items[i].ref for i in [*cluster.members, *cluster.pointers])),
                identifiers=_identifiers(named, cluster.known),
                developers=_developers(named),
                host_id=_host(named, by_name, id),
            )
        )
    return sorted(software, key=lambda s: (-len(s.mentions), s.id))


def _by_count(values: Iterable[str]) -> list[str]:
    counts = Counter(values)
    return sorted(counts, key=lambda value: (-counts[value], value))


def _developers(items: Sequence[LinkItem]) -> tuple[str, ...]:
    """Return the developers, one spelling each, the commonest first."""
    counts = Counter(developer for item in items for developer in item.developers)
    spellings: dict[str, list[str]] = defaultdict(list)
    for developer in counts:
        spellings[developer_key(developer) or developer].append(developer)
    found = []
    for of_one in spellings.values():
        shown = min(of_one, key=lambda text: (-counts[text], text))
        found.append((-sum(counts[text] for text in of_one), shown))
    return tuple(shown for _, shown in sorted(found))


def _identifiers(items: Sequence[LinkItem], known: KnownSoftware | None) -> tuple[Identifier, ...]:
    """Return the identifiers: of the base, of registries, and pages that the texts agree on.

    Other pages and DOIs count where two documents name them, or in software of few documents.
    """
    found = {identifier_key(i): i for i in reversed(known.identifiers if known else ())}
    documents: dict[Identifier, set[str]] = defaultdict(set)
    for item in items:
        for identifier in item.identifiers:
            documents[identifier].add(item.ref.document_id)
    few = len({item.ref.document_id for item in items}) <= 3
    pages = 0
    for identifier in sorted(documents, key=lambda i: (-len(documents[i]), i)):
        if not is_telling(identifier):
            if pages == _MAX_PAGES or not (few or len(documents[identifier]) > 1):
                continue
            pages += identifier_key(identifier) not in found
        found.setdefault(identifier_key(identifier), identifier)
    return tuple(sorted(found.values()))


def _ids_by_name(
    nodes: Sequence[NameNode], clusters: Sequence[Cluster], ids: Sequence[str]
) -> dict[str, str]:
    """Return which software a name key stands for: the one that is mentioned most under it."""
    best: dict[str, tuple[int, str]] = {}
    for cluster, id in zip(clusters, ids, strict=True):
        for index in cluster.names:
            claim = (-len(nodes[index].members), id)
            name = nodes[index].name_key
            best[name] = min(claim, best.get(name, claim))
    return {name: id for name, (_, id) in best.items()}


def _host(items: Sequence[LinkItem], by_name: dict[str, str], own_id: str) -> str | None:
    """Return the host that more than half of the texts agree on, of those that name one."""
    hosts = [by_name.get(name_key(item.host)) for item in items if item.host]
    counts = Counter(host for host in hosts if host and host != own_id)
    if not counts:
        return None
    host = min(counts, key=lambda id: (-counts[id], id))
    return host if 2 * counts[host] > len(hosts) else None


def _make_ids(
    items: Sequence[LinkItem], nodes: Sequence[NameNode], clusters: Sequence[Cluster]
) -> list[str]:
    """Return ids made from what the software is: its best identifier, else its commonest name."""
    identities = []
    for cluster in clusters:
        named = [items[index] for index in cluster.members]
        name = _by_count(name_key(item.surface) for item in named)[0]
        if is_generic(named[0].surface):
            name += f"\n{named[0].ref.document_id}"
        identities.append((_best_identifier(named, cluster.known) or f"name:{name}", name))
    n_claims = Counter(identity for identity, _ in identities)
    ids = []
    for cluster, (identity, name) in zip(clusters, identities, strict=True):
        if n_claims[identity] > 1:
            identity += "\n" + min(nodes[index].key for index in cluster.names)
        digest = hashlib.sha256(identity.encode()).hexdigest()[:10]
        slug = re.sub(r"[^a-z0-9]+", "-", name.partition("\n")[0])[:40].strip("-")
        ids.append(f"{slug}-{digest}" if slug else digest)
    return ids


def _best_identifier(items: Sequence[LinkItem], known: KnownSoftware | None) -> str | None:
    if known and known.identifiers:
        return identifier_key(known.identifiers[0])
    counts = Counter(i for item in items for i in item.identifiers if is_telling(i))
    if not counts:
        return None
    best = min(counts, key=lambda i: (_ID_ORDER.index(i.scheme), -counts[i], i))
    return identifier_key(best)
