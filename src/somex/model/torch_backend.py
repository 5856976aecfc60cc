"""The network in PyTorch: used in training and for models that are not exported."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar, overload

import torch

from somex.core.errors import ModelError
from somex.model.inputs import Batch, FloatArray
from somex.model.modules import JointModel, TorchBatch, TorchMentions, TorchPairs
from somex.model.pairs import MentionBatch, PairBatch

BatchT = TypeVar("BatchT", bound=TorchBatch)


@overload
def to_torch_batch(batch: Batch, device: torch.device) -> TorchBatch: ...


@overload
def to_torch_batch(batch: Batch, device: torch.device, kind: type[BatchT]) -> BatchT: ...


def to_torch_batch(
    batch: Batch, device: torch.device, kind: type[TorchBatch] = TorchBatch
) -> TorchBatch:
    """Move a batch to a device, as the kind of batch that a model reads."""
    names = [f.name for f in dataclasses.fields(kind)]
    return kind(*(torch.from_numpy(getattr(batch, n)).to(device) for n in names))


def to_torch_mentions(mentions: MentionBatch, device: torch.device) -> TorchMentions:
    """Move mentions to a device."""
    names = [f.name for f in dataclasses.fields(TorchMentions)]
    return TorchMentions(*(torch.from_numpy(getattr(mentions, n)).to(device) for n in names))


def to_torch_pairs(pairs: PairBatch, device: torch.device) -> TorchPairs:
    """Move candidate pairs to a device."""
    names = [f.name for f in dataclasses.fields(TorchPairs)]
    return TorchPairs(*(torch.from_numpy(getattr(pairs, n)).to(device) for n in names))


def has_fast_bfloat16(device: torch.device) -> bool:
    """Tell whether the hardware multiplies bfloat16 matrices faster than 32-bit ones.

    An Intel CPU without AMX (a virtual machine may hide it) has instructions for them too, at half
    the rate: training MiniLM there takes 1.04 s a step, 0.71 s in 32 bits.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities()
    is_intel = str(capabilities.get("cpu_name")).startswith("Intel")
    return bool(capabilities.get("amx_bf16") or (capabilities.get("avx512_bf16") and not is_intel))


def auto_precision(device: torch.device) -> str:
    """Return the precision that ``auto`` stands for in a training: bf16 where it is fast."""
    return "bf16" if has_fast_bfloat16(device) else "fp32"


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context for ``fp32``, ``bf16``, ``fp16``, or ``auto`` (bf16 where fast)."""
    if precision == "auto":
        precision = auto_precision(device)
    if precision == "fp32":
        return nullcontext()
    dtype = torch.float16 if precision == "fp16" else torch.bfloat16
    return torch.autocast(device.type, dtype=dtype)


def prediction_precision(device: torch.device) -> str:
    """Return the precision to predict with: fp32 on a CPU, half of it on a GPU."""
    if device.type == "cpu":
        return "fp32"
    return "bf16" if has_fast_bfloat16(device) else "fp16"


def open_device(name: str) -> torch.device:
    """Return a device.

    Raises:
        ModelError: It is not there.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ModelError("device is 'cuda', but PyTorch sees no CUDA GPU; valid here: cpu")
    return torch.device(name)


class TorchBackend:
    """Runs a JointModel on its device.

    Args:
        model: The model.
        precision: See `autocast`.
        as_softcite: Find mentions in softcite's terms, with the head that learned them.
    """

    def __init__(
        self, model: JointModel, *, precision: str = "fp32", as_softcite: bool = False
    ) -> None:
        self._as_softcite = as_softcite
        self._model = model
        self._device = next(model.parameters()).device
        self._precision = precision

    def encode(self, batch: Batch) -> tuple[FloatArray, FloatArray]:
        """Return tag logits (B, U, 29) and unit vectors (B, U, H)."""
        self._model.eval()
        with torch.inference_mode(), autocast(self._device, self._precision):
            inputs = to_torch_batch(batch, self._device, self._model.batch_class)
            logits, units = self._model.encode(inputs)
            if self._as_softcite:
                logits = self._model.tag_as_softcite(units)
        return logits.float().cpu().numpy(), units.float().cpu().numpy()

    def relate(self, units: FloatArray, pairs: PairBatch) -> FloatArray:
        """Return pair logits (P, 12) from unit vectors (B, U, H)."""
        self._model.eval()
        with torch.inference_mode(), autocast(self._device, self._precision):
            logits = self._model.relate(
                torch.from_numpy(units).to(self._device), to_torch_pairs(pairs, self._device)
            )
        result: FloatArray = logits.float().cpu().numpy()
        return result

    def tell_purposes(self, units: FloatArray, mentions: MentionBatch) -> FloatArray:
        """Return purpose logits (M, 4) from unit vectors (B, U, H)."""
        self._model.eval()
        with torch.inference_mode(), autocast(self._device, self._precision):
            logits = self._model.tell_purposes(
                torch.from_numpy(units).to(self._device), to_torch_mentions(mentions, self._device)
            )
        result: FloatArray = logits.float().cpu().numpy()
        return result
