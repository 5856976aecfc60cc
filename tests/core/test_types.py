import dataclasses

import pytest

from somex.core import (
    Annotation,
    AnnotationError,
    Document,
    EntityType,
    LabeledDocument,
    Mention,
    Purpose,
    Relation,
    RelationType,
    Section,
    Sentence,
    Token,
)

APPLICATION = Mention(EntityType.APPLICATION, 0, 3)
VERSION = Mention(EntityType.VERSION, 4, 5)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: Token(3, 3),
            "token spans characters 3 to 3; a span starts at 0 or later and ends after its start",
        ),
        (lambda: Token(-1, 2), "token spans characters -1 to 2"),
        (lambda: Sentence(2, 1), "sentence spans characters 2 to 1"),
        (lambda: Sentence(2, 1), "ends at or after its start"),
        (lambda: Sentence(0, 4, (Token(2, 5),)), "token 2-5 lies outside its sentence 0-4"),
        (lambda: Sentence(0, 4, (Token(0, 2), Token(1, 3))), "overlaps the token before it"),
        (lambda: Section("Methods", 5, 4), "section 'Methods' spans characters 5 to 4"),
        (lambda: Document("", "x"), "a document needs an id that is not empty"),
        (
            lambda: Document("d", "abc", sentences=(Sentence(0, 4),)),
            "document 'd': sentence 0-4 ends after the text (3 characters)",
        ),
        (lambda: Document("d", "abc", sections=(Section("s", 0, 9),)), "section 0-9 ends after"),
        (lambda: Mention(EntityType.URL, 4, 4), "URL mention spans characters 4 to 4"),
        (lambda: Mention(EntityType.URL, 0, 1, confidence=1.5), "confidence 1.5 is not between"),
        (lambda: Mention(EntityType.URL, 0, 1, confidence=-0.1), "confidence -0.1 is not between"),
        (
            lambda: Mention(EntityType.URL, 0, 1, Purpose.USAGE),
            "a URL mention has purpose Usage; only Application, OperatingSystem, PlugIn, "
            "ProgrammingEnvironment, SoftwareCoreference have one",
        ),
        (
            lambda: Relation(RelationType.URL_OF, VERSION, APPLICATION),
            "URL_of can't lead from Version to Application",
        ),
        (
            lambda: Relation(RelationType.VERSION_OF, VERSION, APPLICATION, 2.0),
            "confidence 2.0 is not between 0 and 1",
        ),
        (
            lambda: Annotation.build(
                [APPLICATION], [Relation(RelationType.VERSION_OF, VERSION, APPLICATION)]
            ),
            "Version_of names a Version mention at 4-5 that is not among the mentions",
        ),
        (
            lambda: Annotation((APPLICATION, dataclasses.replace(APPLICATION, confidence=0.5))),
            "two mentions of one document share span and type",
        ),
        (
            lambda: LabeledDocument(Document("d", "abc"), Annotation((VERSION,))),
            "document 'd': Version mention 4-5 ends after the text (3 characters)",
        ),
    ],
)
def test_types_constructors_name_value_and_valid_range(build, message):
    with pytest.raises(AnnotationError) as caught:
        build()
    assert message in str(caught.value)


def test_types_accept_the_edges():
    empty = Document("d", "", sentences=(Sentence(0, 0),), sections=(Section("s", 0, 0),))
    assert LabeledDocument(empty).annotation == Annotation()
    assert Mention(EntityType.SOFTWARE_COREFERENCE, 0, 1, Purpose.DEPOSITION, 0.0).confidence == 0.0
    assert Document("d", "abc").slice(1, 3) == "bc"


def test_types_build_sorts_into_reading_order():
    relation = Relation(RelationType.VERSION_OF, VERSION, APPLICATION)
    built = Annotation.build([VERSION, APPLICATION], [relation])
    assert built.mentions == (APPLICATION, VERSION)
    assert built.relations == (relation,)


def test_types_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        APPLICATION.char_end = 9
