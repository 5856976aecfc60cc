"""The mistakes of the out-of-distribution bench as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from somex.error_analysis import CATEGORIES
from somex.plotting import check_plots, save_figure

_COLOURS = ("#1f4e79", "#6f9bc4", "#c8741a", "#e3b778", "#7a7a7a")


def draw_mistakes(rows: Sequence[Mapping[str, Any]], folder: Path) -> Path:
    """Draw ``mistakes.svg``: how many there are of each category, a bar a test set.

    Args:
        rows: Of ``ood_bench.summarize_set``.
        folder: Where the picture goes.

    Returns:
        The picture's path.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    check_plots()
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 1, figsize=(8, 0.7 * len(rows) + 2.2), layout="constrained")
    for ax, name in zip(axes, CATEGORIES, strict=True):
        _draw_panel(ax, rows, name)
    return save_figure(figure, folder / "mistakes.svg")


def _draw_panel(ax: Any, rows: Sequence[Mapping[str, Any]], name: str) -> None:
    """Draw the mistakes in mentions or in relations, for each hundred of the gold."""
    shown = [row for row in rows if row["mean"][f"{name}/gold"]]
    left = [0.0] * len(shown)
    for category, colour in zip(CATEGORIES[name], _COLOURS, strict=True):
        shares = [100 * _share(row, name, category) for row in shown]
        ax.barh(range(len(shown)), shares, left=left, color=colour, label=category, height=0.7)
        left = [a + b for a, b in zip(left, shares, strict=True)]
    ax.set_yticks(range(len(shown)), [row["name"] for row in shown])
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_xlabel(f"mistakes per 100 {name} of the gold")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)


def _share(row: Mapping[str, Any], name: str, category: str) -> float:
    found: float = row["mean"][f"{name}/{category}"] / row["mean"][f"{name}/gold"]
    return found
