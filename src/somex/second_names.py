"""Second names by their letters: what a sentence spells out behind a software's short name.

SOMD 2025's training sentences hold 14 AlternativeNames, too few for a network to learn them
safely. Most are the long name of the letters before them, which can be read off
(`somex.text.long_forms`); ``benchmarks/name_pairs.py`` counts how often the annotators agree.
"""

from __future__ import annotations

from dataclasses import replace

from somex.core.schema import SOFTWARE_TYPES, EntityType, RelationType, is_compatible
from somex.core.types import Annotation, Mention, Relation
from somex.text.long_forms import find_long_form

_SHARE_RIGHT = 0.9
"""Of the long names found so behind annotated software, rounded: 10 of 11 in SOMD 2025's training
sentences, 22 of 24 in SoMeSci."""
_VERSIONS = frozenset({EntityType.VERSION, EntityType.RELEASE})
_MOST_CHARS_TO_VERSION = 12


def add_second_names(
    text: str, annotation: Annotation, *, min_confidence: float = 0.0
) -> Annotation:
    """Make the long name behind a software's letters its AlternativeName.

    What was taken for a software of its own there becomes that name, and its attributes the
    software's. A long name stays as it is where another mention lies across its borders, or one
    that is no software in it.

    Args:
        text: The document's text.
        annotation: What a model found in it.
        min_confidence: Names below it are not made.

    Returns:
        The annotation with those names and their relations; their confidence is that of the
        software, times the share of such names that the training corpora annotate so.
    """
    ends = {r.tail: r.head.char_end for r in annotation.relations if _is_version_behind(r)}
    for host in annotation.mentions:
        is_sure = host.confidence * _SHARE_RIGHT >= min_confidence
        if host.type in SOFTWARE_TYPES and is_sure:
            short = text[host.char_start : host.char_end]
            place = find_long_form(text, short, ends.get(host, host.char_end))
            if place is not None and host in annotation.mentions:
                annotation = _name(annotation, host, *place)
    return annotation


def _is_version_behind(relation: Relation) -> bool:
    distance = relation.head.char_start - relation.tail.char_end
    return relation.head.type in _VERSIONS and 0 <= distance <= _MOST_CHARS_TO_VERSION


def _name(annotation: Annotation, host: Mention, start: int, end: int) -> Annotation:
    inside = {m for m in annotation.mentions if m.char_start < end and start < m.char_end}
    if any(
        m.type not in SOFTWARE_TYPES or m.char_start < start or m.char_end > end for m in inside
    ):
        return annotation
    name = Mention(
        EntityType.ALTERNATIVE_NAME, start, end, confidence=host.confidence * _SHARE_RIGHT
    )
    relations = [Relation(RelationType.ALTERNATIVE_NAME_OF, name, host, name.confidence)]
    relations += [r for r in annotation.relations if not {r.head, r.tail} & inside]
    known = {(r.type, r.head, r.tail) for r in relations}
    handed_on = [r for r in annotation.relations if r.tail in inside and r.head not in inside]
    relations += [
        replace(r, tail=host)
        for r in handed_on
        if r.head != host
        and is_compatible(r.type, r.head.type, host.type)
        and (r.type, r.head, host) not in known
    ]
    kept = [m for m in annotation.mentions if m not in inside]
    return Annotation.build([*kept, name], relations)
