import copy
import json
from importlib.resources import files

import jsonschema
import pytest

from somex.core import (
    ENTITY_TYPES,
    RELATION_TYPES,
    Annotation,
    Document,
    EntityType,
    FormatError,
    LabeledDocument,
    Mention,
    Purpose,
    Relation,
    RelationType,
    Section,
    Sentence,
    Token,
)
from somex.readers.jsonl import (
    check_jsonl,
    document_from_json,
    document_to_json,
    read_jsonl,
    write_jsonl,
)

SCHEMA = json.loads(files("somex.readers").joinpath("document.schema.json").read_text())


def example() -> LabeledDocument:
    document = Document(
        "d/1",
        "Foo 2\u2028é",
        sentences=(Sentence(0, 5, (Token(0, 3), Token(4, 5))), Sentence(6, 7)),
        sections=(Section("Methods", 0, 7),),
        provenance={"doi": "10.1/x"},
    )
    application = Mention(EntityType.APPLICATION, 0, 3, Purpose.USAGE, 0.123_456_7)
    version = Mention(EntityType.VERSION, 4, 5)
    relation = Relation(RelationType.VERSION_OF, version, application, 0.5)
    return LabeledDocument(document, Annotation.build([application, version], [relation]))


def test_jsonl_object_follows_the_shipped_schema():
    found = document_to_json(example(), model={"name": "m", "layers": 3})
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    assert found["schema"] == "somex.document/1"
    assert found["mentions"][0] == {
        "id": "T1",
        "type": "Application",
        "char_start": 0,
        "char_end": 3,
        "text": "Foo",
        "purpose": "Usage",
        "confidence": 0.123457,
    }
    assert found["relations"] == [
        {"type": "Version_of", "head": "T2", "tail": "T1", "confidence": 0.5}
    ]
    assert found["model"] == {"name": "m", "layers": 3}


def test_jsonl_schema_lists_the_types_of_the_label_schema():
    properties = SCHEMA["properties"]
    mention = properties["mentions"]["items"]["properties"]
    assert mention["type"]["enum"] == list(ENTITY_TYPES)
    assert mention["purpose"]["enum"] == [*Purpose, None]
    relation = properties["relations"]["items"]["properties"]
    assert relation["type"]["enum"] == list(RELATION_TYPES)


def test_jsonl_round_trips_through_a_file(tmp_path):
    path = tmp_path / "in" / "a.jsonl"
    report = write_jsonl([example()], path)
    assert (report.n_documents, report.n_mentions, report.n_relations) == (1, 2, 1)
    (again,) = read_jsonl(path)
    assert again.document == example().document
    assert again.annotation.mentions[0].confidence == 0.123457
    assert [p.name for p in path.parent.iterdir()] == ["a.jsonl"]


def test_jsonl_writer_leaves_the_old_file_where_it_fails(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("old")

    def documents():
        yield example()
        raise KeyError("stop")

    with pytest.raises(KeyError):
        write_jsonl(documents(), path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.jsonl"]


def broken(**changes):
    found = document_to_json(example())
    for path, value in changes.items():
        target, keys = found, path.split("__")
        for key in keys[:-1]:
            target = target[int(key) if key.isdigit() else key]
        target[keys[-1]] = value
    return found


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        ([], "document is not an object"),
        (broken(schema="somex.document/9"), "'somex.document/9'; supported: somex.document/1"),
        ({}, "schema is None; supported"),
        (
            {"schema": "somex.document/1", "id": "x", "text": "", "mentions": []},
            "lacks 'relations'",
        ),
        (broken(extra=1), "unknown member 'extra'; valid: schema, id"),
        (broken(id=""), "id that is not empty"),
        (broken(text=3), "document.text is 3, not a string"),
        (broken(text="Foo 2\ud800 "), "half of a surrogate pair at character 5"),
        (broken(provenance={"a": 1}), "provenance.a is 1, not a string"),
        (broken(mentions__0__text="Fo"), "mentions[0].text is 'Fo' but the document has 'Foo'"),
        (broken(mentions__0__char_end=True), "mentions[0].char_end is True, not a whole number"),
        (broken(mentions__0__char_end=99), "mentions[0].text is 'Foo'"),
        (broken(mentions__0__type="App"), "unknown entity type 'App'; valid: Application"),
        (broken(mentions__1__purpose="Usage"), "a Version mention has purpose Usage"),
        (broken(mentions__0__purpose="Fun"), "unknown purpose 'Fun'; valid: Usage"),
        (broken(mentions__0__confidence=1.5), "confidence 1.5 is not between 0 and 1"),
        (broken(mentions__0__confidence=float("nan")), "confidence nan is not between"),
        (broken(mentions__1__id="T1"), "ids are unique"),
        (broken(relations__0__tail="T7"), "relations[0].tail is 'T7', which is the id of no men"),
        (broken(relations__0__type="URL_of"), "URL_of can't lead from Version to Application"),
        (broken(relations__0__type="x"), "unknown relation type 'x'"),
        (broken(sentences__0__tokens=[[0, 3], [2, 5]]), "sentences[0]: token 2-5 lies outside"),
        (broken(sentences__0__tokens=[[0]]), "sentences[0].tokens holds something that is not"),
        (broken(sentences__1__char_end=70), "ends after the text"),
        (broken(sections__0__char_end=-1), "sections[0]: section 'Methods' spans"),
    ],
)
def test_jsonl_names_each_fault(obj, message):
    with pytest.raises(FormatError) as caught:
        document_from_json(copy.deepcopy(obj))
    assert message in str(caught.value)


def test_jsonl_error_counts_the_faults_and_check_lists_them(tmp_path):
    obj = broken(mentions__0__text="x", relations__0__tail="T7")
    with pytest.raises(FormatError, match=r"\(and 1 more\)"):
        document_from_json(obj)
    path = tmp_path / "a.jsonl"
    good = json.dumps(document_to_json(example()))
    path.write_text(f"{json.dumps(obj)}\n\n{{broken\n{good}\n")
    assert [problem.line for problem in check_jsonl(path)] == [1, 1, 3, 4]
    assert "is that of line 1 too" in list(check_jsonl(path))[-1].message


def test_jsonl_reader_gives_path_and_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(json.dumps(document_to_json(example())).encode() + b"\n[1\n")
    stream = read_jsonl(path)
    assert next(stream).document.id == "d/1"
    with pytest.raises(FormatError, match=r"a\.jsonl:2: is no JSON"):
        next(stream)
    path.write_bytes(b"\xff\n")
    with pytest.raises(FormatError, match=r"a\.jsonl:1: byte 0 \(0xff\) is not UTF-8"):
        list(read_jsonl(path))
    with pytest.raises(FormatError, match="no such file"):
        list(read_jsonl(tmp_path / "none.jsonl"))
