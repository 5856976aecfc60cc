"""What the tests of training share: recipes, trainers, what they tell, weights compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from somex.core import LabeledDocument
from somex.metrics import Report
from somex.model.config import ModelConfig
from somex.recipe import DataConfig, Recipe, Source, TrainingConfig
from somex.training import Listener, Progress, Trainer

Weights = dict[str, torch.Tensor]


def make_recipe(
    encoder: Path, *, model: dict[str, object] | None = None, **options: object
) -> Recipe:
    return Recipe(
        "tiny",
        ModelConfig(encoder=str(encoder), mention_dim=16, **(model or {})),  # type: ignore[arg-type]
        DataConfig(Source("unused")),
        TrainingConfig(**({"precision": "fp32", "batch_size": 4} | options)),  # type: ignore[arg-type]
    )


SEPARATE: dict[str, object] = {"encoders": "separate"}


class Record(Listener):
    """Keeps what it hears; calls ``at_step`` and ``at_epoch`` where given."""

    def __init__(
        self,
        at_step: Callable[[Progress], None] | None = None,
        at_epoch: Callable[[str, int], None] | None = None,
    ) -> None:
        self.steps: list[Progress] = []
        self.epochs: list[tuple[str, int]] = []
        self._at_step, self._at_epoch = at_step, at_epoch

    def on_step(self, progress: Progress) -> None:
        self.steps.append(progress)
        if self._at_step:
            self._at_step(progress)

    def on_epoch(self, stage: str, epoch: int, report: Report | None) -> None:
        self.epochs.append((stage, epoch))
        if self._at_epoch:
            self._at_epoch(stage, epoch)


def make_trainer(
    recipe: Recipe,
    folder: Path,
    train: list[LabeledDocument],
    dev: list[LabeledDocument] | None = None,
    listener: Listener | None = None,
) -> Trainer:
    return Trainer(recipe, folder=folder, train=train, dev=dev or [], listener=listener)


def weights_of(model: nn.Module) -> Weights:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def assert_same(one: Weights, other: Weights) -> None:
    assert set(one) == set(other)
    different = [name for name in one if not torch.equal(one[name], other[name])]
    assert not different


def without_dropout(trainer: Trainer) -> Trainer:
    for module in trainer.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return trainer
