"""Label schema: entity types, relation types, and which type may attach to which host.

Source: SoMeSci's annotation configuration (``conf/annotation.conf``), purposes dropped from the
types as SOMD 2025 does. A test reads that file and compares it with the tables here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from somex.core.errors import SchemaError, unknown_value


class EntityType(StrEnum):
    """The 14 entity types of SOMD 2025, in the order of the paper's tables."""

    APPLICATION = "Application"
    PLUGIN = "PlugIn"
    PROGRAMMING_ENVIRONMENT = "ProgrammingEnvironment"
    OPERATING_SYSTEM = "OperatingSystem"
    SOFTWARE_COREFERENCE = "SoftwareCoreference"
    VERSION = "Version"
    RELEASE = "Release"
    DEVELOPER = "Developer"
    CITATION = "Citation"
    URL = "URL"
    LICENSE = "License"
    ABBREVIATION = "Abbreviation"
    ALTERNATIVE_NAME = "AlternativeName"
    EXTENSION = "Extension"


class RelationType(StrEnum):
    """The 11 relation types of SOMD 2025; each reads ``head <type> tail``."""

    VERSION_OF = "Version_of"
    DEVELOPER_OF = "Developer_of"
    URL_OF = "URL_of"
    LICENSE_OF = "License_of"
    CITATION_OF = "Citation_of"
    ABBREVIATION_OF = "Abbreviation_of"
    ALTERNATIVE_NAME_OF = "AlternativeName_of"
    RELEASE_OF = "Release_of"
    PLUGIN_OF = "PlugIn_of"
    EXTENSION_OF = "Extension_of"
    SPECIFICATION_OF = "Specification_of"


class Purpose(StrEnum):
    """Why a software is mentioned (the suffix of SoMeSci's types)."""

    USAGE = "Usage"
    CREATION = "Creation"
    DEPOSITION = "Deposition"
    MENTION = "Mention"


ENTITY_TYPES: tuple[EntityType, ...] = tuple(EntityType)
RELATION_TYPES: tuple[RelationType, ...] = tuple(RelationType)
PURPOSES: tuple[Purpose, ...] = tuple(Purpose)

_E, _R = EntityType, RelationType

SOFTWARE_TYPES: frozenset[EntityType] = frozenset(
    {_E.APPLICATION, _E.PLUGIN, _E.PROGRAMMING_ENVIRONMENT, _E.OPERATING_SYSTEM}
)
"""Types that name a software (a SoftwareCoreference only points at one)."""

PURPOSE_TYPES: frozenset[EntityType] = SOFTWARE_TYPES | {_E.SOFTWARE_COREFERENCE}
"""Types that carry a purpose in SoMeSci."""

_S = SOFTWARE_TYPES
_LICENSE, _DEVELOPER, _COREF = {_E.LICENSE}, {_E.DEVELOPER}, {_E.SOFTWARE_COREFERENCE}

_ARGUMENTS: dict[RelationType, tuple[frozenset[EntityType], frozenset[EntityType]]] = {
    _R.VERSION_OF: (frozenset({_E.VERSION}), _S | _LICENSE | _COREF),
    _R.DEVELOPER_OF: (frozenset({_E.DEVELOPER}), _S),
    _R.URL_OF: (frozenset({_E.URL}), _S | _DEVELOPER | _LICENSE | _COREF),
    _R.LICENSE_OF: (frozenset({_E.LICENSE}), _S | _COREF),
    _R.CITATION_OF: (frozenset({_E.CITATION}), _S | _LICENSE | _COREF),
    _R.ABBREVIATION_OF: (_S | {_E.ABBREVIATION}, _S | _DEVELOPER | _LICENSE),
    _R.ALTERNATIVE_NAME_OF: (_S | {_E.ALTERNATIVE_NAME}, _S | _DEVELOPER | _LICENSE),
    _R.RELEASE_OF: (frozenset({_E.RELEASE}), _S | _LICENSE),
    _R.PLUGIN_OF: (frozenset({_E.PLUGIN, _E.APPLICATION}), _S),
    _R.EXTENSION_OF: (frozenset({_E.EXTENSION}), _S | _LICENSE),
    _R.SPECIFICATION_OF: (_S | _LICENSE, _S | _LICENSE),
}

RELATION_ARGUMENTS: Mapping[RelationType, tuple[frozenset[EntityType], frozenset[EntityType]]] = (
    MappingProxyType(_ARGUMENTS)
)
"""Relation type -> (types its head may have, types its tail, the host, may have)."""


def relations_between(head: EntityType, tail: EntityType) -> tuple[RelationType, ...]:
    """Return the relation types that may lead from a ``head`` mention to a ``tail`` mention."""
    return tuple(
        relation
        for relation, (heads, tails) in RELATION_ARGUMENTS.items()
        if head in heads and tail in tails
    )


def is_compatible(relation: RelationType, head: EntityType, tail: EntityType) -> bool:
    """Tell whether the schema allows ``head <relation> tail``."""
    heads, tails = RELATION_ARGUMENTS[relation]
    return head in heads and tail in tails


def parse_entity_type(name: str) -> EntityType:
    """Return the entity type called ``name``.

    Raises:
        SchemaError: The schema has no such type; the message lists all of them.
    """
    try:
        return EntityType(name)
    except ValueError:
        raise SchemaError(unknown_value("entity type", name, list(EntityType))) from None


def parse_relation_type(name: str) -> RelationType:
    """Return the relation type called ``name``.

    Raises:
        SchemaError: The schema has no such type; the message lists all of them.
    """
    try:
        return RelationType(name)
    except ValueError:
        raise SchemaError(unknown_value("relation type", name, list(RelationType))) from None


def parse_purpose(name: str) -> Purpose:
    """Return the purpose called ``name``.

    Raises:
        SchemaError: The schema has no such purpose; the message lists all of them.
    """
    try:
        return Purpose(name)
    except ValueError:
        raise SchemaError(unknown_value("purpose", name, list(Purpose))) from None
