from __future__ import annotations

import pickle
from pathlib import Path

import pytest

pytest.importorskip("spacy", reason="spaCy is not installed (the extra spacy)")

import spacy
from spacy.tokens import Doc, DocBin
from spacy.tokens.underscore import Underscore
from spacy.util import filter_spans

import somex
from somex.core.errors import ConfigError, ModelError
from somex.core.types import Annotation, LabeledDocument
from somex.integrations.spacy_component import SoftwareMentions, SpanRelation, displacy_colors
from somex.models import fast

TEXTS = [
    "We ran all models in Glimmerfit version 2.4 [3].",
    "Samples were kept at four degrees.",
    "The leafcount package for Quill counted leaves (Orbital Labs).",
    "",
]


def pipeline(model: Path, **options: object) -> spacy.Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("somex", config={"model": str(model), **options})
    return nlp


def facts(doc: Doc, key: str = "somex") -> list[tuple[object, ...]]:
    return [
        (s.label_, s.start, s.end, s._.somex_chars, s._.somex_confidence, s._.somex_purpose)
        for s in doc.spans[key]
    ]


def relations(found: list[SpanRelation]) -> list[tuple[str, str, str, float]]:
    return [(r.type, r.head.id_, r.tail.id_, r.confidence) for r in found]


def test_spacy_component_puts_mentions_and_relations_into_the_document(tiny_model: Path) -> None:
    expected = somex.load(tiny_model).extract(TEXTS[0]).annotation
    doc = pipeline(tiny_model)(TEXTS[0])
    spans = list(doc.spans["somex"])
    assert len(spans) == len(expected.mentions) > 0
    for n, (span, mention) in enumerate(zip(spans, expected.mentions, strict=True), start=1):
        assert span.id_ == f"T{n}"
        assert span.label_ == mention.type
        assert span._.somex_chars == (mention.char_start, mention.char_end)
        assert span._.somex_confidence == mention.confidence
        assert span._.somex_purpose == mention.purpose
        assert span.start_char <= mention.char_start < mention.char_end <= span.end_char
    ids = {mention: f"T{n}" for n, mention in enumerate(expected.mentions, start=1)}
    told = [(str(r.type), ids[r.head], ids[r.tail], r.confidence) for r in expected.relations]
    assert relations(doc._.somex_relations) == told
    of_spans = {r for s in spans for r in relations(s._.somex_relations)}
    assert of_spans == set(told)


def test_spacy_component_spans_are_widened_to_tokens(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = somex.Mention(somex.EntityType.VERSION, 10, 13)
    app = somex.Mention(somex.EntityType.APPLICATION, 0, 9)
    of = somex.Relation(somex.RelationType.VERSION_OF, version, app)
    nlp = pipeline(tiny_model)
    component = nlp.get_pipe("somex")

    def annotate(documents: list[somex.Document]) -> list[LabeledDocument]:
        return [LabeledDocument(d, Annotation.build([app, version], [of])) for d in documents]

    monkeypatch.setattr(component.extractor, "annotate", annotate)
    doc = nlp("Brookstat_7.1beta ran.")
    first, second = doc.spans["somex"]
    assert first.text == second.text == "Brookstat_7.1beta"
    assert (first._.somex_chars, second._.somex_chars) == ((0, 9), (10, 13))
    (relation,) = second._.somex_relations
    assert (relation.type, relation.head.label_, relation.tail.label_) == (
        "Version_of",
        "Version",
        "Application",
    )


def test_spacy_component_pipe_gives_what_single_calls_give(tiny_model: Path) -> None:
    nlp = pipeline(tiny_model)
    together = [facts(doc) for doc in nlp.pipe(TEXTS, batch_size=3)]
    assert together == [facts(nlp(text)) for text in TEXTS]


def test_spacy_component_works_in_other_processes(tiny_model: Path) -> None:
    nlp = pipeline(tiny_model, n_threads=1)
    expected = [facts(nlp(text)) for text in TEXTS]
    assert [facts(doc) for doc in nlp.pipe(TEXTS, n_process=2, batch_size=2)] == expected


def test_spacy_component_and_its_extensions_can_be_pickled(tiny_model: Path) -> None:
    nlp = pipeline(tiny_model, n_threads=1)
    data = pickle.dumps((nlp.get_pipe("somex"), Underscore.get_state()))  # as under spawn
    component, _ = pickle.loads(data)
    assert len(data) < 10_000
    assert component.name == "somex"
    assert facts(component(nlp.make_doc(TEXTS[0]))) == facts(nlp(TEXTS[0]))


def test_spacy_component_pipe_reports_the_document_that_fails(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = pipeline(tiny_model)
    extractor = nlp.get_pipe("somex").extractor
    annotate = extractor.annotate

    def fails_at_samples(documents: list[somex.Document]) -> list[LabeledDocument]:
        if any(d.text.startswith("Samples") for d in documents):
            raise RuntimeError("no samples")
        return annotate(documents)

    monkeypatch.setattr(extractor, "annotate", fails_at_samples)
    failed: list[str] = []
    nlp.set_error_handler(lambda name, proc, docs, error: failed.append(f"{docs[0]} {error}"))
    assert [doc.text for doc in nlp.pipe(TEXTS)] == [t for t in TEXTS if t != TEXTS[1]]
    assert failed == [f"{TEXTS[1]} no samples"]


@pytest.mark.parametrize("how", ["disk", "bytes"])
def test_spacy_component_is_saved_with_its_pipeline(
    tiny_model: Path, tmp_path: Path, how: str
) -> None:
    nlp = pipeline(tiny_model, min_confidence=0.2, lean=0.5, spans_key="software")
    if how == "disk":
        nlp.to_disk(tmp_path / "nlp")
        again = spacy.load(tmp_path / "nlp")
    else:
        again = spacy.blank("en", config=nlp.config).from_bytes(nlp.to_bytes())
    config = again.get_pipe_config("somex")
    assert config["model"] == str(tiny_model)
    assert (config["min_confidence"], config["lean"]) == (0.2, 0.5)
    assert facts(again(TEXTS[0]), "software") == facts(nlp(TEXTS[0]), "software")


def test_spacy_component_warns_of_another_model(tiny_model: Path, tmp_path: Path) -> None:
    nlp = pipeline(tiny_model)
    nlp.get_pipe("somex").fingerprint = "0" * 12
    nlp.to_disk(tmp_path)
    with pytest.warns(UserWarning, match="fingerprint 000000000000; the installed one has"):
        spacy.load(tmp_path)


def test_spacy_component_documents_are_saved_with_all_that_was_found(tiny_model: Path) -> None:
    nlp = pipeline(tiny_model)
    doc = nlp(TEXTS[0])
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (again,) = DocBin().from_bytes(data).get_docs(nlp.vocab)
    assert facts(again) == facts(doc)
    assert relations(again._.somex_relations) == relations(doc._.somex_relations)


def test_spacy_component_says_what_is_wrong(tiny_model: Path) -> None:
    with pytest.raises(ConfigError, match="min_confidence"):
        pipeline(tiny_model, min_confidence=2.0)
    with pytest.raises(ModelError, match="unknown model 'nobody'"):
        pipeline(Path("nobody"))


def test_spacy_component_extensions_are_empty_where_it_did_not_run() -> None:
    doc = spacy.blank("en")("Quill ran.")
    assert doc._.somex_relations == []
    assert doc[0:1]._.somex_relations == []
    assert doc[0:1]._.somex_confidence is None
    assert doc[0:1]._.somex_chars is None


def test_spacy_component_gives_displacy_its_colours(tiny_model: Path) -> None:
    doc = pipeline(tiny_model)(TEXTS[0])
    doc.spans["shown"] = filter_spans(list(doc.spans["somex"]))
    options = {"spans_key": "shown"}
    page = spacy.displacy.render(doc, style="span", options=options, jupyter=False)
    assert displacy_colors[doc.spans["shown"][0].label_] in page


@pytest.mark.slow
@pytest.mark.skipif(not (fast() / "encode.onnx").is_file(), reason=f"no model in {fast()}")
def test_spacy_component_of_the_fast_model_finds_software() -> None:
    nlp = spacy.blank("en")
    component = nlp.add_pipe("somex", config={"model": "fast"})
    assert isinstance(component, SoftwareMentions)
    doc = nlp("We used SPSS version 25 (IBM Corp.).")
    found = {(r.type, r.head.text, r.tail.text) for r in doc._.somex_relations}
    assert ("Version_of", "25", "SPSS") in found
