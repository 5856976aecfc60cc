from __future__ import annotations

import html
import re

from lxml.html import fragment_fromstring

from somex.core import Annotation, Document, EntityType, LabeledDocument, Mention, Relation
from somex.core.notebook import MAX_MENTIONS
from somex.core.palette import light
from somex.core.schema import Purpose, RelationType

TEXT = "We ran <b>Glimmerfit</b> & co, version 2.4."
APP = Mention(EntityType.APPLICATION, 10, 20, Purpose.USAGE, 0.5)
VERSION = Mention(EntityType.VERSION, 39, 42)


def labeled(text: str, *mentions: Mention, relations: tuple[Relation, ...] = ()) -> LabeledDocument:
    return LabeledDocument(Document("<x>", text), Annotation.build(mentions, relations))


def shown(found: LabeledDocument) -> str:
    """The text of the fragment, tags gone."""
    return html.unescape(re.sub(r"<[^>]*>", "", found._repr_html_()))


def test_notebook_shows_coloured_mentions_and_relations() -> None:
    relation = Relation(RelationType.VERSION_OF, VERSION, APP, 0.25)
    page = labeled(TEXT, APP, VERSION, relations=(relation,))._repr_html_()
    tree = fragment_fromstring(page)
    marks = [(m.text, m.get("title")) for m in tree.iter("span")]
    assert marks == [
        ("Glimmerfit", "Application, Usage, confidence 0.50"),
        ("2.4", "Version, confidence 1.00"),
    ]
    assert light(EntityType.APPLICATION).background in page
    assert [item.text_content() for item in tree.iter("li")] == ["2.4 Version_of Glimmerfit (0.25)"]


def test_notebook_escapes_text_and_id() -> None:
    page = labeled(TEXT, APP, VERSION)._repr_html_()
    assert "&lt;b&gt;" in page
    assert "&amp; co" in page
    assert "&lt;x&gt;: 2 mentions, 0 relations" in page
    assert [tag for tag in ("<b>", "<x>", "<script", "<style") if tag in page] == []


def test_notebook_overlapping_mentions_keep_every_character_once() -> None:
    long = Mention(EntityType.APPLICATION, 0, 12)
    inner = Mention(EntityType.VERSION, 9, 12)
    across = Mention(EntityType.DEVELOPER, 10, 20)
    text = "Seedwise 2.4 Heron Labs rest"
    page = shown(labeled(text, long, inner, across))
    for name in ("Application", "Version", "Developer"):
        page = page.replace(f" {name}", "", 1)
    assert text in page


def test_notebook_cuts_long_text_without_mentions() -> None:
    text = "a" * 5000 + " Seedwise " + "b" * 5000
    page = shown(labeled(text, Mention(EntityType.APPLICATION, 5001, 5009)))
    assert len(page) < 800
    assert page.count("characters …]") == 2
    assert "Seedwise" in page
    assert len(shown(labeled(text))) < 800
    assert "5,000" not in shown(labeled("short text"))


def test_notebook_shows_one_empty_line_for_several() -> None:
    assert "first\n\nsecond\nthird" in shown(labeled("first\n \n\t\n\n\nsecond\nthird"))


def test_notebook_counts_mentions_that_are_not_shown() -> None:
    mentions = [Mention(EntityType.VERSION, 2 * n, 2 * n + 1) for n in range(MAX_MENTIONS + 3)]
    assert "3 more mentions are not shown." in shown(labeled("1 " * len(mentions), *mentions))
