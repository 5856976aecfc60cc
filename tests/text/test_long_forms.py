from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from somex.text.long_forms import find_long_form, stands_for


@pytest.mark.parametrize(
    ("short", "long", "is_meant"),
    [
        ("TRIBE", "Text Retrieval In Big Environments", True),
        ("qmat", "Quick Matrix Alignment Tool", True),
        ("VAT-E", "Visual Analysis of Trees with Edges", True),
        ("PIKE", "Plant Inference from KErnels", True),
        ("BRAID", "Bases for Reading, Annotation and Insertion Detection", True),
        ("TRIBE", "Retrieval of Text In Big Environments", False),  # begins with another letter
        ("TRIBE", "Text Retrieval In Big Samples", False),  # a letter is missing
        ("TRIBE", "Text Retrieval of Solid Images in Big Environments", False),  # a word too many
        ("TRIBE", "TRIBE Software Inc", False),
        ("TRIBE 2", "TRIBE 2", False),
        ("T", "Text Tool", False),
        ("TR", "Tribe", False),
        ("...", "Text Tool", False),
        ("TRIBE", "", False),
    ],
)
def test_long_forms_give_each_letter(short: str, long: str, is_meant: bool) -> None:
    assert stands_for(short, long) is is_meant


def test_long_forms_of_four_words_may_have_a_silent_one() -> None:
    long = "Oak Tree Ellipsoid Plot Program"
    assert not stands_for("OTEP", long)
    assert stands_for("OTEP", long, some_silent=True)
    assert not stands_for("OTEP", "Oak Tree Ellipsoid Plot Program Collection", some_silent=True)


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("TRIBE (Text Retrieval In Big Environments) was", "Text Retrieval In Big Environments"),
        ("TRIBE ( the Text Retrieval In Big Environments ; v 2 )",
         "Text Retrieval In Big Environments"),
        ("TRIBE software [Text Retrieval In Big Environments, version 2]",
         "Text Retrieval In Big Environments"),
        ("TRIBE™ (Text Retrieval In Big Environments Programs)",
         "Text Retrieval In Big Environments Programs"),
        ("TRIBE: Text Retrieval In Big Environments Project home page: x",
         "Text Retrieval In Big Environments"),
        ("TRIBE, Text Retrieval In Big Environments [12].", "Text Retrieval In Big Environments"),
        ("TRIBE - Text Retrieval In Big Environments - is", "Text Retrieval In Big Environments"),
        ("TRIBE, the Tree Reader (In Big Environments)", None),
        ("TRIBE (Text Retrieval\nIn Big Environments)", "Text Retrieval\nIn Big Environments"),
        ("TRIBE (Text Retrieval In Big Environments\n\nMore)", None),
        ("TRIBE (Text Retrieval In Big", None),  # the bracket never closes
        ("TRIBE (Orbital Labs, Big Bend, Utah)", None),
        ("TRIBE-Text Retrieval In Big Environments", None),
        ("TRIBE and Text Retrieval In Big Environments", None),
        ("TRIBE", None),
    ],
)  # fmt: skip
def test_long_forms_are_found_behind_their_letters(text: str, long: str | None) -> None:
    place = find_long_form(text, "TRIBE", len("TRIBE"))
    assert (text[slice(*place)] if place else None) == long


@given(text=st.text("TRIBE xi(),:-\n", max_size=60), end=st.integers(0, 60))
def test_long_forms_found_are_long_forms(text: str, end: int) -> None:
    place = find_long_form(text, "TRI", min(end, len(text)))
    if place is not None:
        start, stop = place
        assert min(end, len(text)) < start < stop <= len(text)
        assert stands_for("TRI", text[start:stop], some_silent=True)
