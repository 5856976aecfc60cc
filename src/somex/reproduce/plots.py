"""The tables as pictures: SVG, the same bytes from the same results. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from somex.core.schema import ENTITY_TYPES, RELATION_TYPES
from somex.plotting import check_plots, save_figure
from somex.reproduce.differences import Difference, Interval
from somex.reproduce.rows import RowResult
from somex.reproduce.sets import IN, TITLES, EvaluationSet
from somex.reproduce.tables import perturbed, spread, total, type_f1

COLOURS = {"joint": "#1f4e79", "disjoint": "#c8741a", "none": "#5a5a5a"}
_PAPER: dict[str, Any] = {"marker": "D", "mfc": "none", "linestyle": "none"}
_GREY = "#888888"


def draw_plots(
    results: Sequence[RowResult],
    sets: Sequence[EvaluationSet],
    differences: Sequence[Difference],
    folder: Path,
) -> list[Path]:
    """Draw the four tables as ``table1.svg`` to ``table4.svg``; what has no figures is left out.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    check_plots()
    there = [result for result in results if result.is_there]
    paths = [save_figure(_draw_systems(results), folder / "table1.svg")]
    if there:
        paths.append(save_figure(_draw_drops(there, sets), folder / "table2.svg"))
    if any(found.by_metric for found in differences):
        paths.append(save_figure(_draw_differences(differences), folder / "table3.svg"))
    if there:
        paths.append(save_figure(_draw_types(there), folder / "table4.svg"))
    return paths


def _draw_systems(results: Sequence[RowResult]) -> Any:
    """Draw Table 1: totals in distribution, ours as dots, the paper's as diamonds."""
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    shown = [r for r in results if r.is_there or r.row.paper.phase1 is not None]
    systems = list(dict.fromkeys(r.row.system for r in shown))
    figure, ax = plt.subplots(figsize=(8, 0.42 * max(len(systems), 2) + 1))
    for result in shown:
        loss, paper = result.row.loss, result.row.paper.phase1
        place = (
            systems.index(result.row.system) + {"joint": -0.13, "disjoint": 0.13, "none": 0}[loss]
        )
        ours = spread(result, IN, total)
        if ours is not None:
            ax.errorbar(ours.mean, place, xerr=ours.std, fmt="o", color=COLOURS[loss], capsize=3)
        if paper is not None:
            ax.plot(paper, place, color=COLOURS[loss], **_PAPER)
    ax.set_yticks(range(len(systems)), systems)
    ax.set_ylim(len(systems) - 0.5, -0.5)
    ax.grid(axis="y", color="#eeeeee")
    ax.set_axisbelow(True)
    ax.set_xlabel("total F1, in distribution")
    marks = [
        Line2D([], [], color=COLOURS["joint"], marker="o", ls="none", label="joint"),
        Line2D([], [], color=COLOURS["disjoint"], marker="o", ls="none", label="disjoint"),
        Line2D([], [], color=_GREY, label="published figure", **_PAPER),
    ]
    ax.legend(handles=marks, loc="lower center", ncols=3, frameon=False, bbox_to_anchor=(0.5, 1))
    return figure


def _draw_drops(there: Sequence[RowResult], sets: Sequence[EvaluationSet]) -> Any:
    """Draw Table 2: a line a row, from in distribution over the sets outside."""
    import matplotlib.pyplot as plt

    names = [IN, *perturbed(sets)]
    systems = list(dict.fromkeys(r.row.system for r in there))
    markers = "osv^<>Pp*hXd"
    figure, ax = plt.subplots(figsize=(8, 4.2))
    for place, result in enumerate(there):
        found = [spread(result, name, total) for name in names]
        aside = 0.02 * (place - (len(there) - 1) / 2)  # so that bars do not hide each other
        marker = markers[systems.index(result.row.system) % len(markers)]
        label = result.row.name
        means = [each.mean if each else float("nan") for each in found]
        spreads = [each.std if each else 0.0 for each in found]
        style = "--" if result.row.loss == "disjoint" else "-"
        colour = COLOURS[result.row.loss]
        ax.errorbar(
            [x + aside for x in range(len(names))], means, spreads,
            marker=marker, ls=style, color=colour, label=label, capsize=3, alpha=0.85,
        )  # fmt: skip
    titles = [TITLES[name].replace(" (", "\n(").replace(" as ", "\nas ") for name in names]
    ax.set_xticks(range(len(names)), titles)
    ax.set_ylabel("total F1")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8)
    return figure


def _draw_differences(differences: Sequence[Difference]) -> Any:
    """Draw Table 3: joint minus disjoint with intervals, in and out of distribution."""
    import matplotlib.pyplot as plt

    shown = [found for found in differences if found.by_metric or found.paper_in is not None]
    figure, axes = plt.subplots(
        1, 2, figsize=(9, 0.42 * max(len(shown), 2) + 1), sharex=True, sharey=True
    )
    for place, found in enumerate(shown):
        papers = (found.paper_in, found.paper_out)
        ours: tuple[Interval | None, Interval | None] = (None, None)
        if found.by_metric:
            values = found.by_metric["total"]
            ours = (values.sets[IN], values.outside)
        for ax, interval, paper in zip(axes, ours, papers, strict=True):
            if interval is not None:
                ends = interval.found
                low, high = ends.difference - ends.low, ends.high - ends.difference
                ax.errorbar(
                    ends.difference, place, xerr=[[low], [high]], capsize=3, color=COLOURS["joint"],
                    fmt="s" if found.is_family else "o",
                )  # fmt: skip
            if paper is not None:
                ax.plot(paper, place, color=_GREY, **_PAPER)
    for ax, title in zip(axes, ("in distribution", "out of distribution"), strict=True):
        ax.axvline(0, color=_GREY, linewidth=0.8)
        ax.set_title(f"joint − disjoint, {title}", fontsize=10)
        ax.set_xlabel("difference of totals (◇ published)")
    axes[0].set_yticks(range(len(shown)), [found.label for found in shown])
    axes[0].set_ylim(len(shown) - 0.5, -0.5)
    return figure


def _draw_types(there: Sequence[RowResult]) -> Any:
    """Draw Table 4: F1 by type (rows) and system (columns), in distribution."""
    import matplotlib.pyplot as plt

    kinds = [("ner", str(t)) for t in ENTITY_TYPES] + [("re", str(t)) for t in RELATION_TYPES]
    known = {
        row.type for r in there for reports in r.reports.values() for row in _gold_rows(reports)
    }
    kinds = [kind for kind in kinds if kind[1] in known]
    grid = [[type_f1(result, IN, *kind) or 0.0 for result in there] for kind in kinds]
    size = (1.1 * len(there) + 2.5, 0.3 * len(kinds) + 1.2)
    figure, ax = plt.subplots(figsize=size)
    ax.imshow(grid, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i, row in enumerate(grid):
        for j, value in enumerate(row):
            ax.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=8,
                    color="white" if value > 0.6 else "black")  # fmt: skip
    ax.set_xticks(range(len(there)), [r.row.name for r in there], rotation=30, ha="right")
    ax.set_yticks(range(len(kinds)), [name for _, name in kinds])
    ax.set_title("F1 by type, in distribution", fontsize=10)
    return figure


def _gold_rows(reports: Any) -> list[Any]:
    rows = (*reports[IN].ner.per_type, *reports[IN].re.per_type)
    return [row for row in rows if row.in_macro]
