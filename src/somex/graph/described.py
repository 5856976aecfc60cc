"""What mentions stand for: software, developers, licences, addresses, cited works."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from pyoxigraph import NamedNode, Quad

from somex.core.origins import Reference
from somex.core.schema import PURPOSE_TYPES, SOFTWARE_TYPES, EntityType, RelationType
from somex.core.software import DocumentSoftware, Identifier, Software
from somex.core.types import Annotation, Document, Mention, Relation
from somex.graph import vocabulary as v
from somex.graph.iris import Iris, doi_iri, iri_or_none, normalize_name, web_iri
from somex.graph.statements import Statements, text

Resources = Mapping[Mention, tuple[NamedNode, ...]]
_REPOSITORY = re.compile(
    r"https?://(?:www\.)?(?:github\.com|bitbucket\.org|codeberg\.org|gitlab\.[\w.-]+"
    r"|sourceforge\.net/projects|code\.google\.com/p)/[^/\s]+",
    re.IGNORECASE,
)


def resources_of(
    document: Document,
    annotation: Annotation,
    *,
    out: Statements,
    paper: NamedNode,
    iris: Iris,
    software: Iterable[DocumentSoftware],
    software_ids: Mapping[Mention, str],
) -> Resources:
    """Return what each mention stands for, and describe it.

    Args:
        document: The paper.
        annotation: Its mentions and relations.
        out: Gets the descriptions.
        paper: Its name in the graph.
        iris: Makes the names.
        software: Which mentions of the paper are of one software.
        software_ids: Id of the linked software by mention.

    Returns:
        For each mention its resources: none or one, but all cited works of a Citation.
    """
    found: dict[Mention, tuple[NamedNode, ...]] = dict.fromkeys(annotation.mentions, ())
    for mention, id in software_ids.items():
        found[mention] = (iris.software(id),)
    found |= _local_software(document, software, software_ids, out, iris)
    for mention in annotation.mentions:
        if mention.type in SOFTWARE_TYPES:
            out.add(paper, v.MENTIONS, *found[mention])
        elif not found[mention]:
            found[mention] = _other_resource(mention, document, out, iris)
        if mention.type is EntityType.CITATION:
            out.add(paper, v.CITATION, *found[mention])
    return found


def _local_software(
    document: Document,
    software: Iterable[DocumentSoftware],
    linked: Mapping[Mention, str],
    out: Statements,
    iris: Iris,
) -> dict[Mention, tuple[NamedNode, ...]]:
    """Describe the software that the paper names and nobody linked.

    Coreferences go with what they point back at, where none of its mentions is linked.
    """
    found: dict[Mention, tuple[NamedNode, ...]] = {}
    for one in software:
        kinds = PURPOSE_TYPES if linked.keys().isdisjoint(one.mentions) else SOFTWARE_TYPES
        mentions = [m for m in one.mentions if m.type in kinds and m not in linked]
        named = [m for m in mentions if m.type in SOFTWARE_TYPES]
        if not named:
            continue
        name = normalize_name(one.name)
        node = iris.local_software(document.id, name)
        found |= dict.fromkeys(mentions, (node,))
        spellings = Counter(document.slice(m.char_start, m.char_end) for m in named)
        fitting = [s for s, _ in spellings.most_common() if normalize_name(s) == name]
        classes = dict.fromkeys(v.ENTITY_CLASSES[m.type] for m in named)
        out.add(node, v.TYPE, v.SOFTWARE_APPLICATION, *classes)
        describe_names(out, node, fitting[0] if fitting else one.name, tuple(spellings))
        out.add(node, v.BROAD_MATCH, iris.name(name))
    return found


def describe_names(out: Statements, node: NamedNode, name: str, spellings: tuple[str, ...]) -> None:
    """State name, other spellings, and the normal form of each, by which questions find it."""
    out.add(node, v.NAME, text(name))
    out.add(node, v.ALTERNATE_NAME, *(text(s) for s in spellings if s != name))
    out.add(node, v.HIDDEN_LABEL, *(text(normalize_name(s)) for s in (name, *spellings)))


def _other_resource(
    mention: Mention, document: Document, out: Statements, iris: Iris
) -> tuple[NamedNode, ...]:
    words = document.slice(mention.char_start, mention.char_end)
    if mention.type is EntityType.DEVELOPER:
        return (_describe_agent(words, out, iris),)
    if mention.type is EntityType.LICENSE:
        node = iris.license(normalize_name(words))
        out.add(node, v.TYPE, v.CREATIVE_WORK)
        out.add(node, v.NAME, text(words))
        return (node,)
    if mention.type is EntityType.URL:
        links = (*document.urls_of(mention.char_start, mention.char_end), words)
        addresses = (web_iri(address) for address in links)
        return next(((address,) for address in addresses if address), ())
    if mention.type is EntityType.CITATION:
        cited = document.references_of(mention.char_start, mention.char_end)
        return tuple(_describe_work(work, document, out, iris) for work in cited)
    return ()


def _describe_agent(name: str, out: Statements, iris: Iris) -> NamedNode:
    node = iris.agent(normalize_name(name))
    out.add(node, v.TYPE, v.AGENT)
    out.add(node, v.NAME, text(name))
    return node


def _describe_work(
    reference: Reference, document: Document, out: Statements, iris: Iris
) -> NamedNode:
    doi = doi_iri(reference.doi) if reference.doi else None
    node = doi or iris.reference(document.id, reference.id)
    out.add(node, v.TYPE, v.CREATIVE_WORK)
    if doi is not None:
        out.add(node, v.IDENTIFIER, text(f"doi:{(reference.doi or '').lower()}"))
    if reference.title:
        out.add(node, v.NAME, text(reference.title))
    if reference.text:
        out.add(node, v.BIBLIOGRAPHIC_CITATION, text(reference.text))
    return node


def describe_relation(
    relation: Relation, document: Document, resources: Resources, out: Statements, iris: Iris
) -> None:
    """State of the host's software, developer or licence what a relation says of the mention."""
    words = document.slice(relation.head.char_start, relation.head.char_end)
    heads = resources[relation.head]
    is_software = relation.tail.type in SOFTWARE_TYPES or (
        relation.tail.type is EntityType.SOFTWARE_COREFERENCE
    )
    for host in resources[relation.tail]:
        match relation.type:
            case RelationType.VERSION_OF:
                out.add(host, v.SOFTWARE_VERSION if is_software else v.VERSION, text(words))
            case RelationType.DEVELOPER_OF:
                out.add(host, v.CREATOR, *heads)
            case RelationType.LICENSE_OF:
                out.add(host, v.LICENSE, *heads)
            case RelationType.CITATION_OF:
                out.add(host, v.REFERENCE_PUBLICATION if is_software else v.CITATION, *heads)
            case RelationType.URL_OF:
                for address in heads:
                    _describe_address(address, host, out, is_software=is_software)
            case RelationType.ABBREVIATION_OF | RelationType.ALTERNATIVE_NAME_OF:
                out.add(host, v.ALTERNATE_NAME, text(words))
                if is_software:
                    out.add(host, v.HIDDEN_LABEL, text(normalize_name(words)))
            case RelationType.PLUGIN_OF:
                for plugin in heads:
                    if plugin != host:
                        out.add(plugin, v.SOFTWARE_REQUIREMENTS, host)
            case _:
                pass  # a release, an extension, a specification: only of the mention


def _describe_address(
    address: NamedNode, host: NamedNode, out: Statements, *, is_software: bool
) -> None:
    out.add(host, v.URL, address)
    if is_software and _REPOSITORY.match(address.value):
        out.add(host, v.TYPE, v.SOFTWARE_SOURCE_CODE)
        out.add(host, v.CODE_REPOSITORY, address)


def software_quads(software: Software, *, iris: Iris | None = None) -> Iterator[Quad]:
    """Yield all statements of one linked software, in the named graph of the linking.

    Args:
        software: The software; its mentions are stated in the graphs of their papers.
        iris: Makes the names.
    """
    iris = iris or Iris()
    out = Statements(iris.linking_graph())
    node = iris.software(software.id)
    out.add(node, v.TYPE, v.SOFTWARE_APPLICATION, v.ENTITY_CLASSES[software.type])
    out.add(node, v.LOCAL_ID, text(software.id))
    describe_names(out, node, software.name, software.names)
    for identifier in software.identifiers:
        _describe_identifier(identifier, node, out)
    if software.host_id is not None:
        out.add(node, v.SOFTWARE_REQUIREMENTS, iris.software(software.host_id))
    for developer in software.developers:
        out.add(node, v.CREATOR, _describe_agent(developer, out, iris))
    return iter(out)


def _describe_identifier(identifier: Identifier, node: NamedNode, out: Statements) -> None:
    address = iri_or_none(identifier.uri)
    if identifier.scheme == "url":
        if address is not None:
            _describe_address(address, node, out, is_software=True)
        return
    out.add(node, v.IDENTIFIER, text(f"{identifier.scheme}:{identifier.value}"))
    doi = doi_iri(identifier.value) if identifier.scheme == "doi" else None
    out.add(node, v.SAME_AS, doi or address)
