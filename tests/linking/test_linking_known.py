from __future__ import annotations

from link_items import item
from somex.core.known_software import KnownSoftware
from somex.core.schema import EntityType as E
from somex.core.software import Identifier, Software
from somex.linking.linker import link_items
from somex.linking.names import name_key

SLOPER = KnownSoftware(
    (Identifier("wikidata", "Q1"), Identifier("rrid", "SCR_000001")),
    "Sloper Statistics",
    ("Sloper", "GLACIER PACK"),
    ("Slope Corp",),
)
VALLEY = KnownSoftware((Identifier("wikidata", "Q2"),), "Valley", (), ("Valley Ltd",))
OTHER_VALLEY = KnownSoftware((Identifier("wikidata", "Q3"),), "Valley", (), ("Hill GmbH",))
PACKAGE = KnownSoftware((Identifier("pypi", "brightwater"),), "brightwater")


class FakeBase:
    """A knowledge base of a few entries."""

    def __init__(self, *entries: KnownSoftware) -> None:
        self._entries = entries

    def lookup(self, name: str) -> tuple[KnownSoftware, ...]:
        key = name_key(name)
        return tuple(e for e in self._entries if key in {name_key(n) for n in (e.name, *e.aliases)})

    def by_identifier(self, identifier: Identifier) -> KnownSoftware | None:
        return next((e for e in self._entries if identifier in e.identifiers), None)


def link(*items) -> list[Software]:
    base = FakeBase(SLOPER, VALLEY, OTHER_VALLEY, PACKAGE)
    return link_items(items, knowledge_base=base)


def test_known_aliases_join_and_give_name_and_identifiers() -> None:
    (software,) = link(item("a/T1", "Sloper"), item("b/T1", "Glacier Pack"))
    assert software.name == "Sloper Statistics"
    assert software.identifiers == tuple(sorted(SLOPER.identifiers))
    assert set(software.names) == {"Sloper", "Glacier Pack"}


def test_known_ambiguous_names_need_evidence() -> None:
    (doubtful,) = link(item("a/T1", "Valley"))
    assert doubtful.identifiers == ()
    (told,) = link(item("a/T1", "Valley", developers=("Hill",)))
    assert told.identifiers == OTHER_VALLEY.identifiers


def test_known_packages_count_for_plug_ins_only() -> None:
    (application,) = link(item("a/T1", "Brightwater", sentence="Brightwater was run."))
    assert application.identifiers == ()
    (plugin,) = link(item("a/T1", "brightwater", type=E.PLUGIN, host="Python"))
    assert plugin.identifiers == PACKAGE.identifiers
    text = "We used the Python library brightwater."
    (told,) = link(item("a/T1", "brightwater", type=E.PLUGIN, sentence=text, char_start=27))
    assert told.identifiers == PACKAGE.identifiers


def test_known_identifiers_in_the_text_beat_names() -> None:
    identifiers = (Identifier("rrid", "SCR_000001"),)
    (software,) = link(item("a/T1", "The Slope Thing", identifiers=identifiers))
    assert software.name == "Sloper Statistics"


def test_known_id_stays_when_names_are_added() -> None:
    (few,) = link(item("a/T1", "Sloper"))
    (more,) = link(item("a/T1", "Glacier Pack"), item("b/T1", "Glacier Pack"))
    assert few.id.rpartition("-")[2] == more.id.rpartition("-")[2]


def test_known_names_of_the_users_list_need_no_evidence() -> None:
    listed = KnownSoftware((Identifier("pypi", "brightwater"),), "brightwater", is_listed=True)
    sentence = "Brightwater was run."
    for entry, expected in ((listed, listed.identifiers), (PACKAGE, ())):
        found = link_items(
            [item("a/T1", "Brightwater", sentence=sentence)], knowledge_base=FakeBase(entry)
        )
        assert found[0].identifiers == expected
