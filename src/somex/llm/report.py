"""Counts and rates of a run: what was answered, what was wrong with it, what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from somex.llm.chat import Usage
from somex.llm.config import EndpointConfig
from somex.llm.strategies import AnswerRecord, Outcome
from somex.llm.verify import ANSWER_FAULTS, MENTION_FAULTS, RELATION_FAULTS, FaultKind

_PRICED_TOKENS = 1e6
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run was, beside its answers.

    Attributes:
        structured: How answers were held to their form at the end.
        retrieval: How examples were found; empty without examples.
        faults: Faults of network and server in this run, by name.
    """

    structured: str
    retrieval: str
    faults: dict[str, int]


def build_report(
    outcomes: Sequence[Outcome], *, endpoint: EndpointConfig, setting: Setting
) -> dict[str, Any]:
    """Return the report of a run as JSON values.

    Rates of faults of answers are shares of the answers; those of mentions and relations shares
    of the mentions and relations that the answers named. ``first`` counts first answers, ``all``
    those too that were given after errors were named.
    """
    records = [record for outcome in outcomes for record in outcome.records]
    annotations = [outcome.annotation for outcome in outcomes]
    return {
        "model": endpoint.name,
        "structured": setting.structured,
        "retrieval": setting.retrieval,
        "sentences": {
            "total": len(outcomes),
            "without an answer": sum(bool(o.error) for o in outcomes),
            "without a usable answer": sum(map(_has_none_usable, outcomes)),
            "corrected": sum(any(r.n_corrections for r in o.records) for o in outcomes),
        },
        "accepted": {
            "mentions": sum(len(a.mentions) for a in annotations),
            "relations": sum(len(a.relations) for a in annotations),
        },
        "first": count_faults([r for r in records if r.n_corrections == 0]),
        "all": count_faults(records),
        "requests": setting.faults,
        "usage": _usage(records, endpoint),
        "errors": _errors(outcomes),
    }


def _has_none_usable(outcome: Outcome) -> bool:
    """Tell whether every answer that named mentions was dropped as a whole."""
    naming = [r for r in outcome.records if r.kind == "mentions"]
    dropped = [any(f.kind in ANSWER_FAULTS for f in r.faults) for r in naming]
    return bool(naming) and all(dropped)


def count_faults(records: Sequence[AnswerRecord]) -> dict[str, Any]:
    """Return how many answers, mentions and relations there are, and each fault with its rate."""
    counts = Counter(fault.kind for record in records for fault in record.faults)
    n_mentions = sum(record.n_mentions for record in records)
    n_relations = sum(record.n_relations for record in records)
    return {
        "answers": _rates(counts, ANSWER_FAULTS, len(records)),
        "mentions": _rates(counts, MENTION_FAULTS, n_mentions),
        "relations": _rates(counts, RELATION_FAULTS, n_relations),
    }


def _rates(counts: Counter[FaultKind], kinds: Sequence[FaultKind], n_total: int) -> dict[str, Any]:
    faults = {
        str(kind): {"count": counts[kind], "rate": round(counts[kind] / (n_total or 1), _DIGITS)}
        for kind in kinds
    }
    return {"total": n_total, "faults": faults}


def _usage(records: Sequence[AnswerRecord], endpoint: EndpointConfig) -> dict[str, Any]:
    """Return tokens and cost: of all answers, and of those that were paid for in this run."""
    every = [record.answer for record in records]
    new = [answer for answer in every if not answer.from_cache]
    parts: dict[str, Any] = {"currency": endpoint.currency}
    for name, answers in (("all answers", every), ("this run", new)):
        usage = sum((answer.usage for answer in answers), Usage())
        parts[name] = {
            "answers": len(answers),
            "prompt tokens": usage.n_prompt,
            "completion tokens": usage.n_completion,
            "cost": round(cost_of(usage, endpoint), 6),
        }
    return parts


def cost_of(usage: Usage, endpoint: EndpointConfig) -> float:
    """Return what tokens cost at the prices of a recipe."""
    total = usage.n_prompt * endpoint.input_price + usage.n_completion * endpoint.output_price
    return total / _PRICED_TOKENS


def _errors(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    return [{"sentence": i, "error": o.error} for i, o in enumerate(outcomes, 1) if o.error]
