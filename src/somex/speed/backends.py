"""Backends that the bench puts around others: one counts and times, one asks pair by pair."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field

import numpy as np

from somex.model.backend import Backend
from somex.model.inputs import Batch, FloatArray
from somex.model.pairs import MentionBatch, PairBatch


@dataclass(slots=True)
class Tally:
    """What a backend was asked for.

    Attributes:
        encode_seconds: In the encoder and the head that finds mentions.
        relate_seconds: In the head over pairs, and that of purposes.
        n_places: Places of the batches, padding included.
        lengths: Pieces of each window.
    """

    encode_seconds: float = 0.0
    relate_seconds: float = 0.0
    n_places: int = 0
    lengths: list[int] = field(default_factory=list)


class TimedBackend:
    """Times the calls of another backend and counts what they read."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.tally = Tally()

    def encode(self, batch: Batch) -> tuple[FloatArray, FloatArray]:
        """Return tag logits and unit vectors."""
        started = time.perf_counter()
        result = self._backend.encode(batch)
        self.tally.encode_seconds += time.perf_counter() - started
        self.tally.n_places += batch.piece_mask.size
        self.tally.lengths.extend(batch.piece_mask.sum(axis=1).tolist())
        return result

    def relate(self, units: FloatArray, pairs: PairBatch) -> FloatArray:
        """Return pair logits."""
        started = time.perf_counter()
        result = self._backend.relate(units, pairs)
        self.tally.relate_seconds += time.perf_counter() - started
        return result

    def tell_purposes(self, units: FloatArray, mentions: MentionBatch) -> FloatArray:
        """Return purpose logits."""
        started = time.perf_counter()
        result = self._backend.tell_purposes(units, mentions)
        self.tally.relate_seconds += time.perf_counter() - started
        return result


class PairByPairBackend:
    """Asks another backend for each pair in a call of its own, as the paper's code would."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def encode(self, batch: Batch) -> tuple[FloatArray, FloatArray]:
        """Return tag logits and unit vectors."""
        return self._backend.encode(batch)

    def relate(self, units: FloatArray, pairs: PairBatch) -> FloatArray:
        """Return pair logits, row by row."""
        rows = [
            self._backend.relate(units, _only(pairs, index))
            for index in range(len(pairs.pair_head))
        ]
        return np.concatenate(rows)

    def tell_purposes(self, units: FloatArray, mentions: MentionBatch) -> FloatArray:
        """Return purpose logits."""
        return self._backend.tell_purposes(units, mentions)


def _only(pairs: PairBatch, index: int) -> PairBatch:
    names = [f.name for f in dataclasses.fields(pairs) if f.name.startswith("pair_")]
    return dataclasses.replace(pairs, **{n: getattr(pairs, n)[index : index + 1] for n in names})
