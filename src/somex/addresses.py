"""Whole addresses: a URL mention that holds a part of a web address holds all of it.

A network that scores unit by unit can end a URL within the address
(``https://scicrunch.org/resolver/`` of ``https://scicrunch.org/resolver/RRID:SCR_003070``), which
leads nowhere. In the gold of SOMD 2025's training sentences and of SoMeSci 433 of 436 URLs that
hold a part of an address are that address; the others take in a full stop or leave out what was
glued on by mistake.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from somex.core.schema import EntityType
from somex.core.types import Annotation, Mention, Relation
from somex.text.words import ADDRESS


def complete_addresses(text: str, annotation: Annotation) -> Annotation:
    """Widen URL mentions to the web addresses that they lie in.

    What else was found within such an address is no mention of its own: other URLs become one with
    the first, mentions of other types are dropped with their relations. An address stays as it is
    where a mention lies across its borders.

    Args:
        text: The document's text.
        annotation: What a model found in it.

    Returns:
        The annotation with whole addresses; as it is where all are.
    """
    urls = [m for m in annotation.mentions if m.type is EntityType.URL]
    if not urls:
        return annotation
    for match in ADDRESS.finditer(text):
        start, end = match.span()
        inside = [m for m in annotation.mentions if m.char_start < end and start < m.char_end]
        is_partly = any(m.type is EntityType.URL for m in inside)
        if is_partly and all(start <= m.char_start and m.char_end <= end for m in inside):
            annotation = _complete(annotation, inside, start, end)
    return annotation


def _complete(annotation: Annotation, inside: list[Mention], start: int, end: int) -> Annotation:
    parts = [m for m in inside if m.type is EntityType.URL]
    surest = max(parts, key=lambda m: m.confidence)
    whole = replace(surest, char_start=start, char_end=end)
    if inside == [whole]:
        return annotation
    dropped = {m for m in inside if m.type is not EntityType.URL}
    kept = [r for r in annotation.relations if not dropped & {r.head, r.tail}]
    others = [r for r in kept if r.head not in parts]
    own = _surest_of_a_kind(replace(r, head=whole) for r in kept if r.head in parts)
    mentions = [m for m in annotation.mentions if m not in inside]
    return Annotation.build([*mentions, whole], [*others, *own])


def _surest_of_a_kind(relations: Iterable[Relation]) -> list[Relation]:
    """Return one relation for each type and tail, the surest."""
    best: dict[tuple[str, Mention], Relation] = {}
    for relation in sorted(relations, key=lambda r: r.confidence):
        best[relation.type, relation.tail] = relation
    return [*best.values()]
