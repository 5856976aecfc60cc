from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from somex.core import Annotation, ConfigError, Document, LabeledDocument, Sentence
from somex.core.schema import ENTITY_TYPES, RELATION_TYPES, EntityType
from somex.core.tags import N_TAGS, OUTSIDE, begin_tag, inside_tag
from somex.decoding import DecodingConfig
from somex.model import predictor as predictor_module
from somex.model.config import ModelConfig
from somex.model.folder import Pieces, read_pieces
from somex.model.inputs import Batch, FloatArray
from somex.model.modules import JointModel
from somex.model.pairs import N_DISTANCES, PairBatch
from somex.model.predictor import PIECES_PER_BATCH, Predictor
from somex.model.torch_backend import TorchBackend
from somex.model.torch_folder import load_tokenizer

APPLICATION = ENTITY_TYPES.index(EntityType.APPLICATION)
VERSION = ENTITY_TYPES.index(EntityType.VERSION)
URL = ENTITY_TYPES.index(EntityType.URL)
NAMES = ("quill", "brookstat", "tessarix", "fernview")


class FakeBackend:
    """Knows some names (title-cased) and takes digits for versions; the nearest host wins."""

    def __init__(self, tokenizer_file: Path, *, confidence: float = 0.9) -> None:
        tokenizer = load_vocabulary(tokenizer_file)
        self.name_ids = {tokenizer.encode([n], is_pretokenized=True).ids[1] for n in NAMES}
        self.digit_ids = {tokenizer.token_to_id(d) for d in "0123456789"} - {None}
        self.confidence = confidence
        self.n_relate = 0
        self.batches: list[tuple[int, int]] = []

    def encode(self, batch: Batch) -> tuple[FloatArray, FloatArray]:
        self.batches.append(batch.piece_ids.shape)
        ids = np.take_along_axis(batch.piece_ids, batch.unit_first, axis=1)
        tags = np.full(ids.shape, OUTSIDE)
        tags[np.isin(ids, list(self.name_ids))] = begin_tag(APPLICATION)
        digits = np.isin(ids, list(self.digit_ids))
        tags[digits] = begin_tag(VERSION)
        tags[:, 1:][digits[:, 1:] & digits[:, :-1]] = inside_tag(VERSION)
        rest = (1 - self.confidence) / (N_TAGS - 1)
        probs = np.full((*ids.shape, N_TAGS), rest, np.float32)
        np.put_along_axis(probs, tags[..., None], self.confidence, axis=-1)
        return np.log(probs), np.zeros((*ids.shape, 1), np.float32)

    def relate(self, units: FloatArray, pairs: PairBatch) -> FloatArray:
        self.n_relate += 1
        assert pairs.mention_row.max() < len(units)
        logits = np.zeros((len(pairs.pair_head), 12), np.float32)
        far = pairs.pair_distance % (N_DISTANCES // 2)
        before = pairs.pair_distance < N_DISTANCES // 2
        none = pairs.pair_head == pairs.pair_tail
        stands = np.where(pairs.mention_type[pairs.pair_head] == APPLICATION, 50.0, -5.0)
        logits[:, 0] = np.where(none, stands, np.where(before, -far, -far - 30.0))
        logits[:, 1 + RELATION_TYPES.index(RELATION_TYPES[0])] = 4.0
        return logits


def load_vocabulary(path: Path):  # type: ignore[no-untyped-def]
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(path))


@pytest.fixture(scope="module")
def tokenizer_file(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    load_tokenizer(str(tiny_bert)).save(str(path))
    return path


def _predictor(
    tokenizer_file: Path,
    *,
    max_pieces: int = 256,
    decoding: DecodingConfig | None = None,
    backend: FakeBackend | None = None,
    batch_pieces: int = PIECES_PER_BATCH,
    n_repeats: int = 0,
    n_parallel: int = 1,
    border_cost: float = 3.0,
    second_names: bool = False,
) -> Predictor:
    pieces: Pieces = read_pieces(tokenizer_file, max_pieces=max_pieces)
    return Predictor(
        backend or FakeBackend(tokenizer_file),
        pieces=pieces.encoder,
        config=ModelConfig(
            encoder="fake",
            max_pieces=max_pieces,
            border_cost=border_cost,
            second_names=second_names,
        ),
        pad_id=pieces.pad_id,
        decoding=decoding,
        batch_pieces=batch_pieces,
        n_repeats=n_repeats,
        n_parallel=n_parallel,
    )


def _one(text: str, id: str = "d") -> Document:
    return Document(id, text, (Sentence(0, len(text)),))


def _words(document: Document, annotation: Annotation) -> list[tuple[str, str]]:
    return [(document.slice(m.char_start, m.char_end), m.type) for m in annotation.mentions]


def _edges(document: Document, annotation: Annotation) -> list[tuple[str, str, str]]:
    return [
        (
            r.type,
            document.slice(r.head.char_start, r.head.char_end),
            document.slice(r.tail.char_start, r.tail.char_end),
        )
        for r in annotation.relations
    ]


def test_predictor_maps_units_back_to_characters(tokenizer_file: Path) -> None:
    document = _one("We used Quill (version 4) and Brookstat 7.")
    (annotation,) = _predictor(tokenizer_file).annotate([document])
    assert _words(document, annotation) == [
        ("Quill", "Application"),
        ("4", "Version"),
        ("Brookstat", "Application"),
        ("7", "Version"),
    ]
    assert _edges(document, annotation) == [
        ("Version_of", "4", "Quill"),
        ("Version_of", "7", "Brookstat"),
    ]
    assert annotation.mentions[0].confidence == pytest.approx(0.9, rel=1e-4)


@pytest.mark.parametrize(("border_cost", "is_cut"), [(0.0, True), (3.0, True), (20.0, False)])
def test_predictor_pays_for_borders_inside_words(
    tokenizer_file: Path, border_cost: float, is_cut: bool
) -> None:
    document = _one("We used Quill 7.25.")
    predictor = _predictor(tokenizer_file, border_cost=border_cost)
    (annotation,) = predictor.annotate([document])
    words = _words(document, annotation)
    assert words[0] == ("Quill", "Application")
    assert (words[1:] == [("7", "Version"), ("25", "Version")]) is is_cut
    assert is_cut or {word for word, _ in words[1:]} <= {"7.25"}


@pytest.mark.parametrize("max_pieces", [10, 33])
def test_windows_of_a_sentence_know_its_words(tokenizer_file: Path, max_pieces: int) -> None:
    document = _one(" ".join(["the Quill 7.25 and"] * 30))
    predictor = _predictor(tokenizer_file, max_pieces=max_pieces, border_cost=20.0)
    (annotation,) = predictor.annotate([document])
    words = _words(document, annotation)
    assert words.count(("Quill", "Application")) == 30
    assert {word for word, _ in words} <= {"Quill", "7.25"}


def test_predictor_keeps_the_order_of_documents(tokenizer_file: Path) -> None:
    rng = np.random.default_rng(2)
    documents = []
    expected = []
    for index in range(40):
        name = NAMES[int(rng.integers(4))].title()
        n_before = int(rng.integers(0, 30))
        text = "the " * n_before + name + " . " + "No software here . " * int(rng.integers(0, 3))
        documents.append(Document(f"d{index}", text))
        expected.append([(name, "Application")])
    documents.insert(7, Document("empty", ""))
    expected.insert(7, [])
    documents.insert(11, Document("blank", " \n "))
    expected.insert(11, [])
    annotations = _predictor(tokenizer_file).annotate(documents)
    found = [_words(d, a) for d, a in zip(documents, annotations, strict=True)]
    assert found == expected


def test_predictor_of_no_documents_is_empty(tokenizer_file: Path) -> None:
    assert _predictor(tokenizer_file).annotate([]) == []


@pytest.mark.parametrize("max_pieces", [10, 16, 33, 40, 64, 100])
@pytest.mark.parametrize("seed", range(4))
def test_predictor_merges_windows_as_if_they_were_one(
    tokenizer_file: Path, max_pieces: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(60):
        parts += ["the"] * int(rng.integers(0, 4))
        parts += [NAMES[int(rng.integers(4))].title(), str(rng.integers(1, 10))]
    document = _one(" ".join(parts) + " .")
    (whole,) = _predictor(tokenizer_file, max_pieces=4096).annotate([document])
    (merged,) = _predictor(tokenizer_file, max_pieces=max_pieces).annotate([document])
    assert len(whole.mentions) == 120
    assert [m.key for m in merged.mentions] == [m.key for m in whole.mentions]
    assert len(merged.relations) == len({r.head for r in merged.relations})
    if max_pieces >= 33:  # enough overlap for a neighbour
        assert _edges(document, merged) == _edges(document, whole)


@pytest.mark.parametrize(
    ("decoding", "is_named"),
    [
        (DecodingConfig(), True),
        (DecodingConfig(min_confidence=0.85), False),
        (DecodingConfig(min_relation_confidence=0.85), False),
    ],
)
def test_predictor_reads_second_names_off_their_letters(
    tokenizer_file: Path, decoding: DecodingConfig, is_named: bool
) -> None:
    document = _one("We used Quill (Quick Uniform Interval Lookup List) and Brookstat.")
    (plain,) = _predictor(tokenizer_file, decoding=decoding).annotate([document])
    predictor = _predictor(tokenizer_file, decoding=decoding, second_names=True)
    (annotation,) = predictor.annotate([document])
    if not is_named:
        assert annotation == plain
        return
    long = "Quick Uniform Interval Lookup List"
    assert (long, "AlternativeName") in _words(document, annotation)
    assert _edges(document, annotation) == [("AlternativeName_of", long, "Quill")]


def test_predictor_thresholds_drop_mentions_and_relations(tokenizer_file: Path) -> None:
    document = _one("We used Quill and Brookstat 4.")
    for decoding, n_mentions, n_relations in (
        (DecodingConfig(), 3, 1),
        (DecodingConfig(min_confidence=0.95), 0, 0),
        (DecodingConfig(min_relation_confidence=1.0), 3, 0),
    ):
        (found,) = _predictor(tokenizer_file, decoding=decoding).annotate([document])
        assert (len(found.mentions), len(found.relations)) == (n_mentions, n_relations)


def test_predictor_cuts_many_pairs_into_calls_with_the_same_result(
    tokenizer_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [_one("Quill 4 and Brookstat 7 .", id=f"d{i}") for i in range(10)]
    backend = FakeBackend(tokenizer_file)
    whole = _predictor(tokenizer_file, backend=backend).annotate(documents)
    assert backend.n_relate == 1
    monkeypatch.setattr(predictor_module, "MAX_PAIRS_PER_CALL", 40)
    backend = FakeBackend(tokenizer_file)
    cut = _predictor(tokenizer_file, backend=backend).annotate(documents)
    assert backend.n_relate == 5
    assert cut == whole


def test_predictor_batches_stay_within_the_budget(tokenizer_file: Path) -> None:
    backend = FakeBackend(tokenizer_file)
    texts = ["the " * (1 + i % 50) for i in range(120)]
    predictor = _predictor(tokenizer_file, backend=backend, batch_pieces=100)
    predictor.annotate([_one(t) for t in texts])
    assert sum(rows for rows, _ in backend.batches) == 120
    assert all(rows * width <= 100 for rows, width in backend.batches)


def test_predictor_repeats_are_read_once_with_the_same_result(tokenizer_file: Path) -> None:
    documents = [_one(f"{text} ran", id=text) for text in ("the", "model", "the")]
    backend = FakeBackend(tokenizer_file)
    kept = _predictor(tokenizer_file, backend=backend, n_repeats=9)
    alone = _predictor(tokenizer_file, batch_pieces=1)
    assert kept.annotate(documents) == alone.annotate(documents)
    assert sum(rows for rows, _ in backend.batches) == 2
    assert kept.annotate(documents) == alone.annotate(documents)
    assert sum(rows for rows, _ in backend.batches) == 2
    assert (kept.n_windows, kept.n_windows_read) == (6, 2)


def test_predictor_batches_side_by_side_change_nothing(tokenizer_file: Path) -> None:
    texts = [f"quill {i} " + "the " * (i % 7) + "and brookstat 2" for i in range(60)]
    documents = [_one(text, id=str(i)) for i, text in enumerate(texts)]
    threads: set[str] = set()
    predictor = _predictor(tokenizer_file, batch_pieces=40, n_parallel=3)
    predictor.before_batch = lambda: threads.add(threading.current_thread().name)
    assert predictor.annotate(documents) == _predictor(tokenizer_file).annotate(documents)
    assert threads <= {f"somex-batch_{n}" for n in range(3)}

    def stop() -> None:
        raise KeyError("stopped")

    predictor.before_batch = stop
    with pytest.raises(KeyError, match="stopped"):
        predictor.annotate(documents)
    with pytest.raises(ConfigError, match="n_parallel is 0; valid: 1 or more"):
        _predictor(tokenizer_file, n_parallel=0)


def test_predictor_refuses_a_batch_of_nothing(tokenizer_file: Path) -> None:
    with pytest.raises(ConfigError, match="batch_pieces is 0; valid: 1"):
        _predictor(tokenizer_file, batch_pieces=0)
    with pytest.raises(ConfigError, match="repeat cache holds -1 results; valid: 0 or more"):
        _predictor(tokenizer_file, n_repeats=-1)


@pytest.mark.parametrize("head", ["pair", "host"])
def test_predictor_result_does_not_depend_on_the_batch(
    tiny_bert: Path, tokenizer_file: Path, tiny_corpus: list[LabeledDocument], head: str
) -> None:
    torch.manual_seed(11)
    config = ModelConfig(encoder=str(tiny_bert), mention_dim=16, relation_head=head)  # type: ignore[arg-type]
    model = JointModel.from_pretrained_encoder(config)
    pieces = read_pieces(tokenizer_file, max_pieces=256)
    predictor = Predictor(
        TorchBackend(model), pieces=pieces.encoder, config=config, pad_id=pieces.pad_id
    )
    documents = [labeled.document for labeled in tiny_corpus]
    together = predictor.annotate(documents)
    alone = [predictor.annotate([document])[0] for document in documents]
    assert sum(len(a.relations) for a in alone) > 0
    for one, other in zip(together, alone, strict=True):
        assert [m.key for m in one.mentions] == [m.key for m in other.mentions]
        assert [(r.type, r.head.key, r.tail.key) for r in one.relations] == [
            (r.type, r.head.key, r.tail.key) for r in other.relations
        ]
        for left, right in zip(
            (*one.mentions, *one.relations), (*other.mentions, *other.relations), strict=True
        ):
            assert left.confidence == pytest.approx(right.confidence, abs=1e-5)


class _LeaningBackend(FakeBackend):
    """Takes the second and third unit of every window for one name."""

    def encode(self, batch: Batch) -> tuple[FloatArray, FloatArray]:
        logits = np.zeros((*batch.unit_first.shape, N_TAGS), np.float32)
        logits[..., OUTSIDE] = 9.0
        logits[:, 1:3, OUTSIDE] = 0.0
        logits[:, 1, begin_tag(APPLICATION)] = logits[:, 2, inside_tag(APPLICATION)] = 9.0
        return logits, np.zeros((*batch.unit_first.shape, 1), np.float32)


def test_predictor_cuts_off_marks_that_no_mention_begins_with(tokenizer_file: Path) -> None:
    document = _one("We ; Quill ran.")
    predictor = _predictor(tokenizer_file, backend=_LeaningBackend(tokenizer_file))
    (found,) = predictor.annotate([document])
    assert _words(document, found) == [("Quill", EntityType.APPLICATION)]


class _AddressBackend(FakeBackend):
    """Takes the second and third unit for a URL, besides."""

    def encode(self, batch: Batch) -> tuple[FloatArray, FloatArray]:
        logits, units = super().encode(batch)
        logits[:, 1, begin_tag(URL)] = logits[:, 2, inside_tag(URL)] = 9.0
        return logits, units


def test_predictor_completes_addresses(tokenizer_file: Path) -> None:
    document = _one("Quill https://lume.example/a.")
    predictor = _predictor(tokenizer_file, backend=_AddressBackend(tokenizer_file))
    (annotation,) = predictor.annotate([document])
    assert _words(document, annotation) == [
        ("Quill", EntityType.APPLICATION),
        ("https://lume.example/a", EntityType.URL),
    ]
    assert _edges(document, annotation) == [("URL_of", "https://lume.example/a", "Quill")]
