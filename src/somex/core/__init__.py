"""Types, label schema and errors; imports nothing else of somex."""

from somex.core.errors import (
    AnnotationError,
    ConfigError,
    FormatError,
    MissingExtraError,
    ModelError,
    SchemaError,
    SomexError,
)
from somex.core.schema import (
    ENTITY_TYPES,
    RELATION_ARGUMENTS,
    RELATION_TYPES,
    SOFTWARE_TYPES,
    EntityType,
    Purpose,
    RelationType,
    is_compatible,
    relations_between,
)
from somex.core.types import (
    Annotation,
    Document,
    LabeledDocument,
    Mention,
    Relation,
    Section,
    Sentence,
    Token,
)

__all__ = [
    "ENTITY_TYPES",
    "RELATION_ARGUMENTS",
    "RELATION_TYPES",
    "SOFTWARE_TYPES",
    "Annotation",
    "AnnotationError",
    "ConfigError",
    "Document",
    "EntityType",
    "FormatError",
    "LabeledDocument",
    "Mention",
    "MissingExtraError",
    "ModelError",
    "Purpose",
    "Relation",
    "RelationType",
    "SchemaError",
    "Section",
    "Sentence",
    "SomexError",
    "Token",
    "is_compatible",
    "relations_between",
]
