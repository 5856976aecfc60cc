from __future__ import annotations

import pytest

from link_items import document, item
from somex.core.errors import AnnotationError
from somex.core.schema import EntityType as E
from somex.core.schema import Purpose
from somex.core.schema import RelationType as R
from somex.core.software import Identifier, MentionRef
from somex.core.types import Document, LabeledDocument, Link, Mention
from somex.linking.items import find_antecedent, read_items


def test_items_carry_what_the_document_says() -> None:
    text = "We like tea. Slope Length Runner (SLR) 1.8 by Slope Corp. (https://slope.example) [3]."
    labeled = document(
        "a",
        text,
        [
            (E.APPLICATION, "Slope Length Runner"),
            (E.ABBREVIATION, "SLR"),
            (E.VERSION, "1.8"),
            (E.DEVELOPER, "Slope Corp."),
            (E.URL, "https://slope.example"),
            (E.CITATION, "[3]"),
        ],
        [
            (R.ABBREVIATION_OF, 1, 0),
            (R.VERSION_OF, 2, 0),
            (R.DEVELOPER_OF, 3, 0),
            (R.URL_OF, 4, 0),
            (R.CITATION_OF, 5, 0),
        ],
    )
    (found,) = read_items([labeled])
    assert found.ref == MentionRef("a", "T1")
    assert found.sentence == text[13:]
    assert found.sentence[found.char_start :].startswith("Slope Length")
    assert (found.aliases, found.versions) == (("SLR",), ("1.8",))
    assert (found.developers, found.citations) == (("Slope Corp.",), ("[3]",))
    assert found.identifiers == (Identifier("url", "https://slope.example"),)


def test_items_aliases_go_both_ways_and_plug_ins_know_their_host() -> None:
    labeled = document(
        "a",
        "Slope Length Runner (SLR) with sloper for GNU R.",
        [
            (E.APPLICATION, "Slope Length Runner"),
            (E.APPLICATION, "SLR"),
            (E.PLUGIN, "sloper"),
            (E.PROGRAMMING_ENVIRONMENT, "GNU R"),
        ],
        [(R.ABBREVIATION_OF, 1, 0), (R.PLUGIN_OF, 2, 3)],
    )
    long, short, plugin, host = read_items([labeled])
    assert (long.aliases, short.aliases) == (("SLR",), ("Slope Length Runner",))
    assert (plugin.host, host.host) == ("GNU R", None)


def test_items_see_hyperlinks_on_a_mention() -> None:
    made = Document("a", "We ran Sloper.", links=(Link(7, 13, "https://github.com/o/sloper/wiki"),))
    labeled = document("a", "We ran Sloper.", [(E.APPLICATION, "Sloper")])
    (found,) = read_items([LabeledDocument(made, labeled.annotation)])
    assert found.identifiers == (Identifier("url", "https://github.com/o/sloper"),)


def test_items_words_point_at_the_software_that_the_authors_made() -> None:
    own = Mention(E.APPLICATION, 0, 3, Purpose.CREATION)
    other = Mention(E.APPLICATION, 5, 8, Purpose.USAGE)
    assert find_antecedent([own, other]) is own
    assert find_antecedent([other]) is other
    assert find_antecedent([]) is None


def test_items_pointing_words_have_an_antecedent() -> None:
    labeled = document(
        "a",
        "We wrote Sloper. The program is free.",
        [(E.APPLICATION, "Sloper"), (E.SOFTWARE_COREFERENCE, "program")],
    )
    assert [i.antecedent for i in read_items([labeled])] == [None, MentionRef("a", "T1")]


def test_items_refuse_types_and_texts_that_cannot_be_linked() -> None:
    with pytest.raises(AnnotationError, match="Version mention can't be linked; valid: Applic"):
        item("a/T1", "2.0", type=E.VERSION)
    with pytest.raises(AnnotationError, match="no text to link by"):
        item("a/T1", " ")
