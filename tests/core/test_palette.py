from __future__ import annotations

from itertools import combinations

import pytest

from somex.core import EntityType
from somex.core.palette import DARK, LIGHT, color_rules, contrast, dark, light

AA_TEXT, AA_GRAPHICS = 4.5, 3.0


def test_palette_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("type", list(EntityType))
def test_palette_text_on_mentions_is_readable(type: EntityType) -> None:
    assert contrast(LIGHT["text"], light(type).background) >= AA_TEXT
    assert contrast(DARK["text"], dark(type).background) >= AA_TEXT
    assert contrast(LIGHT["page"], light(type).line) >= AA_GRAPHICS
    assert contrast(DARK["page"], dark(type).line) >= AA_GRAPHICS


@pytest.mark.parametrize("page", [LIGHT, DARK])
def test_palette_text_and_arcs_are_readable(page: dict[str, str]) -> None:
    assert contrast(page["text"], page["page"]) >= 7
    assert contrast(page["dim"], page["page"]) >= AA_TEXT
    assert contrast(page["line"], page["page"]) >= AA_GRAPHICS


def test_palette_types_have_colours_of_their_own() -> None:
    for shade in (light, dark):
        for one, other in combinations(EntityType, 2):
            assert shade(one) != shade(other)


def test_palette_rules_name_every_type_twice() -> None:
    assert [color_rules().count(f".t-{type} {{") for type in EntityType] == [2] * 14
