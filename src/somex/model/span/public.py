"""Public GLiNER checkpoints, read through the ``gliner`` package (extra ``gliner``)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import torch
from tokenizers import Tokenizer

from somex.core.errors import ConfigError, MissingExtraError, ModelError
from somex.model.config import ModelConfig
from somex.model.span.modules import SpanHead, SpanModel
from somex.model.span.options import SpanOptions
from somex.model.span.prompts import MARKER, SEPARATOR
from somex.model.torch_folder import unwrap_tokenizer


@dataclass(frozen=True, slots=True)
class PublicGliner:
    """A loaded checkpoint.

    Attributes:
        name: Hub name or folder.
        loaded: The ``gliner`` package's object.
        config: What a model with its parts is made of.
        tokenizer: Its tokenizer, markers of types included.
    """

    name: str
    loaded: Any
    config: ModelConfig
    tokenizer: Tokenizer

    def build_model(self, config: ModelConfig) -> SpanModel:
        """Build a model that starts from the checkpoint's encoder and span head.

        Raises:
            ConfigError: The configuration asks for other parts than the checkpoint has.
        """
        self._check(config)
        parts = self.loaded.model
        encoder = parts.token_rep_layer.bert_layer.model.float()
        encoders = [encoder] if config.encoders == "shared" else [encoder, deepcopy(encoder)]
        model = SpanModel(config, encoders)
        head = model.token_head
        assert isinstance(head, SpanHead)
        markers = parts.span_rep_layer.span_rep_layer
        pairs = [(head.start, markers.project_start), (head.end, markers.project_end)]
        pairs += [(head.out, markers.out_project), (head.label, parts.prompt_rep_layer)]
        if head.lstm is not None:
            pairs.append((head.lstm, parts.rnn.lstm))  # type: ignore[arg-type]
        if head.project is not None:
            pairs.append((head.project, parts.token_rep_layer.projection))  # type: ignore[arg-type]
        for own, theirs in pairs:
            own.load_state_dict(theirs.state_dict())
        with torch.no_grad():
            head.bias.zero_()
        return model

    def _check(self, config: ModelConfig) -> None:
        wanted, has = _parts(self.config), _parts(config)
        wrong = [f"{k} is {has[k]!r}, not {v!r}" for k, v in wanted.items() if has[k] != v]
        if wrong:
            raise ConfigError(
                f"GLiNER checkpoint {self.name!r} has other parts: {'; '.join(wrong)}"
            )


def _parts(config: ModelConfig) -> dict[str, object]:
    return {
        "pooling": config.pooling,
        "shape_feature": config.shape_feature,
        "span.max_width": config.span.max_width,
        "span.width": config.span.width,
        "span.lstm": config.span.lstm,
    }


def read_gliner(name: str) -> PublicGliner:
    """Read a GLiNER checkpoint of the kind that its paper describes, from a folder or the hub.

    Raises:
        MissingExtraError: The ``gliner`` package is not installed.
        ModelError: There is no such checkpoint, or it is of another kind (bi-encoder, token
            level, with a decoder and so on).
    """
    try:
        from gliner import GLiNER
        from gliner.modeling.base import UniEncoderSpanModel
    except ImportError as error:
        raise MissingExtraError(
            f"GLiNER checkpoints need {error.name}; pip install 'somex[gliner]'"
        ) from None
    try:
        loaded = GLiNER.from_pretrained(name)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"GLiNER checkpoint {name!r} can't be loaded: {error}") from None
    settings = loaded.config
    others = {
        "kind": (type(loaded.model).__name__, UniEncoderSpanModel.__name__),
        "span_mode": (settings.span_mode, "markerV0"),
        "num_rnn_layers": (min(settings.num_rnn_layers, 1), settings.num_rnn_layers),
        "subtoken_pooling": (settings.subtoken_pooling, "first"),
        "embed_ent_token": (settings.embed_ent_token, True),
        "fuse_layers": (settings.fuse_layers, False),
        "post_fusion_schema": (settings.post_fusion_schema, ""),
        "ent_token": (settings.ent_token, MARKER),
        "sep_token": (settings.sep_token, SEPARATOR),
    }
    wrong = [f"{k} is {a!r}, not {b!r}" for k, (a, b) in others.items() if a != b]
    if wrong:
        raise ModelError(f"GLiNER checkpoint {name!r} is of a kind that is not read: {wrong}")
    wrapped = loaded.data_processor.transformer_tokenizer
    tokenizer = unwrap_tokenizer(wrapped, name, blanks=False)
    return PublicGliner(name, loaded, _config(name, loaded), tokenizer)


def _config(name: str, loaded: Any) -> ModelConfig:
    settings = loaded.config
    encoder_width = int(loaded.model.token_rep_layer.bert_layer.model.config.hidden_size)
    options = SpanOptions(
        max_width=settings.max_width,
        width=0 if settings.hidden_size == encoder_width else settings.hidden_size,
        lstm=settings.num_rnn_layers > 0,
        from_gliner=True,
    )
    base = ModelConfig(name, family="span", units="words", shape_feature=False, pooling="first")
    return replace(base, span=options)
