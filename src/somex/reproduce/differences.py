"""Joint minus disjoint, by system and by family, with a paired bootstrap over sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from somex.core.types import LabeledDocument
from somex.reproduce.plan import FAMILIES, FAMILY_TITLES
from somex.reproduce.rows import RowResult
from somex.reproduce.sets import IN, EvaluationSet
from somex.significance import (
    METRICS,
    Metric,
    PairedBootstrap,
    mean_differences,
    summarize_differences,
)

N_RESAMPLES = 1000

Pair = tuple[RowResult, RowResult]
"""The disjoint and the joint row of a system."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference with its interval, shown as ``+0.031 [+0.004, +0.060]``."""

    found: PairedBootstrap

    def __str__(self) -> str:
        return f"{self.found.difference:+.3f} [{self.found.low:+.3f}, {self.found.high:+.3f}]"

    @property
    def verdict(self) -> str:
        """Say which side is better, if the interval leaves 0 out."""
        if self.found.low > 0:
            return "joint is better"
        return "disjoint is better" if self.found.high < 0 else "can't be told apart"


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """The differences of one score.

    Attributes:
        sets: By test set.
        outside: Mean of the sets out of distribution.
        widening: By how much that exceeds the difference in distribution.
    """

    sets: dict[str, Interval]
    outside: Interval
    widening: Interval


@dataclass(frozen=True, slots=True)
class Difference:
    """Joint minus disjoint of a system, or of all systems of a family.

    Attributes:
        label: The system or family.
        is_family: Which of the two.
        seeds: How many seeds (and systems) stand behind it, in words.
        ahead: In how many runs (seeds of systems) joint is ahead in distribution, in words.
        by_metric: The differences; empty where nothing can be compared.
        paper_in: The paper's difference on Phase I, where it has both.
        paper_out: The same on Phase II.
    """

    label: str
    is_family: bool
    seeds: str
    ahead: str = ""
    by_metric: dict[Metric, MetricDifference] = field(default_factory=dict)
    paper_in: float | None = None
    paper_out: float | None = None

    def records(self) -> list[dict[str, Any]]:
        """Return a CSV line a score and set."""
        found = []
        for values in self.by_metric.values():
            named = {**values.sets, "out": values.outside, "out minus in": values.widening}
            for name, interval in named.items():
                numbers = interval.found.to_json()
                found.append({"system": self.label, "seeds": self.seeds, "set": name} | numbers)
        return found


def find_pairs(results: Sequence[RowResult]) -> list[Pair]:
    """Return the disjoint and joint row of each system that the plan has both of."""
    joint = {r.row.system: r for r in results if r.row.loss == "joint"}
    disjoint = {r.row.system: r for r in results if r.row.loss == "disjoint"}
    return [(disjoint[name], joint[name]) for name in joint if name in disjoint]


def compare_losses(
    results: Sequence[RowResult], sets: Sequence[EvaluationSet], *, n_resamples: int = N_RESAMPLES
) -> list[Difference]:
    """Compare joint and disjoint rows: a line a system, then one a family.

    Args:
        results: All rows.
        sets: Test sets; softcite has other types and is left out.
        n_resamples: Of the bootstrap.
    """
    sets = [s for s in sets if not s.is_softcite]
    found = []
    for family in FAMILIES:
        pairs = [pair for pair in find_pairs(results) if pair[0].row.family == family]
        found += [_compare([pair], sets, pair[0].row.system, n_resamples) for pair in pairs]
        there = [pair for pair in pairs if _shared(pair)]
        if there:
            label = f"all with {FAMILY_TITLES[family]}"
            found.append(_compare(there, sets, label, n_resamples, is_family=True))
    return found


def _shared(pair: Pair) -> list[int]:
    """Return the seeds that both rows have finished."""
    return [seed for seed in pair[0].predictions if seed in pair[1].predictions]


def _compare(
    pairs: Sequence[Pair],
    sets: Sequence[EvaluationSet],
    label: str,
    n_resamples: int,
    *,
    is_family: bool = False,
) -> Difference:
    seeds = [_shared(pair) for pair in pairs]
    n_seeds = "+".join(str(len(shared)) for shared in seeds)
    paper = (None, None) if is_family else _paper(pairs[0])
    if not any(seeds):
        return Difference(label, is_family, "not run", "", {}, *paper)
    runs = [(a.reports[s][IN], b.reports[s][IN]) for a, b in pairs for s in _shared((a, b))]
    n_ahead = sum(b.total_macro_f1 > a.total_macro_f1 for a, b in runs)
    ahead = f"{n_ahead} of {len(runs)} run{'s' if len(runs) > 1 else ''}"
    by_metric = {metric: _by_set(pairs, sets, metric, n_resamples) for metric in METRICS}
    return Difference(label, is_family, n_seeds, ahead, by_metric, *paper)


def _paper(pair: Pair) -> tuple[float | None, float | None]:
    disjoint, joint = (result.row.paper for result in pair)
    return _minus(joint.phase1, disjoint.phase1), _minus(joint.phase2, disjoint.phase2)


def _minus(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None else left - right


def _by_set(
    pairs: Sequence[Pair], sets: Sequence[EvaluationSet], metric: Metric, n_resamples: int
) -> MetricDifference:
    found = {}
    for evaluation_set in sets:
        runs: list[tuple[list[LabeledDocument], list[LabeledDocument]]] = [
            (a.predictions[seed][evaluation_set.name], b.predictions[seed][evaluation_set.name])
            for a, b in pairs
            for seed in _shared((a, b))
        ]
        gold = evaluation_set.gold()
        found[evaluation_set.name] = mean_differences(
            gold, runs, metric=metric, n_resamples=n_resamples
        )
    names = [name for name in found if name != IN]
    point = float(np.mean([found[name][0] for name in names]))
    drawn = np.mean([found[name][1] for name in names], axis=0)
    widening = (point - found[IN][0], drawn - found[IN][1])
    return MetricDifference(
        {name: Interval(summarize_differences(metric, *each)) for name, each in found.items()},
        Interval(summarize_differences(metric, point, drawn)),
        Interval(summarize_differences(metric, *widening)),
    )


def state_claim(differences: Sequence[Difference]) -> str:
    """Say whether the paper's claim holds: joint beats disjoint, more so out of distribution."""
    lines = ["The paper: joint training beats disjoint training, more so out of distribution.", ""]
    families = [found for found in differences if found.is_family]
    for found in families:
        values = found.by_metric["total"]
        inside, outside, widening = values.sets[IN], values.outside, values.widening
        lines.append(
            f"- {found.label}: **{_verdict(inside, outside, widening)}** In distribution "
            f"{inside.verdict}, {inside} (ahead in {found.ahead}); out of distribution "
            f"{outside.verdict}, {outside}; out minus in {widening}."
        )
    if not families:
        lines.append("- Here no system has both losses finished yet: nothing can be said.")
    else:
        lines += [
            "",
            "Intervals say what other sentences could change, not what other seeds could.",
        ]
    return "\n".join(lines) + "\n"


def _verdict(inside: Interval, outside: Interval, widening: Interval) -> str:
    """Return the claim's fate in a sentence; it has two parts, and one alone is not the claim."""
    if inside.found.low > 0 and outside.found.low > 0:
        if widening.found.low > 0:
            return "It holds."
        return "Joint is better, more so out of distribution is not shown."
    if inside.found.high < 0 or outside.found.high < 0:
        return "It does not hold."
    return "Not shown."
