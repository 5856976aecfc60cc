"""Models by name: embedded ones and those of other packages, all through entry points."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from somex.core.errors import ModelError, unknown_value
from somex.model_card import CARD_FILE

GROUP = "somex.models"
DEFAULT_MODEL = "mpnet-joint"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that can be loaded.

    Attributes:
        name: What to call it by.
        folder: Where it lies.
        fingerprint: First 12 hex digits of the SHA-256 over its files: what stands in results.
        card: What is known of it: recipe, seed, data hashes, scores.
    """

    name: str
    folder: Path
    fingerprint: str
    card: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return what a result says of the model that made it."""
        return {"name": self.name, "fingerprint": self.fingerprint}


def model_names() -> list[str]:
    """Return the names of the installed models, the default first."""
    names = {point.name for point in entry_points(group=GROUP)}
    return sorted(names, key=lambda name: (name != DEFAULT_MODEL, name))


def find_model(model: str | Path = "default") -> ModelInfo:
    """Find a model by name or folder.

    Args:
        model: ``default``, the name of an installed model, or a model folder.

    Raises:
        ModelError: There is neither such a name nor such a folder (the names are listed), or the
            folder holds no model.
    """
    wanted = DEFAULT_MODEL if model == "default" else str(model)
    for point in entry_points(group=GROUP):
        if point.name == wanted:
            return _describe(wanted, Path(point.load()()))
    folder = Path(model)
    if not folder.is_dir():
        valid = ["default", *model_names(), "the path of a model folder"]
        raise ModelError(unknown_value("model", str(model), valid))
    return _describe(folder.resolve().name, folder)


def _describe(name: str, folder: Path) -> ModelInfo:
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} is no somex model: it holds no config.json")
    return ModelInfo(name, folder, fingerprint_folder(folder), _read_card(folder / CARD_FILE))


def _read_card(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path} is not JSON: {error}") from None
    if not isinstance(card, dict):
        raise ModelError(f"{path} must hold an object, not {type(card).__name__}")
    return card


def fingerprint_folder(folder: Path) -> str:
    """Return the first 12 hex digits of the SHA-256 over what decides a model's output."""
    digest = hashlib.sha256()
    suffixes = {".onnx", ".bin", ".safetensors"}
    names = {"config.json", "tokenizer.json", "calibration.json"}
    for path in sorted(p for p in folder.iterdir() if p.suffix in suffixes or p.name in names):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]


def copy_model(info: ModelInfo, folder: str | Path) -> Path:
    """Copy a model's folder, its card and filter included; the copy has the same fingerprint.

    Args:
        info: The model.
        folder: Where the copy goes: a new folder or an empty one.

    Returns:
        The folder.

    Raises:
        ModelError: The folder is there and not empty, is a file, or can't be written.
    """
    target = Path(folder)
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise ModelError(f"{target} is there and no empty folder; name a new folder")
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(info.folder, target, dirs_exist_ok=True, ignore=ignored)
    except (OSError, shutil.Error) as error:
        raise ModelError(f"model {info.name} can't be copied to {target}: {error}") from None
    return target
