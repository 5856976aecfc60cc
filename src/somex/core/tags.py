"""BIO tags over the entity types, and the spans they spell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from somex.core.schema import ENTITY_TYPES, EntityType

OUTSIDE = 0
TAGS: tuple[str, ...] = (
    "O",
    *(f"B-{name}" for name in ENTITY_TYPES),
    *(f"I-{name}" for name in ENTITY_TYPES),
)
"""Tag names by id: O, then B- of every type, then I- of every type."""

N_TAGS = len(TAGS)
N_TYPES = len(ENTITY_TYPES)


def begin_tag(type_id: int) -> int:
    """Return the id of B- of the type with this index in ``ENTITY_TYPES``."""
    return 1 + type_id


def inside_tag(type_id: int) -> int:
    """Return the id of I- of the type with this index in ``ENTITY_TYPES``."""
    return 1 + N_TYPES + type_id


def tags_of_spans(spans: Iterable[tuple[int, int, EntityType]], n_units: int) -> list[int]:
    """Write spans as BIO tag ids.

    Args:
        spans: Half-open unit spans with their type, none overlapping.
        n_units: Length of the sentence in units.

    Returns:
        One tag id a unit.
    """
    tags = [OUTSIDE] * n_units
    for start, end, entity_type in spans:
        type_id = ENTITY_TYPES.index(entity_type)
        tags[start] = begin_tag(type_id)
        for unit in range(start + 1, end):
            tags[unit] = inside_tag(type_id)
    return tags


def spans_of_tags(tags: Sequence[int]) -> list[tuple[int, int, EntityType]]:
    """Read the half-open unit spans that a legal BIO sequence of tag ids spells."""
    spans: list[tuple[int, int, EntityType]] = []
    start = -1
    for unit, tag in enumerate([*tags, OUTSIDE]):
        if tag > N_TYPES:
            continue
        if start >= 0:
            spans.append((start, unit, ENTITY_TYPES[tags[start] - 1]))
        start = unit if tag != OUTSIDE else -1
    return spans
