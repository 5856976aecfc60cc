"""The embedded models, one folder each; they register in the entry-point group ``somex.models``."""

from __future__ import annotations

from pathlib import Path


def mpnet_joint() -> Path:
    """Return the folder of the embedded default: MPNet-base, joint loss, ONNX int8."""
    return Path(__file__).parent / "mpnet-joint"


def fast() -> Path:
    """Return the folder of the fast model: MiniLM-L6, otherwise as the default."""
    return Path(__file__).parent / "fast"
