from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from somex.core import ConfigError, LabeledDocument
from somex.model.config import ModelConfig
from somex.model.objective import task_losses
from somex.recipe import DataConfig, Recipe, Source, TrainingConfig
from somex.training import Trainer, make_batches


def _trainer(encoder: Path, folder: Path, train: list[LabeledDocument]) -> Trainer:
    config = ModelConfig(encoder=str(encoder), mention_dim=16)
    recipe = Recipe("tiny", config, DataConfig(Source("unused")))
    return Trainer(recipe, folder=folder, train=train, dev=[])


def test_make_batches_cut_the_examples_by_seed_and_epoch(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    examples = _trainer(tiny_bert, tmp_path, tiny_corpus).examples
    config = TrainingConfig(batch_size=3)
    batches = make_batches(examples, config, epoch=0)
    assert [len(b) for b in batches].count(3) == 5
    flat = [id(e) for batch in batches for e in batch]
    assert sorted(flat) == sorted(map(id, examples))
    assert make_batches(examples, config, epoch=0) == batches
    assert make_batches(examples, config, epoch=1) != batches
    assert make_batches(examples, replace(config, seed=2), epoch=0) != batches
    other = make_batches(examples, replace(config, order_seed=2), epoch=0)
    assert other == make_batches(examples, replace(config, seed=2), epoch=0)


def test_task_losses_of_a_batch_without_mentions_are_finite(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    trainer = _trainer(tiny_bert, tmp_path, tiny_corpus)
    empty = [e for e in trainer.examples if not e.mentions]
    ner, re, _ = task_losses(trainer.model, empty, task="joint", pad_id=0)
    assert re.item() == 0.0
    (ner + re).backward()
    assert torch.isfinite(ner)


def test_task_losses_of_a_disjoint_stage_need_separate_encoders(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    trainer = _trainer(tiny_bert, tmp_path, tiny_corpus)
    with pytest.raises(ConfigError, match="encoders: separate"):
        task_losses(trainer.model, trainer.examples[:2], task="re", pad_id=0)
