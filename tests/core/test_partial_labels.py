"""Softcite's labels leave a set of tags possible."""

from __future__ import annotations

import pytest

from somex.core.partial_labels import SOFTCITE_MAY_BE, SOFTCITE_OPEN, TAG_SETS, softcite_codes
from somex.core.schema import EntityType as E
from somex.core.tags import N_TAGS, OUTSIDE, TAGS, tags_of_spans


def _names(code: int) -> set[str]:
    return {TAGS[tag] for tag in TAG_SETS[code]}


def test_partial_labels_of_full_tags_are_themselves() -> None:
    assert [TAG_SETS[tag] for tag in range(N_TAGS)] == [frozenset({tag}) for tag in range(N_TAGS)]


def test_partial_labels_softcite_software_may_be_of_any_kind() -> None:
    tags = tags_of_spans([(1, 3, E.APPLICATION), (3, 4, E.VERSION)], 5)
    outside, begin, inside, version, _ = softcite_codes(tags)
    kinds = {str(t) for t in SOFTCITE_MAY_BE[E.APPLICATION]}
    assert {"Application", "PlugIn", "ProgrammingEnvironment"} <= kinds
    assert _names(begin) == {f"B-{kind}" for kind in kinds}
    assert _names(inside) == {f"I-{kind}" for kind in kinds}
    assert _names(version) == {"B-Version", "B-Release"}
    assert _names(outside) == {"O"} | {f"{p}-{t}" for p in "BI" for t in SOFTCITE_OPEN}


def test_partial_labels_what_softcite_annotates_is_not_open() -> None:
    closed = {E.APPLICATION, E.PLUGIN, E.VERSION, E.RELEASE, E.DEVELOPER, E.URL}
    assert closed.isdisjoint(SOFTCITE_OPEN)
    with pytest.raises(KeyError):
        softcite_codes(tags_of_spans([(0, 1, E.CITATION)], 1))
    assert softcite_codes([OUTSIDE]) == [N_TAGS]
