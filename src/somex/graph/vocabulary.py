"""Namespaces and terms of the graph (data model: docs/graph.md).

Mentions are NIF 2.0 phrases with ITS 2.0 annotations and the classes and relations of SoMeSci's
knowledge graph (Schindler et al., CIKM 2021; ``create_SoMeSci.py`` of dave-s477/SoMeSci_Code).
Software is described with schema.org and CodeMeta, who stated what with PROV-O.
"""

from __future__ import annotations

from collections.abc import Callable

from pyoxigraph import NamedNode

from somex.core.schema import EntityType, Purpose, RelationType

PREFIXES = {
    "codemeta": "https://codemeta.github.io/terms/",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "its": "http://www.w3.org/2005/11/its/rdf#",
    "nif": "http://persistence.uni-leipzig.org/nlp2rdf/ontologies/nif-core#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "schema": "http://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "sms": "http://data.gesis.org/somesci/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Prefix -> namespace of every vocabulary that the graph uses."""


def _terms_of(prefix: str) -> Callable[[str], NamedNode]:
    def term(name: str) -> NamedNode:
        return NamedNode(PREFIXES[prefix] + name)

    return term


_CODEMETA, _DCTERMS, _FOAF = _terms_of("codemeta"), _terms_of("dcterms"), _terms_of("foaf")
_ITS, _NIF, _PROV, _RDF = (_terms_of(prefix) for prefix in ("its", "nif", "prov", "rdf"))
_SCHEMA, _SKOS, _SMS, _XSD = (_terms_of(prefix) for prefix in ("schema", "skos", "sms", "xsd"))

TYPE = _RDF("type")
STATEMENT = _RDF("Statement")
SUBJECT, PREDICATE, OBJECT = _RDF("subject"), _RDF("predicate"), _RDF("object")

CONTEXT, PHRASE, RFC5147_STRING = _NIF("Context"), _NIF("Phrase"), _NIF("RFC5147String")
IS_STRING, ANCHOR_OF = _NIF("isString"), _NIF("anchorOf")
BEGIN_INDEX, END_INDEX = _NIF("beginIndex"), _NIF("endIndex")
REFERENCE_CONTEXT, BROADER_CONTEXT = _NIF("referenceContext"), _NIF("broaderContext")

CLASS_REF, IDENT_REF, CONFIDENCE = _ITS("taClassRef"), _ITS("taIdentRef"), _ITS("taConfidence")

REFERS_TO = _SMS("refersTo")
ENTITY_CLASSES = {entity: _SMS(str(entity)) for entity in EntityType}
"""Entity type -> its class in SoMeSci's graph."""
PURPOSE_CLASSES = {
    purpose: _SMS("Allusion" if purpose is Purpose.MENTION else str(purpose)) for purpose in Purpose
}
"""Purpose -> its class; SoMeSci's graph calls a mere mention an allusion."""
RELATION_TERMS = {
    relation: _SMS("referredToBy" + str(relation).removesuffix("_of")) for relation in RelationType
}
"""Relation type -> the property that leads from the host (tail) to the attribute (head)."""

SCHOLARLY_ARTICLE, CREATIVE_WORK = _SCHEMA("ScholarlyArticle"), _SCHEMA("CreativeWork")
SOFTWARE_APPLICATION = _SCHEMA("SoftwareApplication")
SOFTWARE_SOURCE_CODE = _SCHEMA("SoftwareSourceCode")
PROPERTY_VALUE, ADDITIONAL_PROPERTY = _SCHEMA("PropertyValue"), _SCHEMA("additionalProperty")
NAME, ALTERNATE_NAME, VALUE = _SCHEMA("name"), _SCHEMA("alternateName"), _SCHEMA("value")
IDENTIFIER, SAME_AS, URL = _SCHEMA("identifier"), _SCHEMA("sameAs"), _SCHEMA("url")
DATE_PUBLISHED = _SCHEMA("datePublished")
MENTIONS, CITATION = _SCHEMA("mentions"), _SCHEMA("citation")
SOFTWARE_VERSION, VERSION = _SCHEMA("softwareVersion"), _SCHEMA("version")
CREATOR, LICENSE = _SCHEMA("creator"), _SCHEMA("license")
SOFTWARE_REQUIREMENTS = _SCHEMA("softwareRequirements")
CODE_REPOSITORY = _SCHEMA("codeRepository")
REFERENCE_PUBLICATION = _CODEMETA("referencePublication")

AGENT = _FOAF("Agent")
HIDDEN_LABEL, BROAD_MATCH = _SKOS("hiddenLabel"), _SKOS("broadMatch")
LOCAL_ID = _DCTERMS("identifier")
BIBLIOGRAPHIC_CITATION = _DCTERMS("bibliographicCitation")

ENTITY, ACTIVITY, SOFTWARE_AGENT = _PROV("Entity"), _PROV("Activity"), _PROV("SoftwareAgent")
WAS_GENERATED_BY = _PROV("wasGeneratedBy")
WAS_ASSOCIATED_WITH = _PROV("wasAssociatedWith")

DECIMAL, INTEGER = _XSD("decimal"), _XSD("integer")
DATES = {4: _XSD("gYear"), 7: _XSD("gYearMonth"), 10: _XSD("date")}
"""Length of an ISO 8601 date -> its datatype."""
