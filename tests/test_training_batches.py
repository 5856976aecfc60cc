"""Which examples an epoch shows, and in which batches."""

from __future__ import annotations

from collections import Counter

import pytest

pytest.importorskip("torch")

from somex.core import Token
from somex.core.schema import EntityType
from somex.model.examples import Example
from somex.model.inputs import Window
from somex.model.pairs import UnitMention
from somex.recipe import TrainingConfig
from somex.training import choose_examples, make_batches


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
