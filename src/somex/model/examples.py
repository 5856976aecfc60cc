"""Labelled documents become training examples: windows with tags, mentions and relations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from somex.core.marks import LABELS, turn_of
from somex.core.partial_labels import softcite_codes
from somex.core.schema import PURPOSES, EntityType, RelationType
from somex.core.tags import tags_of_spans
from somex.core.types import LabeledDocument, Mention, Token
from somex.model.config import ModelConfig
from somex.model.inputs import PieceEncoder, Window, encode_sentence
from somex.model.pairs import UnitMention
from somex.text.sentences import sentences_of

NO_PURPOSE = -100
"""Label of a mention whose purpose is not known: it bears no loss."""


@dataclass(frozen=True, slots=True)
class Example:
    """A window with its gold.

    Attributes:
        window: U units and their pieces.
        tags: U tag ids, or codes of ``TAG_SETS`` where the labels are partial.
        mentions: Gold mentions as unit spans.
        relations: (head index, tail index, type) over the mentions.
        purposes: Index into PURPOSES of each mention, NO_PURPOSE where it is not known.
        is_softcite: Its tags are softcite's, for a model with a head of softcite's.
        turn: Number of its turn, from 0, and number of turns: which epochs show it.
        views: The same units as each teacher reads them; empty where there is none, or where one
            cuts the sentence otherwise.
    """

    window: Window
    tags: tuple[int, ...]
    mentions: tuple[UnitMention, ...]
    relations: tuple[tuple[int, int, RelationType], ...]
    purposes: tuple[int, ...] = ()
    is_softcite: bool = False
    turn: tuple[int, int] = (0, 1)
    views: tuple[Window, ...] = ()

    def is_shown(self, epoch: int) -> bool:
        """Tell whether an epoch, from 0, shows the example."""
        turn, n_turns = self.turn
        return epoch % n_turns == turn


def build_examples(
    labeled: LabeledDocument, *, pieces: PieceEncoder, config: ModelConfig
) -> Iterator[Example]:
    """Cut a labelled document into examples, one a window.

    Spans that do not fall on unit borders are widened to the units that they touch; of
    overlapping mentions the longest is kept; a relation is kept where both its mentions lie in
    one window.
    """
    document = labeled.document
    for sentence in sentences_of(document):
        mentions = [m for m in labeled.annotation.mentions if sentence.holds(m)]
        for window in encode_sentence(document, sentence, pieces=pieces, config=config):
            yield _example(window, mentions, labeled, config)


def _example(
    window: Window, mentions: Sequence[Mention], labeled: LabeledDocument, config: ModelConfig
) -> Example:
    spans: dict[Mention, tuple[int, int, EntityType]] = {}
    taken = [False] * len(window.units)
    for mention in sorted(mentions, key=lambda m: (m.char_start - m.char_end, m.char_start)):
        span = _unit_span(mention, window.units)
        if span is not None and not any(taken[span[0] : span[1]]):
            taken[span[0] : span[1]] = [True] * (span[1] - span[0])
            spans[mention] = (*span, mention.type)
    order = sorted(spans, key=lambda m: spans[m])
    tags = tags_of_spans(spans.values(), len(window.units))
    is_softcite = labeled.document.provenance.get(LABELS) == "softcite"
    if is_softcite and not config.softcite_head:
        tags = softcite_codes(tags)
    index = {mention: i for i, mention in enumerate(order)}
    return Example(
        window,
        tuple(tags),
        tuple(UnitMention(*spans[m]) for m in order),
        tuple(
            (index[r.head], index[r.tail], r.type)
            for r in labeled.annotation.relations
            if r.head in index and r.tail in index
        ),
        tuple(NO_PURPOSE if m.purpose is None else PURPOSES.index(m.purpose) for m in order),
        is_softcite=is_softcite and config.softcite_head,
        turn=turn_of(labeled),
    )


def _unit_span(mention: Mention, units: Sequence[Token]) -> tuple[int, int] | None:
    touched = [
        i
        for i, unit in enumerate(units)
        if unit.char_end > mention.char_start and unit.char_start < mention.char_end
    ]
    if not touched or units[0].char_start > mention.char_start:
        return None
    if units[-1].char_end < mention.char_end:
        return None
    return touched[0], touched[-1] + 1
