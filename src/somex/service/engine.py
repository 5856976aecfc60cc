"""The loaded model: annotates documents for any options, and stops when it is told to."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from somex.core.errors import SomexError
from somex.core.types import Document, LabeledDocument
from somex.model.folder import open_predictor
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


class Engine:
    """A loaded model, ready for several threads at a time.

    Args:
        model: ``default``, the name of an installed model, or a model folder.
        n_threads: Batches that are worked on at a time; as many as cores by default.

    Raises:
        ModelError: There is no such model, or it is incomplete.
    """

    def __init__(self, model: str | Path = "default", *, n_threads: int | None = None) -> None:
        self.info = find_model(model)
        folder = self.info.folder
        self._predictor = open_predictor(folder, n_threads=n_threads)
        self._prefilter = read_prefilter(folder) if has_prefilter(folder) else None

    def annotate(
        self, documents: Sequence[Document], options: Options, *, stop: Stop | None = None
    ) -> list[LabeledDocument]:
        """Annotate documents; blocks, several threads may call.

        Args:
            documents: What to read.
            options: Thresholds.
            stop: Asked before each batch of the network, from whatever thread runs it.

        Raises:
            StoppedError: ``stop`` said so.
        """

        def check() -> None:
            if stop is not None and stop():
                raise StoppedError("the work was stopped")

        return self._extractor(options, check).annotate(documents)

    def describe(self, options: Options) -> dict[str, Any]:
        """Return what a result says of what made it."""
        return self._extractor(options).to_json()

    def _extractor(
        self, options: Options, before_batch: Callable[[], None] | None = None
    ) -> Extractor:
        """Return an extractor that shares the network with all others."""
        predictor = copy.copy(self._predictor)
        predictor.before_batch = before_batch
        predictor.decoding = replace(
            predictor.decoding, min_confidence=options.min_confidence, lean=options.lean
        )
        return Extractor(predictor, info=self.info, prefilter=self._prefilter)
