from __future__ import annotations

import pytest

from somex.core import (
    Annotation,
    Document,
    EntityType,
    LabeledDocument,
    Mention,
    Relation,
    RelationType,
)
from somex.softcite_scores import as_softcite, domain_of, names_of, score_names, score_softcite

TEXT = "Quill 2019b by Heron at quill.example [3]"
SPANS = {
    "name": (0, 5),
    "version": (6, 11),
    "creator": (15, 20),
    "url": (24, 37),
    "cited": (38, 41),
}


def _mention(kind: EntityType, what: str) -> Mention:
    return Mention(kind, *SPANS[what])


GOLD = LabeledDocument(
    Document("PMC1", TEXT),
    Annotation.build(
        mentions := [
            _mention(EntityType.APPLICATION, "name"),
            _mention(EntityType.VERSION, "version"),
            _mention(EntityType.DEVELOPER, "creator"),
            _mention(EntityType.URL, "url"),
        ],
        [
            Relation(RelationType.VERSION_OF, mentions[1], mentions[0]),
            Relation(RelationType.DEVELOPER_OF, mentions[2], mentions[0]),
            Relation(RelationType.URL_OF, mentions[3], mentions[0]),
        ],
    ),
)


def _predicted(name: EntityType, version: EntityType, *, url_of_creator: bool) -> LabeledDocument:
    found = [
        _mention(name, "name"),
        _mention(version, "version"),
        _mention(EntityType.DEVELOPER, "creator"),
        _mention(EntityType.URL, "url"),
        _mention(EntityType.CITATION, "cited"),
    ]
    relations = [
        Relation(RelationType(f"{version}_of"), found[1], found[0]),
        Relation(RelationType.DEVELOPER_OF, found[2], found[0]),
        Relation(RelationType.URL_OF, found[3], found[2 if url_of_creator else 0]),
        Relation(RelationType.CITATION_OF, found[4], found[0]),
    ]
    return LabeledDocument(GOLD.document, Annotation.build(found, relations))


@pytest.mark.parametrize(
    "name",
    [
        EntityType.APPLICATION,
        EntityType.PLUGIN,
        EntityType.PROGRAMMING_ENVIRONMENT,
        EntityType.OPERATING_SYSTEM,
    ],
)
@pytest.mark.parametrize("version", [EntityType.VERSION, EntityType.RELEASE])
def test_softcite_scores_count_every_kind_of_software(
    name: EntityType, version: EntityType
) -> None:
    report = score_softcite([GOLD], [_predicted(name, version, url_of_creator=False)])
    assert report.total_macro_f1 == 1.0  # the citation is not softcite's business
    assert names_of(report) == 1.0


def test_softcite_scores_leave_out_relations_to_other_than_software() -> None:
    found = _predicted(EntityType.PLUGIN, EntityType.VERSION, url_of_creator=True)
    report = score_softcite([GOLD], [found])
    assert report.ner.macro_f1 == 1.0
    assert report.re.macro_f1 == pytest.approx(2 / 3)


def test_softcite_scores_want_the_exact_span() -> None:
    found = LabeledDocument(
        GOLD.document, Annotation.build([Mention(EntityType.APPLICATION, 0, 11)])
    )
    assert score_names([GOLD], [found]) == 0.0
    nothing = LabeledDocument(GOLD.document)
    assert score_names([nothing], [nothing]) == 1.0


def test_as_softcite_joins_what_becomes_equal() -> None:
    both = [_mention(t, "version") for t in (EntityType.VERSION, EntityType.RELEASE)]
    reduced = as_softcite(LabeledDocument(GOLD.document, Annotation.build(both)))
    assert [m.type for m in reduced.annotation.mentions] == [EntityType.VERSION]


def test_domain_of_goes_by_the_id() -> None:
    assert domain_of(GOLD) == "biomedicine"
    assert domain_of(LabeledDocument(Document("10.1111%2Fx", "a"))) == "economics"
