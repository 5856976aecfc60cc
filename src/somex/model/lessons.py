"""What a model learns from teachers: their distributions over tags and pairs (distillation).

Source: Hinton et al. 2015, Distilling the knowledge in a neural network, section 2, at temperature
1; of several teachers the mean of the probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from somex.model.inputs import FloatArray, IntArray
from somex.model.losses import taught_host_loss, taught_pair_loss, taught_tag_loss
from somex.model.modules import JointModel
from somex.model.pairs import PairBatch
from somex.model.torch_backend import to_torch_pairs


@dataclass(frozen=True, slots=True)
class Lessons:
    """What the teachers of a batch say of R of its rows.

    Attributes:
        rows: (R,) rows of the batch; the others bear no loss.
        n_units: (R,) number of units of each.
        tags: Tag logits (R, U, 29) of each teacher.
        pairs: The candidate pairs of the gold mentions of those rows.
        pair_logits: Logits (P, 12) of each teacher, of those pairs.
    """

    rows: IntArray
    n_units: IntArray
    tags: Sequence[FloatArray]
    pairs: PairBatch
    pair_logits: Sequence[FloatArray]


def tag_lesson(model: JointModel, units: Tensor, lessons: Lessons) -> Tensor:
    """Return how far the model's tags are from the teachers'; units are (B, U, H)."""
    rows = torch.from_numpy(lessons.rows).to(units.device)
    logits = model.token_head(units[rows])[:, : lessons.tags[0].shape[1]]
    known = np.arange(logits.shape[1]) < lessons.n_units[:, None]
    taught = _on_device(lessons.tags, units)
    return taught_tag_loss(logits, taught, torch.from_numpy(known).to(units.device))


def pair_lesson(model: JointModel, units: Tensor, lessons: Lessons) -> Tensor:
    """Return how far the model's relations are from the teachers'; units are (B, U, H)."""
    if not lessons.pair_logits:
        return units.sum() * 0.0
    pairs = to_torch_pairs(lessons.pairs, units.device)
    logits = model.relate(units[torch.from_numpy(lessons.rows).to(units.device)], pairs)
    taught = _on_device(lessons.pair_logits, units)
    if model.config.relation_head == "pair":
        return taught_pair_loss(logits, taught)
    return taught_host_loss(logits, taught, pairs)


def _on_device(logits: Sequence[FloatArray], units: Tensor) -> list[Tensor]:
    return [torch.from_numpy(each).to(units.device) for each in logits]
