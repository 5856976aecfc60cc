"""Scores become a valid annotation: the only place where constraints and thresholds live."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from somex.calibration import Calibrations
from somex.core.errors import ConfigError
from somex.core.schema import (
    ENTITY_TYPES,
    PURPOSE_TYPES,
    PURPOSES,
    RELATION_TYPES,
    EntityType,
    Purpose,
    RelationType,
)
from somex.core.tags import N_TYPES, OUTSIDE, spans_of_tags

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

_FIRST_INSIDE = 1 + N_TYPES
_TYPES = np.arange(N_TYPES)
_TYPE_INDEX = {kind: index for index, kind in enumerate(ENTITY_TYPES)}

MAY_STAND_ALONE: frozenset[EntityType] = frozenset(
    {
        EntityType.APPLICATION,
        EntityType.PLUGIN,
        EntityType.PROGRAMMING_ENVIRONMENT,
        EntityType.OPERATING_SYSTEM,
        EntityType.LICENSE,
    }
)
"""Types whose mentions need no host though they may have one. The others are attributes: in SOMD
2025's training data 99.9 % of them are attached."""

_ATTRIBUTES = frozenset(EntityType) - MAY_STAND_ALONE - {EntityType.SOFTWARE_COREFERENCE}

_NEVER_FIRST, _NEVER_LAST = ",;:)]}", ",;:([{"
"""None of the 8,690 mentions of SOMD 2025's training sentences and SoMeSci begins, or ends, so."""


@dataclass(frozen=True, slots=True)
class DecodingConfig:
    """Thresholds of decoding.

    Attributes:
        min_confidence: Mentions below it are dropped, with their relations; 0 keeps all.
        lean: Added to the log odds of "no mention" in the choice of the mentions: above 0 leans
            to precision, below 0 to recall. Confidences do not change with it.
        min_relation_confidence: Relations below it are dropped; 0 keeps all.
        split_cost: Log odds against a mention right behind another of its type. A `Predictor` takes
            this and the next from its model's configuration.
        border_cost: Log odds against a mention that begins or ends inside a word.
        force_hosts: An attribute always takes its best host, if the schema allows any.
        calibrations: Turn raw confidences into probabilities, before thresholds are applied.
        drop_strays: An attribute without any host in its window is no mention (host head only).

    Raises:
        ConfigError: A number is out of range.
    """

    min_confidence: float = 0.0
    min_relation_confidence: float = 0.0
    lean: float = 0.0
    split_cost: float = 0.0
    border_cost: float = 0.0
    force_hosts: bool = True
    drop_strays: bool = True
    calibrations: Calibrations = field(default_factory=Calibrations)

    def __post_init__(self) -> None:
        for name, value in (
            ("min_confidence", self.min_confidence),
            ("min_relation_confidence", self.min_relation_confidence),
        ):
            if not 0.0 <= value <= 1.0:
                raise ConfigError(f"{name} is {value}; valid: 0 to 1")
        if not math.isfinite(self.lean):
            raise ConfigError(f"lean is {self.lean}; valid: a finite number")


@dataclass(frozen=True, slots=True)
class SpanPrediction:
    """A decoded mention: half-open unit span, type, confidence (0 to 1), purpose if told."""

    unit_start: int
    unit_end: int
    type: EntityType
    confidence: float
    purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class RelationPrediction:
    """A decoded relation between two mentions, given by their indices."""

    head: int
    tail: int
    type: RelationType
    confidence: float


def log_softmax(logits: FloatArray) -> FloatArray:
    """Return log-probabilities over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def viterbi(
    log_probs: FloatArray,
    *,
    split_costs: Sequence[float] | None = None,
    border_costs: Sequence[float] | None = None,
) -> IntArray:
    """Find the best legal BIO sequence: I- of a type only after B- or I- of that type.

    Args:
        log_probs: (U, 29) scores of each unit's tags.
        split_costs: (U,) what B- of a type costs right after B- or I- of that type; 0 by default.
        border_costs: (U,) what it costs that a mention begins at a unit or ends before it; 0 by
            default.

    Returns:
        (U,) tag ids whose scores, less the costs, have the greatest sum among the legal sequences.
        Since I-x has two predecessors only, a step costs some 29 operations, not 29 squared.
    """
    n_units = len(log_probs)
    if n_units == 0:
        return np.zeros(0, np.int64)
    score = log_probs[0].astype(np.float64)
    score[_FIRST_INSIDE:] = -np.inf
    back = np.zeros((n_units, log_probs.shape[1]), np.int64)
    for unit in range(1, n_units):
        split = split_costs[unit] if split_costs else 0.0
        border = border_costs[unit] if border_costs else 0.0
        reached = _reach(score, back[unit], split_cost=split, border_cost=border)
        score = reached + log_probs[unit]
    path = np.zeros(n_units, np.int64)
    path[-1] = score.argmax()
    for unit in range(n_units - 1, 0, -1):
        path[unit - 1] = back[unit, path[unit]]
    return path


def _reach(
    score: npt.NDArray[np.float64], back: IntArray, *, split_cost: float, border_cost: float
) -> npt.NDArray[np.float64]:
    """Write the best tag before each tag into ``back`` (29,); return its score, less the costs."""
    begin, inside = score[1:_FIRST_INSIDE], score[_FIRST_INSIDE:]
    best = int(score.argmax())
    back[:_FIRST_INSIDE] = best
    back[_FIRST_INSIDE:] = np.where(begin >= inside, _TYPES + 1, _TYPES + _FIRST_INSIDE)
    reached = np.concatenate([np.full(_FIRST_INSIDE, score[best]), np.maximum(begin, inside)])
    if split_cost > 0 and best != OUTSIDE:
        split = 1 + (best - 1) % N_TYPES
        others = score.copy()
        others[[split, split + N_TYPES]] = -np.inf
        other = int(others.argmax())
        if score[other] >= score[best] - split_cost:
            back[split] = other
        reached[split] = max(score[best] - split_cost, score[other])
    if border_cost > 0:
        reached[:_FIRST_INSIDE] -= border_cost
        if score[OUTSIDE] >= reached[OUTSIDE]:
            back[OUTSIDE], reached[OUTSIDE] = OUTSIDE, score[OUTSIDE]
    return reached


def decode_mentions(
    tag_logits: FloatArray,
    config: DecodingConfig | None = None,
    *,
    glued: Sequence[bool] = (),
    in_word: Sequence[bool] = (),
) -> list[SpanPrediction]:
    """Decode the mentions of a window.

    Args:
        tag_logits: (U, 29) logits of each unit's tags.
        config: Thresholds.
        glued: (U,) whether a unit stands at the one before it without a blank. Two mentions of
            one type that touch so are one (``R`` + ``2021b``): in SoMeSci and SOMD 2025's
            training data none touch. Where a blank is between them it costs ``split_cost``.
        in_word: (U,) whether a unit goes on with the word of the unit before it: a border there
            costs ``border_cost``.

    Returns:
        The mentions in reading order, none overlapping; the confidence is the least of the
        probabilities of the units' tags and of the next unit's not going on with the mention,
        calibrated.
    """
    config = config or DecodingConfig()
    log_probs = log_softmax(tag_logits)
    scores = log_probs
    if config.lean:
        scores = log_probs.copy()
        scores[:, OUTSIDE] += config.lean
    if (scores.argmax(axis=-1) == OUTSIDE).all():
        return []
    glued = glued or [False] * len(scores)
    costs = [0.0 if is_glued else config.split_cost for is_glued in glued]
    borders = [config.border_cost if inside else 0.0 for inside in in_word]
    tags = viterbi(scores, split_costs=costs, border_costs=borders)
    chosen = log_probs[np.arange(len(tags)), tags]
    for unit in range(1, len(glued)):
        tag = tags[unit]
        if glued[unit] and 0 < tag < _FIRST_INSIDE and tags[unit - 1] in (tag, tag + N_TYPES):
            tags[unit] = tag + N_TYPES
    calibrate = config.calibrations.mentions.apply
    mentions = []
    for start, end, kind in spans_of_tags(tags.tolist()):
        confidence = _span_confidence(log_probs, chosen, start, end, kind)
        mentions.append(SpanPrediction(start, end, kind, calibrate(confidence)))
    return [m for m in mentions if m.confidence >= config.min_confidence]


def trim_marks(text: str, start: int, end: int) -> tuple[int, int]:
    """Cut marks off that no mention begins or ends with: ``; Li and Durbin, 2009``.

    Args:
        text: Text of the document.
        start: First character of a mention.
        end: One past its last.

    Returns:
        The same of what is left, blanks cut off too; as it was where nothing would be left.
    """
    left = text[start:end].rstrip(_NEVER_LAST + " ")
    kept = left.lstrip(_NEVER_FIRST + " ")
    first = start + len(left) - len(kept)
    return (first, first + len(kept)) if kept else (start, end)


def _span_confidence(
    log_probs: FloatArray, chosen: FloatArray, start: int, end: int, kind: EntityType
) -> float:
    """Return the least of the chances of a span's tags and of its end."""
    chances: list[float] = np.exp(chosen[start:end]).tolist()
    if end < len(chosen):
        chances.append(1.0 - float(np.exp(log_probs[end, _FIRST_INSIDE + _TYPE_INDEX[kind]])))
    return min(1.0, *chances)


def decode_purposes(logits: FloatArray, mentions: Sequence[SpanPrediction]) -> list[SpanPrediction]:
    """Give each mention of a type that takes a purpose its most probable one.

    Args:
        logits: (M, 4) of the mentions, in their order.
        mentions: M mentions.
    """
    best = logits.argmax(axis=1).tolist()
    return [
        replace(mention, purpose=PURPOSES[label]) if mention.type in PURPOSE_TYPES else mention
        for mention, label in zip(mentions, best, strict=True)
    ]


def decode_pairs(
    logits: FloatArray, allowed: npt.NDArray[np.bool_], pairs: Sequence[tuple[int, int]]
) -> list[RelationPrediction]:
    """Decode the pair head: each pair by itself takes its best allowed class (paper, Eq. 2).

    Args:
        logits: (P, 12) relations, then no-relation.
        allowed: (P, 11) which relations the schema allows for the pair's types.
        pairs: (P) head and tail mention.
    """
    if not len(logits):
        return []
    mask = np.concatenate([allowed, np.ones((len(allowed), 1), bool)], axis=1)
    probs = np.exp(log_softmax(np.where(mask, logits, -np.inf)))
    labels = probs.argmax(axis=1)
    return [
        RelationPrediction(head, tail, RELATION_TYPES[label], min(1.0, float(probs[row, label])))
        for row, ((head, tail), label) in enumerate(zip(pairs, labels.tolist(), strict=True))
        if label < len(RELATION_TYPES)
    ]


def decode_hosts(
    logits: FloatArray,
    allowed: npt.NDArray[np.bool_],
    pairs: Sequence[tuple[int, int]],
    head_types: Sequence[EntityType],
    config: DecodingConfig | None = None,
) -> list[RelationPrediction]:
    """Decode the host head: each head takes its best host or none, then the best allowed label.

    Args:
        logits: (P, 12) host score, then label logits.
        allowed: (P, 11) which relations the schema allows for the pair's types.
        pairs: (P) head and tail mention, equal heads together; head = tail means "no host".
        head_types: (P) type of the pair's head.
        config: Whether attributes must take a host.
    """
    config = config or DecodingConfig()
    relations: list[RelationPrediction] = []
    start = 0
    while start < len(pairs):
        end = start
        while end < len(pairs) and pairs[end][0] == pairs[start][0]:
            end += 1
        rows = list(range(start, end))
        if config.force_hosts and head_types[start] not in MAY_STAND_ALONE:
            rows = [row for row in rows if pairs[row][1] != pairs[row][0]]
        probs = np.exp(log_softmax(logits[rows, 0]))
        row = rows[int(probs.argmax())]
        head, tail = pairs[row]
        if head != tail:
            label_probs = np.exp(log_softmax(np.where(allowed[row], logits[row, 1:], -np.inf)))
            label = int(label_probs.argmax())
            confidence = min(1.0, float(probs.max() * label_probs[label]))
            relations.append(RelationPrediction(head, tail, RELATION_TYPES[label], confidence))
        start = end
    return relations


def drop_strays(
    mentions: Sequence[SpanPrediction], relations: Sequence[RelationPrediction]
) -> tuple[list[SpanPrediction], list[RelationPrediction]]:
    """Drop the attributes that no relation names: a citation or version of no software.

    SoMeSci annotates attributes of software only; none of its 2,077 stands alone in its sentence,
    nor does any of the 2,302 in SOMD 2025's training data.

    Returns:
        The mentions that stay, and the relations with their indices put right.
    """
    linked = {end for r in relations for end in (r.head, r.tail)}
    kept = [
        index
        for index, mention in enumerate(mentions)
        if index in linked or mention.type not in _ATTRIBUTES
    ]
    place = {old: new for new, old in enumerate(kept)}
    moved = [
        RelationPrediction(place[r.head], place[r.tail], r.type, r.confidence) for r in relations
    ]
    return [mentions[index] for index in kept], moved


def drop_unsure(
    relations: Sequence[RelationPrediction], config: DecodingConfig
) -> list[RelationPrediction]:
    """Calibrate relations and drop those below the threshold."""
    calibrate = config.calibrations.relations.apply
    calibrated = [replace(r, confidence=calibrate(r.confidence)) for r in relations]
    return [r for r in calibrated if r.confidence >= config.min_relation_confidence]
