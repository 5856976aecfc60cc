"""somex: joint extraction of software mentions, attributes and relations from papers.

Typical use::

    import somex

    found = somex.load().extract("We used SPSS 21 (IBM Corp.).")
    for mention in found.annotation.mentions:
        print(mention.type, found.document.slice(mention.char_start, mention.char_end))
"""

from somex.core import (
    Annotation,
    Document,
    EntityType,
    LabeledDocument,
    Mention,
    Purpose,
    Relation,
    RelationType,
    SomexError,
)
from somex.core.software import DocumentSoftware
from somex.integrations import frames
from somex.integrations.hf_pipeline import pipeline
from somex.metrics import evaluate
from somex.pipeline import Extractor, load
from somex.readers.registry import read_corpus
from somex.resolution import resolve_software

__version__ = "0.1.0"

__all__ = [
    "Annotation",
    "Document",
    "DocumentSoftware",
    "EntityType",
    "Extractor",
    "LabeledDocument",
    "Mention",
    "Purpose",
    "Relation",
    "RelationType",
    "SomexError",
    "__version__",
    "evaluate",
    "frames",
    "load",
    "pipeline",
    "read_corpus",
    "resolve_software",
]
