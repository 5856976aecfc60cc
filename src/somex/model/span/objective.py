"""What training a span model minimises: sigmoid loss of every span and type, and L_RE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from somex.core.errors import ConfigError
from somex.core.schema import ENTITY_TYPES, EntityType
from somex.core.tags import N_TAGS
from somex.model.examples import Example
from somex.model.objective import Losses, purposes_loss, relation_loss
from somex.model.span.modules import SpanModel, TorchSpanBatch
from somex.model.span.prompts import LABELS, Prompter, SpanBatch
from somex.model.torch_backend import to_torch_batch


def task_losses(
    model: SpanModel, examples: Sequence[Example], *, task: str, prompter: Prompter, pad_id: int
) -> Losses:
    """Return the losses of a batch; a disjoint stage computes its own only.

    Raises:
        ConfigError: A sentence is labelled in part only, or a stage lacks its own encoder.
    """
    if any(tag >= N_TAGS for example in examples for tag in example.tags):
        raise ConfigError("labels: softcite needs family: token; family span knows full labels")
    device = next(model.parameters()).device
    types = [draw_types(model.config.span.drop_types) for _ in examples]
    labels = [[LABELS[kind] for kind in of_row] for of_row in types]
    batch = prompter.collate([e.window for e in examples], labels, pad_id=pad_id)
    inputs = to_torch_batch(batch, device, TorchSpanBatch)
    zero = torch.zeros((), device=device)
    if task == "re":
        if model.relation_encoder is None:
            raise ConfigError("a disjoint stage needs encoders: separate")
        ner, units = zero, model.relation_encoder(inputs)
    else:
        scores, units = model.score_spans(inputs)
        ner = span_loss(scores, *_targets(examples, types, batch, scores))
    if task == "ner":
        return Losses(ner, *[zero] * 5)
    re, purpose = relation_loss(model, units, examples), purposes_loss(model, units, examples)
    return Losses(ner, re, purpose, *[zero] * 3)


def draw_types(drop: float) -> list[EntityType]:
    """Draw the types of a prompt: a new order, each left out with probability ``drop``."""
    order = torch.randperm(len(ENTITY_TYPES)).tolist()
    kept = (torch.rand(len(order)) >= drop).tolist()
    drawn = [ENTITY_TYPES[i] for i, keep in zip(order, kept, strict=True) if keep]
    return drawn or [ENTITY_TYPES[order[0]]]


def _targets(
    examples: Sequence[Example],
    types: Sequence[Sequence[EntityType]],
    batch: SpanBatch,
    scores: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return the right answers (B, U, K, C) and which of them count."""
    n_units, max_width, n_labels = scores.shape[1:]
    gold = np.zeros(tuple(scores.shape), np.float32)
    counts = np.zeros(gold.shape, bool)
    last = np.arange(n_units)[:, None] + np.arange(max_width)
    for row, (example, of_row) in enumerate(zip(examples, types, strict=True)):
        inside = last < batch.n_units[row]
        counts[row] = inside[:, :, None] & (np.arange(n_labels) < len(of_row))
        for m in example.mentions:
            width = m.unit_end - m.unit_start
            if width <= max_width and m.type in of_row:
                gold[row, m.unit_start, width - 1, of_row.index(m.type)] = 1.0
    return torch.from_numpy(gold).to(scores.device), torch.from_numpy(counts).to(scores.device)


def span_loss(scores: Tensor, gold: Tensor, counts: Tensor) -> Tensor:
    """Return the sigmoid cross-entropy, summed over spans and types, a unit.

    Args:
        scores: (B, U, K, C) log odds.
        gold: (B, U, K, C) 1 where a span is of a type.
        counts: (B, U, K, C) which of them count; the rest is padding.
    """
    losses = functional.binary_cross_entropy_with_logits(scores.float(), gold, reduction="none")
    n_units = counts[:, :, 0].any(-1).sum().clamp(min=1)
    return (losses * counts).sum() / n_units
