from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from somex.core import ModelError
from somex.model.average import average_models
from somex.model.config import ModelConfig
from somex.model.folder import WEIGHTS_FILE
from somex.model.modules import JointModel
from somex.model.torch_folder import load_tokenizer, save_model


@pytest.fixture
def model_folder(tiny_bert: Path, tmp_path: Path) -> Path:
    model = JointModel.from_pretrained_encoder(ModelConfig(encoder=str(tiny_bert), mention_dim=8))
    save_model(model, load_tokenizer(str(tiny_bert)), tmp_path / "model")
    return tmp_path / "model"


def _scaled(source: Path, target: Path, factor: float) -> Path:
    shutil.copytree(source, target)
    weights = load_file(target / WEIGHTS_FILE)
    scaled = {k: v * factor if v.is_floating_point() else v for k, v in weights.items()}
    save_file(scaled, target / WEIGHTS_FILE)
    return target


def test_average_is_the_mean_of_the_weights(model_folder: Path, tmp_path: Path) -> None:
    one = _scaled(model_folder, tmp_path / "one", 1.0)
    three = _scaled(model_folder, tmp_path / "three", 3.0)
    average_models([one, three], tmp_path / "mean")
    before, after = load_file(one / WEIGHTS_FILE), load_file(tmp_path / "mean" / WEIGHTS_FILE)
    for name, value in before.items():
        if value.is_floating_point():
            torch.testing.assert_close(after[name], value * 2)


def test_average_refuses_models_of_another_kind(model_folder: Path, tmp_path: Path) -> None:
    other = _scaled(model_folder, tmp_path / "other", 1.0)
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "dropout": 0.5}))
    with pytest.raises(ModelError, match="another configuration"):
        average_models([model_folder, other], tmp_path / "mean")


def test_average_needs_two_models(model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="two or more"):
        average_models([model_folder], tmp_path / "mean")
