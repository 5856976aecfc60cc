"""Where a run keeps what it predicted for its held-out part. No torch here."""

from __future__ import annotations

from pathlib import Path


def gold_path(run: Path) -> Path:
    """Return the file of the held-out sentences with their gold, JSON Lines."""
    return run / "test-gold.jsonl"


def predicted_path(run: Path) -> Path:
    """Return the file of the same sentences as the run's model annotates them, JSON Lines."""
    return run / "test-predicted.jsonl"
