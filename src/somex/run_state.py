"""The checkpoint of a run and the state of its random numbers."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch

from somex.core.errors import FormatError

STATE_FILE = "state.pt"


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def random_state() -> dict[str, Any]:
    """Return the state of torch's generators, which dropout draws from."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def set_random_state(state: dict[str, Any]) -> None:
    """Put back what ``random_state`` returned."""
    torch.set_rng_state(state["cpu"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])


def save_state(state: dict[str, Any], folder: Path) -> None:
    """Write a checkpoint atomically: a kill leaves the last whole one."""
    temporary = folder / f".{STATE_FILE}.tmp"
    torch.save(state, temporary)
    os.replace(temporary, folder / STATE_FILE)


def load_state(folder: Path) -> dict[str, Any] | None:
    """Read the checkpoint of a run folder (tensors and plain values only), or None.

    Raises:
        FormatError: The file is no checkpoint.
    """
    path = folder / STATE_FILE
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises many kinds for a broken file
        raise FormatError(
            f"is no checkpoint: {error}; train without --resume", path=str(path)
        ) from None
    return state
