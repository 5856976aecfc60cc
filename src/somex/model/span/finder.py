"""Spans of any types that a caller names, also of types that the model never saw (zero-shot)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somex.core.config import check_range
from somex.core.errors import ModelError
from somex.core.types import Document
from somex.model.backend import Backend
from somex.model.config import ModelConfig, read_model_config
from somex.model.folder import open_backend, read_pieces_of
from somex.model.inputs import Pieces, Window, encode_sentence
from somex.model.span.decoding import decode_spans, log_odds
from somex.model.span.prompts import Prompter
from somex.text.sentences import sentences_of

_WINDOWS_PER_BATCH = 8


@dataclass(frozen=True, slots=True)
class FoundSpan:
    """A span of a text: its type in the caller's words, its characters, its probability."""

    label: str
    char_start: int
    char_end: int
    text: str
    confidence: float

    def to_json(self) -> dict[str, Any]:
        """Return the span as plain values."""
        return {
            "label": self.label,
            "char_start": self.char_start,
            "char_end": self.char_end,
            "text": self.text,
            "confidence": round(self.confidence, 6),
        }


class SpanFinder:
    """Asks a span model for spans of given types.

    Args:
        backend: Runs the network.
        pieces: Its tokenizer.
        config: The model's configuration.
    """

    def __init__(self, backend: Backend, *, pieces: Pieces, config: ModelConfig) -> None:
        self.config = config
        self._backend = backend
        self._pieces = pieces
        self._prompter = Prompter(pieces.tokenizer)

    def find(
        self, text: str | Document, labels: Sequence[str], *, threshold: float = 0.5
    ) -> list[FoundSpan]:
        """Return the spans of a text that are of one of the types, none overlapping.

        Args:
            text: Natural text, or a document with sentences and tokens of its own.
            labels: The types in plain words, as ``data set`` or ``software version``.
            threshold: Least probability, above 0 and below 1.

        Raises:
            ConfigError: The threshold is out of range.
            ModelError: No type is given, one twice, or they are too long for the model.
        """
        check_range("threshold", threshold, 1e-6, 1 - 1e-6)
        twice = {label for label in labels if list(labels).count(label) > 1}
        if twice:
            raise ModelError(f"entity type {min(twice)!r} is given twice")
        document = text if isinstance(text, Document) else Document("text", text)
        windows = [
            window
            for sentence in sentences_of(document)
            for window in encode_sentence(
                document, sentence, pieces=self._pieces.encoder, config=self.config
            )
        ]
        found = [
            span
            for start in range(0, len(windows), _WINDOWS_PER_BATCH)
            for span in self._find_in(
                windows[start : start + _WINDOWS_PER_BATCH], labels, threshold, document
            )
        ]
        return _without_overlap(found)

    def _find_in(
        self, windows: Sequence[Window], labels: Sequence[str], threshold: float, document: Document
    ) -> Iterator[FoundSpan]:
        batch = self._prompter.collate(windows, [labels] * len(windows), pad_id=self._pieces.pad_id)
        scores, _ = self._backend.encode(batch)
        for window, of_window in zip(windows, scores, strict=True):
            n_units = len(window.units)
            for span in decode_spans(of_window[:n_units], least=log_odds(threshold)):
                start = window.units[span.unit_start].char_start
                end = window.units[span.unit_end - 1].char_end
                words = document.slice(start, end)
                yield FoundSpan(labels[span.label], start, end, words, span.confidence)


def _without_overlap(spans: Sequence[FoundSpan]) -> list[FoundSpan]:
    """Keep the surer of two spans that overlapping windows found differently."""
    kept: list[FoundSpan] = []
    for span in sorted(spans, key=lambda s: (-s.confidence, s.char_start)):
        if all(span.char_end <= k.char_start or k.char_end <= span.char_start for k in kept):
            kept.append(span)
    return sorted(kept, key=lambda s: s.char_start)


def open_finder(folder: Path, *, backend: str = "auto", n_threads: int | None = None) -> SpanFinder:
    """Open a somex model of the span family, or a GLiNER checkpoint, to ask for any types.

    Args:
        folder: A model folder of somex, or the folder or hub name of a GLiNER checkpoint.
        backend: ``onnx``, ``torch`` or ``auto``; GLiNER checkpoints run in torch.
        n_threads: Threads of ONNX Runtime.

    Raises:
        ModelError: The model is of another family, or can't be loaded.
        MissingExtraError: A package that it needs is not installed.
    """
    if not (folder / "config.json").is_file():
        if not folder.is_dir() and len(folder.parts) != 2:
            raise ModelError(
                f"{folder} is no folder and no hub name; valid: a somex model folder of family "
                "span, or a GLiNER checkpoint (a folder, or OWNER/NAME on the hub)"
            )
        return _open_gliner(str(folder))
    config = read_model_config(folder)
    if config.family != "span":
        raise ModelError(
            f"{folder} is of family {config.family}, which knows the types of its training only; "
            "types of one's own need family: span or a GLiNER checkpoint"
        )
    pieces = read_pieces_of(folder, config)
    runner = open_backend(folder, config, backend=backend, n_threads=n_threads)
    return SpanFinder(runner, pieces=pieces, config=config)


def _open_gliner(name: str) -> SpanFinder:
    from somex.model.inputs import PieceEncoder
    from somex.model.span.public import read_gliner
    from somex.model.torch_backend import TorchBackend

    checkpoint = read_gliner(name)
    padding = checkpoint.tokenizer.padding
    assert padding is not None
    max_pieces = checkpoint.config.max_pieces
    encoder = PieceEncoder(checkpoint.tokenizer, max_pieces=max_pieces, skip_blanks=False)
    pieces = Pieces(encoder, int(padding["pad_id"]), checkpoint.tokenizer)
    backend = TorchBackend(checkpoint.build_model(checkpoint.config).eval())
    return SpanFinder(backend, pieces=pieces, config=checkpoint.config)
