"""Count what letters and brackets say of two names of one software (`somex.name_pairs`,
`somex.second_names`).

    python benchmarks/name_pairs.py                       # in the gold of SOMD and SoMeSci
    python benchmarks/name_pairs.py runs/ablation/*/*     # and what they change in held-out folds

In the gold each habit is taken away and counted where it comes back. The second form takes run
folders with ``test-gold.jsonl`` and ``test-predicted.jsonl``, as ``somex train --folds`` and
``benchmarks/ablation.py`` write them. Needs SOMEX_DATA.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from somex.core import Annotation, EntityType, LabeledDocument, Relation, RelationType
from somex.corpus import read_source
from somex.metrics import Report, evaluate
from somex.name_pairs import settle_names
from somex.readers.jsonl import read_jsonl
from somex.recipe import Source
from somex.second_names import add_second_names
from somex.text.sentences import sentences_of

SECOND = {RelationType.ABBREVIATION_OF, RelationType.SPECIFICATION_OF}
CHANGED = ("Abbreviation", "AlternativeName", "Abbreviation_of", "Specification_of")
"""Types whose scores are printed."""


def settle(labeled: LabeledDocument) -> Annotation:
    """Return a document's annotation with its pairs of names settled."""
    starts = [sentence.char_start for sentence in sentences_of(labeled.document)]
    return settle_names(labeled.document.text, labeled.annotation, starts=starts)


def ties(annotation: Annotation) -> set[tuple[str, int, int, int]]:
    """Return abbreviations and specifications: type, begin of the first, span of the second."""
    return {
        (r.type.value, r.head.char_start, r.tail.char_start, r.tail.char_end)
        for r in annotation.relations
        if r.type in SECOND
    }


def cut_first_word(labeled: LabeledDocument) -> Annotation:
    """Cut the first word off the abbreviated names of several words."""
    new = {m: m for m in labeled.annotation.mentions}
    for r in labeled.annotation.relations:
        words = labeled.document.slice(r.tail.char_start, r.tail.char_end).split(" ")
        if r.type is RelationType.ABBREVIATION_OF and len(words) > 1:
            new[r.tail] = replace(r.tail, char_start=r.tail.char_start + len(words[0]) + 1)
    return labeled.annotation.with_mentions(new)


def abbreviate(labeled: LabeledDocument) -> Annotation:
    """Make each Specification_of an Abbreviation_of; attributes go to the long name."""
    annotation = labeled.annotation
    hosts = {
        r.head: r.tail
        for r in annotation.relations
        if r.type is RelationType.SPECIFICATION_OF and r.head.type is not EntityType.LICENSE
    }
    new = {
        m: replace(m, type=EntityType.ABBREVIATION, purpose=None) if m in hosts else m
        for m in annotation.mentions
    }
    relations = []
    for r in annotation.relations:
        if r.head in hosts:
            r = replace(r, type=RelationType.ABBREVIATION_OF, head=new[r.head])
        tail = r.tail
        while tail in hosts:
            tail = hosts[tail]
        relations.append(replace(r, tail=tail))
    return Annotation.build(new.values(), relations)


def untie(labeled: LabeledDocument) -> Annotation:
    """Drop each Specification_of."""
    kept = [r for r in labeled.annotation.relations if r.type is not RelationType.SPECIFICATION_OF]
    return Annotation.build(labeled.annotation.mentions, kept)


def check_gold(name: str, documents: Sequence[LabeledDocument]) -> None:
    """Print how many ties come back when a habit is taken away, and what is done to whole gold."""
    for take in (cut_first_word, abbreviate, untie):
        counts: Counter[str] = Counter()
        for labeled in documents:
            gold, left = ties(labeled.annotation), take(labeled)
            after = ties(settle(LabeledDocument(labeled.document, left)))
            counts["taken"] += len(gold - ties(left))
            counts["back"] += len((gold - ties(left)) & after)
        print(f"{name}, {take.__name__}: {dict(counts)}")
    wrong = Counter(tie[0] for d in documents for tie in ties(settle(d)) - ties(d.annotation))
    print(f"{name}, made in the gold as it is, all wrong: {dict(wrong)}")
    check_second_names(name, documents)


def check_second_names(name: str, documents: Sequence[LabeledDocument]) -> None:
    """Print what the annotators call the long names that are made of all else they marked."""
    n_gold, found = 0, Counter[str]()
    for labeled in documents:
        mentions = labeled.annotation.mentions
        gold = {(m.char_start, m.char_end): m.type.value for m in mentions}
        kept = {m for m in mentions if m.type is not EntityType.ALTERNATIVE_NAME}
        n_gold += len(mentions) - len(kept)
        relations: list[Relation] = [
            r for r in labeled.annotation.relations if {r.head, r.tail} <= kept
        ]
        rest = Annotation.build(kept, relations)
        for second in add_second_names(labeled.document.text, rest).mentions:
            if second.type is EntityType.ALTERNATIVE_NAME:
                found[gold.get((second.char_start, second.char_end), "unmarked")] += 1
    print(f"{name}: {n_gold} AlternativeNames; by their letters {dict(found)}")


def row(report: Report) -> str:
    """Return the main scores, and the F1 of the types that change."""
    per_type = [*report.ner.per_type, *report.re.per_type]
    scores = [f"{key} {value:.3f}" for key, value in report.main_scores().items()]
    scores += [f"{r.type} {r.f1:.2f}" for r in per_type if r.type in CHANGED]
    return ", ".join(scores)


def check_runs(folders: Sequence[Path]) -> None:
    """Print the scores of runs' held-out sentences together, before and after each step."""
    gold = [d for folder in folders for d in read_jsonl(folder / "test-gold.jsonl")]
    steps = {"as they are": [d for f in folders for d in read_jsonl(f / "test-predicted.jsonl")]}
    before = steps["as they are"]
    steps["settled"] = [LabeledDocument(d.document, settle(d)) for d in before]
    steps["and with second names"] = [
        LabeledDocument(d.document, add_second_names(d.document.text, d.annotation))
        for d in steps["settled"]
    ]
    for name, predicted in steps.items():
        print(f"{name}: {row(evaluate(gold, predicted))}")


def main() -> None:
    """Do both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="*", help="run folders with held-out predictions")
    arguments = parser.parse_args()
    data = os.environ["SOMEX_DATA"]
    phase1 = Source(path=f"{data}/somd2025/phase1", format="somd", split="train")
    check_gold("SOMD 2025 Phase I, training", read_source(phase1))
    check_gold("SoMeSci", read_source(Source(path=f"{data}/somesci", format="brat")))
    folders = [f for f in arguments.runs if (f / "test-predicted.jsonl").is_file()]
    if folders:
        check_runs(folders)


if __name__ == "__main__":
    main()
