"""A model folder: configuration, tokenizer and weights; opened without torch where exported."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from tokenizers import Tokenizer

from somex.calibration import read_calibrations
from somex.core.errors import MissingExtraError, ModelError
from somex.decoding import DecodingConfig
from somex.model.backend import Backend
from somex.model.config import ModelConfig, read_model_config
from somex.model.families import find_family
from somex.model.inputs import PieceEncoder, Pieces
from somex.model.onnx_backend import DEVICES, ENCODE_FILE, OnnxBackend, has_fixed_scales
from somex.model.predictor import (
    PIECES_PER_BATCH,
    PIECES_PER_FP32_BATCH,
    PIECES_PER_GPU_BATCH,
    PIECES_PER_TORCH_BATCH,
    Predictor,
)

TOKENIZER_FILE = "tokenizer.json"
WEIGHTS_FILE = "model.safetensors"


def read_pieces(path: Path, *, max_pieces: int, skip_blanks: bool = True) -> Pieces:
    """Read ``tokenizer.json``; the padding piece stands in its padding settings.

    Raises:
        ModelError: The file is missing, broken or names no padding piece.
    """
    if not path.is_file():
        raise ModelError(f"{path} is missing from the model folder")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the tokenizers library raises bare Exception
        raise ModelError(f"{path} is no tokenizer: {error}") from None
    padding = tokenizer.padding
    if not padding:
        raise ModelError(f"{path} names no padding piece; save it through somex")
    pad_id = int(padding["pad_id"])
    encoder = PieceEncoder(tokenizer, max_pieces=max_pieces, skip_blanks=skip_blanks)
    return Pieces(encoder, pad_id, tokenizer)


def read_pieces_of(folder: Path, config: ModelConfig) -> Pieces:
    """Read ``tokenizer.json`` of a folder as a model of a configuration wants it."""
    return read_pieces(
        folder / TOKENIZER_FILE,
        max_pieces=config.max_pieces,
        skip_blanks=not config.span.from_gliner,
    )


def open_predictor(
    folder: Path,
    *,
    backend: str = "auto",
    decoding: DecodingConfig | None = None,
    n_threads: int | None = None,
    n_repeats: int = 0,
    device: str = "cpu",
    as_softcite: bool = False,
) -> Predictor:
    """Open a model folder for prediction.

    Args:
        folder: Holds config.json, tokenizer.json and the weights.
        backend: ``onnx``, ``torch`` or ``auto`` (onnx where the folder holds it).
        decoding: Thresholds.
        n_threads: So many batches are worked on at a time in ONNX Runtime, each by one thread; as
            many as there are cores by default. PyTorch takes its own number.
        n_repeats: As of `Predictor`; none are kept where a result may depend on its batch, that is
            unless int8 scales are fixed.
        device: ``cpu``, or ``cuda`` for a GPU: PyTorch then computes in bf16 or fp16, and ONNX
            Runtime needs its CUDA provider and an fp32 or fp16 export.
        as_softcite: Find mentions in softcite's terms, with the head that learned them
            (``softcite_head``; a torch model).

    Raises:
        ModelError: The folder is no model, or lacks what the backend needs.
        MissingExtraError: The torch backend is needed and torch is not installed.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder} is no folder; give a model folder or the name of a model")
    config = read_model_config(folder)
    pieces = read_pieces_of(folder, config)
    decoding = replace(decoding or DecodingConfig(), calibrations=read_calibrations(folder))
    if as_softcite:
        runner = _torch_backend(folder, config, device, as_softcite=True)
        config = replace(config, second_names=False)  # softcite has no such type
    else:
        runner = open_backend(folder, config, backend=backend, n_threads=1, device=device)
    is_onnx = isinstance(runner, OnnxBackend)
    is_sound = is_onnx and has_fixed_scales(folder)
    return Predictor(
        runner,
        pieces=pieces.encoder,
        config=config,
        pad_id=pieces.pad_id,
        decoding=decoding,
        n_repeats=n_repeats if is_sound else 0,
        find_mentions=find_family(config).finder(pieces=pieces),
        n_parallel=(n_threads or count_cores()) if is_onnx and device == "cpu" else 1,
        batch_pieces=choose_batch_pieces(device, is_onnx=is_onnx, is_int8=is_sound),
        is_batch_independent=is_sound,
    )


def choose_batch_pieces(device: str, *, is_onnx: bool, is_int8: bool) -> int:
    """Return how many pieces a batch is to have on a device, by what runs it."""
    if device != "cpu":
        return PIECES_PER_GPU_BATCH
    if not is_onnx:
        return PIECES_PER_TORCH_BATCH
    return PIECES_PER_BATCH if is_int8 else PIECES_PER_FP32_BATCH


def count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def open_backend(
    folder: Path,
    config: ModelConfig,
    *,
    backend: str = "auto",
    n_threads: int | None = None,
    device: str = "cpu",
) -> Backend:
    """Open the network of a model folder; arguments and errors as of `open_predictor`."""
    if backend == "auto":
        backend = "onnx" if (folder / ENCODE_FILE).is_file() else "torch"
    if backend not in ("onnx", "torch"):
        raise ModelError(f"unknown backend {backend!r}; valid: auto, onnx, torch")
    if device not in DEVICES:
        raise ModelError(f"unknown device {device!r}; valid: {', '.join(DEVICES)}")
    if backend == "onnx":
        return OnnxBackend(folder, n_threads=n_threads, device=device)
    return _torch_backend(folder, config, device)


def _torch_backend(
    folder: Path, config: ModelConfig, device: str, *, as_softcite: bool = False
) -> Backend:
    if not (folder / WEIGHTS_FILE).is_file():
        raise ModelError(f"{folder} holds no {WEIGHTS_FILE}, which the torch backend reads")
    try:
        from somex.model.torch_backend import TorchBackend, open_device, prediction_precision
        from somex.model.torch_folder import load_model
    except ImportError as error:
        raise MissingExtraError(
            f"the torch backend needs {error.name}; pip install 'somex[train]'"
        ) from None
    place = open_device(device)
    model = load_model(folder, config=config).to(place)
    precision = prediction_precision(place)
    return TorchBackend(model, precision=precision, as_softcite=as_softcite)
