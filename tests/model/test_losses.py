"""The losses against a slow reference in plain Python."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from somex.core.partial_labels import TAG_SETS
from somex.core.schema import ENTITY_TYPES, RELATION_TYPES, EntityType, relations_between
from somex.model.losses import IGNORED, agreement_loss, host_loss, ner_loss, pair_loss
from somex.model.pairs import UnitMention, build_pairs, pair_targets
from somex.model.torch_backend import to_torch_pairs

Rows = list[list[UnitMention]]
Gold = list[list[tuple[int, int, object]]]


def _surprise(scores: Sequence[float], gold: int) -> float:
    return math.log(sum(math.exp(s) for s in scores)) - scores[gold]


def _draw(seed: int, sizes: Sequence[int]) -> tuple[Rows, Gold]:
    """Random mentions; a random host for some of those that may have one."""
    rng = np.random.default_rng(seed)
    rows: Rows = []
    gold: Gold = []
    for n in sizes:
        row = [
            UnitMention(2 * i, 2 * i + 1, EntityType(rng.choice(ENTITY_TYPES))) for i in range(n)
        ]
        relations: list[tuple[int, int, object]] = []
        for i, head in enumerate(row):
            for j, tail in enumerate(row):
                options = relations_between(head.type, tail.type)
                if i != j and options and rng.random() < 0.4:
                    relations.append((i, j, options[int(rng.integers(len(options)))]))
        rows.append(row)
        gold.append(relations)
    return rows, gold


def test_ner_loss_is_mean_surprise_and_ignores_padding() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 4, 29))
    tags = np.array([[3, 0, 17, 28], [5, 1, IGNORED, IGNORED]])
    expected = np.mean(
        [_surprise(logits[b, u].tolist(), tags[b, u]) for b in range(2) for u in range(4)
         if tags[b, u] != IGNORED]
    )  # fmt: skip
    loss = ner_loss(torch.tensor(logits), torch.tensor(tags))
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    logits[1, 2:] = 1e3  # what stands in the padding changes nothing
    assert float(ner_loss(torch.tensor(logits), torch.tensor(tags))) == pytest.approx(float(loss))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), sizes=st.lists(st.integers(0, 5), min_size=1, max_size=3))
def test_pair_loss_equals_reference(seed: int, sizes: list[int]) -> None:
    rows, gold = _draw(seed, sizes)
    pairs = build_pairs(rows, relation_head="pair")
    targets = pair_targets(pairs, gold)
    logits = np.random.default_rng(seed).normal(size=(len(pairs.pair_head), 12))
    loss = float(pair_loss(torch.tensor(logits), torch.from_numpy(targets.label)))
    terms = []
    row_index = 0
    for row, relations in zip(rows, gold, strict=True):
        labels = {(h, t): RELATION_TYPES.index(r) for h, t, r in relations}  # type: ignore[arg-type]
        for i in range(len(row)):
            for j in range(len(row)):
                if i != j:
                    terms.append(_surprise(logits[row_index].tolist(), labels.get((i, j), 11)))
                    row_index += 1
    assert loss == pytest.approx(float(np.mean(terms)) if terms else 0.0, rel=1e-5)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6), sizes=st.lists(st.integers(0, 6), min_size=1, max_size=3))
def test_host_loss_equals_reference(seed: int, sizes: list[int]) -> None:
    rows, gold = _draw(seed, sizes)
    pairs = build_pairs(rows, relation_head="host")
    targets = pair_targets(pairs, gold)
    logits = np.random.default_rng(seed).normal(size=(len(pairs.pair_head), 12), scale=2)
    loss = host_loss(
        torch.tensor(logits),
        torch.from_numpy(targets.label),
        torch.from_numpy(targets.has_host),
        to_torch_pairs(pairs, torch.device("cpu")),
    )
    assert float(loss) == pytest.approx(_host_reference(rows, gold, logits), rel=1e-4)


def _host_reference(rows: Rows, gold: Gold, logits: np.ndarray) -> float:
    """-log p(any gold host, or none) averaged over heads + label surprise over gold pairs."""
    choice, label = [], []
    line = 0
    for row, relations in zip(rows, gold, strict=True):
        wanted = {(h, t): r for h, t, r in relations}
        for i, head in enumerate(row):
            tails = [
                j
                for j, other in enumerate(row)
                if j != i and relations_between(head.type, other.type)
            ]
            if not tails:
                continue
            hosts = [j for j in tails if (i, j) in wanted] or [i]
            scores: dict[int, float] = {}
            for j in [i, *tails]:
                scores[j] = float(logits[line, 0])
                if (i, j) in wanted:
                    options = relations_between(head.type, row[j].type)
                    values = [float(logits[line, 1 + RELATION_TYPES.index(r)]) for r in options]
                    label.append(_surprise(values, options.index(wanted[i, j])))  # type: ignore[arg-type]
                line += 1
            mass = sum(math.exp(s) for s in scores.values())
            choice.append(-math.log(sum(math.exp(scores[j]) for j in hosts) / mass))
    assert line == len(logits)
    mean_choice = sum(choice) / len(choice) if choice else 0.0
    return mean_choice + (sum(label) / len(label) if label else 0.0)


def test_losses_without_pairs_are_zero_and_can_be_derived() -> None:
    logits = torch.zeros((0, 12), requires_grad=True)
    empty = torch.zeros(0, dtype=torch.int64)
    pairs = to_torch_pairs(build_pairs([], relation_head="host"), empty.device)
    for loss in (
        pair_loss(logits, empty),
        host_loss(logits, empty, empty.bool(), pairs),
    ):
        loss.backward()
        assert loss.item() == 0.0


def test_losses_ner_of_partial_labels_is_that_of_the_set() -> None:
    logits = torch.randn(2, 3, 29, generator=torch.Generator().manual_seed(1))
    codes = torch.tensor([[0, 29, 30], [31, 5, IGNORED]])
    expected = []
    for row, unit in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1)):
        scores = logits[row, unit].tolist()
        possible = TAG_SETS[int(codes[row, unit])]
        mass = sum(math.exp(scores[tag]) for tag in possible)
        expected.append(math.log(sum(map(math.exp, scores))) - math.log(mass))
    assert float(ner_loss(logits, codes)) == pytest.approx(sum(expected) / 5, rel=1e-5)


def test_losses_ner_of_partial_labels_equals_that_of_tags_where_nothing_is_open() -> None:
    logits = torch.randn(1, 4, 29, generator=torch.Generator().manual_seed(2))
    tags = torch.tensor([[0, 3, 17, 28]])
    with_partial = torch.cat([tags, torch.tensor([[29]])], dim=1)
    longer = torch.cat([logits, torch.full((1, 1, 29), 0.0)], dim=1)
    of_set = math.log(29) - math.log(len(TAG_SETS[29]))
    expected = (4 * float(ner_loss(logits, tags)) + of_set) / 5
    assert float(ner_loss(longer, with_partial)) == pytest.approx(expected, rel=1e-5)


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_agreement_loss_is_the_mean_symmetric_divergence(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(size=(4, 3, 5)))
    tags = torch.tensor([[0, 1, IGNORED], [2, 0, 3]] * 2)
    expected = []
    for row in range(2):
        for unit in range(3):
            if tags[row, unit] != IGNORED:
                p, q = (logits[row + half, unit].softmax(-1).tolist() for half in (0, 2))
                there = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
                back = sum(b * math.log(b / a) for a, b in zip(p, q, strict=True))
                expected.append((there + back) / 2)
    found = agreement_loss(logits, tags).item()
    assert found == pytest.approx(sum(expected) / len(expected), rel=1e-4)
    same = torch.cat([logits[:2], logits[:2]])
    assert agreement_loss(same, tags).item() == pytest.approx(0.0, abs=1e-6)
