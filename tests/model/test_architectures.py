"""Every architecture with a recipe, from the hub's kind of folder to ONNX Runtime."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

import tiny_encoders
from somex.core import ConfigError, Document, LabeledDocument, ModelError, Sentence
from somex.core.schema import EntityType
from somex.decoding import DecodingConfig
from somex.model.config import ModelConfig
from somex.model.export import export_model
from somex.model.folder import open_predictor, read_pieces
from somex.model.inputs import Batch, collate, units_of
from somex.model.modules import JointModel, count_positions, load_encoder
from somex.model.onnx_backend import OnnxBackend
from somex.model.pairs import UnitMention, build_pairs
from somex.model.torch_backend import TorchBackend
from somex.model.torch_folder import load_model, load_tokenizer
from somex.recipe import DataConfig, Recipe, Source, TrainingConfig
from somex.training import Listener, Progress, Trainer

pytestmark = pytest.mark.filterwarnings("ignore")  # the tracer's

WriteEncoder = Callable[[str], Path]

HEADS: dict[str, dict[str, object]] = {
    "somex-joint": {},
    "paper-disjoint": {
        "encoders": "separate",
        "units": "words",
        "relation_head": "pair",
        "shape_feature": False,
        "pooling": "first",
    },
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> WriteEncoder:
    """Writes the folder of a tiny encoder, once for each kind."""
    written: dict[str, Path] = {}

    def _encoder(kind: str) -> Path:
        if kind not in written:
            written[kind] = tiny_encoders.write_encoder(tmp_path_factory.mktemp(kind), kind)
        return written[kind]

    return _encoder


class Losses(Listener):
    def __init__(self) -> None:
        self.steps: list[Progress] = []

    def on_step(self, progress: Progress) -> None:
        self.steps.append(progress)


def _train(
    encoder: Path, folder: Path, corpus: list[LabeledDocument], **options: object
) -> tuple[Trainer, list[Progress]]:
    recipe = Recipe(
        "tiny",
        ModelConfig(encoder=str(encoder), mention_dim=16, **options),  # type: ignore[arg-type]
        DataConfig(Source("unused")),
        TrainingConfig(epochs=1, batch_size=8, learning_rate=1e-3, precision="fp32"),
    )
    heard = Losses()
    trainer = Trainer(recipe, folder=folder, train=corpus, dev=[], listener=heard)
    trainer.run()
    return trainer, heard.steps


def _batch(folder: Path, lengths: list[int], units: str) -> Batch:
    """Return a batch of sentences with so many words, of pieces that the tokenizer knows."""
    pieces = read_pieces(folder / "tokenizer.json", max_pieces=290)
    words = " ".join(tiny_encoders.SENTENCES).split()
    windows = []
    for length in lengths:
        text = " ".join(random.Random(length).choices(words, k=length))
        of_text = units_of(Document("d", text), Sentence(0, len(text)), units=units)
        windows += pieces.encoder.encode(text, of_text)[:1]
    return collate(windows, pad_id=pieces.pad_id)


def _assert_same_scores(ours: TorchBackend, exported: OnnxBackend, batch: Batch, head: str) -> None:
    logits, units = ours.encode(batch)
    other_logits, other_units = exported.encode(batch)
    for row, n in enumerate(batch.n_units.tolist()):
        assert np.abs(logits[row, :n] - other_logits[row, :n]).max() < 1e-4
        assert np.abs(units[row, :n] - other_units[row, :n]).max() < 1e-4
    types = list(EntityType)
    mentions = [
        [UnitMention(i, i + 1, types[i % len(types)]) for i in range(min(n, 16))]
        for n in batch.n_units.tolist()
    ]
    pairs = build_pairs(mentions, relation_head=head)
    if len(pairs.pair_head):
        gap = np.abs(ours.relate(units, pairs) - exported.relate(units, pairs)).max()
        assert gap < 1e-4


@pytest.mark.parametrize("heads", HEADS)
@pytest.mark.parametrize("kind", tiny_encoders.KINDS)
def test_architectures_train_save_load_export_and_predict(
    encoder: WriteEncoder,
    tiny_corpus: list[LabeledDocument],
    tmp_path: Path,
    kind: str,
    heads: str,
) -> None:
    options = HEADS[heads]
    pretrained = load_encoder(str(encoder(kind))).state_dict()
    trainer, steps = _train(encoder(kind), tmp_path / "run", tiny_corpus, **options)
    assert all(np.isfinite([step.ner_loss, step.re_loss]).all() for step in steps)
    trained = trainer.model.unit_encoder.encoder.state_dict()
    moved = [k for k, v in pretrained.items() if v.is_floating_point() and (v != trained[k]).any()]
    assert len(moved) > len(pretrained) / 2  # the encoder is trained, not the heads alone

    model, onnx = tmp_path / "run" / "model", tmp_path / "onnx"
    export_model(model, onnx, precision="fp32")
    ours, exported = TorchBackend(load_model(model)), OnnxBackend(onnx, n_threads=1)
    units = str(options.get("units", "atoms"))
    for lengths in ([1], [3, 30], [7, 7], [90, 2, 17]):
        batch = _batch(model, lengths, units)
        memory = TorchBackend(trainer.model).encode(batch)
        assert np.allclose(ours.encode(batch)[0], memory[0], atol=1e-5)
        _assert_same_scores(ours, exported, batch, str(options.get("relation_head", "host")))

    eager = DecodingConfig(lean=-3.0)  # a model of two steps finds nothing otherwise
    documents = [labeled.document for labeled in tiny_corpus]
    here = open_predictor(model, backend="torch", decoding=eager).annotate(documents)
    there = open_predictor(onnx, decoding=eager, n_threads=1).annotate(documents)
    assert sum(len(a.mentions) for a in here) > 5
    for one, other in zip(here, there, strict=True):
        assert [m.key for m in one.mentions] == [m.key for m in other.mentions]
        assert [(r.type, r.head.key, r.tail.key) for r in one.relations] == [
            (r.type, r.head.key, r.tail.key) for r in other.relations
        ]


@pytest.mark.parametrize("kind", ["deberta-v3", "modernbert"])
def test_architectures_export_to_int8(
    encoder: WriteEncoder, tiny_corpus: list[LabeledDocument], tmp_path: Path, kind: str
) -> None:
    _train(encoder(kind), tmp_path / "run", tiny_corpus)
    model, onnx = tmp_path / "run" / "model", tmp_path / "onnx"
    export_model(model, onnx)
    ours, exported = TorchBackend(load_model(model)), OnnxBackend(onnx, n_threads=1)
    for lengths in ([2], [40, 3]):
        batch = _batch(model, lengths, "atoms")
        logits, others = ours.encode(batch)[0], exported.encode(batch)[0]
        for row, n in enumerate(batch.n_units.tolist()):
            gap = np.abs(logits[row, :n] - others[row, :n]).mean()
            assert gap < 0.2 * np.abs(logits[row, :n]).mean()


@pytest.mark.parametrize("kind", tiny_encoders.KINDS)
def test_architectures_read_units_alike_in_either_tokenisation(
    encoder: WriteEncoder, tmp_path: Path, kind: str
) -> None:
    load_tokenizer(str(encoder(kind))).save(str(tmp_path / "tokenizer.json"))
    pieces = read_pieces(tmp_path / "tokenizer.json", max_pieces=290).encoder
    ids = []
    for text in ("Quill (v4.0) [39]", "Quill ( v 4 . 0 ) [ 39 ]"):
        units = units_of(Document("d", text), Sentence(0, len(text)), units="atoms")
        ids.append(pieces.encode(text, units)[0])
    assert ids[0].piece_ids == ids[1].piece_ids
    assert ids[0].unit_first == ids[1].unit_first


@pytest.mark.parametrize("kind", tiny_encoders.KINDS)
def test_architectures_units_are_read_at_pieces_of_their_own(
    encoder: WriteEncoder, tmp_path: Path, kind: str
) -> None:
    """The first piece of a unit is never the lone blank that some tokenizers put before it."""
    tokenizer = load_tokenizer(str(encoder(kind)))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    pieces = read_pieces(tmp_path / "tokenizer.json", max_pieces=290).encoder
    text = "Tessarix3 (v2.4) and Ünlü [39]"
    units = units_of(Document("d", text), Sentence(0, len(text)), units="atoms")
    window = pieces.encode(text, units)[0]
    firsts = [tokenizer.id_to_token(window.piece_ids[first]) for first in window.unit_first]
    assert not {"▁", "Ġ"} & set(firsts)
    assert len(set(window.unit_first)) == len(units)
    assert all(a <= b for a, b in zip(window.unit_first, window.unit_last, strict=True))


def test_architectures_byte_level_words_begin_with_a_blank(encoder: WriteEncoder) -> None:
    """ModernBERT learned ``Ġwas``; without the blank, a word would read as the end of another."""
    encoding = load_tokenizer(str(encoder("modernbert"))).encode(
        ["Quill", "was"], is_pretokenized=True
    )
    words = [t for t, word in zip(encoding.tokens, encoding.word_ids, strict=True) if word == 1]
    assert words[0].startswith("Ġ")


def test_architectures_case_is_kept_by_cased_tokenizers_only(encoder: WriteEncoder) -> None:
    def read(kind: str, word: str) -> list[int]:
        return list(load_tokenizer(str(encoder(kind))).encode([word], is_pretokenized=True).ids)

    for kind in tiny_encoders.KINDS:
        same = read(kind, "MAPS") == read(kind, "maps")
        assert same == (kind in ("bert", "scibert", "minilm", "mpnet")), kind


def test_architectures_a_classifier_on_an_encoder_is_left_out(encoder: WriteEncoder) -> None:
    """The tasksource model is DeBERTa with a classifier for inference between sentences."""
    stored = load_file(encoder("tasksource") / "model.safetensors")
    loaded = load_encoder(str(encoder("tasksource"))).state_dict()
    for name, value in loaded.items():
        assert torch.equal(value, stored[f"deberta.{name}"]), name


def test_architectures_tokenizer_json_and_sentencepiece_model_agree(encoder: WriteEncoder) -> None:
    texts = list(tiny_encoders.SENTENCES)
    from_model = AutoTokenizer.from_pretrained(encoder("deberta-v3"))(texts)["input_ids"]
    from_json = AutoTokenizer.from_pretrained(encoder("tasksource"))(texts)["input_ids"]
    assert from_model == from_json


@pytest.mark.parametrize(
    ("kind", "n_positions"),
    [("bert", 300), ("mpnet", 298), ("deberta-v3", None), ("modernbert", None)],
)
def test_architectures_windows_fit_the_positions(
    encoder: WriteEncoder, kind: str, n_positions: int | None
) -> None:
    folder = str(encoder(kind))
    assert count_positions(load_encoder(folder)) == n_positions
    if n_positions is None:
        JointModel.from_pretrained_encoder(ModelConfig(folder, max_pieces=2000))
        return
    JointModel.from_pretrained_encoder(ModelConfig(folder, max_pieces=n_positions))
    with pytest.raises(ConfigError, match=rf"max_pieces is {n_positions + 1}; .*{n_positions} pie"):
        JointModel.from_pretrained_encoder(ModelConfig(folder, max_pieces=n_positions + 1))


def test_architectures_longest_windows_run(encoder: WriteEncoder, tmp_path: Path) -> None:
    folder = encoder("mpnet")
    model = JointModel.from_pretrained_encoder(ModelConfig(str(folder), max_pieces=298))
    load_tokenizer(str(folder)).save(str(tmp_path / "tokenizer.json"))
    pieces = read_pieces(tmp_path / "tokenizer.json", max_pieces=298)
    text = " ".join(["."] * 400)
    units = units_of(Document("d", text), Sentence(0, len(text)), units="atoms")
    windows = pieces.encoder.encode(text, units)
    assert max(len(window.piece_ids) for window in windows) == 298
    logits, _ = TorchBackend(model).encode(collate(windows, pad_id=pieces.pad_id))
    assert np.isfinite(logits).all()


def _with_pickled_weights(folder: Path, target: Path, weights: object) -> Path:
    shutil.copytree(folder, target)
    (target / "model.safetensors").unlink()
    torch.save(weights, target / "pytorch_model.bin")
    return target


def test_architectures_older_checkpoints_are_read_as_tensors(
    encoder: WriteEncoder, tmp_path: Path
) -> None:
    """SciBERT's and DeBERTa's folders on the hub hold pytorch_model.bin only."""
    whole = load_encoder(str(encoder("scibert"))).state_dict()
    old = _with_pickled_weights(encoder("scibert"), tmp_path / "old", whole)
    for name, value in load_encoder(str(old)).state_dict().items():
        assert torch.equal(value, whole[name]), name


class Malicious:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (self.path,))  # type: ignore[return-value]


def test_architectures_pickled_code_is_refused(encoder: WriteEncoder, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    old = _with_pickled_weights(encoder("bert"), tmp_path / "old", {"a": Malicious(trace)})
    with pytest.raises(ModelError, match="can't be loaded"):
        load_encoder(str(old))
    assert not trace.exists()


@pytest.mark.parametrize("kind", ["bert", "modernbert", "deberta-v3"])
def test_architectures_frozen_embeddings_stay(
    encoder: WriteEncoder, tiny_corpus: list[LabeledDocument], tmp_path: Path, kind: str
) -> None:
    recipe = Recipe(
        "tiny",
        ModelConfig(encoder=str(encoder(kind)), mention_dim=16),
        DataConfig(Source("unused")),
        TrainingConfig(epochs=1, batch_size=16, precision="fp32", freeze_embeddings=True),
    )
    trainer = Trainer(recipe, folder=tmp_path, train=tiny_corpus, dev=[])
    before = [p.clone() for p in trainer.model.word_embeddings()]
    trainer.run()
    assert before
    for old, new in zip(before, trainer.model.word_embeddings(), strict=True):
        assert torch.equal(old, new)


RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.yaml"))


@pytest.mark.parametrize(
    "hub_name",
    [
        "bert-base-uncased",
        "allenai/scibert_scivocab_uncased",
        "microsoft/deberta-v3-large",
        "sileod/deberta-v3-large-tasksource-nli",
        "answerdotai/ModernBERT-base",
        "all-mpnet-base-v2",
        "all-MiniLM-L6-v2",
    ],
)
def test_architectures_each_encoder_has_a_short_recipe(hub_name: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in RECIPES]
    own = [text for text in texts if f"{hub_name}\n" in text]
    assert own
    assert min(len(text.splitlines()) for text in own) < 25
