"""AdamW with a linear warm-up, gradient clipping, and an average of the weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from somex.recipe import TrainingConfig


def build_optimizer(named: Sequence[tuple[str, nn.Parameter]], config: TrainingConfig) -> AdamW:
    """Return AdamW over named parameters: own rate for the heads, decay on matrices only."""
    head_rate = config.head_learning_rate
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in named:
        pretrained = ".encoder." in name
        rate = config.learning_rate if pretrained or head_rate is None else head_rate
        decay = config.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return AdamW(
        [{"params": p, "lr": rate, "weight_decay": decay} for (rate, decay), p in groups.items()],
        fused=True,
    )


def build_schedule(optimizer: AdamW, config: TrainingConfig, *, n_steps: int) -> LambdaLR:
    """Return the schedule: a linear climb over the warm-up steps, then a linear fall to 0."""
    n_warm = round(config.warmup * n_steps)

    def factor(step: int) -> float:
        if step < n_warm:
            return (step + 1) / n_warm
        return max(0.0, (n_steps - step) / max(1, n_steps - n_warm))

    return LambdaLR(optimizer, factor)


def clip(parameters: Sequence[nn.Parameter], norm: float) -> None:
    """Scale the gradients down to a norm; 0 leaves them alone."""
    if norm > 0:
        nn.utils.clip_grad_norm_(parameters, norm)


class Average:
    """Exponential moving average of weights; with decay 0 it is the weights themselves.

    The decay climbs from 0 with the steps, as (1 + t) / (10 + t), so that early weights fade.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], decay: float) -> None:
        self._parameters = list(parameters)
        self._decay = decay
        weights = [p.detach().clone() for p in parameters] if decay else []
        self.state: dict[str, object] = {"step": 0, "weights": weights}

    def update(self) -> None:
        """Take the weights of a step in."""
        if not self._decay:
            return
        step = self.state["step"]
        assert isinstance(step, int)
        self.state["step"] = step + 1
        decay = min(self._decay, (1 + step) / (10 + step))
        current = [p.detach() for p in self._parameters]
        torch._foreach_lerp_(self._weights, current, 1 - decay)

    def load_state(self, state: dict[str, object]) -> None:
        """Go back to a ``state``, wherever its weights lie."""
        weights = state["weights"]
        assert isinstance(weights, list)
        here = [w.to(p.device) for w, p in zip(weights, self._parameters, strict=bool(weights))]
        self.state = {"step": state["step"], "weights": here}

    @property
    def _weights(self) -> list[torch.Tensor]:
        weights = self.state["weights"]
        assert isinstance(weights, list)
        return weights

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the average in the place of the weights for a while."""
        if not self._decay:
            yield
            return
        kept = [p.detach().clone() for p in self._parameters]
        self._copy(self._weights)
        try:
            yield
        finally:
            self._copy(kept)

    def _copy(self, weights: Sequence[torch.Tensor]) -> None:
        with torch.no_grad():
            for parameter, weight in zip(self._parameters, weights, strict=True):
                parameter.copy_(weight)
