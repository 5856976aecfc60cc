"""Count what the letters of a software say of the long name behind them (`somex.second_names`).

    python benchmarks/second_names.py                       # in the gold of SOMD and SoMeSci
    python benchmarks/second_names.py runs/ablation/*/*     # and what they change in held-out folds

The second form takes run folders with ``test-gold.jsonl`` and ``test-predicted.jsonl``, as
``somex train --folds`` and ``benchmarks/ablation.py`` write them. Needs SOMEX_DATA.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path

from somex.core import Annotation, EntityType, LabeledDocument
from somex.corpus import read_source
from somex.metrics import Report, evaluate
from somex.readers.jsonl import read_jsonl
from somex.recipe import Source
from somex.second_names import add_second_names


def check_gold(name: str, documents: list[LabeledDocument]) -> None:
    """Print what the annotators call the long names that are made of all else they marked."""
    n_gold, found = 0, Counter[str]()
    for labeled in documents:
        mentions = labeled.annotation.mentions
        gold = {(m.char_start, m.char_end): m.type.value for m in mentions}
        kept = {m for m in mentions if m.type != EntityType.ALTERNATIVE_NAME}
        n_gold += len(mentions) - len(kept)
        relations = [r for r in labeled.annotation.relations if {r.head, r.tail} <= kept]
        rest = Annotation.build(kept, relations)
        for second in add_second_names(labeled.document.text, rest).mentions:
            if second.type == EntityType.ALTERNATIVE_NAME:
                found[gold.get((second.char_start, second.char_end), "unmarked")] += 1
    print(f"{name}: {n_gold} AlternativeNames; by their letters {dict(found)}")


def row(report: Report) -> str:
    """Return the main scores, and the right and predicted AlternativeNames."""
    names = {r.type: r for r in report.ner.per_type}.get(EntityType.ALTERNATIVE_NAME)
    counts = f"{names.tp} right of {names.n_predicted}" if names else "none"
    scores = " ".join(f"{key} {value:.3f}" for key, value in report.main_scores().items())
    return f"{scores}, AlternativeName {counts}"


def check_run(folder: Path) -> None:
    """Print a run's scores on its held-out fold, before and after."""
    gold = list(read_jsonl(folder / "test-gold.jsonl"))
    before = list(read_jsonl(folder / "test-predicted.jsonl"))
    after = [
        LabeledDocument(d.document, add_second_names(d.document.text, d.annotation)) for d in before
    ]
    print(
        f"{folder}\n  before: {row(evaluate(gold, before))}\n  after: {row(evaluate(gold, after))}"
    )


def main() -> None:
    """Do both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="*", help="run folders with held-out predictions")
    arguments = parser.parse_args()
    data = os.environ["SOMEX_DATA"]
    phase1 = Source(path=f"{data}/somd2025/phase1", format="somd", split="train")
    check_gold("SOMD 2025 Phase I, training", read_source(phase1))
    check_gold("SoMeSci", read_source(Source(path=f"{data}/somesci", format="brat")))
    for folder in arguments.runs:
        if (folder / "test-predicted.jsonl").is_file():
            check_run(folder)


if __name__ == "__main__":
    main()
