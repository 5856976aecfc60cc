"""The span family as training, model folders and export see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tokenizers import Tokenizer

from somex.core.errors import ConfigError
from somex.model.config import ModelConfig
from somex.model.inputs import Pieces, Window
from somex.model.span.predictor import SchemaFinder
from somex.model.span.prompts import SCHEMA_LABELS, Prompter, SpanBatch, add_markers

if TYPE_CHECKING:
    from transformers import PretrainedConfig

    from somex.model.examples import Example
    from somex.model.lessons import Lessons
    from somex.model.modules import JointModel
    from somex.model.objective import Losses


class SpanFamily:
    """See `somex.model.families.Family`."""

    def load_tokenizer(self, config: ModelConfig) -> Tokenizer:
        """Load the tokenizer of the encoder and add the markers of the types."""
        from somex.model.torch_folder import load_tokenizer

        if config.span.from_gliner:
            from somex.model.span.public import read_gliner

            return read_gliner(config.encoder).tokenizer
        tokenizer = load_tokenizer(config.encoder)
        add_markers(tokenizer)
        return tokenizer

    def build_model(self, config: ModelConfig, tokenizer: Tokenizer) -> JointModel:
        """Build a model around a pretrained encoder, or around a public GLiNER checkpoint."""
        from somex.model.span.modules import SpanModel

        if config.span.from_gliner:
            from somex.model.span.public import read_gliner

            return read_gliner(config.encoder).build_model(config)
        model = SpanModel.from_pretrained_encoder(config)
        model.grow_vocabulary(tokenizer.get_vocab_size())
        return model

    def rebuild_model(self, config: ModelConfig, encoder_config: PretrainedConfig) -> JointModel:
        """Build a model with random weights, to be loaded from a checkpoint."""
        from somex.model.span.modules import SpanModel

        return SpanModel.from_encoder_config(config, encoder_config)

    def task_losses(
        self,
        model: JointModel,
        examples: Sequence[Example],
        *,
        task: str,
        pieces: Pieces,
        agree: bool = False,
        lessons: Lessons | None = None,
    ) -> Losses:
        """Return the losses of a batch."""
        from somex.model.span.modules import SpanModel
        from somex.model.span.objective import task_losses

        assert isinstance(model, SpanModel)
        if agree or lessons is not None:
            raise ConfigError(
                "the family span has no agreement loss and no teachers; "
                "set agreement_weight: 0 and teachers: []"
            )
        prompter = Prompter(pieces.tokenizer)
        return task_losses(model, examples, task=task, prompter=prompter, pad_id=pieces.pad_id)

    def collate(self, windows: Sequence[Window], *, pieces: Pieces) -> SpanBatch:
        """Return what the network reads of windows: the schema's types and their pieces."""
        labels = [SCHEMA_LABELS] * len(windows)
        return Prompter(pieces.tokenizer).collate(windows, labels, pad_id=pieces.pad_id)

    def finder(self, *, pieces: Pieces) -> SchemaFinder:
        """Return what finds the mentions of windows."""
        return SchemaFinder(Prompter(pieces.tokenizer))


FAMILY = SpanFamily()
