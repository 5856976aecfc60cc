import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from somex.core import (
    ENTITY_TYPES,
    Annotation,
    Document,
    LabeledDocument,
    Mention,
    Purpose,
    Relation,
    Section,
    relations_between,
)
from somex.core.schema import PURPOSE_TYPES
from somex.readers.brat import read_brat, write_brat
from somex.readers.jsonl import read_jsonl, write_jsonl
from somex.readers.somd import check_somd, find_somd_split, read_somd_split, somd_document
from somex.readers.somd_writer import read_submission, write_somd, write_submission_zip

CHARACTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\ufeff")
TOKENS = st.text(CHARACTERS.filter(lambda c: c not in " \t\r\n"), min_size=1, max_size=5)
CONFIDENCES = st.integers(0, 10**6).map(lambda n: n / 10**6)


@st.composite
def mentions_over(draw, spans, *, purposes, confidences):
    found = []
    for start, end in spans:
        entity = draw(st.sampled_from(ENTITY_TYPES))
        purpose = None
        if purposes and entity in PURPOSE_TYPES:
            purpose = draw(st.none() | st.sampled_from(Purpose))
        confidence = draw(CONFIDENCES) if confidences else 1.0
        found.append(Mention(entity, start, end, purpose, confidence))
    return list({mention.key: mention for mention in found}.values())


@st.composite
def annotations(draw, spans, *, purposes=False, confidences=False):
    mentions = draw(mentions_over(spans, purposes=purposes, confidences=confidences))
    pairs = [
        (relation, head, tail)
        for head in mentions
        for tail in mentions
        if head is not tail
        for relation in relations_between(head.type, tail.type)
    ]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=6)) if pairs else []
    confidence = draw(CONFIDENCES) if confidences else 1.0
    return Annotation.build(mentions, [Relation(*one, confidence) for one in chosen])


@st.composite
def somd_documents(draw):
    tokens = draw(st.lists(TOKENS, max_size=12))
    document = somd_document(tokens, id="x", path="x", line=1)
    places = document.sentences[0].tokens
    cuts = sorted(draw(st.sets(st.integers(0, len(tokens)), max_size=8)))
    spans = [
        (places[first].char_start, places[last - 1].char_end)
        for first, last in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    return LabeledDocument(document, draw(annotations(spans)))


@st.composite
def natural_documents(draw, id, *, confidences):
    text = draw(st.text(CHARACTERS, max_size=40))
    offsets = st.integers(0, len(text))
    pairs = draw(st.lists(st.tuples(offsets, offsets), max_size=6)) if text else []
    spans = [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]
    annotation = draw(annotations(spans, purposes=True, confidences=confidences))
    return LabeledDocument(Document(id, text, sections=(Section("s", 0, len(text)),)), annotation)


@given(st.lists(somd_documents(), max_size=4))
@settings(max_examples=60, deadline=None)
def test_readers_round_trip_somd(documents):
    with tempfile.TemporaryDirectory() as folder:
        assert write_somd(documents, folder, split="train").losses == {}
        assert check_somd(find_somd_split(folder, "train")) == []
        again = read_somd_split(folder, "train")
    assert [(one.document.text, one.document.sentences, one.annotation) for one in again] == [
        (one.document.text, one.document.sentences, one.annotation) for one in documents
    ]


@given(st.lists(somd_documents(), max_size=4))
@settings(max_examples=40, deadline=None)
def test_readers_round_trip_submissions(documents):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.zip"
        write_submission_zip(documents, path)
        assert read_submission(path, [one.document for one in documents]) == documents


@given(natural_documents("a/x.1", confidences=False))
@settings(max_examples=80, deadline=None)
def test_readers_round_trip_brat(labeled):
    with tempfile.TemporaryDirectory() as folder:
        write_brat([labeled], folder)
        (again,) = read_brat(folder)
    assert again.document.id == labeled.document.id
    assert again.document.text == labeled.document.text
    assert again.annotation == labeled.annotation


@given(natural_documents("a", confidences=True), natural_documents("b", confidences=True))
@settings(max_examples=80, deadline=None)
def test_readers_round_trip_jsonl(first, second):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "d.jsonl"
        assert write_jsonl([first, second], path).losses == {}
        assert list(read_jsonl(path)) == [first, second]
