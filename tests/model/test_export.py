from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from somex.core import Document, LabeledDocument, ModelError, Sentence
from somex.core.schema import EntityType
from somex.model import export
from somex.model.backend import Backend
from somex.model.config import ModelConfig
from somex.model.folder import open_predictor, read_pieces
from somex.model.inputs import Batch, collate, units_of
from somex.model.modules import JointModel
from somex.model.onnx_backend import OnnxBackend
from somex.model.pairs import UnitMention, build_pairs
from somex.model.torch_backend import TorchBackend
from somex.model.torch_folder import load_model, load_tokenizer, save_model

pytestmark = pytest.mark.filterwarnings("ignore")  # the tracer's


@pytest.fixture(scope="module")
def save(
    tiny_bert: Path, tiny_mpnet: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Saves a tiny model with random heads, loud enough to find mentions."""

    def _save(kind: str, **options: object) -> Path:
        encoder = str(tiny_bert if kind == "bert" else tiny_mpnet)
        config = ModelConfig(encoder=encoder, mention_dim=16, **options)  # type: ignore[arg-type]
        torch.manual_seed(3)
        model = JointModel.from_pretrained_encoder(config)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim == 2:
                    parameter.mul_(1.5)
            for name, parameter in model.named_parameters():
                if "relative_attention_bias" in name:
                    parameter.normal_(std=2.0)  # MPNet's risk: a bias traced for one length
            if model.unit_encoder.shape_in is not None:
                model.unit_encoder.shape_in.weight.normal_(std=0.5)
        folder = tmp_path_factory.mktemp("torch-model")
        save_model(model, load_tokenizer(encoder), folder)
        return folder

    return _save


def _text(n_words: int, seed: int = 0) -> str:
    words = ["We", "used", "Quill", "version", "2", "the", "[", "maps", "Brookstat", "curves", "."]
    rng = random.Random(seed)
    return " ".join(rng.choice(words) for _ in range(n_words))


def _batch(folder: Path, texts: list[str]) -> Batch:
    pieces = read_pieces(folder / "tokenizer.json", max_pieces=290)
    windows = []
    for text in texts:
        document = Document("d", text)
        units = units_of(document, Sentence(0, len(text)), units="atoms")
        windows += pieces.encoder.encode(text, units)
    return collate(windows, pad_id=pieces.pad_id)


def _compare(
    left: Backend, right: Backend, batch: Batch, *, head: str, purposes: bool = False
) -> float:
    logits, units = left.encode(batch)
    other_logits, other_units = right.encode(batch)
    rng = np.random.default_rng(1)
    types = list(EntityType)
    mentions = [
        [UnitMention(i, i + 1, types[int(rng.integers(len(types)))]) for i in range(0, int(n), 2)][
            :20
        ]
        for n in batch.n_units
    ]
    gaps = []
    for row, n in enumerate(batch.n_units):
        gaps.append(np.abs(logits[row, :n] - other_logits[row, :n]).max())
        gaps.append(np.abs(units[row, :n] - other_units[row, :n]).max())
    pairs = build_pairs(mentions, relation_head=head)
    if len(pairs.pair_head):
        gaps.append(np.abs(left.relate(units, pairs) - right.relate(units, pairs)).max())
    if purposes and len(pairs.mention_row):
        told = left.tell_purposes(units, pairs)
        assert told.shape == (len(pairs.mention_row), 4)
        gaps.append(np.abs(told - right.tell_purposes(units, pairs)).max())
    return float(max(gaps))


LENGTHS = ([1], [5], [3, 40], [130, 2, 17], [7, 7, 7, 7, 7], [280, 33])


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("bert", {}),
        ("mpnet", {}),
        (
            "bert",
            {
                "relation_head": "pair",
                "encoders": "separate",
                "pooling": "first",
                "shape_feature": False,
            },
        ),
        ("mpnet", {"relation_head": "pair", "shape_feature": False}),
        ("bert", {"word_borders": True, "purpose_head": True}),
    ],
)
def test_export_fp32_equals_torch_at_other_lengths_than_traced(
    save: Callable[..., Path], tmp_path: Path, kind: str, options: dict[str, object]
) -> None:
    folder = save(kind, **options)
    export.export_model(folder, tmp_path, precision="fp32")
    ours, exported = TorchBackend(load_model(folder)), OnnxBackend(tmp_path, n_threads=1)
    head = str(options.get("relation_head", "host"))
    for lengths in LENGTHS:
        batch = _batch(folder, [_text(n, seed=n) for n in lengths])
        purposes = bool(options.get("purpose_head"))
        assert _compare(ours, exported, batch, head=head, purposes=purposes) < 1e-4, lengths


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
def test_export_fp32_gives_identical_annotations(
    save: Callable[..., Path], tmp_path: Path, kind: str, tiny_corpus: list[LabeledDocument]
) -> None:
    folder = save(kind)
    export.export_model(folder, tmp_path, precision="fp32")
    documents = [labeled.document for labeled in tiny_corpus]
    ours = open_predictor(folder, backend="torch").annotate(documents)
    exported = open_predictor(tmp_path, n_threads=1).annotate(documents)
    assert sum(len(a.mentions) for a in ours) > 5
    assert sum(len(a.relations) for a in ours) > 2
    for one, other in zip(ours, exported, strict=True):
        assert [m.key for m in one.mentions] == [m.key for m in other.mentions]
        assert [(r.type, r.head.key, r.tail.key) for r in one.relations] == [
            (r.type, r.head.key, r.tail.key) for r in other.relations
        ]


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
def test_export_int8_is_close_to_torch(
    save: Callable[..., Path], tmp_path: Path, kind: str, tiny_corpus: list[LabeledDocument]
) -> None:
    folder = save(kind)
    export.export_model(folder, tmp_path)
    ours, exported = TorchBackend(load_model(folder)), OnnxBackend(tmp_path, n_threads=1)
    for lengths in ([1], [40, 3]):
        assert (
            _compare(ours, exported, _batch(folder, [_text(n) for n in lengths]), head="host") < 1
        )
    graph = onnx.load(tmp_path / "encode.onnx", load_external_data=False)
    assert any("quantized" in tensor.name for tensor in graph.graph.initializer)
    documents = [labeled.document for labeled in tiny_corpus]
    gold = open_predictor(folder, backend="torch").annotate(documents)
    found = open_predictor(tmp_path, n_threads=1).annotate(documents)
    expected = {(i, m.key) for i, a in enumerate(gold) for m in a.mentions}
    seen = {(i, m.key) for i, a in enumerate(found) for m in a.mentions}
    assert len(expected & seen) > 0.7 * len(expected | seen)


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
def test_export_fp16_halves_the_weights_and_is_close_to_torch(
    save: Callable[..., Path], tmp_path: Path, kind: str
) -> None:
    folder = save(kind, purpose_head=True)
    export.export_model(folder, tmp_path / "fp32", precision="fp32")
    export.export_model(folder, tmp_path / "fp16", precision="fp16")
    sizes = [sum(p.stat().st_size for p in _bins(tmp_path / n)) for n in ("fp16", "fp32")]
    assert sizes[0] < 0.55 * sizes[1]
    ours, exported = TorchBackend(load_model(folder)), OnnxBackend(tmp_path / "fp16")
    for lengths in LENGTHS:
        batch = _batch(folder, [_text(n, seed=n) for n in lengths])
        gap = _compare(ours, exported, batch, head="host", purposes=True)
        assert 0 < gap < 0.05, lengths


def test_onnx_backend_says_why_it_can_not_use_a_gpu(
    save: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export.export_model(save("bert"), tmp_path, precision="int8")
    told = {"cpu": ["CPUExecutionProvider"], "gpu": ["CUDAExecutionProvider"]}
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: told["cpu"])
    with pytest.raises(ModelError, match=r"'cuda', but this ONNX Runtime has only CPUEx.*-gpu"):
        OnnxBackend(tmp_path, device="cuda")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: told["gpu"])
    with pytest.raises(ModelError, match=r"an int8 graph, which is for CPUs; .*--precision fp16"):
        OnnxBackend(tmp_path, device="cuda")


def _bins(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.bin"))


def test_export_splits_the_weights_below_the_limit(
    save: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save("bert")
    batch = _batch(folder, [_text(12)])
    export.export_model(folder, tmp_path / "whole", precision="fp32")
    monkeypatch.setattr(export, "MAX_DATA_BYTES", 40_000)
    export.export_model(folder, tmp_path / "split", precision="fp32")
    assert len(_bins(tmp_path / "split")) > len(_bins(tmp_path / "whole"))
    assert all(path.stat().st_size <= 40_000 for path in _bins(tmp_path / "split"))
    whole, split = OnnxBackend(tmp_path / "whole"), OnnxBackend(tmp_path / "split")
    assert _compare(whole, split, batch, head="host") == 0.0


def test_export_over_an_older_export_leaves_none_of_its_files(
    save: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save("bert")
    monkeypatch.setattr(export, "MAX_DATA_BYTES", 20_000)
    export.export_model(folder, tmp_path / "a", precision="fp32")
    monkeypatch.undo()
    export.export_model(folder, tmp_path / "a", precision="int8")
    export.export_model(folder, tmp_path / "b", precision="int8")
    assert {p.name for p in (tmp_path / "a").iterdir()} == {
        p.name for p in (tmp_path / "b").iterdir()
    }


def test_export_into_the_models_own_folder_adds_the_graphs(save: Callable[..., Path]) -> None:
    folder = save("bert")
    export.export_model(folder, folder, precision="fp32")
    batch = _batch(folder, [_text(9)])
    assert (
        _compare(TorchBackend(load_model(folder)), OnnxBackend(folder), batch, head="host") < 1e-4
    )


def test_onnx_backend_names_a_broken_or_missing_file(
    save: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"encode\.onnx is missing; `somex export`"):
        OnnxBackend(tmp_path)
    export.export_model(save("bert"), tmp_path, precision="fp32")
    _bins(tmp_path)[0].unlink()
    with pytest.raises(ModelError, match=r"encode\.onnx or its weights beside it can't be loaded"):
        OnnxBackend(tmp_path)


def test_export_refuses_an_unknown_precision(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"unknown precision 'int4'; valid: int8, fp32, fp16"):
        export.export_model(tmp_path, tmp_path / "x", precision="int4")


def test_export_of_a_folder_without_model_names_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        export.export_model(tmp_path, tmp_path / "x")
    assert not (tmp_path / "x").exists()
