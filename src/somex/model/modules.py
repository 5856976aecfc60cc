"""The torch model: encoder(s), token head, relation head."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pickle import UnpicklingError
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel

from somex.core.errors import ConfigError, ModelError
from somex.core.schema import ENTITY_TYPES, PURPOSES
from somex.core.tags import N_TAGS
from somex.model.config import ModelConfig
from somex.model.pairs import N_BETWEEN, N_DISTANCES, N_RELATIONS
from somex.model.shapes import N_SHAPES

SHAPE_DIM = 32


@dataclass(frozen=True, slots=True)
class TorchBatch:
    """A Batch as tensors: pieces (B, L), units (B, U)."""

    piece_ids: Tensor
    piece_mask: Tensor
    piece_shapes: Tensor
    unit_first: Tensor
    unit_last: Tensor
    unit_shapes: Tensor


@dataclass(frozen=True, slots=True)
class TorchMentions:
    """A MentionBatch as tensors (M,)."""

    mention_row: Tensor
    mention_start: Tensor
    mention_last: Tensor
    mention_type: Tensor


@dataclass(frozen=True, slots=True)
class TorchPairs(TorchMentions):
    """A PairBatch as tensors: mentions (M,), pairs (P,)."""

    pair_head: Tensor
    pair_tail: Tensor
    pair_distance: Tensor
    pair_between: Tensor


class UnitEncoder(nn.Module):
    """A pretrained encoder that gives one vector a unit (the paper's shared encoder)."""

    def __init__(self, config: ModelConfig, encoder: PreTrainedModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = config.pooling
        width = int(encoder.config.hidden_size)
        self.width = width + (SHAPE_DIM if config.shape_feature else 0)
        n_shapes = N_SHAPES * (1 + config.word_borders)
        embedding_width = piece_embeddings(encoder).shape[1]
        self.shape_in = nn.Embedding(n_shapes, embedding_width) if config.shape_feature else None
        self.shape_out = nn.Embedding(n_shapes, SHAPE_DIM) if config.shape_feature else None
        if self.shape_in is not None:
            nn.init.zeros_(self.shape_in.weight)  # training starts from the pretrained encoder

    def forward(self, batch: TorchBatch) -> Tensor:
        """Return unit vectors (B, U, width).

        Sub-words are masked as in the paper's Eq. 1: only a unit's first piece (with pooling
        ``ends`` also its last) is read.
        """
        if self.shape_in is None:
            output = self.encoder(input_ids=batch.piece_ids, attention_mask=batch.piece_mask)
        else:
            embedded = self.encoder.get_input_embeddings()(batch.piece_ids)
            embedded = embedded + self.shape_in(batch.piece_shapes)
            output = self.encoder(inputs_embeds=embedded, attention_mask=batch.piece_mask)
        pieces = output.last_hidden_state
        vectors = gather_rows(pieces, batch.unit_first)
        if self.pooling == "ends":
            vectors = (vectors + gather_rows(pieces, batch.unit_last)) / 2
        if self.shape_out is not None:
            vectors = torch.cat([vectors, self.shape_out(batch.unit_shapes)], dim=-1)
        return vectors


def gather_rows(vectors: Tensor, index: Tensor) -> Tensor:
    """Pick vectors (B, L, H) by index (B, U): the result is (B, U, H)."""
    return torch.gather(vectors, 1, index.unsqueeze(-1).expand(-1, -1, vectors.shape[-1]))


class TokenHead(nn.Module):
    """BIO tag logits of each unit (paper, Eq. 1)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, N_TAGS)

    def forward(self, units: Tensor) -> Tensor:
        """Map unit vectors (B, U, H) to tag logits (B, U, 29)."""
        logits: Tensor = self.linear(self.dropout(units))
        return logits


class PairHead(nn.Module):
    """Feed-forward classifier over the concatenated vectors of a pair (paper, Eq. 2)."""

    def __init__(self, width: int, config: ModelConfig) -> None:
        super().__init__()
        self.network = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.Linear(2 * width, config.mention_dim),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.mention_dim, N_RELATIONS + 1),
        )

    def forward(self, units: Tensor, pairs: TorchPairs) -> Tensor:
        """Return logits (P, 12) over the relations and no-relation; units are (B, U, H)."""
        mentions = units[pairs.mention_row, pairs.mention_start]
        both = torch.cat([mentions[pairs.pair_head], mentions[pairs.pair_tail]], dim=-1)
        logits: Tensor = self.network(both)
        return logits


class HostHead(nn.Module):
    """Each attribute scores its possible hosts; the label is scored beside it.

    Head selection as in dependency parsing (Zhang et al. 2017, EACL, Eq. 2), the pair of a
    mention with itself standing for "no host".
    """

    def __init__(self, width: int, config: ModelConfig) -> None:
        super().__init__()
        dim = config.mention_dim
        self.types = nn.Embedding(len(ENTITY_TYPES), dim // 4)
        self.distances = nn.Embedding(N_DISTANCES, dim // 4)
        self.between = nn.Embedding(N_BETWEEN, dim // 4)
        self.mention = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(2 * width + dim // 4, dim), nn.GELU()
        )
        self.pair = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.Linear(3 * dim + 2 * (dim // 4), dim),
            nn.GELU(),
            nn.Linear(dim, 1 + N_RELATIONS),
        )

    def forward(self, units: Tensor, pairs: TorchPairs) -> Tensor:
        """Return (P, 12): the host score in column 0, label logits after it; units (B, U, H)."""
        first = units[pairs.mention_row, pairs.mention_start]
        last = units[pairs.mention_row, pairs.mention_last]
        typed = self.types(pairs.mention_type)
        mentions = self.mention(torch.cat([first, last, typed], dim=-1))
        head, tail = mentions[pairs.pair_head], mentions[pairs.pair_tail]
        features = [self.distances(pairs.pair_distance), self.between(pairs.pair_between)]
        logits: Tensor = self.pair(torch.cat([head, tail, head * tail, *features], dim=-1))
        return logits


class PurposeHead(nn.Module):
    """Classifier of a mention's purpose over the vectors of its first and last unit."""

    def __init__(self, width: int, config: ModelConfig) -> None:
        super().__init__()
        dim = config.mention_dim
        self.types = nn.Embedding(len(ENTITY_TYPES), dim // 4)
        self.network = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.Linear(2 * width + dim // 4, dim),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(dim, len(PURPOSES)),
        )

    def forward(self, units: Tensor, mentions: TorchMentions) -> Tensor:
        """Return purpose logits (M, 4) from unit vectors (B, U, H)."""
        first = units[mentions.mention_row, mentions.mention_start]
        last = units[mentions.mention_row, mentions.mention_last]
        typed = self.types(mentions.mention_type)
        logits: Tensor = self.network(torch.cat([first, last, typed], dim=-1))
        return logits


class JointModel(nn.Module):
    """Encoder, token head and relation head; with separate encoders, one for each task.

    Attributes:
        batch_class: What `encode` reads.
        logit_axes: The axes of its first result that are not of a fixed length, with their names.
    """

    batch_class: type[TorchBatch] = TorchBatch
    logit_axes: ClassVar[dict[int, str]] = {0: "batch", 1: "n_units"}

    def __init__(self, config: ModelConfig, encoders: list[PreTrainedModel]) -> None:
        super().__init__()
        self.config = config
        self.unit_encoder = UnitEncoder(config, encoders[0])
        self.relation_encoder = (
            UnitEncoder(config, encoders[1]) if config.encoders == "separate" else None
        )
        width = self.unit_encoder.width
        self.token_head = self.build_head(width, config)
        head = PairHead if config.relation_head == "pair" else HostHead
        self.relation_head = head(width, config)
        self.purpose_head = PurposeHead(width, config) if config.purpose_head else None
        self.softcite_head = TokenHead(width, config.dropout) if config.softcite_head else None

    def build_head(self, width: int, config: ModelConfig) -> nn.Module:
        """Return the head that finds mentions."""
        return TokenHead(width, config.dropout)

    @classmethod
    def from_pretrained_encoder(cls, config: ModelConfig) -> Self:
        """Build a model around the pretrained encoder that the configuration names.

        Raises:
            ConfigError: The configuration asks for longer windows than the encoder can read.
        """
        n = 2 if config.encoders == "separate" else 1
        encoders = [load_encoder(config.encoder) for _ in range(n)]
        n_positions = count_positions(encoders[0])
        if n_positions is not None and config.max_pieces > n_positions:
            raise ConfigError(
                f"max_pieces is {config.max_pieces}; encoder {config.encoder!r} reads "
                f"{n_positions} pieces at most"
            )
        for encoder in encoders:
            reset_last_layers(encoder, config.reinit_layers)
        return cls(config, encoders)

    @classmethod
    def from_encoder_config(cls, config: ModelConfig, encoder_config: PretrainedConfig) -> Self:
        """Build a model with random weights, to be loaded from a checkpoint."""
        n = 2 if config.encoders == "separate" else 1
        return cls(config, [_random_encoder(encoder_config) for _ in range(n)])

    def encode(self, batch: TorchBatch) -> tuple[Tensor, Tensor]:
        """Return tag logits (B, U, 29) and the relation head's unit vectors (B, U, H)."""
        units = self.unit_encoder(batch)
        logits = self.token_head(units)
        return logits, units if self.relation_encoder is None else self.relation_encoder(batch)

    def relate(self, units: Tensor, pairs: TorchPairs) -> Tensor:
        """Return pair logits (P, 12) from unit vectors (B, U, H)."""
        logits: Tensor = self.relation_head(units, pairs)
        return logits

    def tell_purposes(self, units: Tensor, mentions: TorchMentions) -> Tensor:
        """Return purpose logits (M, 4) from unit vectors (B, U, H).

        Raises:
            ModelError: The model has no purpose head.
        """
        if self.purpose_head is None:
            raise ModelError("the model has no purpose head (purpose_head: false)")
        logits: Tensor = self.purpose_head(units, mentions)
        return logits

    def tag_as_softcite(self, units: Tensor) -> Tensor:
        """Map unit vectors (B, U, H) to tag logits (B, U, 29) in softcite's terms.

        Raises:
            ModelError: The model has no head of softcite's.
        """
        if self.softcite_head is None:
            raise ModelError("the model has no head of softcite's (softcite_head: false)")
        logits: Tensor = self.softcite_head(units)
        return logits

    def word_embeddings(self) -> list[nn.Parameter]:
        """Return the embeddings of the word pieces, those of each encoder."""
        encoders = (self.unit_encoder, self.relation_encoder)
        return [piece_embeddings(e.encoder) for e in encoders if e is not None]

    def task_parameters(self, task: str) -> list[tuple[str, nn.Parameter]]:
        """Return the named parameters that a task trains: ``joint``, ``ner`` or ``re``.

        With separate encoders no parameter belongs to both tasks.
        """
        named = list(self.named_parameters())
        if task == "joint":
            return named
        roots = {
            "ner": ("unit_encoder", "token_head", "softcite_head"),
            "re": ("relation_encoder", "relation_head", "purpose_head"),
        }
        return [(name, p) for name, p in named if name.split(".")[0] in roots[task]]


def load_encoder(name: str) -> PreTrainedModel:
    """Load a pretrained encoder by Hugging Face name or folder, as fp32.

    Weights are read from safetensors, or, where an older checkpoint has none, from
    ``pytorch_model.bin`` as plain tensors: pickled code is refused.

    Raises:
        ModelError: There is no such encoder, or its weights can't be read.
    """
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")  # asks a web service otherwise
    try:
        config = AutoConfig.from_pretrained(name)
        encoder: PreTrainedModel = AutoModel.from_pretrained(
            name, config=config, weights_only=True
        ).float()
    except (OSError, ValueError, UnpicklingError) as error:
        raise ModelError(f"encoder {name!r} can't be loaded: {error}") from None
    return encoder


def piece_embeddings(encoder: PreTrainedModel) -> nn.Parameter:
    """Return the embeddings (V, E) of an encoder's V word pieces."""
    embeddings = encoder.get_input_embeddings()
    assert isinstance(embeddings.weight, nn.Parameter)
    return embeddings.weight


def reset_last_layers(encoder: PreTrainedModel, n_layers: int) -> None:
    """Draw the weights of an encoder's last layers anew, as before pretraining.

    Source: Zhang et al. 2021, Revisiting few-sample BERT fine-tuning (ICLR), section 4.

    Raises:
        ConfigError: The encoder has fewer layers, or none that can be told.
    """
    if not n_layers:
        return
    stacks = [m for m in encoder.modules() if isinstance(m, nn.ModuleList)]
    layers = max(stacks, key=len, default=nn.ModuleList())
    if n_layers > len(layers):
        raise ConfigError(f"reinit_layers is {n_layers}; the encoder has {len(layers)} layers")
    for layer in layers[-n_layers:]:
        for parameter in layer.parameters():
            vars(parameter).pop("_is_hf_initialized", None)  # transformers spares what it loaded
        for module in layer.modules():
            encoder._init_weights(module)  # type: ignore[no-untyped-call]


def count_positions(encoder: PreTrainedModel) -> int | None:
    """Return how many pieces an encoder's absolute positions reach; None for relative ones."""
    for name, module in encoder.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            unused = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - unused  # RoBERTa's and MPNet's start after the padding
    return None


def _random_encoder(config: PretrainedConfig) -> PreTrainedModel:
    encoder: PreTrainedModel = AutoModel.from_config(config).float()  # type: ignore[no-untyped-call]
    return encoder
