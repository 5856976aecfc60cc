from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from somex import training
from somex.core import LabeledDocument
from somex.metrics import Report
from somex.model.folder import open_predictor
from somex.training import Trainer, score_predictor
from training_items import (
    SEPARATE,
    Record,
    assert_same,
    make_recipe,
    make_trainer,
    weights_of,
    without_dropout,
)

Weights = dict[str, torch.Tensor]


pytestmark = pytest.mark.usefixtures("one_torch_thread")


GOLDEN = Path(__file__).parent / "golden" / "training_losses.json"


@pytest.mark.parametrize("kind", ["joint", "pair", "disjoint"])
def test_training_reproduces_golden_losses(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path, kind: str
) -> None:
    model = {"joint": {}, "pair": {"relation_head": "pair"}, "disjoint": SEPARATE}[kind]
    record = Record()
    recipe = make_recipe(tiny_bert, model=model, epochs=2, learning_rate=1e-3, seed=4)
    without_dropout(make_trainer(recipe, tmp_path, tiny_corpus, listener=record)).run()
    losses = [[round(p.ner_loss, 5), round(p.re_loss, 5)] for p in record.steps]
    print(json.dumps({kind: losses}))  # to be copied into the file after a wanted change
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))[kind]
    assert len(losses) == len(golden)
    for step, expected in zip(losses, golden, strict=True):
        assert step == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ({}, {}),
        ({"relation_head": "pair", "units": "words", "shape_feature": False}, {}),
        (SEPARATE, {"ema_decay": 0.9}),
    ],
    ids=["host", "paper", "disjoint"],
)
def test_training_learns_the_tiny_corpus(
    tiny_bert: Path,
    tiny_corpus: list[LabeledDocument],
    tmp_path: Path,
    model: dict[str, object],
    options: dict[str, object],
) -> None:
    record = Record()
    recipe = make_recipe(tiny_bert, model=model, epochs=60, learning_rate=5e-3, **options)
    trainer = make_trainer(recipe, tmp_path, tiny_corpus, listener=record)
    trainer.run()
    report = trainer.score(tiny_corpus)
    assert report.ner.macro_f1 > 0.9
    assert report.re.macro_f1 > 0.8
    for stage in {p.stage for p in record.steps}:
        losses = [p.ner_loss + p.re_loss for p in record.steps if p.stage == stage]
        assert sum(losses[-4:]) < 0.3 * sum(losses[:4])
    reopened = score_predictor(open_predictor(tmp_path / "model"), tiny_corpus)
    assert reopened == report


def test_training_stops_early_and_keeps_the_best_epoch(
    tiny_bert: Path,
    tiny_corpus: list[LabeledDocument],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores = iter([0.1, 0.5, 0.2, 0.5, 0.3, 0.9])
    monkeypatch.setattr(training, "_task_score", lambda report, task: next(scores))
    seen: list[Weights] = []
    recipe = make_recipe(tiny_bert, epochs=6, patience=2)
    record = Record(at_epoch=lambda stage, epoch: seen.append(weights_of(trainer.model)))
    trainer = make_trainer(recipe, tmp_path, tiny_corpus[:8], tiny_corpus[8:], record)
    trainer.run()
    assert [epoch for _, epoch in record.epochs] == [1, 2, 3, 4, 5]
    assert_same(weights_of(trainer.model), seen[1])
    history = json.loads((tmp_path / "history.json").read_text(encoding="utf-8"))
    assert [entry["epoch"] for entry in history] == [1, 2, 3, 4, 5]
    assert {"dev_total", "dev_ner", "dev_re"} <= set(history[0])


@pytest.mark.parametrize(("patience", "n_epochs"), [(0, 2), (1, 3), (9, 4)])
def test_training_patience_counts_epochs_without_progress(
    tiny_bert: Path,
    tiny_corpus: list[LabeledDocument],
    tmp_path: Path,
    patience: int,
    n_epochs: int,
) -> None:
    record = Record()
    recipe = make_recipe(tiny_bert, epochs=4, patience=patience, learning_rate=0.0)
    make_trainer(recipe, tmp_path, tiny_corpus[:4], tiny_corpus[4:8], record).run()
    assert len(record.epochs) == n_epochs


def test_training_disjoint_stages_leave_the_other_task_alone(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    seen: dict[str, Weights] = {}

    def keep(stage: str, epoch: int) -> None:
        seen[stage] = weights_of(trainer.model)

    recipe = make_recipe(tiny_bert, model=SEPARATE, epochs=2, weight_decay=0.1, learning_rate=1e-3)
    trainer = make_trainer(recipe, tmp_path, tiny_corpus, listener=Record(at_epoch=keep))
    names = {task: [n for n, _ in trainer.model.task_parameters(task)] for task in ("ner", "re")}
    start = weights_of(trainer.model)
    trainer.run()
    end = weights_of(trainer.model)
    assert all(torch.equal(seen["ner"][n], start[n]) for n in names["re"])
    assert all(torch.equal(end[n], seen["ner"][n]) for n in names["ner"])
    assert any(not torch.equal(end[n], start[n]) for n in names["ner"])
    assert any(not torch.equal(end[n], start[n]) for n in names["re"])


def test_training_accumulation_of_copies_equals_a_larger_batch(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    losses = []
    for batch_size, accumulation in ((8, 1), (4, 2), (2, 4)):
        record = Record()
        recipe = make_recipe(
            tiny_bert,
            epochs=6,
            batch_size=batch_size,
            accumulation=accumulation,
            learning_rate=1e-3,
        )
        folder = tmp_path / str(batch_size)
        trainer = make_trainer(recipe, folder, [tiny_corpus[1]] * 8, listener=record)
        without_dropout(trainer).run()
        losses.append([(p.ner_loss, p.re_loss) for p in record.steps])
        assert [p.n_steps for p in record.steps] == [6] * 6
    assert losses[0][-1][0] < losses[0][0][0]
    for other in losses[1:]:
        for left, right in zip(losses[0], other, strict=True):
            assert left == pytest.approx(right, abs=1e-3)


def test_training_accumulation_adds_up_the_gradient_of_a_larger_batch(
    tiny_bert: Path,
    tiny_corpus: list[LabeledDocument],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    norms: list[float] = []

    def keep_norm(parameters: list[nn.Parameter], norm: float) -> None:
        squares = [p.grad.pow(2).sum() for p in parameters if p.grad is not None]
        norms.append(torch.stack(squares).sum().sqrt().item())

    monkeypatch.setattr(training, "clip", keep_norm)  # AdamW itself does not see the scale
    for batch_size, accumulation in ((8, 1), (2, 4)):
        recipe = make_recipe(tiny_bert, epochs=1, batch_size=batch_size, accumulation=accumulation)
        trainer = make_trainer(recipe, tmp_path / str(batch_size), [tiny_corpus[1]] * 8)
        without_dropout(trainer).run()
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)


def test_training_with_an_average_scores_and_saves_the_average(
    tiny_bert: Path,
    tiny_corpus: list[LabeledDocument],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "token_head.linear.weight"
    steps: list[torch.Tensor] = []
    scored: list[torch.Tensor] = []
    score = Trainer.score

    def keep_scored(self: Trainer, documents: list[LabeledDocument]) -> Report:
        scored.append(weights_of(self.model)[name])
        return score(self, documents)

    monkeypatch.setattr(Trainer, "score", keep_scored)
    record = Record(at_step=lambda _: steps.append(weights_of(trainer.model)[name]))
    recipe = make_recipe(tiny_bert, epochs=1, ema_decay=0.9, learning_rate=1e-2)
    trainer = make_trainer(recipe, tmp_path, tiny_corpus[:12], tiny_corpus[12:], record)
    expected = weights_of(trainer.model)[name]
    final = weights_of(trainer.run())[name]
    for step, weight in enumerate(steps):
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * weight
    torch.testing.assert_close(final, expected)
    assert torch.equal(scored[0], final)
    assert not torch.allclose(final, steps[-1], atol=1e-4)


def test_training_accumulation_is_near_a_larger_batch(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    losses = []
    for batch_size, accumulation in ((8, 1), (2, 4)):
        record = Record()
        recipe = make_recipe(
            tiny_bert,
            epochs=10,
            batch_size=batch_size,
            accumulation=accumulation,
            learning_rate=2e-3,
        )
        folder = tmp_path / str(batch_size)
        trainer = make_trainer(recipe, folder, tiny_corpus[:8], listener=record)
        without_dropout(trainer).run()
        losses.append([p.ner_loss for p in record.steps])
    for left, right in zip(*losses, strict=True):
        assert left == pytest.approx(right, rel=0.15)


def test_training_accumulation_that_does_not_divide_counts_its_steps(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    record = Record()
    recipe = make_recipe(tiny_bert, epochs=2, batch_size=2, accumulation=3)
    make_trainer(recipe, tmp_path, tiny_corpus[:10], listener=record).run()  # 5 batches an epoch
    assert [p.step for p in record.steps] == [1, 2, 3, 4]
    assert {p.n_steps for p in record.steps} == {4}


def test_training_relation_weight_zero_leaves_the_relation_head(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    recipe = make_recipe(tiny_bert, epochs=1, relation_weight=0.0, weight_decay=0.0)
    trainer = make_trainer(recipe, tmp_path, tiny_corpus)
    before = weights_of(trainer.model.relation_head)
    trainer.run()
    assert_same(weights_of(trainer.model.relation_head), before)


@pytest.mark.parametrize("model", [{}, SEPARATE], ids=["joint", "disjoint"])
def test_training_frozen_embeddings_stay_as_pretrained(
    tiny_bert: Path,
    tiny_corpus: list[LabeledDocument],
    tmp_path: Path,
    model: dict[str, object],
) -> None:
    recipe = make_recipe(
        tiny_bert, model=model, epochs=1, freeze_embeddings=True, learning_rate=1e-2
    )
    trainer = make_trainer(recipe, tmp_path, tiny_corpus)
    before = weights_of(trainer.model)
    after = weights_of(trainer.run())
    frozen = [name for name in before if "word_embeddings" in name]
    assert len(frozen) == (2 if model else 1)
    assert all(torch.equal(before[name], after[name]) for name in frozen)
    moved = "unit_encoder.encoder.embeddings.position_embeddings.weight"
    assert not torch.equal(before[moved], after[moved])


def test_training_in_bfloat16_keeps_fp32_weights(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    record = Record()
    recipe = make_recipe(tiny_bert, epochs=6, precision="bf16", learning_rate=3e-3)
    model = make_trainer(recipe, tmp_path, tiny_corpus, tiny_corpus[:4], record).run()
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert record.steps[-1].ner_loss < record.steps[0].ner_loss
