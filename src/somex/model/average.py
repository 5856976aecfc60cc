"""One model from several runs: the mean of their weights.

Works for runs that started from the same weights, heads included (same architecture and seed), and
differ in data or in the course of training. Source: Wortsman et al. 2022, Model soups, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from somex.core.errors import ModelError
from somex.model.config import read_model_config
from somex.model.folder import TOKENIZER_FILE
from somex.model.torch_folder import load_model, save_model


def average_models(folders: Sequence[Path], target: Path) -> None:
    """Write the model whose weights are the mean of those of several models.

    Args:
        folders: Model folders of one architecture, two or more.
        target: Gets the model folder.

    Raises:
        ModelError: There are fewer than two, or their configurations differ.
    """
    if len(folders) < 2:
        raise ModelError(f"{len(folders)} model(s) given; valid: two or more to average")
    configs = [read_model_config(folder) for folder in folders]
    for folder, config in zip(folders[1:], configs[1:], strict=True):
        if config != configs[0]:
            raise ModelError(f"{folder} has another configuration than {folders[0]}")
    model = load_model(folders[0], config=configs[0])
    sums = {name: value.double() for name, value in _floats(model.state_dict()).items()}
    for folder in folders[1:]:
        for name, value in _floats(load_model(folder).state_dict()).items():
            sums[name] += value
    with torch.no_grad():
        for name, value in _floats(model.state_dict()).items():
            value.copy_(sums[name] / len(folders))
    save_model(model, Tokenizer.from_file(str(folders[0] / TOKENIZER_FILE)), target)


def _floats(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if value.is_floating_point()}
