"""Names as nodes: all mentions of one spelling, save for case and the like, with their evidence.

Mentions of one name are taken for one software, in all documents, unless documents contradict each
other (`split`). So the pairs to compare are pairs of names, of which there are far fewer.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from somex.core.schema import EntityType
from somex.core.software import Identifier
from somex.linking.identifiers import identifier_key, is_telling, site_of
from somex.linking.items import LinkItem
from somex.linking.names import NameForms, forms_of, is_generic, name_key, words_of
from somex.linking.split import find_long_forms, split_name
from somex.linking.words import COMPANY_WORDS

_BRACKET = re.compile(r"\s*[(\[]\s*([^()\[\]]{2,80}?)\s*[)\]]")


@dataclass(slots=True)
class NameNode:
    """The mentions of one name.

    Attributes:
        key: What names the node; no other node has it.
        surface: The commonest spelling.
        forms: Its forms.
        members: Indices of the items.
        is_contested: Other software has the same name.
        types: How often each type.
        documents: Ids of the documents.
        sentences: Sentences, as document id and text.
        aliases: Keys of other names that texts give it, and how often.
        bracketed: Keys of what stands in brackets after it, and how often.
        developers: First telling words of its developers.
        identifiers: Keys of identifiers that only one software is likely to have.
        sites: Hosts of its home pages.
        hosts: Keys of the software that it extends.
        versions: Versions.
        citations: Citations, as document id and text.
    """

    key: str
    surface: str
    forms: NameForms
    members: list[int]
    is_contested: bool = False
    types: Counter[EntityType] = field(default_factory=Counter)
    documents: set[str] = field(default_factory=set)
    sentences: set[tuple[str, str]] = field(default_factory=set)
    aliases: Counter[str] = field(default_factory=Counter)
    bracketed: Counter[str] = field(default_factory=Counter)
    developers: set[str] = field(default_factory=set)
    identifiers: set[str] = field(default_factory=set)
    sites: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)
    citations: set[tuple[str, str]] = field(default_factory=set)

    @property
    def name_key(self) -> str:
        """The key of the name, which nodes of different software may share."""
        return self.forms.key

    def add(self, index: int, item: LinkItem) -> None:
        """Take in the evidence of a mention."""
        document = item.ref.document_id
        self.members.append(index)
        self.types[item.type] += 1
        self.documents.add(document)
        if item.sentence:
            self.sentences.add((document, item.sentence))
            bracket = _BRACKET.match(item.sentence, item.char_start + len(item.surface))
            makers = set(map(developer_key, item.developers))
            if bracket and developer_key(bracket[1]) not in makers:
                self.bracketed[name_key(bracket[1])] += 1
        self.aliases.update(key for key in map(name_key, item.aliases) if key != self.name_key)
        self.developers.update(filter(None, map(developer_key, item.developers)))
        self.identifiers.update(telling_keys(item.identifiers))
        self.sites.update(filter(None, map(site_of, item.identifiers)))
        self.versions.update(item.versions)
        self.citations.update((document, citation) for citation in item.citations)
        if item.host:
            self.hosts.add(name_key(item.host))


def telling_keys(identifiers: Sequence[Identifier]) -> set[str]:
    """Return the keys of the identifiers that one software alone is likely to have."""
    return {identifier_key(i) for i in identifiers if is_telling(i)}


def developer_key(developer: str) -> str:
    """Return the first word of a company's or person's name that tells it from others."""
    words = [word for word in words_of(developer) if word not in COMPANY_WORDS]
    return words[0] if words else ""


def build_nodes(items: Sequence[LinkItem]) -> list[NameNode]:
    """Return the names of items, ordered by key.

    Words that name nothing ("custom script", "the software") stand for one software in their
    document only; those that point at a mention are left out.
    """
    by_name: dict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        if item.antecedent is not None:
            continue
        key = name_key(item.surface)
        if item.type is EntityType.SOFTWARE_COREFERENCE or is_generic(item.surface):
            key = f"{key}\n{item.ref.document_id}"
        by_name[key].append(index)
    nodes = []
    long_forms = find_long_forms(items)
    for key in sorted(by_name):
        parts = list(split_name(items, by_name[key], key=key, long_forms=long_forms))
        for label, members in parts:
            node = _build(f"{key}\n{label}" if label else key, items, members)
            node.is_contested = len(parts) > 1
            nodes.append(node)
    return nodes


def _build(key: str, items: Sequence[LinkItem], members: Sequence[int]) -> NameNode:
    counts = Counter(items[index].surface for index in members)
    surface = min(counts, key=lambda name: (-counts[name], name))
    node = NameNode(key, surface, forms_of(surface), [])
    for index in members:
        node.add(index, items[index])
    return node
