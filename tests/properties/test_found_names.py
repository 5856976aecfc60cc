"""Whatever a model finds, what letters, brackets and addresses make of it is an annotation."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from somex.addresses import add_rrids, complete_addresses
from somex.core import Annotation, EntityType, Mention, Relation, RelationType
from somex.core.schema import is_compatible
from somex.name_pairs import settle_names
from somex.second_names import add_second_names
from somex.versions import settle_versions

TEXT = (
    "Orbita (Orbita, RRID:SCR_003070) cut https://lume.example/RRID:SCR_014199 (Lume, "
    "www.lume.example/a). Chromatin Networks (CN 2; CN, RRID: AB_305564) and Orbita 3 "
    "(Orbita 3, Oslo) were run. Orbita is free (GPLv3), as Mossflow2 is."
)
PIECES = [match.span() for match in re.finditer(r"[A-Za-z]+|\d+|[^\s\w]", TEXT)]


@st.composite
def annotations(draw: st.DrawFn) -> Annotation:
    mentions = []
    at = 0
    while at < len(PIECES):
        length = draw(st.integers(0, 4))
        if length:
            last = min(at + length, len(PIECES)) - 1
            kind = draw(st.sampled_from([*EntityType]))
            mentions.append(Mention(kind, PIECES[at][0], PIECES[last][1], confidence=0.8))
        at += max(length, 1)
    relations = []
    for head in mentions:
        kinds = [
            (kind, tail)
            for kind in RelationType
            for tail in mentions
            if tail != head and is_compatible(kind, head.type, tail.type)
        ]
        if kinds and draw(st.booleans()):
            kind, tail = draw(st.sampled_from(kinds))
            relations.append(Relation(kind, head, tail, 0.7))
    return Annotation.build(mentions, relations)


@given(annotations())
def test_what_was_found_stays_an_annotation(found: Annotation) -> None:
    starts = [0, TEXT.index("Chromatin")]
    versioned = settle_versions(TEXT, found)
    assert settle_versions(TEXT, versioned) == versioned
    complete = complete_addresses(TEXT, versioned)
    assert complete_addresses(TEXT, complete) == complete
    whole = add_rrids(TEXT, complete, starts=starts)
    settled = add_second_names(TEXT, settle_names(TEXT, whole, starts=starts))
    ends = [m.char_end for m in settled.mentions]
    assert all(end <= m.char_start for end, m in zip(ends, settled.mentions[1:], strict=False)), (
        "mentions overlap"
    )
    for r in settled.relations:
        assert is_compatible(r.type, r.head.type, r.tail.type)
        assert r.head in settled.mentions
        assert r.tail in settled.mentions
    keys = [(r.type, r.head, r.tail) for r in settled.relations]
    assert len({*keys}) == len(keys)
