"""Labels that say less than the full scheme: a mention is one of several types, the rest is open.

Softcite calls every software alike and annotates its version, publisher and URL, but no citations,
licences, abbreviations and so on. Each of its labels stands for the set of tags that it leaves
possible; training asks only that the model's tag be one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from somex.core.schema import ENTITY_TYPES, EntityType
from somex.core.tags import N_TAGS, OUTSIDE, begin_tag, inside_tag

SOFTCITE_MAY_BE = MappingProxyType(
    {
        EntityType.APPLICATION: (
            EntityType.APPLICATION,
            EntityType.PLUGIN,
            EntityType.PROGRAMMING_ENVIRONMENT,
            EntityType.OPERATING_SYSTEM,
            EntityType.ABBREVIATION,
            EntityType.ALTERNATIVE_NAME,
        ),
        EntityType.VERSION: (EntityType.VERSION, EntityType.RELEASE),
        EntityType.DEVELOPER: (EntityType.DEVELOPER,),
        EntityType.URL: (EntityType.URL,),
    }
)
"""Type as the softcite reader gives it -> the types that it may be in the full scheme."""

SOFTCITE_OPEN = (
    EntityType.OPERATING_SYSTEM,
    EntityType.SOFTWARE_COREFERENCE,
    EntityType.CITATION,
    EntityType.LICENSE,
    EntityType.ABBREVIATION,
    EntityType.ALTERNATIVE_NAME,
    EntityType.EXTENSION,
)
"""Types that softcite does not annotate: what it leaves unlabelled may be one of these."""


def _ids(types: Iterable[EntityType]) -> list[int]:
    return [ENTITY_TYPES.index(entity_type) for entity_type in types]


def _build_tag_sets() -> tuple[frozenset[int], ...]:
    sets = [frozenset({tag}) for tag in range(N_TAGS)]
    open_ids = _ids(SOFTCITE_OPEN)
    open_tags = [tag(i) for i in open_ids for tag in (begin_tag, inside_tag)]
    sets.append(frozenset({OUTSIDE, *open_tags}))
    for types in SOFTCITE_MAY_BE.values():
        sets.append(frozenset(map(begin_tag, _ids(types))))
        sets.append(frozenset(map(inside_tag, _ids(types))))
    return tuple(sets)


TAG_SETS = _build_tag_sets()
"""Code -> the tag ids that it leaves possible; the first `N_TAGS` codes are the tags themselves."""

_CODE_OF_TAG = {OUTSIDE: N_TAGS} | {
    tag(type_id): N_TAGS + 1 + 2 * place + is_inside
    for place, type_id in enumerate(_ids(SOFTCITE_MAY_BE))
    for is_inside, tag in enumerate((begin_tag, inside_tag))
}


def softcite_codes(tags: Iterable[int]) -> list[int]:
    """Turn the tag ids of a softcite sentence into codes of `TAG_SETS`.

    Raises:
        KeyError: A tag is of a type that softcite has not.
    """
    return [_CODE_OF_TAG[tag] for tag in tags]
