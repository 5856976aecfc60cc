from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from somex.calibration import Calibration, Calibrations
from somex.core.errors import ConfigError
from somex.core.schema import (
    ENTITY_TYPES,
    PURPOSES,
    RELATION_TYPES,
    EntityType,
    RelationType,
    relations_between,
)
from somex.core.tags import (
    N_TAGS,
    N_TYPES,
    OUTSIDE,
    TAGS,
    begin_tag,
    inside_tag,
    spans_of_tags,
    tags_of_spans,
)
from somex.decoding import (
    MAY_STAND_ALONE,
    DecodingConfig,
    RelationPrediction,
    SpanPrediction,
    decode_hosts,
    decode_mentions,
    decode_pairs,
    decode_purposes,
    drop_strays,
    drop_unsure,
    log_softmax,
    trim_marks,
    viterbi,
)
from somex.model.pairs import ALLOWED, UnitMention, build_pairs

E = EntityType


def _is_legal(tags: tuple[int, ...] | list[int]) -> bool:
    for before, tag in zip([OUTSIDE, *tags], tags, strict=False):
        if tag > N_TYPES and before not in (tag, tag - N_TYPES):
            return False
    return True


def _brute_force(scores: np.ndarray, tags: list[int]) -> float:
    sequences = itertools.product(tags, repeat=len(scores))
    legal = (seq for seq in sequences if _is_legal(seq))
    return max(sum(float(scores[u, t]) for u, t in enumerate(seq)) for seq in legal)


@settings(max_examples=60, deadline=None)
@given(
    n_units=st.integers(1, 5),
    seed=st.integers(0, 10**6),
    kinds=st.sets(st.integers(0, N_TYPES - 1), min_size=1, max_size=2),
)
def test_viterbi_finds_the_best_legal_sequence(n_units: int, seed: int, kinds: set[int]) -> None:
    tags = [OUTSIDE, *(f(k) for k in sorted(kinds) for f in (begin_tag, inside_tag))]
    scores = np.full((n_units, N_TAGS), -1e9)
    scores[:, tags] = np.random.default_rng(seed).normal(size=(n_units, len(tags)), scale=3)
    path = viterbi(scores).tolist()
    assert _is_legal(path)
    reached = sum(float(scores[u, t]) for u, t in enumerate(path))
    assert reached == pytest.approx(_brute_force(scores, tags), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(n_units=st.integers(0, 30), seed=st.integers(0, 10**6), scale=st.sampled_from([0.0, 1, 50]))
def test_viterbi_is_always_legal_and_beats_random_legal_sequences(
    n_units: int, seed: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n_units, N_TAGS), scale=scale)
    path = viterbi(scores).tolist()
    assert len(path) == n_units
    assert _is_legal(path)
    best = sum(float(scores[u, t]) for u, t in enumerate(path))
    for _ in range(20):
        other: list[int] = []
        for _unit in range(n_units):
            before = other[-1] if other else OUTSIDE
            options = [t for t in range(N_TAGS) if _is_legal([before, t]) or t <= N_TYPES]
            other.append(int(rng.choice(options)))
        assert _is_legal(other)
        assert sum(float(scores[u, t]) for u, t in enumerate(other)) <= best + 1e-6


def test_viterbi_prefers_a_begin_where_an_inside_has_nothing_to_continue() -> None:
    scores = np.full((2, N_TAGS), -10.0)
    scores[0, OUTSIDE] = 0.0
    scores[1, inside_tag(3)] = 0.0
    scores[1, begin_tag(3)] = -1.0
    assert viterbi(scores).tolist() == [OUTSIDE, begin_tag(3)]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_tags_of_spans_and_back(data: st.DataObject) -> None:
    n_units = data.draw(st.integers(0, 12))
    cuts = sorted(data.draw(st.sets(st.integers(0, n_units))))
    spans = [
        (a, b, data.draw(st.sampled_from(ENTITY_TYPES)))
        for a, b in itertools.pairwise(cuts)
        if data.draw(st.booleans())
    ]
    tags = tags_of_spans(spans, n_units)
    assert _is_legal(tags)
    assert spans_of_tags(tags) == spans


def test_tags_are_o_then_begins_then_insides() -> None:
    assert len(TAGS) == N_TAGS == 29
    assert TAGS[OUTSIDE] == "O"
    for index, kind in enumerate(ENTITY_TYPES):
        assert TAGS[begin_tag(index)] == f"B-{kind}"
        assert TAGS[inside_tag(index)] == f"I-{kind}"


def test_decode_mentions_confidence_is_that_of_the_least_sure_unit() -> None:
    probs = np.full((3, N_TAGS), 0.3 / (N_TAGS - 1), np.float32)
    version = ENTITY_TYPES.index(E.VERSION)
    for unit, (tag, p) in enumerate(
        [(OUTSIDE, 0.7), (begin_tag(version), 0.9), (inside_tag(version), 0.4)]
    ):
        probs[unit] = (1 - p) / (N_TAGS - 1)
        probs[unit, tag] = p
    (mention,) = decode_mentions(np.log(probs))
    assert (mention.unit_start, mention.unit_end, mention.type) == (1, 3, E.VERSION)
    assert mention.confidence == pytest.approx(0.4, rel=1e-5)
    assert decode_mentions(np.log(probs), DecodingConfig(min_confidence=0.39))
    assert not decode_mentions(np.log(probs), DecodingConfig(min_confidence=0.41))


def test_decode_mentions_confidence_doubts_the_end() -> None:
    version = ENTITY_TYPES.index(E.VERSION)
    probs = np.full((2, N_TAGS), 1e-9, np.float32)
    probs[0, OUTSIDE], probs[0, begin_tag(version)] = 0.2, 0.8
    probs[1, OUTSIDE], probs[1, inside_tag(version)] = 0.6, 0.4
    (mention,) = decode_mentions(np.log(probs))
    assert mention.unit_end == 1
    assert mention.confidence == pytest.approx(0.6, rel=1e-4)


def test_decode_mentions_lean_trades_recall_for_precision() -> None:
    probs = np.full((2, N_TAGS), 1e-9, np.float32)
    probs[0, OUTSIDE], probs[0, begin_tag(0)] = 0.6, 0.4
    probs[1, OUTSIDE], probs[1, begin_tag(1)] = 0.2, 0.8

    def found(lean: float) -> list[tuple[int, float]]:
        mentions = decode_mentions(np.log(probs), DecodingConfig(lean=lean))
        return [(m.unit_start, round(m.confidence, 3)) for m in mentions]

    assert found(0.0) == [(1, 0.8)]
    assert [unit for unit, _ in found(-1.0)] == [0, 1]
    assert found(-1.0)[1] == (1, 0.8)  # confidences stay
    assert found(2.0) == []


def test_decode_mentions_calibrates_before_the_threshold() -> None:
    probs = np.full((1, N_TAGS), 0.1 / (N_TAGS - 1), np.float32)
    probs[0, begin_tag(0)] = 0.9
    calibrations = Calibrations(mentions=Calibration(0.5, 0.0))
    (mention,) = decode_mentions(np.log(probs), DecodingConfig(calibrations=calibrations))
    assert mention.confidence == pytest.approx(0.75, abs=1e-3)  # odds 9 become 3
    strict = DecodingConfig(calibrations=calibrations, min_confidence=0.8)
    assert decode_mentions(np.log(probs), strict) == []


@settings(max_examples=40, deadline=None)
@given(n_units=st.integers(0, 20), seed=st.integers(0, 10**6))
def test_decode_mentions_never_overlap(n_units: int, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(size=(n_units, N_TAGS)).astype(np.float32)
    reached = 0
    for mention in decode_mentions(logits):
        assert reached <= mention.unit_start < mention.unit_end <= n_units
        assert 0 < mention.confidence <= 1
        reached = mention.unit_end


def _mentions(seed: int, n: int) -> list[UnitMention]:
    rng = np.random.default_rng(seed)
    return [UnitMention(2 * i, 2 * i + 1, E(rng.choice(ENTITY_TYPES))) for i in range(n)]


def _candidates(seed: int, n: int, head: str):  # type: ignore[no-untyped-def]
    mentions = _mentions(seed, n)
    batch = build_pairs([mentions], relation_head=head)
    pairs = list(zip(batch.pair_head.tolist(), batch.pair_tail.tolist(), strict=True))
    types = [ENTITY_TYPES.index(m.type) for m in mentions]
    allowed = np.array([ALLOWED[types[a], types[b]] for a, b in pairs], bool).reshape(-1, 11)
    logits = np.random.default_rng(seed + 1).normal(size=(len(pairs), 12), scale=2)
    return mentions, pairs, allowed, logits.astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(0, 6))
def test_decode_pairs_equals_brute_force(seed: int, n: int) -> None:
    mentions, pairs, allowed, logits = _candidates(seed, n, "pair")
    found = {(r.head, r.tail): r for r in decode_pairs(logits, allowed, pairs)}
    for row, (head, tail) in enumerate(pairs):
        valid = relations_between(mentions[head].type, mentions[tail].type)
        scores = {r: float(logits[row, RELATION_TYPES.index(r)]) for r in valid}
        none = float(logits[row, 11])
        best = max(scores, key=scores.__getitem__) if scores else None
        if best is None or scores[best] <= none:
            assert (head, tail) not in found
            continue
        relation = found.pop((head, tail))
        assert relation.type == best
        mass = sum(np.exp(s) for s in (*scores.values(), none))
        assert relation.confidence == pytest.approx(np.exp(scores[best]) / mass, rel=1e-4)
    assert not found


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(0, 7), force=st.booleans())
def test_decode_hosts_equals_brute_force(seed: int, n: int, force: bool) -> None:
    mentions, pairs, allowed, logits = _candidates(seed, n, "host")
    types = [mentions[head].type for head, _ in pairs]
    config = DecodingConfig(force_hosts=force)
    found = {r.head: r for r in decode_hosts(logits, allowed, pairs, types, config)}
    for head, mention in enumerate(mentions):
        hosts = {
            j: float(logits[pairs.index((head, j)), 0])
            for j, other in enumerate(mentions)
            if j != head and relations_between(mention.type, other.type)
        }
        if not hosts:
            assert head not in found
            continue
        forced = force and mention.type not in MAY_STAND_ALONE
        choices = (
            dict(hosts) if forced else {**hosts, head: float(logits[pairs.index((head, head)), 0])}
        )
        best = max(choices, key=choices.__getitem__)
        if best == head:
            assert head not in found
            continue
        relation = found.pop(head)
        row = pairs.index((head, best))
        valid = relations_between(mention.type, mentions[best].type)
        labels = {r: float(logits[row, 1 + RELATION_TYPES.index(r)]) for r in valid}
        label = max(labels, key=labels.__getitem__)
        assert (relation.tail, relation.type) == (best, label)
        host_prob = np.exp(choices[best]) / sum(np.exp(s) for s in choices.values())
        label_prob = np.exp(labels[label]) / sum(np.exp(s) for s in labels.values())
        assert relation.confidence == pytest.approx(host_prob * label_prob, rel=1e-4)
    assert not found


def test_decode_hosts_forces_attributes_but_lets_software_stand_alone() -> None:
    mentions = [UnitMention(0, 1, E.PLUGIN), UnitMention(1, 2, E.VERSION)]
    batch = build_pairs([mentions], relation_head="host")
    pairs = list(zip(batch.pair_head.tolist(), batch.pair_tail.tolist(), strict=True))
    assert pairs == [(1, 1), (1, 0)]
    logits = np.zeros((2, 12), np.float32)
    logits[0, 0] = 9.0  # "no host" is by far the best
    allowed = np.stack([ALLOWED[5, 5], ALLOWED[5, 1]])
    forced = decode_hosts(logits, allowed, pairs, [E.VERSION] * 2)
    assert [(r.head, r.tail, r.type) for r in forced] == [(1, 0, "Version_of")]
    assert not decode_hosts(
        logits, allowed, pairs, [E.VERSION] * 2, DecodingConfig(force_hosts=False)
    )


def test_drop_unsure_keeps_what_reaches_the_threshold() -> None:
    relations = [
        RelationPrediction(1, 0, RELATION_TYPES[0], confidence) for confidence in (0.2, 0.5, 0.9)
    ]
    config = DecodingConfig(min_relation_confidence=0.5)
    assert [r.confidence for r in drop_unsure(relations, config)] == pytest.approx([0.5, 0.9])
    doubtful = replace(config, calibrations=Calibrations(relations=Calibration(1.0, -1.0)))
    assert [r.head for r in drop_unsure(relations, doubtful)] == [1]
    assert drop_unsure(relations, doubtful)[0].confidence == pytest.approx(0.768, abs=1e-3)
    assert drop_unsure(relations, DecodingConfig()) == relations


def test_log_softmax_stands_large_logits() -> None:
    logits = np.array([[1000.0, 0.0], [-1000.0, -1000.0]], np.float32)
    assert log_softmax(logits) == pytest.approx(np.array([[0, -1000], [-0.693147, -0.693147]]))


def test_decoding_joins_touching_mentions_of_one_type() -> None:
    names = ["O", "B-Release", "B-Release", "B-Version", "B-Version"]
    logits = np.full((5, N_TAGS), -5.0, np.float32)
    for unit, name in enumerate(names):
        logits[unit, TAGS.index(name)] = 5.0
    glued = [False, False, True, True, False]
    spans = [(m.unit_start, m.unit_end, m.type) for m in decode_mentions(logits, glued=glued)]
    assert spans == [
        (1, 3, EntityType.RELEASE),
        (3, 4, EntityType.VERSION),
        (4, 5, EntityType.VERSION),
    ]


def test_decoding_drops_attributes_of_nothing() -> None:
    mentions = [
        SpanPrediction(0, 1, EntityType.CITATION, 0.9),
        SpanPrediction(2, 3, EntityType.APPLICATION, 0.9),
        SpanPrediction(4, 5, EntityType.VERSION, 0.9),
        SpanPrediction(6, 7, EntityType.SOFTWARE_COREFERENCE, 0.9),
    ]
    relations = [RelationPrediction(2, 1, RelationType.VERSION_OF, 0.8)]
    kept, moved = drop_strays(mentions, relations)
    assert kept == mentions[1:]
    assert moved == [RelationPrediction(1, 0, RelationType.VERSION_OF, 0.8)]


def test_decode_purposes_tells_software_only() -> None:
    mentions = [
        SpanPrediction(0, 1, EntityType.APPLICATION, 0.9),
        SpanPrediction(1, 2, EntityType.VERSION, 0.8),
        SpanPrediction(2, 3, EntityType.SOFTWARE_COREFERENCE, 0.7),
    ]
    logits = np.zeros((3, 4), np.float32)
    logits[0, 1] = logits[1, 2] = logits[2, 3] = 1.0
    told = decode_purposes(logits, mentions)
    assert [m.purpose for m in told] == [PURPOSES[1], None, PURPOSES[3]]
    assert [(m.unit_start, m.type, m.confidence) for m in told] == [
        (m.unit_start, m.type, m.confidence) for m in mentions
    ]


@pytest.mark.parametrize(
    ("option", "value", "valid"),
    [
        ("min_confidence", 1.5, "0 to 1"),
        ("min_relation_confidence", -0.1, "0 to 1"),
        ("lean", float("inf"), "a finite number"),
    ],
)
def test_decoding_config_refuses_what_is_out_of_range(
    option: str, value: float, valid: str
) -> None:
    with pytest.raises(ConfigError, match=f"{option} is {value}; valid: {valid}"):
        DecodingConfig(**{option: value})


@pytest.mark.parametrize(
    ("marked", "kept"),
    [
        ("(GATK[[; Li and Durbin, 2009]])", "Li and Durbin, 2009"),
        ("by Acme[[, Inc.]], Ohio", "Inc."),
        ("see [[[12]]] for it", "[12]"),
        ("in [[C++]] on [Windows", "C++"),
        ("on [[.NET (]]4.5)", ".NET"),
        ("it [[;]] that", ";"),
    ],
)
def test_trim_marks_cuts_what_no_mention_begins_or_ends_with(marked: str, kept: str) -> None:
    before, _, rest = marked.partition("[[")
    inside, _, after = rest.rpartition("]]")
    text, end = before + inside + after, len(before) + len(inside)
    start, end = trim_marks(text, len(before), end)
    assert text[start:end] == kept
