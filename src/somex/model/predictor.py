"""Documents in, annotations out: batches windows by length, runs a backend, decodes, merges."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from somex.addresses import add_rrids, complete_addresses
from somex.core.errors import ConfigError
from somex.core.types import Annotation, Document, Mention, Relation, Token
from somex.decoding import (
    DecodingConfig,
    RelationPrediction,
    SpanPrediction,
    decode_hosts,
    decode_mentions,
    decode_pairs,
    decode_purposes,
    drop_strays,
    drop_unsure,
    trim_marks,
)
from somex.model.backend import Backend
from somex.model.config import ModelConfig
from somex.model.inputs import FloatArray, PieceEncoder, Window, collate, encode_sentence
from somex.model.pairs import ALLOWED, MentionBatch, PairBatch, UnitMention, build_pairs
from somex.model.repeats import RepeatCache
from somex.model.threads import BatchThreads
from somex.name_pairs import settle_names
from somex.second_names import add_second_names
from somex.text.sentences import sentences_of
from somex.versions import settle_versions

PIECES_PER_BATCH = 192
"""Pieces of a batch, padding included. Activations of a few sentences stay in a core's cache: on
a machine with 2 MB of it, batches of 2,048 pieces took twice the time a piece."""

PIECES_PER_FP32_BATCH = 384
"""The same for ONNX Runtime in fp32, whose large products make up for what leaves the cache."""

PIECES_PER_TORCH_BATCH = 1024
"""The same for PyTorch, whose layers cost more a call."""

PIECES_PER_GPU_BATCH = 16_384
"""The same for a GPU, which wants many rows. Not measured: none was at hand."""

MAX_PAIRS_PER_CALL = 65536


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a window comes from, and which of its units it owns (overlaps have one owner)."""

    document: int
    owned_start: int
    owned_end: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What was decoded in one window."""

    mentions: list[SpanPrediction]
    relations: list[RelationPrediction]


class MentionFinder(Protocol):
    """Finds the mentions of a batch of windows; each family of models has its own."""

    def __call__(
        self, backend: Backend, windows: Sequence[Window], *, pad_id: int, decoding: DecodingConfig
    ) -> tuple[list[list[SpanPrediction]], FloatArray]:
        """Return the mentions of B windows and their unit vectors (B, U, H)."""
        ...


def find_by_tags(
    backend: Backend, windows: Sequence[Window], *, pad_id: int, decoding: DecodingConfig
) -> tuple[list[list[SpanPrediction]], FloatArray]:
    """Find mentions by the tags of their units (family ``token``)."""
    batch = collate(windows, pad_id=pad_id)
    tag_logits, units = backend.encode(batch)
    mentions = [
        decode_mentions(
            tag_logits[row, :n],
            decoding,
            glued=_glued(windows[row].units),
            in_word=windows[row].joins,
        )
        for row, n in enumerate(batch.n_units.tolist())
    ]
    return mentions, units


class Predictor:
    """Annotates documents with a model.

    Args:
        backend: Runs the network.
        pieces: Cuts units into word pieces.
        config: The model's configuration.
        pad_id: Piece id for padding.
        decoding: Thresholds.
        batch_pieces: Pieces of a batch, padding included, unless one window has more. A result
            depends on nothing but its window, whatever else the batch holds.
        n_repeats: So many results are kept for windows that come again; 0 for none.
        find_mentions: What the model's family finds mentions with.
        n_parallel: So many batches are worked on at a time, each in a thread. On the small
            products of a sentence, threads that share a batch mostly wait for each other.
        is_batch_independent: The backend's results are the same to the last digit whatever else
            is in the batch.

    Raises:
        ConfigError: ``batch_pieces`` or ``n_parallel`` is below 1, or ``n_repeats`` below 0.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        pieces: PieceEncoder,
        config: ModelConfig,
        pad_id: int,
        decoding: DecodingConfig | None = None,
        batch_pieces: int = PIECES_PER_BATCH,
        n_repeats: int = 0,
        find_mentions: MentionFinder = find_by_tags,
        n_parallel: int = 1,
        is_batch_independent: bool = False,
    ) -> None:
        if n_parallel < 1:
            raise ConfigError(f"n_parallel is {n_parallel}; valid: 1 or more")
        if batch_pieces < 1:
            raise ConfigError(f"batch_pieces is {batch_pieces}; valid: 1 or more")
        self.config = config
        self.batch_pieces = batch_pieces
        self.is_batch_independent = is_batch_independent
        self.repeats: RepeatCache[_Found] = RepeatCache(n_repeats)
        self.n_windows = 0
        """Sentences, or windows of long ones, asked for so far."""
        self.n_windows_read = 0
        """Those of them that the network read."""
        self.decoding = replace(
            decoding or DecodingConfig(),
            split_cost=config.split_cost,
            border_cost=config.border_cost,
        )
        self.before_batch: Callable[[], None] | None = None
        """Called before each batch, from whatever thread runs it; what it raises ends the work."""
        self._backend = backend
        self._pieces = pieces
        self._pad_id = pad_id
        self._find_mentions = find_mentions
        self._threads = BatchThreads(n_parallel)

    def annotate(self, documents: Sequence[Document]) -> list[Annotation]:
        """Return one annotation a document, in the same order.

        Sentences of all the documents share batches, which does not change their results.
        """
        windows: list[Window] = []
        places: list[_Place] = []
        for index, document in enumerate(documents):
            for sentence in sentences_of(document):
                of_sentence = encode_sentence(
                    document, sentence, pieces=self._pieces, config=self.config
                )
                windows.extend(of_sentence)
                places.extend(_own(index, of_sentence))
        self.n_windows += len(windows)
        found = self._read(windows)
        gathered: list[list[tuple[Window, _Place, _Found]]] = [[] for _ in documents]
        for window, place, of_window in zip(windows, places, found, strict=True):
            gathered[place.document].append((window, place, of_window))
        return [
            self._finish(document, parts)
            for document, parts in zip(documents, gathered, strict=True)
        ]

    def _finish(
        self, document: Document, parts: Sequence[tuple[Window, _Place, _Found]]
    ) -> Annotation:
        """Join what was found in a document, and put right what its text alone can tell.

        Words as units are left as they are, as in the paper.
        """
        is_natural = self.config.units == "atoms"
        text = document.text
        annotation = _merge(parts, text if is_natural else None)
        if not annotation.mentions:
            return annotation
        least = max(self.decoding.min_confidence, self.decoding.min_relation_confidence)
        starts = [sentence.char_start for sentence in sentences_of(document)]
        if is_natural:
            annotation = settle_versions(text, annotation)
            annotation = complete_addresses(text, annotation)
            annotation = add_rrids(text, annotation, starts=starts, min_confidence=least)
        if self.config.second_names:
            settled = settle_names(text, annotation, starts=starts, min_confidence=least)
            annotation = add_second_names(text, settled, min_confidence=least)
        return annotation

    def _read(self, windows: Sequence[Window]) -> list[_Found]:
        """Return what each window holds; a window that came before is not read again."""
        if not self.repeats.n_most:
            return self._read_all(windows)
        keys = [_key(window) for window in windows]
        found = {key: known for key in keys if (known := self.repeats.get(key)) is not None}
        missing = {key: w for key, w in zip(keys, windows, strict=True) if key not in found}
        results = self._read_all([*missing.values()])
        for key, result in zip(missing, results, strict=True):
            found[key] = result
            self.repeats.put(key, result)
        return [found[key] for key in keys]

    def _read_all(self, windows: Sequence[Window]) -> list[_Found]:
        self.n_windows_read += len(windows)
        batches = [*_batches(windows, self.batch_pieces)][::-1]  # the longest ones first
        results = self._threads.map(self._run, [[windows[r] for r in rows] for rows in batches])
        found: dict[int, _Found] = {}
        for rows, of_rows in zip(batches, results, strict=True):
            found.update(zip(rows, of_rows, strict=True))
        return [found[row] for row in range(len(windows))]

    def _run(self, windows: list[Window]) -> list[_Found]:
        if self.before_batch is not None:
            self.before_batch()
        mentions, units = self._find_mentions(
            self._backend, windows, pad_id=self._pad_id, decoding=self.decoding
        )
        relations: list[list[RelationPrediction]] = [[] for _ in windows]
        for first, last in _pair_calls(mentions):
            unit_mentions = [
                [UnitMention(m.unit_start, m.unit_end, m.type) for m in mentions[row]]
                for row in range(first, last)
            ]
            pairs = build_pairs(unit_mentions, relation_head=self.config.relation_head)
            if self.config.purpose_head and len(pairs.mention_row):
                self._tell_purposes(units[first:last], pairs, mentions[first:last])
            if len(pairs.pair_head):
                logits = self._backend.relate(units[first:last], pairs)
                self._decode_relations(logits, pairs, mentions[first:last], relations[first:last])
        return [self._found(m, r) for m, r in zip(mentions, relations, strict=True)]

    def _tell_purposes(
        self, units: FloatArray, flat: MentionBatch, mentions: list[list[SpanPrediction]]
    ) -> None:
        """Put the purposes into the mentions of each row."""
        logits = self._backend.tell_purposes(units, flat)
        start = 0
        for of_row in mentions:
            end = start + len(of_row)
            of_row[:] = decode_purposes(logits[start:end], of_row)
            start = end

    def _found(self, mentions: list[SpanPrediction], relations: list[RelationPrediction]) -> _Found:
        if self.decoding.drop_strays and self.config.relation_head == "host":
            mentions, relations = drop_strays(mentions, relations)
        return _Found(mentions, drop_unsure(relations, self.decoding))

    def _decode_relations(
        self,
        logits: FloatArray,
        pairs: PairBatch,
        mentions: list[list[SpanPrediction]],
        relations: list[list[RelationPrediction]],
    ) -> None:
        rows = pairs.mention_row[pairs.pair_head]
        head_type = pairs.mention_type[pairs.pair_head]
        allowed = ALLOWED[head_type, pairs.mention_type[pairs.pair_tail]]
        offsets = np.searchsorted(pairs.mention_row, np.arange(len(mentions)))
        for row in np.unique(rows).tolist():
            of_row = np.flatnonzero(rows == row)
            heads = (pairs.pair_head[of_row] - offsets[row]).tolist()
            tails = (pairs.pair_tail[of_row] - offsets[row]).tolist()
            both = list(zip(heads, tails, strict=True))
            if self.config.relation_head == "pair":
                decoded = decode_pairs(logits[of_row], allowed[of_row], both)
            else:
                types = [mentions[row][head].type for head in heads]
                decoded = decode_hosts(logits[of_row], allowed[of_row], both, types, self.decoding)
            relations[row].extend(decoded)


def _key(window: Window) -> Hashable:
    """Return all that the result for a window, as numbers of its units, depends on."""
    of_units = (window.unit_first, window.unit_last, window.shapes, window.joins)
    return window.piece_ids, *of_units, tuple(_glued(window.units))


def _glued(units: Sequence[Token]) -> list[bool]:
    """Tell for each unit whether it follows the one before it without a blank."""
    starts = [unit.char_start for unit in units]
    return [False, *(a.char_end == b for a, b in zip(units, starts[1:], strict=False))]


def _pair_calls(mentions: list[list[SpanPrediction]]) -> Iterator[tuple[int, int]]:
    """Cut a batch into row ranges whose pairs fit one call (a list of names may hold hundreds)."""
    first, n_pairs = 0, 0
    for row, of_row in enumerate(mentions):
        n_pairs += len(of_row) ** 2
        if n_pairs > MAX_PAIRS_PER_CALL and row > first:
            yield first, row
            first, n_pairs = row, len(of_row) ** 2
    yield first, len(mentions)


def _own(document: int, windows: Sequence[Window]) -> list[_Place]:
    """Give each unit in an overlap of two windows to the one in which it lies deeper."""
    starts = [w.units[0].char_start for w in windows]
    ends = [w.units[-1].char_end for w in windows]
    cuts = [(starts[i + 1] + ends[i]) // 2 for i in range(len(windows) - 1)]
    lows, highs = [0, *cuts], [*cuts, ends[-1] + 1] if windows else []
    return [_Place(document, low, high) for low, high in zip(lows, highs, strict=False)]


def _batches(windows: Sequence[Window], n_most: int) -> Iterator[list[int]]:
    """Group windows of like length, each batch within a budget of pieces, padding included."""
    order = sorted(range(len(windows)), key=lambda i: (len(windows[i].piece_ids), i))
    batch: list[int] = []
    for index in order:
        if batch and (len(batch) + 1) * len(windows[index].piece_ids) > n_most:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _merge(parts: Sequence[tuple[Window, _Place, _Found]], trimmed: str | None) -> Annotation:
    """Join the windows of a document; what two overlapping windows found counts once.

    A relation is taken from the window that owns its head; its tail may be another's.

    Args:
        parts: The document's windows and what was found in them.
        trimmed: The document's text, if marks at the sides of mentions are to be cut off
            (`trim_marks`); words as units hold their marks, as in the paper.
    """
    mentions: list[Mention] = []
    owned: list[dict[int, Mention]] = []
    for window, place, found in parts:
        kept: dict[int, Mention] = {}
        for index, span in enumerate(found.mentions):
            mention = _to_mention(span, window.units, trimmed)
            is_owned = place.owned_start <= mention.char_start < place.owned_end
            if is_owned and not (mentions and mentions[-1].char_end > mention.char_start):
                mentions.append(mention)
                kept[index] = mention
        owned.append(kept)
    by_key = {mention.key: mention for mention in mentions}
    relations: list[Relation] = []
    for (window, _, found), kept in zip(parts, owned, strict=True):
        for r in found.relations:
            tail = by_key.get(_to_mention(found.mentions[r.tail], window.units, trimmed).key)
            if r.head in kept and tail is not None:
                relations.append(Relation(r.type, kept[r.head], tail, r.confidence))
    return Annotation.build(mentions, relations)


def _to_mention(span: SpanPrediction, units: Sequence[Token], trimmed: str | None) -> Mention:
    start, end = units[span.unit_start].char_start, units[span.unit_end - 1].char_end
    if trimmed is not None:
        start, end = trim_marks(trimmed, start, end)
    return Mention(span.type, start, end, purpose=span.purpose, confidence=span.confidence)
