"""What a row needs and is not here: an encoder or a hub, a GPU, an endpoint, an extra."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from somex.llm.config import EndpointConfig, read_llm_recipe, read_tune_recipe
from somex.recipe import read_recipe
from somex.reproduce.plan import Row

_SECONDS = 5.0
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def find_missing(row: Row, *, folder: Path, overrides: tuple[str, ...], named: bool) -> list[str]:
    """List what a row needs and is not here, in words; empty where it can run.

    Args:
        row: The row.
        folder: Where its recipes lie.
        overrides: Changes to its recipe.
        named: Whether the row was asked for by name, without which no endpoint is asked.

    Raises:
        ConfigError: Its recipe is missing or holds unknown keys or bad values.
    """
    if row.recipe is None:
        return ["a recipe, of which somex has none"]
    paths = [folder / name for name in (row.recipe, row.tune) if name]
    unset = unset_variables(paths)
    if unset:
        return [f"the environment variable {name}" for name in unset]
    if row.family == "llm":
        missing = _missing_llm(row, folder=folder, overrides=overrides, named=named)
    else:
        recipe = read_recipe(folder / row.recipe, overrides=overrides)
        missing = _missing_packages("train", "torch", "transformers")
        if recipe.model.span.from_gliner:
            missing += _missing_packages("gliner", "gliner")
        missing += _missing_model(recipe.model.encoder)
    if "gpu" in row.needs and not _has_gpu():
        missing.append("a GPU")
    return missing


def unset_variables(paths: Sequence[Path]) -> list[str]:
    """List the environment variables that recipes name outside of comments and that are not set."""
    texts = [path.read_text(encoding="utf-8") for path in paths if path.is_file()]
    lines = [line.partition(" #")[0] for text in texts for line in text.splitlines()]
    named = [n for line in lines if not line.startswith("#") for n in _VARIABLE.findall(line)]
    return [name for name in dict.fromkeys(named) if name not in os.environ]


def _missing_packages(extra: str, *names: str) -> list[str]:
    absent = [name for name in names if importlib.util.find_spec(name) is None]
    return [f"{', '.join(absent)} (pip install 'somex[{extra}]')"] if absent else []


def _missing_model(name: str) -> list[str]:
    """Tell whether a pretrained model is neither a folder, nor cached, nor to be fetched."""
    path = Path(name)
    if path.is_dir():
        return []
    if path.is_absolute() or name.startswith((".", "~")):
        return [f"the folder {name} of a pretrained model"]
    if _is_cached(name) or _hub_answers():
        return []
    return [f"a model hub, for {name}"]


def _is_cached(name: str) -> bool:
    if importlib.util.find_spec("huggingface_hub") is None:
        return False
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(name, "config.json"), str)


@functools.cache
def _hub_answers() -> bool:
    if importlib.util.find_spec("huggingface_hub") is None:
        return False
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    return _answers(constants.ENDPOINT)


@functools.cache
def _has_gpu() -> bool:
    if importlib.util.find_spec("torch") is None:
        return False
    import torch

    return torch.cuda.is_available()


def _missing_llm(row: Row, *, folder: Path, overrides: tuple[str, ...], named: bool) -> list[str]:
    assert row.recipe is not None
    model = read_llm_recipe(folder / row.recipe, overrides=overrides).model
    if row.tune is not None:
        model = read_tune_recipe(folder / row.tune).model
        missing = _missing_packages("llm-train", "torch", "transformers", "peft")
        return missing + _missing_model(model.name)
    if model.backend == "transformers":
        return _missing_packages("llm-train", "torch", "transformers") + _missing_model(model.name)
    missing = _missing_packages("llm", "httpx")
    return missing + _missing_endpoint(model, named=named)


def _missing_endpoint(model: EndpointConfig, *, named: bool) -> list[str]:
    if not named:
        return ["an LLM endpoint, which may cost money: name the row in --rows to ask it"]
    return [] if _answers(model.url) else [f"an LLM endpoint at {model.url}"]


def _answers(url: str) -> bool:
    """Tell whether a server is there, whatever it says to a bare request."""
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
