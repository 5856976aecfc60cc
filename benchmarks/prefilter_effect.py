"""What the prefilter does to the mentions of whole papers, each paper held out from the filter.

Takes what `somex extract --no-prefilter` found in BRAT documents of the prefilter's own training
corpus. For each fold of the recipe, a filter trained without it, at the threshold that was chosen
without it (both as in the card), says which sentences pass; names that the model really found let
further sentences pass. Compared with the gold: exact span and type.

Run: SOMEX_DATA=../shared/data somex extract $SOMEX_DATA/somesci/PLoS_methods/*.txt \
         --no-prefilter --quiet --out runs/plos
     SOMEX_DATA=../shared/data python benchmarks/prefilter_effect.py \
         recipes/prefilter/prefilter.yaml src/somex/models/mpnet-joint \
         runs/plos/documents.jsonl $SOMEX_DATA/somesci/PLoS_methods
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

import numpy as np

from somex.core.types import LabeledDocument, Mention, Sentence
from somex.prefilter.model import Prefilter, read_prefilter
from somex.prefilter.names import NameMatcher, names_of
from somex.prefilter_data import read_gold_documents
from somex.prefilter_runs import read_prefilter_recipe
from somex.prefilter_training import build_rows, fit_prefilter
from somex.readers.jsonl import read_jsonl
from somex.readers.registry import read_corpus
from somex.text.sentences import split_sentences

WAYS = ("no prefilter", "first pass", "both passes")
CONFIDENCES = (0.0, 0.5)


def main(recipe_path: Path, folder: Path, found_path: Path, gold_folder: Path) -> None:
    recipe = read_prefilter_recipe(recipe_path)
    config = recipe.prefilter
    documents = read_gold_documents(recipe.data, n_folds=config.n_folds)
    rows = build_rows(documents, config)
    thresholds = read_prefilter(folder).card["cross_validation"]["thresholds"]
    fold_of = {PurePath(d.id).name: d.fold for d in documents if d.fold is not None}
    models = [fit_prefilter(rows, rows.without({f}), config) for f in range(config.n_folds)]
    gold = {g.document.id: g for g in read_corpus(gold_folder, format="brat")}
    counts: Counter[str] = Counter()
    for found in read_jsonl(found_path):
        id = PurePath(found.document.id).name
        fold = fold_of[id]
        counts += compare(gold[id], found, models[fold], thresholds[fold])
    print(json.dumps(summarize(counts), indent=2))


def compare(
    gold: LabeledDocument, found: LabeledDocument, model: Prefilter, threshold: float
) -> Counter[str]:
    sentences = split_sentences(gold.document.text)
    texts = [gold.document.slice(s.char_start, s.char_end) for s in sentences]
    first = model.score_document(texts) >= threshold
    mentions = found.annotation.mentions
    matcher = NameMatcher(names_of(found.document, within(mentions, sentences, first)))
    both = first | np.array([matcher.is_in(text) for text in texts], bool)
    every = np.ones(len(sentences), bool)
    keys = {m.key for m in gold.annotation.mentions}
    counts = Counter({"gold": len(keys)})
    for way, passes in zip(WAYS, (every, first, both), strict=True):
        counts[f"{way} sentences"] = int(passes.sum())
        counts[f"{way} characters"] = sum(len(t) for t, p in zip(texts, passes, strict=True) if p)
        counts[f"{way} reachable"] = len(within(gold.annotation.mentions, sentences, passes))
        for least in CONFIDENCES:
            kept = [m for m in within(mentions, sentences, passes) if m.confidence >= least]
            counts[f"{way} predicted {least}"] = len(kept)
            counts[f"{way} right {least}"] = sum(m.key in keys for m in kept)
    return counts


def within(
    mentions: Iterable[Mention], sentences: Sequence[Sentence], passes: np.ndarray
) -> list[Mention]:
    chosen = [s for s, is_in in zip(sentences, passes, strict=True) if is_in]
    return [m for m in mentions if any(s.holds(m) for s in chosen)]


def summarize(counts: Counter[str]) -> dict[str, object]:
    result: dict[str, object] = {"gold mentions": counts["gold"]}
    for way in WAYS:
        row: dict[str, float] = {}
        for kind in ("sentences", "characters", "reachable"):
            whole = counts["gold"] if kind == "reachable" else counts[f"{WAYS[0]} {kind}"]
            row[kind] = round(counts[f"{way} {kind}"] / whole, 4)
        for least in CONFIDENCES:
            right, predicted = counts[f"{way} right {least}"], counts[f"{way} predicted {least}"]
            precision, recall = right / predicted, right / counts["gold"]
            row[f"precision {least}"] = round(precision, 4)
            row[f"recall {least}"] = round(recall, 4)
            row[f"f1 {least}"] = round(2 * precision * recall / (precision + recall), 4)
        result[way] = row
    return result


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
