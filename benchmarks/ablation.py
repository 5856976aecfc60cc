"""What each technique is worth: one change to the base recipe a row, several seeds, in and out of
distribution.

    python benchmarks/ablation.py run --out runs/ablation      # resumable; --only to choose rows
    python benchmarks/ablation.py table --out runs/ablation    # Markdown, differences by seed
    python benchmarks/ablation.py plots --out runs/ablation docs/images

Needs SOMEX_DATA and SOMEX_ENCODERS. What is run stands in benchmarks/ablation.yaml.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
Results = dict[str, dict[str, list[dict[str, float]]]]
"""Variant -> test set -> the scores of each seed."""

COLUMNS = (
    ("fold", "total", "total"),
    ("fold", "ner_micro", "NER micro"),
    ("fold", "re_micro", "RE micro"),
    ("citation-style", "ner_micro", "citations by author"),
    ("lower-case", "ner_micro", "lower case"),
    ("softcite-biomedicine", "names", "softcite biomed."),
    ("softcite-economics", "names", "softcite econ."),
)
"""Test set, score and title of each column."""

CURVE = {
    "an eighth of the sentences": 0.125,
    "a quarter of the sentences": 0.25,
    "half of the sentences": 0.5,
    "base": 1.0,
}


def folder_of(out: Path, variant: str) -> Path:
    return out / "".join(c if c.isalnum() else "-" for c in variant)


def run(plan: dict[str, Any], out: Path, *, only: list[str], threads: int) -> None:
    import torch

    from somex.ood_bench import Corpora, choose_sets
    from somex.ood_runs import Bench, run_bench
    from somex.recipe import read_recipe

    torch.set_num_threads(threads)
    corpora = Corpora(Path(os.environ["SOMEX_DATA"]), softcite_fifth=plan["softcite_fifth"])
    for variant, changes in plan["variants"].items():
        if only and variant not in only:
            continue
        overrides = tuple(f"{key}={json.dumps(value)}" for key, value in changes.items())
        recipe = read_recipe(HERE / plan["recipe"], overrides=overrides)
        sets = choose_sets(plan["sets"])
        bench = Bench(recipe, sets, plan["seeds"], corpora, folder_of(out, variant))
        rows = run_bench(bench, resume=True)["rows"]
        print(variant, {row["name"]: round(row["mean"]["names"], 3) for row in rows}, flush=True)


def read_results(plan: dict[str, Any], out: Path) -> Results:
    """Read the scores of the variants that are finished."""
    found: Results = {}
    for variant in plan["variants"]:
        path = folder_of(out, variant) / "results.json"
        if path.is_file():
            rows = json.loads(path.read_text("utf-8"))["rows"]
            found[variant] = {row["name"]: row["runs"] for row in rows}
    if "base" not in found:
        raise SystemExit(f"{out} holds no results of the base recipe; run it first")
    return found


def values(results: Results, variant: str, test_set: str, score: str) -> list[float]:
    return [seed[score] for seed in results[variant][test_set]]


def table(results: Results) -> str:
    """Return the base row as mean ± deviation, the others as their mean difference by seed."""
    lines = ["| | " + " | ".join(title for *_, title in COLUMNS) + " |"]
    lines.append("| --- " * (len(COLUMNS) + 1) + "|")
    for variant in results:
        cells = []
        for test_set, score, _ in COLUMNS:
            mine = values(results, variant, test_set, score)
            base = values(results, "base", test_set, score)
            if variant == "base":
                cells.append(f"{statistics.fmean(mine):.3f} ± {statistics.stdev(mine):.3f}")
                continue
            differences = [a - b for a, b in zip(mine, base, strict=True)]
            spread = statistics.stdev(differences) if len(differences) > 1 else 0.0
            cells.append(f"{statistics.fmean(differences):+.3f} ± {spread:.3f}")
        lines.append(f"| {variant} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plots(results: Results, folder: Path) -> None:
    """Draw the differences to the base, and the learning curve, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "somex"
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    shown = [v for v in results if v != "base" and v not in CURVE]
    figure, axes = plt.subplots(1, 2, figsize=(10, 0.35 * len(shown) + 1.2), sharey=True)
    for ax, (test_set, score, title) in zip(axes, (COLUMNS[1], COLUMNS[5]), strict=True):
        for place, variant in enumerate(shown):
            pairs = zip(
                values(results, variant, test_set, score),
                values(results, "base", test_set, score),
                strict=True,
            )
            differences = [a - b for a, b in pairs]
            ax.plot(differences, [place] * len(differences), "o", color="#9db4c8")
            ax.plot(statistics.fmean(differences), place, "D", color="#1f4e79")
        ax.axvline(0, color="#888888", linewidth=0.8)
        ax.set_title(f"{title}: difference to the base recipe")
    axes[0].set_yticks(range(len(shown)), shown)
    axes[0].invert_yaxis()
    figure.tight_layout()
    figure.savefig(folder / "ablation.svg", metadata={"Date": None})
    _plot_curve(results, folder)


def _plot_curve(results: Results, folder: Path) -> None:
    import matplotlib.pyplot as plt

    done = {v: share for v, share in CURVE.items() if v in results}
    figure, ax = plt.subplots(figsize=(6, 4))
    for test_set, score, title in COLUMNS:
        if score == "total":
            continue
        means = [statistics.fmean(values(results, v, test_set, score)) for v in done]
        ax.plot(list(done.values()), means, marker="o", label=title)
    ax.set_xscale("log", base=2)
    ax.set_xticks(list(done.values()), [f"{share:g}" for share in done.values()])
    ax.set_xlabel("share of the training sentences")
    ax.set_ylabel("F1")
    ax.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(folder / "learning-curve.svg", metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("what", choices=["run", "table", "plots"])
    parser.add_argument("images", type=Path, nargs="?", help="where plots go")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--plan", type=Path, default=HERE / "ablation.yaml")
    parser.add_argument("--only", action="append", default=[], help="a variant; repeatable")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    plan = yaml.safe_load(args.plan.read_text("utf-8"))
    if args.what == "run":
        run(plan, args.out, only=args.only, threads=args.threads)
    elif args.what == "table":
        print(table(read_results(plan, args.out)))
    else:
        plots(read_results(plan, args.out), args.images or Path("docs/images"))


if __name__ == "__main__":
    main()
