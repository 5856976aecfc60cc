from __future__ import annotations

import pytest

from somex.kb.people import MAX_NAMES, people


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "Ann Bolt [aut, cre] (<https://orcid.org/0>),\n  Bob Nut [ctb] (helped (a lot))",
            ("Ann Bolt", "Bob Nut"),
        ),
        ("Ann Bolt <ann@bolt.example>; Bob Nut and Cy Quux", ("Ann Bolt", "Bob Nut", "Cy Quux")),
        ("Alexander Sanderson with contributions from Bob Nut", ("Alexander Sanderson", "Bob Nut")),
        ("ORPHANED", ()),
        ("ann@bolt.example", ()),
        ("Bolt Works, Inc.", ("Bolt Works", "Inc")),
        ("", ()),
    ],
)
def test_people_names(text, names):
    assert people(text) == names


def test_people_long_lists_are_cut():
    assert len(people(", ".join(f"Person Number{n}" for n in range(99)))) == MAX_NAMES
