"""The joint loss: L = L_NER + lambda * L_RE (paper, Eq. 3)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from somex.core.partial_labels import TAG_SETS
from somex.core.tags import N_TAGS
from somex.model.modules import TorchPairs
from somex.model.pairs import ALLOWED, NO_RELATION

IGNORED = -100
_ALLOWED = torch.from_numpy(ALLOWED)
_TAG_SETS = torch.tensor([[tag in tags for tag in range(N_TAGS)] for tags in TAG_SETS])


def ner_loss(tag_logits: Tensor, tags: Tensor) -> Tensor:
    """Cross-entropy of tag logits (B, U, 29) against tags (B, U); IGNORED where padded.

    Tags may be codes of ``TAG_SETS``: the loss is then that of the set, -log of the sum of the
    probabilities of its tags (Cour et al. 2011, JMLR, for labels that are known in part).
    """
    logits, labels = tag_logits.float().flatten(0, 1), tags.flatten()
    if not (labels >= N_TAGS).any():
        return functional.cross_entropy(logits, labels, ignore_index=IGNORED)
    known = labels != IGNORED
    possible = _TAG_SETS.to(labels.device)[labels[known]]
    log_probs = logits[known].log_softmax(-1).masked_fill(~possible, -torch.inf)
    return -log_probs.logsumexp(-1).mean()


def agreement_loss(tag_logits: Tensor, tags: Tensor) -> Tensor:
    """Symmetric KL divergence of what two dropouts say of the same sentences.

    Args:
        tag_logits: (2B, U, 29), the B sentences read once, then once more.
        tags: (2B, U); IGNORED where padded.

    Returns:
        Scalar, the mean over the units. Source: Liang et al. 2021 (R-Drop, NeurIPS), Eq. 2.
    """
    log_probs = tag_logits.float().log_softmax(-1)
    one, other = log_probs.chunk(2)
    known = tags.chunk(2)[0] != IGNORED
    both = ((one.exp() - other.exp()) * (one - other)).sum(-1)  # KL(p||q) + KL(q||p)
    return both[known].mean() / 2


def pair_loss(pair_logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of pair logits (P, 12) against labels (P,), no-relation being a class."""
    if len(labels) == 0:
        return pair_logits.sum()
    return functional.cross_entropy(pair_logits.float(), labels)


def purpose_loss(purpose_logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of purpose logits (M, 4) against labels (M,); IGNORED where not known."""
    if not (labels != IGNORED).any():
        return purpose_logits.sum() * 0.0
    return functional.cross_entropy(purpose_logits.float(), labels, ignore_index=IGNORED)


def host_loss(
    pair_logits: Tensor,
    labels: Tensor,
    has_host: Tensor,
    pairs: TorchPairs,
) -> Tensor:
    """Loss of the host head: choice of a host, then of the label among those allowed.

    Args:
        pair_logits: (P, 12), host score first, then label logits.
        labels: (P,) gold relation id or NO_RELATION.
        has_host: (P,) whether the pair's head has a gold host.
        pairs: The P pairs of the host head, heads grouped; a tail equal to the head is "no host".

    Returns:
        Scalar; a head with several gold hosts is content with any of them.
    """
    if len(labels) == 0:
        return pair_logits.sum()
    scores = pair_logits[:, 0].float()
    is_none = pairs.pair_head == pairs.pair_tail
    is_gold = torch.where(is_none, ~has_host, labels != NO_RELATION)
    groups, index = torch.unique_consecutive(pairs.pair_head, return_inverse=True)
    all_mass = _group_logsumexp(scores, index, len(groups))
    gold_mass = _group_logsumexp(scores.masked_fill(~is_gold, -1e4), index, len(groups))
    loss = (all_mass - gold_mass).mean()
    related = labels != NO_RELATION
    if related.any():
        allowed = _allowed_labels(pairs)[related]
        logits = pair_logits[related, 1:].float().masked_fill(~allowed, -1e4)
        loss = loss + functional.cross_entropy(logits, labels[related])
    return loss


def taught_tag_loss(tag_logits: Tensor, taught: Sequence[Tensor], known: Tensor) -> Tensor:
    """KL divergence of the model's tags from the mean of teachers', the mean over the units.

    Args:
        tag_logits: (R, U, 29).
        taught: The same of each teacher.
        known: (R, U) False where padded.
    """
    return _taught_divergence(tag_logits, taught)[known].mean()


def taught_pair_loss(pair_logits: Tensor, taught: Sequence[Tensor]) -> Tensor:
    """KL divergence of pair logits (P, 12) from the mean of teachers', over the pairs."""
    return _taught_divergence(pair_logits, taught).mean()


def taught_host_loss(
    pair_logits: Tensor,
    taught: Sequence[Tensor],
    pairs: TorchPairs,
) -> Tensor:
    """KL divergence of the choice of a host from teachers', and of the labels.

    Args:
        pair_logits: (P, 12), host score first, then label logits.
        taught: The same of each teacher.
        pairs: The P pairs of the host head, heads grouped; a tail equal to the head is "no host".

    Returns:
        Scalar: the mean over the heads, and the mean over the pairs that a teacher may relate,
        each weighed by the chance that it gives the host.
    """
    groups, index = torch.unique_consecutive(pairs.pair_head, return_inverse=True)

    def choose(logits: Tensor) -> Tensor:
        scores = logits[:, 0].float()
        return scores - _group_logsumexp(scores, index, len(groups))[index]

    hosts = torch.stack([choose(logits).exp() for logits in taught]).mean(0)
    loss = _divergence(choose(pair_logits)[:, None], hosts[:, None]).sum() / len(groups)
    may = pairs.pair_head != pairs.pair_tail
    if not may.any():
        return loss
    allowed = _allowed_labels(pairs)[may]

    def label(logits: Tensor) -> Tensor:
        return logits[may, 1:].float().masked_fill(~allowed, -1e4).log_softmax(-1)

    labels = torch.stack([label(logits).exp() for logits in taught]).mean(0)
    weights = hosts[may]
    apart = _divergence(label(pair_logits), labels)
    return loss + (weights * apart).sum() / weights.sum().clamp(min=1e-6)


def _allowed_labels(pairs: TorchPairs) -> Tensor:
    """Return (P, 11) which relations the schema allows for the types of each pair."""
    head_type, tail_type = pairs.mention_type[pairs.pair_head], pairs.mention_type[pairs.pair_tail]
    return _ALLOWED.to(head_type.device)[head_type, tail_type]


def _taught_divergence(logits: Tensor, taught: Sequence[Tensor]) -> Tensor:
    """Return KL over the last axis from the mean of teachers' probabilities, given as logits."""
    target = torch.stack([each.softmax(-1) for each in taught]).mean(0)
    return _divergence(logits.float().log_softmax(-1), target)


def _divergence(log_probs: Tensor, target: Tensor) -> Tensor:
    """Return KL(target || probs) over the last axis."""
    return (torch.xlogy(target, target) - target * log_probs).sum(-1)


def _group_logsumexp(scores: Tensor, index: Tensor, n_groups: int) -> Tensor:
    top = torch.full((n_groups,), -torch.inf, device=scores.device)
    top = top.scatter_reduce(0, index, scores, "amax").detach()
    mass = torch.zeros(n_groups, device=scores.device)
    return top + mass.scatter_add(0, index, (scores - top[index]).exp()).log()
