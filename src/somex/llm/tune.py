"""Fine-tuning of a causal language model with LoRA: it learns to give the answers asked for."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from torch.nn.utils.rnn import pad_sequence
from transformers import get_linear_schedule_with_warmup

from somex.core.errors import ConfigError
from somex.corpus import hash_documents, read_source, split_labeled
from somex.llm.config import TuneRecipe, TuningConfig
from somex.llm.lessons import Encoded, build_lessons, encode_lesson
from somex.llm.local import load_causal
from somex.readers.files import write_text
from somex.run_state import (
    load_state,
    random_state,
    save_state,
    seed_everything,
    set_random_state,
)

ADAPTER_FOLDER = "adapter"
_IGNORED = -100


@dataclass(frozen=True, slots=True)
class TuneStep:
    """Where a fine-tuning stands."""

    epoch: int
    step: int
    n_steps: int
    loss: float


def tune(
    recipe: TuneRecipe,
    *,
    folder: Path,
    resume: bool = False,
    on_step: Callable[[TuneStep], object] = lambda _: None,
) -> dict[str, Any]:
    """Train LoRA weights; they go to ``folder/adapter``.

    Args:
        recipe: The experiment.
        folder: Gets the weights, ``recipe.json``, ``history.json`` and a checkpoint an epoch.
        resume: Go on from the checkpoint; the result is that of a run never stopped.
        on_step: Told of each step.

    Returns:
        What ``history.json`` holds: sizes, and the mean loss of each epoch.

    Raises:
        ConfigError: The corpus teaches nothing, or the checkpoint is of another recipe.
        ModelError: The model can't be loaded.
    """
    seed_everything(recipe.tuning.seed)
    labeled = [part for item in read_source(recipe.train) for part in split_labeled(item)]
    model, tokenizer = load_causal(recipe.model.name)
    lessons = build_lessons(labeled, strategy=recipe.prompt.strategy)
    encoded = [encode_lesson(lesson, tokenizer) for lesson in lessons]
    fitting = [e for e in encoded if len(e.ids) <= recipe.tuning.max_length]
    if not fitting:
        raise ConfigError(
            f"source {recipe.train.path} has no answer of up to {recipe.tuning.max_length} tokens "
            f"({len(encoded)} longer ones); raise tuning.max_length"
        )
    tuner = _Tuner(recipe, model, fitting, folder=folder, on_step=on_step)
    tuner.history |= {
        "sentences": len(labeled),
        "data": hash_documents(labeled),
        "lessons": len(fitting),
        "left out": len(encoded) - len(fitting),
    }
    if resume:
        tuner.load()
    tuner.run()
    tokenizer.save_pretrained(folder / ADAPTER_FOLDER)
    return tuner.history


class _Tuner:
    """The loop, its optimiser and its checkpoint."""

    def __init__(
        self,
        recipe: TuneRecipe,
        model: Any,
        lessons: Sequence[Encoded],
        *,
        folder: Path,
        on_step: Callable[[TuneStep], object],
    ) -> None:
        config = recipe.tuning
        self._recipe, self._config, self._lessons = recipe, config, lessons
        self._folder, self._on_step = folder, on_step
        if config.checkpointing:
            model.gradient_checkpointing_enable()
            model.enable_input_require_grads()
        self._model = get_peft_model(model, _lora(config))
        self._weights = [p for p in self._model.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(self._weights, lr=config.learning_rate)
        a_step = config.batch_size * config.accumulation
        self._n_steps = config.epochs * -(-len(lessons) // a_step)
        build_schedule: Any = get_linear_schedule_with_warmup  # it has no types
        self._schedule = build_schedule(
            self._optimizer, round(config.warmup * self._n_steps), self._n_steps
        )
        self._epoch = self._step = 0
        self.history: dict[str, Any] = {"epochs": []}

    def run(self) -> None:
        """Train to the end and write the weights."""
        self._folder.mkdir(parents=True, exist_ok=True)
        _write_json(self._recipe.to_json(), self._folder / "recipe.json")
        while self._epoch < self._config.epochs:
            loss = self._run_epoch()
            self._epoch += 1
            self.history["epochs"].append({"epoch": self._epoch, "loss": loss})
            self._save()
        self._model.save_pretrained(str(self._folder / ADAPTER_FOLDER))
        _write_json(self.history, self._folder / "history.json")

    def _run_epoch(self) -> float:
        """Return the mean loss of a token over an epoch."""
        config = self._config
        self._model.train()
        order = list(range(len(self._lessons)))
        random.Random(f"{config.seed}-{self._epoch}").shuffle(order)
        a_step = config.batch_size * config.accumulation
        total = n_tokens = 0.0
        for start in range(0, len(order), a_step):
            chosen = [self._lessons[i] for i in order[start : start + a_step]]
            n_learned = sum(len(e.ids) - e.n_prompt for e in chosen)
            loss = self._run_step(chosen, n_learned)
            total, n_tokens = total + loss, n_tokens + n_learned
            self._step += 1
            step = TuneStep(self._epoch + 1, self._step, self._n_steps, loss / n_learned)
            self._on_step(step)
        return total / n_tokens

    def _run_step(self, chosen: Sequence[Encoded], n_learned: int) -> float:
        """Take a step; return the summed loss of its tokens."""
        summed = 0.0
        for start in range(0, len(chosen), self._config.batch_size):
            batch = chosen[start : start + self._config.batch_size]
            ids, mask, labels = (t.to(self._model.device) for t in collate_lessons(batch))
            logits = self._model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
            loss: Any = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1),
                labels[:, 1:].flatten(),
                ignore_index=_IGNORED,
                reduction="sum",
            )
            (loss / n_learned).backward()
            summed += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(self._weights, self._config.clip_norm)
        self._optimizer.step()
        self._schedule.step()
        self._optimizer.zero_grad(set_to_none=True)
        return summed

    def _save(self) -> None:
        state = {
            "recipe": json.dumps(self._recipe.to_json()),
            "weights": get_peft_model_state_dict(self._model),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "epoch": self._epoch,
            "step": self._step,
            "epochs": self.history["epochs"],
            "random": random_state(),
        }
        save_state(state, self._folder)

    def load(self) -> None:
        """Go on from the checkpoint, where there is one.

        Raises:
            ConfigError: It is of another recipe.
        """
        state = load_state(self._folder)
        if state is None:
            return
        if state["recipe"] != json.dumps(self._recipe.to_json()):
            raise ConfigError(
                f"{self._folder} was begun with another recipe; choose another folder, or train "
                "without --resume"
            )
        set_peft_model_state_dict(self._model, state["weights"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        self._epoch, self._step = state["epoch"], state["step"]
        self.history["epochs"] = state["epochs"]
        set_random_state(state["random"])


def _lora(config: TuningConfig) -> LoraConfig:
    modules = list(config.modules)
    return LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=modules[0] if modules == ["all-linear"] else modules,
        task_type="CAUSAL_LM",
    )


def collate_lessons(lessons: Sequence[Encoded]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return token ids, mask and labels, each (B, L); prompt and padding have label -100."""
    ids = [torch.tensor(e.ids) for e in lessons]
    labels = [torch.tensor([_IGNORED] * e.n_prompt + list(e.ids[e.n_prompt :])) for e in lessons]
    mask = [torch.ones(len(e.ids), dtype=torch.long) for e in lessons]
    return (
        pad_sequence(ids, batch_first=True),
        pad_sequence(mask, batch_first=True),
        pad_sequence(labels, batch_first=True, padding_value=_IGNORED),
    )


def _write_json(values: dict[str, Any], path: Path) -> None:
    write_text(json.dumps(values, indent=2) + "\n", path)
