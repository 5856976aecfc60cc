"""The torch model of the span family: encoder(s), span head, relation head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from somex.core.errors import ModelError
from somex.model.config import ModelConfig
from somex.model.modules import JointModel, TorchBatch
from somex.model.span.options import SpanOptions

_FIRST_BIAS = -4.0
"""Log odds with which training starts: of some 9,000 pairs of span and type, two are right."""


@dataclass(frozen=True, slots=True)
class TorchSpanBatch(TorchBatch):
    """A SpanBatch as tensors: pieces (B, L), units (B, U), types (B, C)."""

    label_first: Tensor
    label_last: Tensor


class SpanHead(nn.Module):
    """Log odds of every span and type: GLiNER's ``markerV0`` and its prompt layer.

    A span's vector is ``out(relu([start(first); end(last)]))``, its score the product with the
    type's vector. Both linear maps of ``out`` are moved out of the loop over spans: the first to
    the units, the second to the types. The function is the same (a test compares it with the
    ``gliner`` package's), at about a fiftieth of the products.
    """

    def __init__(self, width: int, options: SpanOptions, dropout: float) -> None:
        super().__init__()
        dim = options.width or width
        self.max_width = options.max_width
        self.project = nn.Linear(width, dim) if dim != width else None
        self.lstm = (
            nn.LSTM(dim, dim // 2, bidirectional=True, batch_first=True) if options.lstm else None
        )
        self.start = projection(dim, dim, dropout)
        self.end = projection(dim, dim, dropout)
        self.out = projection(2 * dim, dim, dropout)
        self.label = projection(dim, dim, dropout)
        self.bias = nn.Parameter(torch.tensor(_FIRST_BIAS))
        for layers in (self.start, self.end, self.out, self.label):
            _keep_variance(layers)
        with torch.no_grad():  # so that the scores' first variance doesn't grow with the width
            for layers in (self.out, self.label):
                for weight in layers[3].parameters():
                    weight.mul_(dim**-0.25)

    def forward(self, units: Tensor, labels: Tensor, n_units: Tensor) -> Tensor:
        """Return log odds (B, U, K, C) that K spans from each unit are of each type.

        Args:
            units: (B, U, H) vectors.
            labels: (B, C, H) vectors of the types' markers.
            n_units: (B,) number of units of each row.
        """
        if self.project is not None:
            units, labels = self.project(units), self.project(labels)
        if self.lstm is not None:
            units = self._read_in_order(units, n_units)
        first, second = self.out[0], self.out[3]
        assert isinstance(first, nn.Linear)
        assert isinstance(second, nn.Linear)
        dim = units.shape[-1]
        starts = functional.linear(self.start(units).relu(), first.weight[:, :dim], first.bias)
        ends = functional.linear(self.end(units).relu(), first.weight[:, dim:])
        ends = functional.pad(ends, (0, 0, 0, self.max_width - 1))
        windows = [
            ends[:, k : k - self.max_width + 1 if k < self.max_width - 1 else None]
            for k in range(self.max_width)
        ]
        spans = self.out[2](
            (starts.unsqueeze(2) + torch.stack(windows, dim=2)).relu()
        )  # (B, U, K, 4D)
        types = self.label(labels)
        products = spans.flatten(1, 2) @ (types @ second.weight).transpose(1, 2)  # (B, U * K, C)
        products = products + (types @ second.bias).unsqueeze(1) + self.bias
        scores: Tensor = products.unflatten(1, (-1, self.max_width))
        return scores

    def _read_in_order(self, units: Tensor, n_units: Tensor) -> Tensor:
        assert self.lstm is not None
        if torch.onnx.is_in_onnx_export():
            raise ModelError(
                "a span head with an LSTM (span.lstm) can't be exported; run it in torch"
            )
        packed = pack_padded_sequence(units, n_units.cpu(), batch_first=True, enforce_sorted=False)
        read, _ = pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=units.shape[1]
        )
        return read


def projection(n_in: int, n_out: int, dropout: float) -> nn.Sequential:
    """Return GLiNER's projection layer: two linear maps, four times as wide between them."""
    return nn.Sequential(
        nn.Linear(n_in, 4 * n_out), nn.ReLU(), nn.Dropout(dropout), nn.Linear(4 * n_out, n_out)
    )


def _keep_variance(layers: nn.Sequential) -> None:
    """Draw a projection's first weights after He et al. (2015, Eq. 10 and 14).

    PyTorch's shrink the vectors at each map; of the product of two small vectors, hardly any
    gradient comes back to either.
    """
    first, second = layers[0], layers[3]
    assert isinstance(first, nn.Linear)
    assert isinstance(second, nn.Linear)
    nn.init.kaiming_normal_(first.weight, nonlinearity="relu")
    nn.init.kaiming_normal_(second.weight, nonlinearity="linear")
    nn.init.zeros_(first.bias)
    nn.init.zeros_(second.bias)


class SpanModel(JointModel):
    """Scores spans against prompted types; relations as in the token family.

    Types are read as units before the sentence's own, from their marker to their last piece; with
    pooling ``first``, at their marker only, as GLiNER reads them.
    """

    batch_class = TorchSpanBatch
    logit_axes: ClassVar[dict[int, str]] = {0: "batch", 1: "n_units", 3: "n_labels"}

    def build_head(self, width: int, config: ModelConfig) -> nn.Module:
        """Return the head that finds mentions."""
        return SpanHead(width, config.span, config.dropout)

    def grow_vocabulary(self, n_pieces: int) -> None:
        """Give pieces that were added to the tokenizer embeddings of their own, random ones."""
        for encoder in (self.unit_encoder, self.relation_encoder):
            if encoder is not None and encoder.encoder.config.vocab_size < n_pieces:
                encoder.encoder.resize_token_embeddings(n_pieces, mean_resizing=False)

    def score_spans(self, batch: TorchSpanBatch) -> tuple[Tensor, Tensor]:
        """Return log odds (B, U, K, C) and the vectors (B, U, H) of the units that they rest on."""
        n_labels = batch.label_first.shape[1]
        no_shape = torch.zeros_like(batch.label_first)
        vectors = self.unit_encoder(
            TorchBatch(
                batch.piece_ids,
                batch.piece_mask,
                batch.piece_shapes,
                torch.cat([batch.label_first, batch.unit_first], dim=1),
                torch.cat([batch.label_last, batch.unit_last], dim=1),
                torch.cat([no_shape, batch.unit_shapes], dim=1),
            )
        )
        labels, units = vectors[:, :n_labels], vectors[:, n_labels:]
        n_units = (batch.unit_first > 0).sum(1)
        return self.token_head(units, labels, n_units), units

    def encode(self, batch: TorchBatch) -> tuple[Tensor, Tensor]:
        """Return log odds (B, U, K, C) and the relation head's unit vectors (B, U, H)."""
        assert isinstance(batch, TorchSpanBatch)
        scores, units = self.score_spans(batch)
        return scores, units if self.relation_encoder is None else self.relation_encoder(batch)
