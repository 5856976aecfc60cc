"""Pictures as SVG, the same bytes from the same figures. Needs matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from somex.core.errors import MissingExtraError


def check_plots(option: str = "") -> None:
    """Set matplotlib up to draw SVG.

    Args:
        option: What a user types to go without pictures, for the message.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError:
        without = f", or leave them out ({option})" if option else ""
        raise MissingExtraError(
            f"plots need matplotlib; pip install 'somex[plots]'{without}"
        ) from None
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "somex"
    matplotlib.rcParams["axes.spines.top"] = False
    matplotlib.rcParams["axes.spines.right"] = False


def save_figure(figure: Any, path: Path) -> Path:
    """Write a figure as SVG, close it and return its path; missing folders are made."""
    import matplotlib.pyplot as plt

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
    return path
