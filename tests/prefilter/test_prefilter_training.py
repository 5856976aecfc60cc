from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

import tiny
from made_corpus import make_document, write_corpus
from somex.core import Annotation, ConfigError, Document, EntityType, LabeledDocument, Mention
from somex.perturbations import lower_case
from somex.prefilter.features import N_FIXED, hash_features
from somex.prefilter.model import Prefilter, read_prefilter, write_prefilter
from somex.prefilter_data import (
    GoldDocument,
    GoldSentence,
    GoldSpan,
    cut_document,
    read_gold_documents,
)
from somex.prefilter_runs import (
    PrefilterRecipe,
    hash_gold,
    measure,
    read_prefilter_recipe,
    train_prefilter,
)
from somex.prefilter_scores import (
    ScoredDocument,
    choose_threshold,
    score_documents,
    tally,
    trade_off,
)
from somex.prefilter_training import PrefilterConfig, build_rows, fit_prefilter, label_words
from somex.recipe import DataConfig, Source, Templates

CONFIG = PrefilterConfig(n_folds=3, negative_share=1.0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataConfig:
    folder = tmp_path_factory.mktemp("corpora")
    main = tiny.write_marked(folder / "somd")
    brat = write_corpus(folder / "brat")
    return DataConfig(
        train=Source(str(main), "somd"), extra=(Source(str(brat), "brat"),), dev_fraction=0.0
    )


@pytest.fixture(scope="module")
def documents(data: DataConfig) -> list[GoldDocument]:
    return read_gold_documents(data, n_folds=3)


@pytest.fixture(scope="module")
def model(data: DataConfig) -> Prefilter:
    return train_prefilter(PrefilterRecipe("made", data, CONFIG))


def test_prefilter_data_spans_count_bytes_of_the_sentence() -> None:
    text = "Kälte war da. Größe: Quill é 2."
    start = text.index("Quill")
    mention = Mention(EntityType.APPLICATION, start, start + 5)
    found = cut_document(LabeledDocument(Document("d", text), Annotation((mention,))))
    (sentence,) = [s for s in found.sentences if s.spans]
    (span,) = sentence.spans
    assert sentence.text.encode()[span.byte_start : span.byte_end] == b"Quill"
    assert span.text == "Quill"


def test_prefilter_data_documents_have_folds_and_the_main_corpus_none(
    documents: list[GoldDocument],
) -> None:
    tested = [d for d in documents if d.fold is not None]
    assert {d.fold for d in tested} == {0, 1, 2}
    assert len(tested) == 30
    assert all(s.folds == {d.fold} for d in tested for s in d.sentences)
    assert len(documents) - len(tested) == len(tiny.MARKED)


def test_prefilter_data_main_sentence_is_barred_where_a_held_out_document_holds_it(
    data: DataConfig, tmp_path: Path
) -> None:
    sentence = "All models were fitted with Glimmerfit version 0 . 0 ."
    line = "All models were fitted with {Application|Glimmerfit} version {Version|0 . 0} ."
    main = tiny.write_marked(tmp_path, (*tiny.MARKED, line))
    found = read_gold_documents(replace(data, train=Source(str(main), "somd")), n_folds=3)
    (barred,) = [d for d in found if d.fold is None and d.sentences[0].text == sentence]
    (paper,) = [d for d in found if d.id.endswith("paper-0")]
    assert paper.fold in barred.sentences[0].folds


def test_prefilter_data_never_reads_what_is_never_to_be_trained_on(
    data: DataConfig, tmp_path: Path
) -> None:
    tiny.write_marked(
        tmp_path,
        ("Blood was drawn in the morning at Tolva hospital .", tiny.MARKED[0]),
        split="validation",
    )
    never = Source(str(tmp_path), "somd", split="validation")
    found = read_gold_documents(replace(data, never=(never,)), n_folds=3)
    texts = [s.text for d in found for s in d.sentences]
    assert not any("at Tolva hospital" in text for text in texts)
    assert not any(text.startswith("We ran all models in Glimmerfit") for text in texts)
    assert len(texts) > len(tiny.MARKED)


def test_prefilter_data_passes_over_sentences_annotated_apart(
    data: DataConfig, documents: list[GoldDocument]
) -> None:
    apart = replace(data.extra[0], annotations="never-read.jsonl")
    found = read_gold_documents(replace(data, extra=(*data.extra, apart)), n_folds=3)
    assert found == documents


def test_prefilter_data_fills_templates_and_makes_nothing_else_of_the_main_corpus(
    data: DataConfig, documents: list[GoldDocument], tmp_path: Path
) -> None:
    path = tmp_path / "templates.txt"
    path.write_text("It was drawn ({a:Application}; {c:Citation>a}).\n", encoding="utf-8")
    templates = (Templates(str(path), copies=3, author_year=True),)
    asked = replace(data, templates=templates, swap_copies=2, turn_names=True)
    found = read_gold_documents(asked, n_folds=3)
    made = [d for d in found if d.sentences[0].text.startswith("It was drawn (")]
    assert len(made) == len(found) - len(documents) == 3
    assert all(d.fold is None and not d.sentences[0].folds for d in made)
    assert [span.type for span in made[0].sentences[0].spans] == [
        EntityType.APPLICATION,
        EntityType.CITATION,
    ]


def test_prefilter_recipe_finds_lists_and_templates_beside_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOMEX_DATA", "data")
    folder = Path(__file__).parents[2] / "recipes" / "prefilter"
    read = read_prefilter_recipe(folder / "prefilter.yaml").data
    assert all(Path(file.path).is_file() for file in (*read.name_lists, *read.templates))
    assert read.name_lists
    assert read.templates


def test_prefilter_data_without_documents_is_an_error(data: DataConfig) -> None:
    with pytest.raises(ConfigError, match="name a corpus of whole documents"):
        read_gold_documents(replace(data, extra=()), n_folds=3)


def test_prefilter_training_labels_words_and_leaves_citations_out() -> None:
    text = "Quill 2.4 [12] ran"
    spans = (
        GoldSpan(EntityType.APPLICATION, 0, 5, "Quill"),
        GoldSpan(EntityType.VERSION, 6, 9, "2.4"),
        GoldSpan(EntityType.CITATION, 10, 14, "[12]"),
    )
    features = next(hash_features(["Nothing.", text]))
    labels = label_words(features, [GoldSentence("Nothing.", ()), GoldSentence(text, spans)])
    assert labels.tolist() == [0, 1, 1, 1, 2, 0]


def test_prefilter_training_rows_hold_every_feature(documents: list[GoldDocument]) -> None:
    rows = build_rows(documents, CONFIG)
    n_sentences = sum(len(d.sentences) for d in documents)
    assert rows.sentences.shape[0] == len(rows.folds) == len(rows.n_mentions) == n_sentences
    assert rows.words.shape[0] == len(rows.word_labels) == len(rows.word_sentences)
    assert (np.asarray(rows.words.sum(axis=1)).ravel() >= N_FIXED).all()
    held = rows.without({0})
    assert held.sum() == sum(0 not in folds for folds in rows.folds)
    assert rows.without(()).all()


def test_prefilter_training_fewer_words_are_drawn_but_all_of_sentences_with_mentions(
    documents: list[GoldDocument],
) -> None:
    few = build_rows(documents, replace(CONFIG, negative_share=0.1))
    every = build_rows(documents, CONFIG)
    assert few.words.shape[0] < every.words.shape[0]
    assert few.word_labels.sum() == every.word_labels.sum()


def test_prefilter_training_gives_the_same_weights_again(documents: list[GoldDocument]) -> None:
    rows = build_rows(documents, CONFIG)
    one, other = (fit_prefilter(rows, rows.without({1}), CONFIG) for _ in range(2))
    assert one.fingerprint() == other.fingerprint()


def test_prefilter_training_learns_and_its_card_tells(model: Prefilter, tmp_path: Path) -> None:
    figures = model.card["cross_validation"]
    assert figures["n_mentions"] > 100
    assert figures["mentions_lost"] <= 0.02
    assert figures["whole_documents"]["sentences_passed"] < 0.6
    assert len(figures["thresholds"]) == 3
    assert model.card["recipe"]["prefilter"]["n_folds"] == 3
    assert len(model.card["data"]["sha256"]) == 64
    write_prefilter(model, tmp_path)
    assert read_prefilter(tmp_path).card == json.loads(json.dumps(model.card))


def test_prefilter_training_filter_passes_new_software(model: Prefilter) -> None:
    texts = ["Trees were modelled with Umbrafit version 3.1.", "Fields were cut in the morning."]
    assert model.passes(texts)[0]
    assert model.score(texts)[0] > model.score(texts)[1]


def test_prefilter_training_measures_on_other_documents(model: Prefilter) -> None:
    labeled = [make_document(index) for index in range(100, 110)]
    plain = measure(model, [cut_document(d) for d in labeled])
    assert plain["n_mentions"] == sum(len(d.annotation.mentions) for d in labeled)
    assert plain["mentions_lost"] <= plain["mentions_lost_first_pass"]
    assert plain["sentences_per_second"] > 0
    lower = [cut_document(d, change=lower_case) for d in labeled]
    assert all(s.text == s.text.lower() for d in lower for s in d.sentences)
    assert measure(model, lower)["n_mentions"] == plain["n_mentions"]


def gold(name: str | None, text: str = "") -> GoldSentence:
    if name is None:
        return GoldSentence(text or "Nothing.", ())
    span = GoldSpan(EntityType.APPLICATION, 0, len(name), name)
    return GoldSentence(f"{name} ran. {text}", (span,))


def scored(sentences: list[GoldSentence], scores: list[float]) -> ScoredDocument:
    values = np.array(scores)
    return ScoredDocument(GoldDocument("d", tuple(sentences), 0), values, values)


def test_prefilter_scores_threshold_loses_no_more_than_allowed() -> None:
    sentences = [gold("Quill"), gold("Moss"), gold("Fern"), gold("Seed"), gold(None)]
    group = [scored(sentences, [1.0, 2.0, 3.0, 4.0, 9.0])]
    assert choose_threshold(group, max_lost=0.0) == 1.0
    assert choose_threshold(group, max_lost=0.24) == 1.0
    assert choose_threshold(group, max_lost=0.25) == 2.0
    assert choose_threshold(group, max_lost=1.0) == 4.0
    assert tally([(group[0], 2.0)])["mentions_lost"] == 0.25
    with pytest.raises(ConfigError, match="hold no mention"):
        choose_threshold([scored([gold(None)], [1.0])], max_lost=0.1)


def test_prefilter_scores_threshold_holds_for_whole_documents_alone() -> None:
    whole = scored([gold("Quill"), gold("Moss"), *[gold(None)] * 8], [1.0, 2.0, *[0.0] * 8])
    excerpts = [scored([gold("Fern")], [5.0]) for _ in range(8)]
    assert choose_threshold(excerpts, max_lost=0.1) == 5.0
    assert choose_threshold([whole, *excerpts], max_lost=0.1) == 1.0


def test_prefilter_scores_names_found_elsewhere_let_sentences_pass() -> None:
    sentences = (gold("Quill"), gold("Quill", "again"), gold(None, "About quills."), gold("Moss"))
    model = FixedScores([3.0, -1.0, -2.0, 0.5])
    (found,) = score_documents(model, [GoldDocument("d", sentences, 0)], found=1.0)
    assert found.own.tolist() == [3.0, -1.0, -2.0, 0.5]
    assert found.by_name.tolist() == [3.0, 3.0, -2.0, 0.5]
    (missed,) = score_documents(model, [GoldDocument("d", sentences, 0)], found=0.0)
    assert missed.by_name.tolist() == missed.own.tolist()


class FixedScores(Prefilter):
    """Gives the scores that it was made with."""

    def __init__(self, scores: list[float]) -> None:
        object.__setattr__(self, "card", {"scores": scores})
        object.__setattr__(self, "neighbour_weight", 0.0)

    def score(self, texts: object) -> np.ndarray:
        return np.array(self.card["scores"])


def test_prefilter_scores_tally_counts_by_type_and_pass() -> None:
    document = scored([gold("Quill"), gold("Moss"), *[gold(None)] * 8], [1.0, 2.0, *[0.0] * 8])
    counts = tally([(document, 1.5)])
    assert counts["by_type"] == {"Application": {"n": 2, "lost": 1}}
    assert counts["whole_documents"]["n_sentences"] == 10
    assert counts["whole_documents"]["sentences_passed"] == 0.1
    nothing = tally([])
    assert (nothing["n_mentions"], nothing["mentions_lost"]) == (0, 0.0)


def test_prefilter_scores_trade_off_passes_less_for_more_loss() -> None:
    sentences = [gold(f"Name{'abcdefghij'[i]}") for i in range(10)] + [gold(None)] * 10
    rows = trade_off([scored(sentences, [float(i) for i in range(20)])])
    assert [row["sentences_passed"] for row in rows] == sorted(
        (row["sentences_passed"] for row in rows), reverse=True
    )
    assert rows[0]["mentions_lost"] == 0.0


def test_prefilter_runs_hash_tells_gold_apart(documents: list[GoldDocument]) -> None:
    assert hash_gold(documents) == hash_gold(documents)
    assert hash_gold(documents) != hash_gold(documents[1:])


@pytest.mark.parametrize(("name", "value"), [("max_lost", 1.5), ("n_folds", 2), ("word_cost", 0)])
def test_prefilter_config_refuses_what_is_out_of_range(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} is {value}"):
        PrefilterConfig(**{name: value})
