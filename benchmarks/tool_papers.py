"""How a recipe does on papers that present tools when others of them are in its training.

    python benchmarks/tool_papers.py recipes/minilm.yaml --out runs/tool-papers --seeds 1,2

SoMeSci's ``Creation_sentences`` come from such papers. Their documents are cut in two by their ids;
each half is tested on by a model trained without it, and the predictions of both are scored
together. (`somex bench ood --splits subset-creation` holds out all of them: what a model does that
never saw one.) Needs SOMEX_DATA and SOMEX_ENCODERS. A training that is finished is kept.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from functools import partial
from pathlib import Path

from somex.app.cli.listeners import build_listener
from somex.app.cli.options import parse_numbers
from somex.core import LabeledDocument
from somex.corpus import bucket_of, cut_training_data, read_main
from somex.experiments import execute_on
from somex.metrics import evaluate
from somex.ood_splits import SUBSETS, hold_out_documents, stands_in_folders
from somex.readers.jsonl import read_jsonl
from somex.recipe import Recipe, read_recipe
from somex.run_files import gold_path, predicted_path
from somex.second_names import add_second_names

N_HALVES = 2
Documents = list[LabeledDocument]


def is_in_half(labeled: LabeledDocument, half: int) -> bool:
    """Tell whether a document is a tool paper of a half."""
    folders = SUBSETS["subset-creation"]
    return stands_in_folders(labeled, folders) and bucket_of(labeled.document.id, N_HALVES) == half


def predict_halves(recipe: Recipe, out: Path, somesci: Path) -> tuple[Documents, Documents]:
    """Train without each half in turn; return the gold and the predictions of both."""
    gold: Documents = []
    predicted: Documents = []
    seed = recipe.training.seed
    main_part = read_main(recipe.data)
    for half in range(N_HALVES):
        hold_out = hold_out_documents(main_part, somesci, partial(is_in_half, half=half))
        data = cut_training_data(recipe.data, seed=seed, hold_out=hold_out)
        place = out / f"half-{half}-seed-{seed}"
        facts = {"seed": seed, "half": half}
        listener = build_listener(place.name, place, tensorboard=False)
        execute_on(recipe, data, place=place, facts=facts, resume=True, listener=listener)
        gold += read_jsonl(gold_path(place))
        predicted += read_jsonl(predicted_path(place))
    return gold, predicted


def print_scores(name: str, gold: Documents, predicted: Documents) -> None:
    """Print the scores of a seed, as they are and with second names by their letters."""
    named = [
        LabeledDocument(d.document, add_second_names(d.document.text, d.annotation))
        for d in predicted
    ]
    for title, documents in (("", predicted), (" and second names", named)):
        scores = evaluate(gold, documents).main_scores()
        print(f"{name}{title}: " + ", ".join(f"{key} {value:.3f}" for key, value in scores.items()))


def main() -> None:
    """Run the seeds."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--set", action="append", default=[], help="as somex train --set")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    recipe = read_recipe(arguments.recipe, overrides=tuple(arguments.set))
    somesci = Path(os.environ["SOMEX_DATA"]) / "somesci"
    for seed in parse_numbers(arguments.seeds, "--seeds"):
        seeded = replace(recipe, training=replace(recipe.training, seed=seed))
        print_scores(f"seed {seed}", *predict_halves(seeded, arguments.out, somesci))


if __name__ == "__main__":
    main()
