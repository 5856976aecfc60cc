"""Thresholds of confidence by type, chosen by nested cross-validation: do they help?

    somex train RECIPE --folds 5 --only-folds 0,1,2
    python benchmarks/type_thresholds.py runs/RECIPE/fold-*

Reads the held-out predictions of run folders (``test-gold.jsonl``, ``test-predicted.jsonl``). For
each fold the threshold of a type is the one with which the type has its best F1 on the other folds;
what is below it is dropped with its relations.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from somex.core import ENTITY_TYPES, Annotation, EntityType, LabeledDocument
from somex.metrics import evaluate
from somex.readers.jsonl import read_jsonl

CANDIDATES = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
Pairs = list[tuple[LabeledDocument, LabeledDocument]]
"""Gold and predicted sentences."""


def drop_below(labeled: LabeledDocument, least: Mapping[EntityType, float]) -> LabeledDocument:
    """Drop the mentions below the threshold of their type, and their relations."""
    kept = {m for m in labeled.annotation.mentions if m.confidence >= least[m.type]}
    relations = [r for r in labeled.annotation.relations if {r.head, r.tail} <= kept]
    return LabeledDocument(labeled.document, Annotation.build(kept, relations))


def f1_of(kind: EntityType, pairs: Pairs, least: float) -> float:
    """Return the F1 of a type's mentions at a threshold."""
    n_right = n_found = n_gold = 0
    for gold, predicted in pairs:
        wanted = {m.key for m in gold.annotation.mentions if m.type is kind}
        found = {
            m.key for m in predicted.annotation.mentions if m.type is kind and m.confidence >= least
        }
        n_right += len(wanted & found)
        n_found += len(found)
        n_gold += len(wanted)
    return 2 * n_right / (n_found + n_gold) if n_found + n_gold else 0.0


def choose(pairs: Pairs) -> dict[EntityType, float]:
    """Return each type's best threshold, the lowest of equals."""
    return {
        kind: max(CANDIDATES, key=lambda least: (f1_of(kind, pairs, least), -least))
        for kind in ENTITY_TYPES
    }


def show(name: str, folds: Sequence[Pairs]) -> None:
    """Print the scores of the folds together."""
    gold, predicted = zip(*(pair for pairs in folds for pair in pairs), strict=True)
    scores = evaluate(gold, predicted).main_scores()
    print(f"{name}: " + ", ".join(f"{key} {value:.3f}" for key, value in scores.items()))


def main() -> None:
    """Score the folds as they are and with thresholds from the other folds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="two folds or more of one recipe")
    folders = parser.parse_args().runs
    if len(folders) < 2:
        parser.error(f"{len(folders)} fold(s); thresholds of one are chosen on the others")
    folds: list[Pairs] = [
        [
            *zip(
                *(read_jsonl(f / f"test-{part}.jsonl") for part in ("gold", "predicted")),
                strict=True,
            )
        ]
        for f in folders
    ]
    show("as they are", folds)
    dropped = []
    for index, pairs in enumerate(folds):
        least = choose([pair for i, other in enumerate(folds) if i != index for pair in other])
        chosen = ", ".join(f"{kind} {value}" for kind, value in least.items() if value)
        print(f"{folders[index].name}: {chosen or 'none'}")
        dropped.append([(gold, drop_below(predicted, least)) for gold, predicted in pairs])
    show("with thresholds of the other folds", dropped)


if __name__ == "__main__":
    main()
