"""What each technique is worth: one change to the base recipe a row, several seeds, in and out of
distribution.

    python benchmarks/ablation.py run --out runs/ablation    # resumable; --only, --seeds to choose
    python benchmarks/ablation.py table                      # Markdown, differences by seed
    python benchmarks/ablation.py plots docs/images

Needs SOMEX_DATA and SOMEX_ENCODERS. What is run stands in benchmarks/ablation.yaml. The scores of
each training are kept in benchmarks/results/ablation.json, with hashes of what it was trained and
tested on; a training whose scores stand there is not run again. A machine that trains in another
precision has another base, so it keeps its scores in a file of its own (``--kept``).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from pathlib import Path
from typing import Any

import yaml

from somex.plotting import check_plots, save_figure

HERE = Path(__file__).parent
KEPT = HERE / "results" / "ablation.json"
Results = dict[str, dict[str, dict[str, dict[str, float]]]]
"""Variant -> seed -> test set -> scores."""

COLUMNS = (
    ("fold", "total", "total"),
    ("fold", "ner_micro", "NER micro"),
    ("fold", "re_micro", "RE micro"),
    ("citation-style", "ner_micro", "citations by author"),
    ("citation-with-name", "ner_micro", "with the name"),
    ("lower-case", "ner_micro", "lower case"),
    ("softcite-biomedicine", "names", "softcite biomed."),
    ("softcite-economics", "names", "softcite econ."),
    ("softcite-biomedicine-own-head", "names", "softcite biomed., own head"),
)
"""Test set, score and title of each column."""

DRAWN = ("NER micro", "softcite biomed.")
"""Titles of the columns that the plot of differences shows."""

CURVE = {
    "an eighth of the sentences": 0.125,
    "a quarter of the sentences": 0.25,
    "half of the sentences": 0.5,
    "base": 1.0,
}


def folder_of(out: Path, variant: str) -> Path:
    return out / "".join(c if c.isalnum() else "-" for c in variant)


def run(
    plan: dict[str, Any],
    out: Path,
    *,
    kept: Path,
    only: list[str],
    seeds: list[int],
    threads: int,
) -> None:
    import torch

    from somex.ood_bench import Corpora, choose_sets
    from somex.ood_runs import Bench, run_bench
    from somex.recipe import read_recipe

    torch.set_num_threads(threads)
    corpora = Corpora(Path(os.environ["SOMEX_DATA"]), softcite_fifth=plan["softcite_fifth"])
    sets = choose_sets(plan["sets"])
    os.environ["SOMEX_ABLATION"] = str(out.resolve())
    for seed in seeds or plan["seeds"]:
        for variant in only or plan["variants"]:
            if str(seed) in read_kept(kept).get(variant, {}).get("scores", {}):
                continue
            changes = plan["variants"][variant]
            overrides = tuple(f"{key}={json.dumps(value)}" for key, value in changes.items())
            recipe = read_recipe(HERE / plan["recipe"], overrides=overrides)
            bench = Bench(recipe, sets, [seed], corpora, folder_of(out, f"{variant} {seed}"))
            found = run_bench(bench, resume=True)
            keep(kept, variant, changes, seed, found)
            names = {row["name"]: round(row["mean"]["names"], 3) for row in found["rows"]}
            print(variant, seed, names, flush=True)


def read_kept(path: Path) -> dict[str, Any]:
    """Return what is kept: variant -> its changes, and by seed its scores and hashes."""
    kept: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return kept


def keep(
    path: Path, variant: str, changes: dict[str, Any], seed: int, found: dict[str, Any]
) -> None:
    """Add the scores of a training to the file that is committed."""
    kept = read_kept(path)
    entry = kept.setdefault(variant, {"changes": changes, "scores": {}, "sha256": {}})
    entry["scores"][str(seed)] = {
        row["name"]: {key: round(value, 5) for key, value in row["runs"][0].items()}
        for row in found["rows"]
    }
    tested = {row["name"]: row["sha256"][:16] for row in found["rows"]}
    trained = {run: parts["train"]["sha256"][:16] for run, parts in found["trained_on"].items()}
    entry["sha256"][str(seed)] = {"trained": trained, "tested": tested}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_results(plan: dict[str, Any], path: Path) -> Results:
    """Return the kept scores of the plan's variants, the base recipe's among them."""
    kept = read_kept(path)
    if "base" not in kept:
        raise SystemExit(f"{path} holds no results of the base recipe; run it first")
    return {variant: kept[variant]["scores"] for variant in plan["variants"] if variant in kept}


def values(results: Results, variant: str, test_set: str, score: str) -> dict[str, float]:
    """Return a score by seed; without those seeds whose training was not tested on the set."""
    return {
        seed: sets[test_set][score] for seed, sets in results[variant].items() if test_set in sets
    }


def differences(results: Results, variant: str, test_set: str, score: str) -> list[float]:
    """Return the differences to the base recipe, for the seeds that both have."""
    mine, base = (values(results, each, test_set, score) for each in (variant, "base"))
    return [mine[seed] - base[seed] for seed in mine if seed in base]


def table(results: Results) -> str:
    """Return the base row as mean ± deviation, the others as their mean difference by seed.

    A score that the base has not, that of a head of its own, stands as it is.
    """
    lines = ["| | seeds | " + " | ".join(title for *_, title in COLUMNS) + " |"]
    lines.append("| --- " * (len(COLUMNS) + 2) + "|")
    for variant in results:
        cells = [str(len(results[variant]))]
        for test_set, score, _ in COLUMNS:
            as_it_is = variant == "base" or not values(results, "base", test_set, score)
            found = (
                [*values(results, variant, test_set, score).values()]
                if as_it_is
                else differences(results, variant, test_set, score)
            )
            cells.append(_mean(found, sign="" if as_it_is else "+"))
        lines.append(f"| {variant} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mean(found: list[float], *, sign: str) -> str:
    if not found:
        return ""
    spread = f" ± {statistics.stdev(found):.3f}" if len(found) > 1 else ""
    return f"{statistics.fmean(found):{sign}.3f}{spread}"


def plots(results: Results, folder: Path) -> None:
    """Draw the differences to the base, and the learning curve, as SVG."""
    check_plots()
    import matplotlib.pyplot as plt

    shown = [v for v in results if v != "base" and v not in CURVE]
    figure, axes = plt.subplots(1, 2, figsize=(10, 0.35 * len(shown) + 1.2), sharey=True)
    drawn = [column for column in COLUMNS if column[2] in DRAWN]
    for ax, (test_set, score, title) in zip(axes, drawn, strict=True):
        for place, variant in enumerate(shown):
            found = differences(results, variant, test_set, score)
            ax.plot(found, [place] * len(found), "o", color="#9db4c8")
            ax.plot(statistics.fmean(found), place, "D", color="#1f4e79")
        ax.axvline(0, color="#888888", linewidth=0.8)
        ax.set_title(title)
        ax.set_xlabel("difference to the base recipe, F1")
    axes[0].set_yticks(range(len(shown)), shown)
    axes[0].invert_yaxis()
    figure.tight_layout()
    save_figure(figure, folder / "ablation.svg")
    _plot_curve(results, folder)


def _plot_curve(results: Results, folder: Path) -> None:
    import matplotlib.pyplot as plt

    done = {v: share for v, share in CURVE.items() if v in results}
    figure, ax = plt.subplots(figsize=(6.5, 4.2))
    for test_set, score, title in COLUMNS:
        found = {v: [*values(results, v, test_set, score).values()] for v in done}
        if not all(found.values()):
            continue
        means = [statistics.fmean(each) for each in found.values()]
        (line,) = ax.plot(list(done.values()), means, marker="D", markersize=5, label=title)
        for variant, each in found.items():
            places = [done[variant]] * len(each)
            ax.plot(places, each, ".", color=line.get_color(), alpha=0.5)
    ax.set_xscale("log", base=2)
    ax.set_xticks(list(done.values()), [f"{share:g}" for share in done.values()])
    ax.minorticks_off()
    ax.set_xlabel("share of the training sentences")
    ax.set_ylabel("F1")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8, frameon=False)
    save_figure(figure, folder / "learning-curve.svg")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("what", choices=["run", "table", "plots"])
    parser.add_argument("images", type=Path, nargs="?", help="where plots go")
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"), help="run folders")
    parser.add_argument("--plan", type=Path, default=HERE / "ablation.yaml")
    parser.add_argument("--kept", type=Path, default=KEPT, help="file of the scores")
    parser.add_argument("--only", action="append", default=[], help="a variant; repeatable")
    parser.add_argument("--seeds", default="", help="as 1,2; the plan's by default")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    plan = yaml.safe_load(args.plan.read_text("utf-8"))
    if args.what == "run":
        seeds = [int(seed) for seed in args.seeds.split(",") if seed]
        run(
            plan,
            args.out,
            kept=args.kept,
            only=args.only,
            seeds=seeds,
            threads=args.threads,
        )
    elif args.what == "table":
        print(table(read_results(plan, args.kept)))
    else:
        plots(read_results(plan, args.kept), args.images or Path("docs/images"))


if __name__ == "__main__":
    main()
