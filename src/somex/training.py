"""The training loop: joint or disjoint stages, early stopping, resumable checkpoints.

Joint (paper, Algorithm 1): one stage, all parameters, L = L_NER + lambda * L_RE (Eq. 3), relation
pairs from gold mentions. Disjoint: a stage for each task, each with its own encoder, optimiser and
early stopping, so that no gradient is shared.
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from somex.core.types import LabeledDocument
from somex.metrics import Report, evaluate
from somex.model.examples import Example, build_examples
from somex.model.families import find_family
from somex.model.folder import TOKENIZER_FILE, WEIGHTS_FILE, read_pieces_of
from somex.model.modules import JointModel
from somex.model.predictor import Predictor
from somex.model.torch_backend import TorchBackend, autocast
from somex.model.torch_folder import save_model, write_json
from somex.optimizer import Average, build_optimizer, build_schedule, clip
from somex.recipe import Recipe, TrainingConfig
from somex.run_state import (
    load_state,
    random_state,
    save_state,
    seed_everything,
    set_random_state,
)
from somex.teaching import open_teachers

BATCHES_PER_BUCKET = 50


@dataclass(frozen=True, slots=True)
class Progress:
    """What a step reports: the losses of both tasks and where the run stands."""

    stage: str
    epoch: int
    n_epochs: int
    step: int
    n_steps: int
    ner_loss: float
    re_loss: float


class Listener:
    """Hears what a run does; the base class ignores it all."""

    def on_step(self, progress: Progress) -> None:
        """Hear of a step."""

    def on_epoch(self, stage: str, epoch: int, report: Report | None) -> None:
        """Hear of the end of an epoch, with the dev scores where there is a dev part."""


@dataclass
class _StageState:
    """Everything of a stage that a checkpoint must hold."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best_score: float = -1.0
    bad_epochs: int = 0
    done: bool = False


class Trainer:
    """Trains one model in a run folder.

    Args:
        recipe: The experiment.
        folder: Gets ``model/`` (the best weights), ``state.pt`` (to resume) and the history.
        train: Sentences to train on.
        dev: Sentences for early stopping; empty: every epoch is run and the last weights kept.
        listener: Hears of steps and epochs.
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        folder: Path,
        train: Sequence[LabeledDocument],
        dev: Sequence[LabeledDocument],
        listener: Listener | None = None,
    ) -> None:
        self.recipe, self.config = recipe, recipe.training
        self.folder = folder
        self.dev = list(dev)
        self.listener = listener or Listener()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        seed_everything(self.config.seed)
        folder.mkdir(parents=True, exist_ok=True)
        self.family = find_family(recipe.model)
        self.tokenizer = self.family.load_tokenizer(recipe.model)
        self.tokenizer.save(str(folder / TOKENIZER_FILE))
        self.pieces = read_pieces_of(folder, recipe.model)
        self.teachers = open_teachers(recipe)
        self.examples = self._examples(train)
        self.model = self.family.build_model(recipe.model, self.tokenizer).to(self.device)
        self.history: list[dict[str, object]] = []

    def _examples(self, train: Sequence[LabeledDocument]) -> list[Example]:
        return [
            example
            for labeled in train
            for example in self.teachers.with_views(
                build_examples(labeled, pieces=self.pieces.encoder, config=self.recipe.model),
                labeled.document,
            )
        ]

    def run(self, *, resume: bool = False) -> JointModel:
        """Train to the end and return the model with the best weights.

        Args:
            resume: Go on from the run folder's checkpoint, if it holds one; the result is the
                same as that of a run never stopped (same hardware and thread count).
        """
        state = load_state(self.folder) if resume else None
        if state is not None:
            self.history = state["history"]
        joint = self.recipe.model.encoders == "shared"
        for task in ("joint",) if joint else ("ner", "re"):
            stage = _Stage(self, task)
            if state is not None and task in state["finished"]:
                stage.load_best()
                set_random_state(state["random"])
                continue
            if state is not None and state["task"] == task:
                stage.load_state(state)
            stage.run()
            stage.load_best()
        save_model(self.model, self.tokenizer, self.folder / "model")
        return self.model

    def predictor(self) -> Predictor:
        """Return a predictor with the model as it stands."""
        backend = TorchBackend(self.model, precision=self.config.precision)
        return Predictor(
            backend,
            pieces=self.pieces.encoder,
            config=self.recipe.model,
            pad_id=self.pieces.pad_id,
            find_mentions=self.family.finder(pieces=self.pieces),
        )

    def score(self, documents: Sequence[LabeledDocument]) -> Report:
        """Score the model as it stands."""
        return score_predictor(self.predictor(), documents)


class _Stage:
    """One optimisation: the joint one, or one task of the disjoint ones."""

    def __init__(self, trainer: Trainer, task: str) -> None:
        self.trainer, self.task, self.config = trainer, task, trainer.config
        named = trainer.model.task_parameters(task)
        if self.config.freeze_embeddings:
            for parameter in trainer.model.word_embeddings():
                parameter.requires_grad_(False)
            named = [(n, p) for n, p in named if p.requires_grad]
        self.parameters = [p for _, p in named]
        self.n_steps = max(1, count_steps(trainer.examples, self.config))
        self.optimizer = build_optimizer(named, self.config)
        self.schedule = build_schedule(self.optimizer, self.config, n_steps=self.n_steps)
        self.average = Average(self.parameters, self.config.ema_decay)
        self.state = _StageState()
        self.saved_at = time.monotonic()

    def run(self) -> None:
        """Run the epochs that are left."""
        while self.state.epoch < self.config.epochs and not self.state.done:
            self._epoch()
            self._end_epoch()

    def _epoch(self) -> None:
        trainer, state = self.trainer, self.state
        batches = make_batches(trainer.examples, self.config, epoch=state.epoch)
        while state.batch < len(batches):
            trainer.model.train()
            group = batches[state.batch : state.batch + self.config.accumulation]
            losses = [self._backward(batch, share=1 / len(group)) for batch in group]
            clip(self.parameters, self.config.clip_norm)
            self.optimizer.step()
            self.schedule.step()
            self.optimizer.zero_grad(set_to_none=True)
            self.average.update()
            state.batch += len(group)
            state.step += 1
            ner, re = np.mean(losses, axis=0)
            trainer.listener.on_step(
                Progress(
                    self.task,
                    state.epoch,
                    self.config.epochs,
                    state.step,
                    self.n_steps,
                    float(ner),
                    float(re),
                )
            )
            if self._is_checkpoint_due() and state.batch < len(batches):
                self.save_state()

    def _is_checkpoint_due(self) -> bool:
        every, seconds = self.config.checkpoint_steps, self.config.checkpoint_seconds
        if every and self.state.step % every == 0:
            return True
        return bool(seconds) and time.monotonic() - self.saved_at >= seconds

    def _backward(self, examples: list[Example], *, share: float) -> tuple[float, float]:
        trainer = self.trainer
        agree = self.config.agreement_weight > 0 and self.task != "re"
        if agree:
            examples = examples * 2
        lessons = trainer.teachers.teach(examples)
        with autocast(trainer.device, self.config.precision):
            losses = trainer.family.task_losses(
                trainer.model,
                examples,
                task=self.task,
                pieces=trainer.pieces,
                agree=agree,
                lessons=lessons,
            )
        weight = self.config.relation_weight if self.task == "joint" else 1.0
        total = losses.ner + weight * losses.re
        lesson = losses.ner_lesson + weight * losses.re_lesson
        total = total + self.config.teacher_weight * lesson
        if trainer.model.purpose_head is not None:
            total = total + self.config.purpose_weight * losses.purpose
        if agree:
            total = total + self.config.agreement_weight * losses.agreement
        (total * share).backward()  # type: ignore[no-untyped-call]
        return float(losses.ner.detach()), float(losses.re.detach())

    def _end_epoch(self) -> None:
        trainer, state = self.trainer, self.state
        state.epoch, state.batch = state.epoch + 1, 0
        report = None
        with self.average.applied():
            if trainer.dev:
                report = trainer.score(trainer.dev)
                score = _task_score(report, self.task)
                better = score > state.best_score
                state.best_score = max(score, state.best_score)
                state.bad_epochs = 0 if better else state.bad_epochs + 1
                state.done = state.bad_epochs > self.config.patience
            if report is None or better:
                save_model(trainer.model, trainer.tokenizer, self._best_folder)
        trainer.history.append(_history_entry(self.task, state.epoch, report))
        write_json(trainer.folder / "history.json", trainer.history)
        self.save_state()
        trainer.listener.on_epoch(self.task, state.epoch, report)

    @property
    def _best_folder(self) -> Path:
        return self.trainer.folder / f"best-{self.task}"

    def load_best(self) -> None:
        """Put the best weights of this stage into the model."""
        weights = load_file(self._best_folder / WEIGHTS_FILE)
        own = {name for name, _ in self.trainer.model.task_parameters(self.task)}
        current = self.trainer.model.state_dict()
        current |= {k: v for k, v in weights.items() if k in own or self.task == "joint"}
        self.trainer.model.load_state_dict(current)

    def save_state(self) -> None:
        """Write the checkpoint from which a killed run goes on."""
        finished = ["ner"] if self.task == "re" else []
        over = self.state.done or self.state.epoch == self.config.epochs
        state = {
            "task": self.task,
            "finished": [*finished, self.task] if over else finished,
            "history": self.trainer.history,
            "stage": dataclasses.asdict(self.state),
            "model": self.trainer.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": self.average.state,
            "random": random_state(),
        }
        save_state(state, self.trainer.folder)
        self.saved_at = time.monotonic()

    def load_state(self, state: dict[str, Any]) -> None:
        """Go back to where a checkpoint was written."""
        self.state = _StageState(**state["stage"])
        self.trainer.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.average.load_state(state["average"])
        set_random_state(state["random"])


def _task_score(report: Report, task: str) -> float:
    if task == "joint":
        return report.total_macro_f1
    return report.ner.macro_f1 if task == "ner" else report.re.macro_f1


def _history_entry(task: str, epoch: int, report: Report | None) -> dict[str, object]:
    entry: dict[str, object] = {"stage": task, "epoch": epoch}
    if report is not None:
        entry["dev_total"] = report.total_macro_f1
        entry["dev_ner"] = report.ner.macro_f1
        entry["dev_re"] = report.re.macro_f1
    return entry


def annotate(predictor: Predictor, documents: Sequence[LabeledDocument]) -> list[LabeledDocument]:
    """Annotate documents anew, whatever annotation they have."""
    annotations = predictor.annotate([labeled.document for labeled in documents])
    return [
        LabeledDocument(labeled.document, annotation)
        for labeled, annotation in zip(documents, annotations, strict=True)
    ]


def score_predictor(predictor: Predictor, documents: Sequence[LabeledDocument]) -> Report:
    """Annotate documents and score the result against their gold."""
    return evaluate(documents, annotate(predictor, documents))


def make_batches(
    examples: Sequence[Example], config: TrainingConfig, *, epoch: int
) -> list[list[Example]]:
    """Cut shuffled examples into batches of like length; the order follows seed and epoch."""
    rng = random.Random(f"{config.data_seed}/{epoch}")
    order = choose_examples(examples, config, epoch=epoch)
    rng.shuffle(order)
    size = config.batch_size * BATCHES_PER_BUCKET
    batches: list[list[Example]] = []
    for start in range(0, len(order), size):
        bucket = sorted(order[start : start + size], key=lambda i: _n_pieces(examples[i]))
        for first in range(0, len(bucket), config.batch_size):
            chosen = [examples[i] for i in bucket[first : first + config.batch_size]]
            batches.append([_maybe_apart(e, config.punctuation_apart, rng) for e in chosen])
    rng.shuffle(batches)
    return batches


def _n_pieces(example: Example) -> int:
    return len(example.window.piece_ids)


def choose_examples(
    examples: Sequence[Example], config: TrainingConfig, *, epoch: int
) -> list[int]:
    """Return the indices of the examples of an epoch: those whose turn it is.

    With ``empty_per_epoch``, of these all with mentions, and their share of those without any,
    taken in an order of the seed, the next ones each epoch.
    """
    if config.empty_per_epoch < 0:
        return [i for i, example in enumerate(examples) if example.is_shown(epoch)]
    full = [i for i, e in enumerate(examples) if e.mentions and e.is_shown(epoch)]
    empty = [i for i, example in enumerate(examples) if not example.mentions]
    random.Random(f"{config.data_seed}/empty").shuffle(empty)
    n_shown = min(len(empty), round(config.empty_per_epoch * len(full)))
    first = epoch * n_shown
    return full + [empty[(first + i) % len(empty)] for i in range(n_shown)]


def count_steps(examples: Sequence[Example], config: TrainingConfig) -> int:
    """Return the number of optimiser steps of all epochs."""
    n_examples = (
        len(choose_examples(examples, config, epoch=epoch)) for epoch in range(config.epochs)
    )
    n_batches = (-(-n // config.batch_size) for n in n_examples)
    return sum(-(-n // config.accumulation) for n in n_batches)


def _maybe_apart(example: Example, rate: float, rng: random.Random) -> Example:
    """Hide at the given rate which punctuation marks belong to words."""
    if not rate or rng.random() >= rate:
        return example
    return dataclasses.replace(example, window=example.window.without_punctuation_joins())
