"""What a model is made of; saved as ``config.json`` beside its weights."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from somex.core.config import build_config, check_ranges
from somex.core.errors import ConfigError, ModelError
from somex.model.span.options import SpanOptions

MODEL_FORMAT = 1


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Architecture of a joint model.

    Attributes:
        family: ``token`` (a tag for each unit) or ``span`` (every span against prompted types).
        encoder: Hugging Face name or folder of the pretrained encoder.
        units: What is labelled: ``words`` (white-space tokens, as the paper) or ``atoms``.
        relation_head: ``pair`` (the paper's classifier over all pairs, Eq. 2) or ``host`` (each
            attribute selects its host).
        encoders: ``shared`` (joint) or ``separate`` (disjoint: one for each task).
        shape_feature: Give the case of each unit back to an encoder that lower-cases.
        word_borders: Tell the encoder which atoms go on with the word of the atom before (needs
            the shape feature).
        pooling: A unit's vector: that of its ``first`` piece (Eq. 1 masks the others) or the mean
            of its first and last piece (``ends``).
        context_pieces: So many word pieces of the text before a sentence, and after it, are read
            with it; sentences that stand alone (SOMD's) are read alone. Family ``token`` only.
        purpose_head: Tell the purpose of software mentions as well (not in the paper).
        softcite_head: Learn sources with ``labels: softcite`` with a token head of their own on
            the shared encoder, instead of as partial labels of the full scheme. Exports lack it.
        reinit_layers: So many of the encoder's last layers start anew, as drawn before pretraining.
        mention_dim: Width of a mention's vector in the relation head.
        dropout: Rate in the heads, 0 to 1.
        max_pieces: Longest window, in word pieces with the special ones (family span: without
            the types before it).
        split_cost: Log odds against a mention right behind another of its type, in decoding; 0:
            tags are decoded as in the paper. Family ``token`` only, as the next.
        border_cost: Log odds against a mention that begins or ends inside a word.
        second_names: Settle two names of one software by letters and brackets, whatever the network
            says: the long name behind a software's letters, as in ``GDAL (Geospatial Data
            Abstraction Library)``, is its AlternativeName, a long name before its abbreviation
            begins where the letters do, and what has a version or an address of its own in
            brackets, as in ``Statistical Parametric Mapping (SPM 8)``, is a Specification_of the
            name before them.
        span: Options of the family ``span``.
    """

    encoder: str
    units: Literal["words", "atoms"] = "atoms"
    relation_head: Literal["pair", "host"] = "host"
    encoders: Literal["shared", "separate"] = "shared"
    shape_feature: bool = True
    word_borders: bool = False
    pooling: Literal["first", "ends"] = "ends"
    context_pieces: int = 0
    purpose_head: bool = False
    softcite_head: bool = False
    reinit_layers: int = 0
    mention_dim: int = 256
    dropout: float = 0.1
    max_pieces: int = 256
    split_cost: float = 3.0
    border_cost: float = 2.0
    second_names: bool = False
    family: Literal["token", "span"] = "token"
    span: SpanOptions = field(default_factory=SpanOptions)
    format: int = MODEL_FORMAT

    def __post_init__(self) -> None:
        ranges: dict[str, tuple[float, float]] = {
            "dropout": (0.0, 0.9),
            "reinit_layers": (0, 1000),
            "context_pieces": (0, 4096),
            "mention_dim": (4, 8192),
            "max_pieces": (8, 8192),
            "split_cost": (0.0, 100.0),
            "border_cost": (0.0, 100.0),
            "format": (MODEL_FORMAT, MODEL_FORMAT),
        }
        check_ranges(self, ranges)
        for name in ("softcite_head", "context_pieces"):
            if getattr(self, name) and self.family != "token":
                raise ConfigError(f"{name} is for the family token; family is 'span'")
        if self.word_borders and not self.shape_feature:
            raise ConfigError("word_borders is part of the shape feature; shape_feature is false")

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as plain values."""
        return dataclasses.asdict(self)


def read_model_config(folder: Path) -> ModelConfig:
    """Read ``config.json`` of a model folder.

    Raises:
        ModelError: The folder holds none, or it is not JSON.
        ConfigError: It holds unknown keys or values out of range.
    """
    path = folder / "config.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{folder} is no somex model: it holds no config.json") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not JSON: {error}") from None
    return build_config(ModelConfig, values, where=str(path))
