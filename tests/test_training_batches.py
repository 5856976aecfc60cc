"""Which examples an epoch shows, and in which batches."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest

pytest.importorskip("torch")

from somex.core import Token
from somex.core.schema import EntityType
from somex.model.examples import Example
from somex.model.inputs import Window
from somex.model.pairs import UnitMention
from somex.recipe import TrainingConfig
from somex.training import choose_examples, count_steps, make_batches


def _example(n_units: int, *, full: bool) -> Example:
    units = tuple(Token(i, i + 1) for i in range(n_units))
    window = Window(units, (0,) * n_units, (0,) * n_units, (0,) * n_units, (1,) * n_units)
    mentions = (UnitMention(0, 1, EntityType.APPLICATION),) if full else ()
    return Example(window, (0,) * n_units, mentions, ())


EXAMPLES = [_example(1 + i % 7, full=i % 5 == 0) for i in range(50)]  # 10 full, 40 empty


def _config(**options: object) -> TrainingConfig:
    return TrainingConfig(batch_size=4, **options)  # type: ignore[arg-type]


def test_training_batches_show_every_example_once() -> None:
    batches = make_batches(EXAMPLES, _config(), epoch=0)
    shown = Counter(id(example) for batch in batches for example in batch)
    assert shown == Counter(map(id, EXAMPLES))


def test_training_batches_take_the_empty_examples_in_turn() -> None:
    config = _config(empty_per_epoch=1.5)
    seen: Counter[int] = Counter()
    for epoch in range(8):
        chosen = choose_examples(EXAMPLES, config, epoch=epoch)
        assert len(set(chosen)) == len(chosen) == 25
        assert sum(bool(EXAMPLES[i].mentions) for i in chosen) == 10
        seen.update(i for i in chosen if not EXAMPLES[i].mentions)
    assert set(seen.values()) == {3}  # 8 epochs of 15 are 3 rounds of 40
    lengths = {len(make_batches(EXAMPLES, config, epoch=epoch)) for epoch in range(8)}
    assert lengths == {7}


def test_training_batches_show_an_example_when_its_turn_comes() -> None:
    always, first, second = (
        dataclasses.replace(_example(3, full=True), turn=turn) for turn in ((0, 1), (0, 2), (1, 2))
    )
    examples = [always, first, second]
    shown = [choose_examples(examples, _config(), epoch=epoch) for epoch in range(4)]
    assert shown == [[0, 1], [0, 2], [0, 1], [0, 2]]
    with_empty = choose_examples([*examples, *EXAMPLES[1:5]], _config(empty_per_epoch=1), epoch=1)
    assert with_empty[:2] == [0, 2]
    assert len(with_empty) == 4


def test_count_steps_counts_those_of_every_epoch() -> None:
    turned = [dataclasses.replace(e, turn=(i % 3, 3)) for i, e in enumerate(EXAMPLES)]
    for options in ({}, {"empty_per_epoch": 1.5}, {"accumulation": 3}):
        config = _config(epochs=5, **options)
        n_batches = [len(make_batches(turned, config, epoch=epoch)) for epoch in range(5)]
        assert count_steps(turned, config) == sum(-(-n // config.accumulation) for n in n_batches)


@pytest.mark.parametrize(("ratio", "n_empty"), [(-1.0, 40), (0.0, 0), (4.0, 40), (9.0, 40)])
def test_training_batches_take_no_more_empty_examples_than_there_are(
    ratio: float, n_empty: int
) -> None:
    chosen = choose_examples(EXAMPLES, _config(empty_per_epoch=ratio), epoch=3)
    assert len(set(chosen)) == len(chosen) == 10 + n_empty


def test_training_batches_of_empty_examples_follow_the_seed() -> None:
    one, same, other = (
        choose_examples(EXAMPLES, _config(empty_per_epoch=1.0, seed=seed), epoch=1)
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other
