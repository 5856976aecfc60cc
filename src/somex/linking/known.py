"""Names looked up in a knowledge base; doubtful ones only with evidence.

A registry of packages (PyPI, CRAN, Bioconductor) knows a package under nearly every word, so its
entries count only for plug-ins, or where text, host or URL point to the registry; those in the
user's own list always do. Where a name may
mean several entries, the one with most evidence is taken, and none if there is a tie.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from somex.core.known_software import KnowledgeBase, KnownSoftware
from somex.core.schema import EntityType
from somex.core.software import Identifier
from somex.linking.identifiers import REGISTRIES, identifier_key, is_telling, of_url, site_of
from somex.linking.items import LinkItem
from somex.linking.names import name_key
from somex.linking.nodes import NameNode, developer_key

PACKAGE_REGISTRIES = {"bioconductor", "cran", "pypi"}
_LANGUAGES = {"bioconductor": ("r", "bioconductor"), "cran": ("r",), "pypi": ("python",)}
_WORDS = {
    "bioconductor": re.compile(r"\bbioconductor\b", re.IGNORECASE),
    "cran": re.compile(r"\bR[ -](?:package|librar|function|software)|\bCRAN\b"),
    "pypi": re.compile(r"\bpython\b|\bpypi\b", re.IGNORECASE),
}
_MIN_SURE_LENGTH = 3
"""A name of fewer letters and digits needs evidence even if the knowledge base knows only one."""


def resolve_nodes(
    nodes: Sequence[NameNode], items: Sequence[LinkItem], knowledge_base: KnowledgeBase
) -> dict[int, KnownSoftware]:
    """Return what names stand for, by index of the name; names in doubt are left out."""
    found: dict[int, KnownSoftware] = {}
    for index, node in enumerate(nodes):
        known = _resolve(node, [items[i] for i in node.members], knowledge_base)
        if known is not None:
            found[index] = known
    return found


def _resolve(
    node: NameNode, items: Sequence[LinkItem], knowledge_base: KnowledgeBase
) -> KnownSoftware | None:
    for identifier in sorted({i for item in items for i in item.identifiers if is_telling(i)}):
        known = knowledge_base.by_identifier(identifier)
        is_entry = identifier.scheme in REGISTRIES
        if known is not None and (is_entry or node.name_key in set(names_of(known))):
            return known
    entries = list(dict.fromkeys(knowledge_base.lookup(node.surface)))
    entries = entries or list(dict.fromkeys(knowledge_base.lookup(node.name_key)))
    scored = [(_evidence(node, items, entry), entry) for entry in entries]
    scored = [(score, entry) for score, entry in scored if score > 0 or not is_package(entry)]
    if not scored:
        return None
    best = max(score for score, _ in scored)
    entries = [entry for score, entry in scored if score == best]
    if best > 0 or len(node.name_key) >= _MIN_SURE_LENGTH:
        return _only(entries, node.name_key)
    return None


def _only(entries: Sequence[KnownSoftware], key: str) -> KnownSoftware | None:
    """Return the one entry, or the only one of several whose registered name is the name."""
    if len(entries) == 1:
        return entries[0]
    named = [entry for entry in entries if name_key(entry.name) == key]
    return named[0] if len(named) == 1 else None


def names_of(known: KnownSoftware) -> Iterable[str]:
    """Yield the keys of the names of a known software."""
    yield name_key(known.name)
    yield from map(name_key, known.aliases)


def is_package(known: KnownSoftware) -> bool:
    """Tell whether only registries of packages know a software, no list of the user."""
    if known.is_listed:
        return False
    schemes = {i.scheme for i in known.identifiers} - {"url"}
    return bool(schemes) and schemes <= PACKAGE_REGISTRIES


def _evidence(node: NameNode, items: Sequence[LinkItem], known: KnownSoftware) -> int:
    """Count what speaks for an entry: developer, home page, other names, registry."""
    developers = set(map(developer_key, known.developers)) - {""}
    addresses = {i for i in known.identifiers if i.scheme == "url"}
    home = of_url(known.homepage) if known.homepage else None
    sites = {site_of(address) for address in (addresses | ({home} if home else set()))} - {None}
    names = set(names_of(known)) - {node.name_key}
    return (
        bool(developers & node.developers)
        + bool(sites & node.sites)
        + bool(names & (set(node.aliases) | set(node.bracketed)))
        + 2 * bool({identifier_key(i) for i in known.identifiers} & node.identifiers)
        + any(_points_to(node, items, identifier) for identifier in known.identifiers)
    )


def _points_to(node: NameNode, items: Sequence[LinkItem], identifier: Identifier) -> bool:
    """Tell whether host or text of a plug-in point to the registry of an identifier."""
    if identifier.scheme not in PACKAGE_REGISTRIES:
        return False
    if node.hosts & set(_LANGUAGES[identifier.scheme]):
        return True
    if 2 * node.types[EntityType.PLUGIN] < len(items):
        return False
    return any(_WORDS[identifier.scheme].search(item.sentence) for item in items)


def shares_entry(first: KnownSoftware, second: KnownSoftware) -> bool:
    """Tell whether two entries are one: the same, or with a common identifier."""
    return first == second or bool(set(first.identifiers) & set(second.identifiers))
