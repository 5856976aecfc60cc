from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from somex.core import Document, LabeledDocument, Sentence
from somex.core.errors import ConfigError, MissingExtraError, ModelError
from somex.model.config import ModelConfig, read_model_config
from somex.model.folder import open_predictor, read_pieces, read_pieces_of
from somex.model.inputs import collate, encode_sentence
from somex.model.modules import JointModel
from somex.model.torch_backend import TorchBackend
from somex.model.torch_folder import load_model, load_tokenizer, save_model


@pytest.fixture(scope="module")
def saved(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = ModelConfig(encoder=str(tiny_bert), mention_dim=16)
    torch.manual_seed(1)
    model = JointModel.from_pretrained_encoder(config)
    folder = tmp_path_factory.mktemp("model")
    save_model(model, load_tokenizer(str(tiny_bert)), folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return shutil.copytree(saved, tmp_path / "model")


def _edit(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(config | values), encoding="utf-8")


def test_folder_round_trip_keeps_every_weight(saved: Path) -> None:
    model = load_model(saved)
    weights = load_file(saved / "model.safetensors")
    assert set(weights) == set(model.state_dict())
    assert all(torch.equal(weights[k], v) for k, v in model.state_dict().items())
    assert not model.training
    assert not list(saved.glob(".*"))  # no temporary file is left


def test_folder_opens_without_the_encoder_it_was_made_from(folder: Path) -> None:
    _edit(folder, encoder="/no/such/encoder")
    assert open_predictor(folder).config.encoder == "/no/such/encoder"


def test_folder_devices_are_checked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="unknown device 'tpu'; valid: cpu, cuda"):
        open_predictor(folder, device="tpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match="'cuda', but PyTorch sees no CUDA GPU; valid here: cpu"):
        open_predictor(folder, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_folder_on_a_gpu_finds_what_the_cpu_finds(
    saved: Path, tiny_corpus: list[LabeledDocument]
) -> None:
    documents = [labeled.document for labeled in tiny_corpus]
    on_cpu = open_predictor(saved).annotate(documents)
    on_gpu = open_predictor(saved, device="cuda").annotate(documents)
    keys = [
        {(i, m.key) for i, a in enumerate(each) for m in a.mentions} for each in (on_cpu, on_gpu)
    ]
    assert len(keys[0] & keys[1]) > 0.9 * len(keys[0] | keys[1])


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_folder_in_half_precision_is_close(saved: Path, precision: str) -> None:
    model = load_model(saved)
    document = Document("d", "We used Quill version 3.1 for the maps.")
    config = read_model_config(saved)
    windows = encode_sentence(
        document,
        Sentence(0, len(document.text)),
        pieces=(pieces := read_pieces_of(saved, config)).encoder,
        config=config,
    )
    batch = collate(windows, pad_id=pieces.pad_id)
    logits, _ = TorchBackend(model).encode(batch)
    half, _ = TorchBackend(model, precision=precision).encode(batch)
    assert 0 < np.abs(logits - half).max() < 0.1


def test_folder_of_a_half_precision_encoder_loads_as_fp32(folder: Path) -> None:
    path = folder / "encoder" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(config | {"dtype": "float16"}), encoding="utf-8")
    assert {p.dtype for p in load_model(folder).parameters()} == {torch.float32}


def test_folder_that_is_none_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere is no folder; give a model folder"):
        open_predictor(tmp_path / "nowhere")
    (folder / "config.json").unlink()
    with pytest.raises(ModelError, match=r"is no somex model: it holds no config\.json"):
        open_predictor(folder)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe"])
def test_folder_with_a_config_that_is_not_json(folder: Path, content: bytes) -> None:
    (folder / "config.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"config\.json is not JSON"):
        open_predictor(folder)


def test_folder_config_faults_are_listed_together(folder: Path) -> None:
    _edit(folder, units="bytes", dropout=2, colour="red", format=99)
    with pytest.raises(ConfigError) as caught:
        read_model_config(folder)
    for problem in (
        "unknown key colour; valid: encoder, units",
        "units is 'bytes'; valid: words, atoms",
        "dropout is 2.0; valid: 0.0 to 0.9",
        "format is 99; valid: 1 to 1",
    ):
        assert problem in str(caught.value)


def test_folder_without_tokenizer_or_with_a_broken_one(folder: Path) -> None:
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    tokenizer["padding"] = None
    path.write_text(json.dumps(tokenizer), encoding="utf-8")
    with pytest.raises(ModelError, match="names no padding piece"):
        read_pieces(path, max_pieces=64)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match=r"tokenizer\.json is no tokenizer"):
        open_predictor(folder)
    path.unlink()
    with pytest.raises(ModelError, match=r"tokenizer\.json is missing from the model folder"):
        open_predictor(folder)


def test_folder_backends_say_what_is_missing(folder: Path) -> None:
    with pytest.raises(ModelError, match="unknown backend 'tpu'; valid: auto, onnx, torch"):
        open_predictor(folder, backend="tpu")
    with pytest.raises(ModelError, match=r"encode\.onnx is missing; `somex export` writes it"):
        open_predictor(folder, backend="onnx")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"holds no model\.safetensors"):
        open_predictor(folder, backend="torch")


def test_folder_weights_that_do_not_fit(folder: Path) -> None:
    _edit(folder, mention_dim=32)
    with pytest.raises(ModelError, match=r"does not fit its config\.json"):
        load_model(folder)


def test_folder_weights_that_are_cut_off(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        load_model(folder)


def test_folder_weights_with_a_tensor_too_few(folder: Path) -> None:
    path = folder / "model.safetensors"
    weights = load_file(path)
    del weights["token_head.linear.bias"]
    save_file(weights, path)
    with pytest.raises(ModelError, match=r"token_head\.linear\.bias"):
        load_model(folder)


def test_folder_without_the_encoders_configuration(folder: Path) -> None:
    shutil.rmtree(folder / "encoder")
    with pytest.raises(ModelError, match=r"holds no encoder/config\.json"):
        load_model(folder)


def test_folder_torch_backend_without_torch_names_the_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("somex.model.torch_backend", "somex.model.torch_folder", "somex.model.modules"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"needs torch; pip install 'somex\[train\]'"):
        open_predictor(folder, backend="torch")
