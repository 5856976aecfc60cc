"""Saving and loading of torch models: safetensors only."""

from __future__ import annotations

import json
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerBase

from somex.core.errors import ModelError
from somex.model.config import ModelConfig, read_model_config
from somex.model.families import find_family
from somex.model.folder import TOKENIZER_FILE, WEIGHTS_FILE
from somex.model.modules import JointModel

ENCODER_CONFIG_FOLDER = "encoder"


def load_tokenizer(name: str) -> Tokenizer:
    """Load the fast tokenizer of a pretrained encoder, its padding piece set.

    Every unit is read as a word with a blank before it, so that ``[39]`` and ``[ 39 ]`` are the
    same to a byte-level or SentencePiece tokenizer as well.

    Raises:
        ModelError: There is no such encoder, or it has no fast tokenizer or no padding piece.
    """
    try:
        wrapped = AutoTokenizer.from_pretrained(name, use_fast=True, add_prefix_space=True)
    except (ImportError, OSError, ValueError) as error:
        raise ModelError(
            f"the tokenizer of encoder {name!r} can't be loaded: {error}{_missing_packages()}"
        ) from None
    return unwrap_tokenizer(wrapped, name, blanks=True)


def unwrap_tokenizer(wrapped: PreTrainedTokenizerBase, name: str, *, blanks: bool) -> Tokenizer:
    """Return the tokenizer within a wrapper of transformers, its padding piece set.

    Args:
        wrapped: The wrapper.
        name: Of the encoder, for the error message.
        blanks: Put a blank before each word, also where the tokenizer would not.

    Raises:
        ModelError: It is no fast tokenizer, or has no padding piece.
    """
    if not wrapped.is_fast or wrapped.pad_token_id is None:
        raise ModelError(f"encoder {name!r} has no fast tokenizer with a padding piece")
    settings = json.loads(wrapped.backend_tokenizer.to_str())
    if blanks:
        _add_blanks(settings["pre_tokenizer"])
    tokenizer = Tokenizer.from_str(json.dumps(settings))
    tokenizer.no_truncation()
    tokenizer.enable_padding(pad_id=wrapped.pad_token_id, pad_token=wrapped.pad_token)
    return tokenizer


def _missing_packages() -> str:
    """Name the packages that reading a SentencePiece vocabulary needs, where one is missing."""
    try:
        for package in ("sentencepiece", "protobuf"):
            version(package)
    except PackageNotFoundError as error:
        return f" (a SentencePiece vocabulary needs {error.name}; pip install 'somex[train]')"
    return ""


def _add_blanks(pre_tokenizer: dict[str, Any] | None) -> None:
    """Let a pre-tokenizer put a blank before each word; WordPiece ones have none to put."""
    if pre_tokenizer is None:
        return
    for part in pre_tokenizer.get("pretokenizers", []):
        _add_blanks(part)
    if pre_tokenizer["type"] == "ByteLevel":
        pre_tokenizer["add_prefix_space"] = True
    elif pre_tokenizer["type"] == "Metaspace":
        pre_tokenizer["prepend_scheme"] = "always"


def save_model(model: JointModel, tokenizer: Tokenizer, folder: Path) -> None:
    """Write a model folder; the weights appear last and at once, so that none is half written."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", model.config.to_json())
    tokenizer.save(str(folder / TOKENIZER_FILE))
    model.unit_encoder.encoder.config.save_pretrained(folder / ENCODER_CONFIG_FOLDER)
    temporary = folder / f".{WEIGHTS_FILE}.tmp"
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, temporary)
    os.replace(temporary, folder / WEIGHTS_FILE)


def load_model(folder: Path, *, config: ModelConfig | None = None) -> JointModel:
    """Load a model that ``save_model`` wrote.

    Raises:
        ModelError: Weights are missing or do not fit the configuration.
    """
    config = config or read_model_config(folder)
    for needed in (WEIGHTS_FILE, f"{ENCODER_CONFIG_FOLDER}/config.json"):
        if not (folder / needed).is_file():
            raise ModelError(f"{folder} holds no {needed}, which a torch model needs")
    encoder_config = AutoConfig.from_pretrained(folder / ENCODER_CONFIG_FOLDER)
    model = find_family(config).rebuild_model(config, encoder_config)
    try:
        model.load_state_dict(load_file(folder / WEIGHTS_FILE))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{folder / WEIGHTS_FILE} does not fit its config.json: {error}") from None
    return model.eval()


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(temporary, path)
