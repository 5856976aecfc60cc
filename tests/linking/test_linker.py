from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from link_items import document, item
from somex.core.errors import AnnotationError
from somex.core.schema import EntityType as E
from somex.core.schema import RelationType as R
from somex.core.software import Identifier, MentionRef, Software
from somex.linking.items import LinkItem
from somex.linking.linker import link_documents, link_items

ITEMS = [
    item("a/T1", "Slope Length Runner", aliases=("SLR",), developers=("Slope Corp.",)),
    item("b/T1", "SLR", developers=("Slope Corporation",), versions=("21",)),
    item("b/T2", "SLR"),
    item("c/T1", "IBM SLR Statistics", developers=("Slope Corp",), versions=("21",)),
    item("c/T2", "R", type=E.PROGRAMMING_ENVIRONMENT),
    item("c/T3", "sloper", type=E.PLUGIN, host="R"),
    item("d/T1", "GlacierView"),
    item("d/T2", "Glacier View 2.0"),
    item("e/T1", "custom script"),
    item("f/T1", "custom script"),
    item("f/T2", "R package", type=E.PLUGIN),
]


def names(software: list[Software]) -> list[set[str]]:
    return [set(one.names) for one in software]


def test_linker_joins_the_names_of_one_software() -> None:
    software = link_items(ITEMS)
    assert {"Slope Length Runner", "SLR", "IBM SLR Statistics"} in names(software)
    assert {"GlacierView", "Glacier View 2.0"} in names(software)
    assert {"R"} in names(software)
    assert {"sloper"} in names(software)


def test_linker_describes_the_software() -> None:
    software = link_items(ITEMS)
    first = software[0]
    assert (first.name, first.type) == ("SLR", E.APPLICATION)
    assert first.developers == ("Slope Corp",)
    assert first.mentions == tuple(sorted(i.ref for i in ITEMS[:4]))
    by_name = {one.name: one for one in software}
    assert by_name["sloper"].host_id == by_name["R"].id
    assert first.host_id is None


def test_linker_words_that_name_nothing_stay_in_their_document() -> None:
    scripts = [one for one in link_items(ITEMS) if one.name == "custom script"]
    assert [len(one.mentions) for one in scripts] == [1, 1]
    assert len({one.id for one in scripts}) == 2


def test_linker_language_is_not_every_package_of_it() -> None:
    assert {"R"} in names(link_items(ITEMS))
    assert {"R package"} in names(link_items(ITEMS))


@given(st.permutations(ITEMS))
@settings(max_examples=20, deadline=None)
def test_linker_does_not_depend_on_order(shuffled: list[LinkItem]) -> None:
    assert link_items(shuffled) == link_items(ITEMS)


def test_linker_ids_do_not_depend_on_other_software() -> None:
    alone = link_items(ITEMS[6:8])
    assert alone[0].id in {one.id for one in link_items(ITEMS)}
    assert alone[0].id.startswith("glacierview-")


def test_linker_every_mention_has_one_software() -> None:
    found = [ref for one in link_items(ITEMS) for ref in one.mentions]
    assert sorted(found) == sorted(i.ref for i in ITEMS)


def test_linker_ids_are_unique() -> None:
    repository = (Identifier("url", "https://github.com/o/tools"),)
    items = [
        item("a/T1", "Sloper", identifiers=repository),
        item("b/T1", "Brightwater", identifiers=repository, host="Sloper", type=E.PLUGIN),
    ]
    software = link_items(items)
    assert len({one.id for one in software}) == len(software) == 2


def test_linker_one_name_two_repositories_are_two_software() -> None:
    items = [
        item("a/T1", "Sloper", identifiers=(Identifier("url", "https://github.com/a/sloper"),)),
        item("b/T1", "Sloper", identifiers=(Identifier("url", "https://github.com/b/sloper"),)),
        item("c/T1", "Sloper", identifiers=(Identifier("url", "https://github.com/b/sloper"),)),
        item("d/T1", "Sloper"),
    ]
    groups = [{ref.document_id for ref in one.mentions} for one in link_items(items)]
    assert groups == [{"b", "c", "d"}, {"a"}]


def test_linker_one_abbreviation_of_two_long_forms_is_two_software() -> None:
    items = [
        item("a/T1", "Variable Bright Xtension", aliases=("VBX",)),
        item("a/T2", "VBX"),
        item("b/T1", "VBX", aliases=("Valley Border Xylography",)),
        item("c/T1", "Valley Border Xylography", aliases=("VBX",)),
    ]
    groups = [{ref.document_id for ref in one.mentions} for one in link_items(items)]
    assert sorted(map(sorted, groups)) == [["a"], ["b", "c"]]


def test_linker_registry_identifiers_join_names_and_keep_them_apart() -> None:
    one, other = (Identifier("rrid", "SCR_000001"),), (Identifier("rrid", "SCR_000002"),)
    same = [
        item("a/T1", "Sloper", identifiers=one),
        item("b/T1", "Brightwater Suite", identifiers=one),
    ]
    assert len(link_items(same)) == 1
    assert link_items(same)[0].identifiers == one
    near = [
        item("a/T1", "Sloperunner", identifiers=one),
        item("b/T1", "Slopperunner", identifiers=other),
    ]
    assert len(link_items(near)) == 2


def test_linker_plug_in_and_host_stay_apart() -> None:
    items = [
        item("a/T1", "Sloper", developers=("Slope Corp",), versions=("21",)),
        item("a/T2", "Sloper Pro", host="Sloper", developers=("Slope Corp",), versions=("21",)),
    ]
    assert len(link_items(items)) == 2


def test_linker_pointing_words_go_with_what_they_point_at() -> None:
    labeled = document(
        "a",
        "We wrote Sloper 2.0. The program is free.",
        [(E.APPLICATION, "Sloper"), (E.VERSION, "2.0"), (E.SOFTWARE_COREFERENCE, "program")],
        [(R.VERSION_OF, 1, 0)],
    )
    (software,) = link_documents([labeled])
    assert software.names == ("Sloper",)
    assert software.mentions == (MentionRef("a", "T1"), MentionRef("a", "T3"))


def test_linker_pointing_words_without_a_name_before_stay_alone() -> None:
    parts = [
        document(id, "The program is free.", [(E.SOFTWARE_COREFERENCE, "program")]) for id in "ab"
    ]
    software = link_documents(parts)
    assert [one.type for one in software] == [E.SOFTWARE_COREFERENCE] * 2


def test_linker_of_nothing_is_nothing() -> None:
    assert link_documents([]) == []
    assert link_documents([document("a", "No software here.", [])]) == []


def test_linker_refuses_documents_of_one_id() -> None:
    with pytest.raises(AnnotationError, match="T1 of document 'a' comes twice"):
        link_items([item("a/T1", "Sloper"), item("a/T1", "Sloper")])


def test_linker_language_is_no_part_of_other_names() -> None:
    items = [
        item("a/T1", "R", type=E.PROGRAMMING_ENVIRONMENT, versions=("4.0",)),
        item("a/T2", "GNU R", type=E.PROGRAMMING_ENVIRONMENT, versions=("4.0",)),
        item("b/T1", "R Studio", versions=("4.0",)),
    ]
    assert sorted(map(sorted, names(link_items(items)))) == [["GNU R", "R"], ["R Studio"]]


def test_linker_maker_in_brackets_is_no_other_name() -> None:
    sentence = "We ran Brightwater (Sloper, Hilltown)."
    items = [
        item("a/T1", "Brightwater", sentence=sentence, char_start=7, developers=("Sloper",)),
        item("b/T1", "Sloper"),
    ]
    assert len(link_items(items)) == 2


def test_linker_slip_of_the_pen_joins_long_names_only() -> None:
    assert len(link_items([item("a/T1", "Glacierview"), item("b/T1", "Glaceirview")])) == 1
    assert len(link_items([item("a/T1", "SLOP"), item("b/T1", "SLOD")])) == 2
    assert len(link_items([item("a/T1", "Glacierview"), item("b/T1", "Blacierview")])) == 2
