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
    ner, re, *_ = task_losses(trainer.model, empty, task="joint", pad_id=0)
    assert re.item() == 0.0
    (ner + re).backward()
    assert torch.isfinite(ner)


def test_task_losses_of_a_disjoint_stage_need_separate_encoders(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    trainer = _trainer(tiny_bert, tmp_path, tiny_corpus)
    with pytest.raises(ConfigError, match="encoders: separate"):
        task_losses(trainer.model, trainer.examples[:2], task="re", pad_id=0)


def test_task_losses_agree_where_there_is_no_dropout(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    trainer = _trainer(tiny_bert, tmp_path, tiny_corpus)
    examples = trainer.examples[:4]
    trainer.model.eval()
    once = task_losses(trainer.model, examples, task="joint", pad_id=0)
    twice = task_losses(trainer.model, examples * 2, task="joint", pad_id=0, agree=True)
    assert once.agreement.item() == 0.0
    assert twice.agreement.item() == pytest.approx(0.0, abs=1e-6)
    assert twice.ner.item() == pytest.approx(once.ner.item(), rel=1e-5)
    trainer.model.train()
    noisy = task_losses(trainer.model, examples * 2, task="joint", pad_id=0, agree=True)
    assert noisy.agreement.item() > 1e-4


def test_agreement_weight_draws_the_two_readings_together(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    agreements = []
    for weight in (0.0, 20.0):
        training = TrainingConfig(
            epochs=15, batch_size=4, learning_rate=1e-3, agreement_weight=weight, precision="fp32"
        )
        config = ModelConfig(encoder=str(tiny_bert), mention_dim=16, dropout=0.3)
        recipe = Recipe("tiny", config, DataConfig(Source("unused")), training)
        trainer = Trainer(recipe, folder=tmp_path / str(weight), train=tiny_corpus, dev=[])
        model = trainer.run().train()
        torch.manual_seed(1)
        losses = task_losses(model, trainer.examples * 2, task="joint", pad_id=0, agree=True)
        agreements.append(losses.agreement.item())
    assert agreements[1] < 0.8 * agreements[0]


def test_agreement_weight_is_for_the_token_family() -> None:
    config = ModelConfig(encoder="any", family="span")
    training = TrainingConfig(agreement_weight=1.0)
    with pytest.raises(ConfigError, match="agreement_weight is for the family token"):
        Recipe("r", config, DataConfig(Source("unused")), training)
