"""What training minimises: the losses of a batch of examples (paper, Algorithm 1 and Eq. 3).

Relation pairs come from gold mentions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from somex.core.errors import ConfigError
from somex.model.examples import Example
from somex.model.inputs import Batch, collate
from somex.model.lessons import Lessons, pair_lesson, tag_lesson
from somex.model.losses import IGNORED, agreement_loss, host_loss, ner_loss, pair_loss, purpose_loss
from somex.model.modules import JointModel
from somex.model.pairs import build_mentions, build_pairs, pair_targets
from somex.model.torch_backend import to_torch_batch, to_torch_mentions, to_torch_pairs


class Losses(NamedTuple):
    """The losses of a batch, scalars; 0 for what a stage or model has not."""

    ner: Tensor
    re: Tensor
    purpose: Tensor
    agreement: Tensor
    ner_lesson: Tensor
    re_lesson: Tensor


def task_losses(
    model: JointModel,
    examples: Sequence[Example],
    *,
    task: str,
    pad_id: int,
    agree: bool = False,
    lessons: Lessons | None = None,
) -> Losses:
    """Return the losses of a batch; a disjoint stage computes its own only.

    Args:
        model: The model.
        examples: The batch; with ``agree``, each half holds the same examples in the same order.
        task: ``joint``, ``ner`` or ``re``.
        pad_id: Piece id for padding.
        agree: Compute the agreement of the halves, see `agreement_loss`.
        lessons: What teachers say of the batch.

    Raises:
        ConfigError: A stage lacks its own encoder.
    """
    device = next(model.parameters()).device
    batch = collate([example.window for example in examples], pad_id=pad_id)
    inputs = to_torch_batch(batch, device)
    zero = torch.zeros((), device=device)
    ner = agreement = ner_lesson = zero
    if task != "re":
        units = model.unit_encoder(inputs)
        logits, tags = _tag_logits(model, units, examples), _padded_tags(examples, batch, device)
        ner = ner_loss(logits, tags)
        agreement = agreement_loss(logits, tags) if agree else zero
        ner_lesson = tag_lesson(model, units, lessons) if lessons else zero
    if task == "ner":
        return Losses(ner, zero, zero, agreement, ner_lesson, zero)
    if model.relation_encoder is not None:
        units = model.relation_encoder(inputs)
    elif task == "re":
        raise ConfigError("a disjoint stage needs encoders: separate")
    re, purpose = relation_loss(model, units, examples), purposes_loss(model, units, examples)
    re_lesson = pair_lesson(model, units, lessons) if lessons else zero
    return Losses(ner, re, purpose, agreement, ner_lesson, re_lesson)


def _tag_logits(model: JointModel, units: Tensor, examples: Sequence[Example]) -> Tensor:
    """Return tag logits (B, U, 29); of softcite's sentences by the head for them, if any."""
    logits: Tensor = model.token_head(units)
    if model.softcite_head is None:
        return logits
    rows = torch.tensor([e.is_softcite for e in examples], device=units.device)
    return torch.where(rows[:, None, None], model.tag_as_softcite(units), logits)


def _padded_tags(examples: Sequence[Example], batch: Batch, device: torch.device) -> Tensor:
    tags = np.full(batch.unit_first.shape, IGNORED, np.int64)
    for row, example in enumerate(examples):
        tags[row, : len(example.tags)] = example.tags
    return torch.from_numpy(tags).to(device)


def purposes_loss(model: JointModel, units: Tensor, examples: Sequence[Example]) -> Tensor:
    """Return the loss of the purposes of gold mentions; units are (B, U, H)."""
    if model.purpose_head is None:
        return units.sum() * 0.0
    mentions = build_mentions([example.mentions for example in examples])
    if not len(mentions.mention_row):
        return units.sum() * 0.0
    logits = model.tell_purposes(units, to_torch_mentions(mentions, units.device))
    labels = [label for example in examples for label in example.purposes]
    return purpose_loss(logits, torch.tensor(labels, device=units.device))


def relation_loss(model: JointModel, units: Tensor, examples: Sequence[Example]) -> Tensor:
    """Return L_RE over the pairs of gold mentions; units are (B, U, H)."""
    head = model.config.relation_head
    pairs = build_pairs([example.mentions for example in examples], relation_head=head)
    if len(pairs.pair_head) == 0:
        return units.sum() * 0.0
    targets = pair_targets(pairs, [example.relations for example in examples])
    tensors = to_torch_pairs(pairs, units.device)
    logits = model.relate(units, tensors)
    labels = torch.from_numpy(targets.label).to(units.device)
    if head == "pair":
        return pair_loss(logits, labels)
    has_host = torch.from_numpy(targets.has_host).to(units.device)
    return host_loss(logits, labels, has_host, tensors)
