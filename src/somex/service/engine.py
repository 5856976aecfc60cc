"""The loaded model: annotates documents for any options, and stops when it is told to."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from somex.calibration import read_calibrations
from somex.core.errors import SomexError
from somex.core.types import Document, LabeledDocument
from somex.decoding import DecodingConfig
from somex.model.backend import Backend
from somex.model.config import read_model_config
from somex.model.folder import TOKENIZER_FILE, read_pieces
from somex.model.inputs import Batch, FloatArray
from somex.model.onnx_backend import OnnxBackend
from somex.model.pairs import MentionBatch, PairBatch
from somex.model.predictor import Predictor
from somex.model_registry import find_model
from somex.pipeline import Extractor
from somex.prefilter.model import has_prefilter, read_prefilter

Stop = Callable[[], bool]


class StoppedError(SomexError):
    """Work was stopped: its time is over or nobody waits for it any more."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a request may choose.

    Attributes:
        min_confidence: Mentions less sure than this (0 to 1) are left out.
        lean: Above 0 leans to precision, below 0 to recall.
    """

    min_confidence: float = 0.0
    lean: float = 0.0


class StoppableBackend:
    """Runs a network, asking before each batch whether the work is still wanted."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._of_thread = threading.local()

    def run_until(self, stop: Stop | None) -> None:
        """Set what the calling thread asks before each batch."""
        self._of_thread.stop = stop

    def encode(self, batch: Batch) -> tuple[FloatArray, FloatArray]:
        """Return tag logits (B, U, 29) and unit vectors (B, U, H).

        Raises:
            StoppedError: The work is no longer wanted.
        """
        stop: Stop | None = getattr(self._of_thread, "stop", None)
        if stop is not None and stop():
            raise StoppedError("stopped")
        return self._backend.encode(batch)

    def relate(self, units: FloatArray, pairs: PairBatch) -> FloatArray:
        """Return pair logits (P, 12) from unit vectors (B, U, H)."""
        return self._backend.relate(units, pairs)

    def tell_purposes(self, units: FloatArray, mentions: MentionBatch) -> FloatArray:
        """Return purpose logits (M, 4) from unit vectors (B, U, H)."""
        return self._backend.tell_purposes(units, mentions)


class Engine:
    """A model in ONNX Runtime, ready for several threads at a time.

    Args:
        model: ``default``, the name of an installed model, or a model folder.
        n_threads: Threads of ONNX Runtime; as many as cores by default.

    Raises:
        ModelError: There is no such model, or it is not exported to ONNX.
    """

    def __init__(
        self,
        model: str | Path = "default",
        *,
        n_threads: int | None = None,
    ) -> None:
        self.info = find_model(model)
        folder = self.info.folder
        config = read_model_config(folder)
        pieces = read_pieces(folder / TOKENIZER_FILE, max_pieces=config.max_pieces)
        self._backend = StoppableBackend(OnnxBackend(folder, n_threads=n_threads))
        self._predictor = Predictor(
            self._backend,
            pieces=pieces.encoder,
            config=config,
            pad_id=pieces.pad_id,
            decoding=DecodingConfig(calibrations=read_calibrations(folder)),
        )
        self._prefilter = read_prefilter(folder) if has_prefilter(folder) else None

    def annotate(
        self, documents: Sequence[Document], options: Options, *, stop: Stop | None = None
    ) -> list[LabeledDocument]:
        """Annotate documents; blocks, several threads may call.

        Args:
            documents: What to read.
            options: Thresholds.
            stop: Asked before each batch of the network.

        Raises:
            StoppedError: ``stop`` said so.
        """
        self._backend.run_until(stop)
        try:
            return self._extractor(options).annotate(documents)
        finally:
            self._backend.run_until(None)

    def describe(self, options: Options) -> dict[str, Any]:
        """Return what a result says of what made it."""
        return self._extractor(options).to_json()

    def _extractor(self, options: Options) -> Extractor:
        """Return an extractor that shares the network with all others."""
        predictor = copy.copy(self._predictor)
        predictor.decoding = replace(
            predictor.decoding, min_confidence=options.min_confidence, lean=options.lean
        )
        return Extractor(predictor, info=self.info, prefilter=self._prefilter)
