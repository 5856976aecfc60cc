from __future__ import annotations

import pytest

from somex.linking.names import (
    abbreviates,
    forms_of,
    is_generic,
    is_short_form,
    name_key,
    without_version,
)


@pytest.mark.parametrize(
    "spellings",
    [
        ("Sloperunner", "SLOPERUNNER", "Slope-Runner", "Slope Runner®", "the sloperunner software"),
        ("M-Track", "M - Track", "mtrack", "M–Track"),
        ("lme4", "lme 4", "Lme4 package"),
        ("C++", "C + +"),
        ("R", "R software", "R language", "R statistical software", "the R programming language"),
        ("Sloperunner", "Sloperunner version 2.0", "Sloperunner v3", "Sloperunner 1.2.3b"),
        ("FMRIB's Toolkit", "FMRIB’s toolkit"),
    ],
)
def test_names_spellings_share_their_key(spellings: tuple[str, ...]) -> None:
    assert len({name_key(name) for name in spellings}) == 1


@pytest.mark.parametrize(
    ("a", "b"), [("C", "C++"), ("C++", "C#"), ("R", "R package"), ("ggfoo", "ggfoo2")]
)
def test_names_of_different_software_differ(a: str, b: str) -> None:
    assert name_key(a) != name_key(b)


@pytest.mark.parametrize("name", ["software", "The", "2.0", "***", "v1.2"])
def test_names_key_is_never_empty(name: str) -> None:
    assert name_key(name)


def test_names_base_leaves_out_makers_and_what_tells_little() -> None:
    assert forms_of("IBM Slopestat Statistics").base == forms_of("Slopestat").base == "slopestat"
    assert forms_of("Sloperunner 2.0").base == "sloperunner"
    assert without_version("Sloperunner, version 1.0") == "Sloperunner"


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("SLR", "Slope Length Runner"),
        ("SPSL", "Statistical Package for the Slope Lab"),
        ("FDT", "FMRIB’s Diffusion Toolbox"),
        ("MIiSR", "Molecular Images in Super-Resolution"),
        ("3RD", "3R Design"),
    ],
)
def test_names_initials_abbreviate(short: str, long: str) -> None:
    assert abbreviates(short, long) == 1.0


def test_names_inner_letters_abbreviate_less_surely() -> None:
    assert 0.5 < abbreviates("SLOPRUN", "Slope Runner for Glaciers") < 1.0
    assert 0.5 < abbreviates("Slopetoolbox", "Slopeophysics Toolbox") <= 0.9


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("XYZ", "Slope Length Runner"),
        ("S", "Slope Runner"),
        ("SLR", "Slopelengthrunner"),
        ("SPSS", "SPSS Statistics"),
        ("slope length runner", "Slope Length Runner"),
    ],
)
def test_names_other_words_do_not_abbreviate(short: str, long: str) -> None:
    assert abbreviates(short, long) == 0.0


def test_names_short_forms_are_mostly_capitals() -> None:
    assert [is_short_form(n) for n in ("SLR", "IDREM", "Slope", "SLR Suite", "R")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "words", ["custom script", "R package", "in-house software", "Matlab scripts", "the program"]
)
def test_names_generic_words_name_nothing(words: str) -> None:
    assert is_generic(words)


@pytest.mark.parametrize(
    "name", ["R", "R software", "Sloperunner package", "Python", "Code Runner"]
)
def test_names_of_software_are_not_generic(name: str) -> None:
    assert not is_generic(name)
