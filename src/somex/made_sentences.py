"""The sentences that a recipe adds to those of its corpora: turned, repeated, swapped, made up."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from somex.augment import NamePool, link_names, turn_names
from somex.citations import COMMON_STYLE, recite
from somex.core.marks import turn_of, with_turn
from somex.core.schema import EntityType
from somex.core.types import LabeledDocument
from somex.name_lists import PublicNames
from somex.recipe import DataConfig
from somex.templates import Template, fill_template, read_templates


def make_sentences(
    train: Sequence[LabeledDocument],
    config: DataConfig,
    *,
    rng: random.Random,
    barred: Iterable[str] = (),
) -> list[LabeledDocument]:
    """Make a recipe's added sentences.

    Args:
        train: Training sentences with full labels; each document lists one.
        config: The recipe's data part.
        rng: Draws.
        barred: Names, squeezed, that are not drawn from public lists.

    Returns:
        Turned names, then for each of ``swap_turns`` turns the repeats and copies with swapped
        mentions and the filled templates. A sentence with turns of its own is repeated and copied
        in these only, where ``swap_turns`` is a multiple of their number.

    Raises:
        ConfigError: A list of names or the templates can't be read.
    """
    pool = _pool(train, config, barred)
    full = [part for part in train if part.annotation.mentions]
    turned = [t for t in map(turn_names, full) if t is not None] if config.turn_names else []
    if config.link_names:
        linked = (link_names(part, rng=rng) for part in [*full, *turned])
        turned += [part for part in linked if part is not None]
    repeated = _rare([*train, *turned], config) * (config.rare_repeat - 1)
    repeated += full * config.swap_copies
    fill = _Filler(config, pool)
    made = []
    for turn in range(config.swap_turns):
        due = [part for part in repeated if _is_due(part, turn, config.swap_turns)]
        swapped = [pool.swap(part, rate=config.swap_rate, rng=rng) for part in due]
        copies = [
            _recite(part, config, rng) if rng.random() < config.recite_rate else part
            for part in swapped
        ]
        copies += fill(rng, turn)
        made += [with_turn(part, turn, config.swap_turns) for part in copies]
    return [*turned, *made]


def fill_templates(
    train: Sequence[LabeledDocument], config: DataConfig, *, rng: random.Random
) -> list[LabeledDocument]:
    """Fill a recipe's templates, once for each of ``swap_turns`` turns, and make nothing else.

    Args:
        train: Sentences whose names fill the slots, as those of public lists do.
        config: The recipe's data part.
        rng: Draws.

    Raises:
        ConfigError: As `make_sentences`.
    """
    fill = _Filler(config, _pool(train, config, ()))
    turns = range(config.swap_turns)
    return [with_turn(part, turn, config.swap_turns) for turn in turns for part in fill(rng, turn)]


def _pool(train: Sequence[LabeledDocument], config: DataConfig, barred: Iterable[str]) -> NamePool:
    public = PublicNames(config.name_lists, barred=barred)
    return NamePool(train, public=public.draw, share=config.list_share)


class _Filler:
    """Fills all templates of a recipe, as often as a turn does."""

    def __init__(self, config: DataConfig, pool: NamePool) -> None:
        self._pool = pool
        self._templates = _templates(config)

    def __call__(self, rng: random.Random, turn: int) -> list[LabeledDocument]:
        def fill(kind: EntityType, host: str | None) -> str | None:
            return self._pool.draw(kind, rng, host=host)

        def fill_by_author(kind: EntityType, host: str | None) -> str | None:
            return COMMON_STYLE.draw(rng) if kind is EntityType.CITATION else fill(kind, host)

        filled = (
            fill_template(each.template, fill=fill_by_author if each.author_year else fill, rng=rng)
            for each in self._templates
            if turn % each.turns == each.turn
        )
        return [part for part in filled if part is not None]


def _is_due(part: LabeledDocument, turn: int, n_turns: int) -> bool:
    """Tell whether a turn shows copies of a sentence: those that show itself, where they match."""
    own, n_own = turn_of(part)
    return bool(n_turns % n_own) or turn % n_own == own


def _recite(part: LabeledDocument, config: DataConfig, rng: random.Random) -> LabeledDocument:
    apposed = config.appose_share > 0 and rng.random() < config.appose_share
    return recite(part, style=COMMON_STYLE, rng=rng, apposed=apposed)


class _Due(NamedTuple):
    """A template, and the turns in which it is filled: each ``turns``-th from ``turn`` on."""

    template: Template
    author_year: bool
    turn: int
    turns: int


def _templates(config: DataConfig) -> list[_Due]:
    """Return a recipe's templates, each as often as one of its turns fills it."""
    return [
        _Due(template, file.author_year, number % file.turns, file.turns)
        for file in config.templates
        for number, template in enumerate(read_templates(Path(file.path)))
        for _ in range(file.copies)
    ]


def _rare(train: Sequence[LabeledDocument], config: DataConfig) -> list[LabeledDocument]:
    """Return the sentences with a rare entity type."""
    counts = Counter(m.type for part in train for m in part.annotation.mentions)
    rare = {entity for entity, count in counts.items() if count < config.rare_below}
    return [p for p in train if any(m.type in rare for m in p.annotation.mentions)]
