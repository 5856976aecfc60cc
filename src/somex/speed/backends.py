"""Backends that the bench puts around others: one counts and times, one asks pair by pair."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from somex.model.backend import Backend
from somex.model.inputs import Batch, FloatArray
from somex.model.pairs import MentionBatch, PairBatch


@dataclass(slots=True)
class Tally:
    """What a backend was asked for, by whatever threads.

    Attributes:
        encodes: Start and end of each call of the encoder with the head that finds mentions.
        relates: Start and end of each call of the head over pairs, or of that of purposes.
        places: Places of each batch, padding included.
        lengths: Pieces of each window.
    """

    encodes: list[tuple[float, float]] = field(default_factory=list)
    relates: list[tuple[float, float]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)

    def stages(self) -> dict[str, float]:
        """Return the seconds in which a call of each kind ran; relations where nothing encoded."""
        encode = _covered(self.encodes)
        return {"encode": encode, "relate": _covered(self.encodes + self.relates) - encode}


def _covered(spans: Sequence[tuple[float, float]]) -> float:
    """Return the length of the union of spans."""
    total, end = 0.0, float("-inf")
    for start, stop in sorted(spans):
        total += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return total


class TimedBackend:
    """Times the calls of another backend and counts what they read."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.tally = Tally()

    def encode(self, batch: Batch) -> tuple[FloatArray, FloatArray]:
        """Return tag logits and unit vectors."""
        started = time.perf_counter()
        result = self._backend.encode(batch)
        self.tally.encodes.append((started, time.perf_counter()))
        self.tally.places.append(batch.piece_mask.size)
        self.tally.lengths.extend(batch.piece_mask.sum(axis=1).tolist())
        return result

    def relate(self, units: FloatArray, pairs: PairBatch) -> FloatArray:
        """Return pair logits."""
        started = time.perf_counter()
        result = self._backend.relate(units, pairs)
        self.tally.relates.append((started, time.perf_counter()))
        return result

    def tell_purposes(self, units: FloatArray, mentions: MentionBatch) -> FloatArray:
        """Return purpose logits."""
        started = time.perf_counter()
        result = self._backend.tell_purposes(units, mentions)
        self.tally.relates.append((started, time.perf_counter()))
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
