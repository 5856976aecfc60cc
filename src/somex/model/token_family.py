"""The token family: a BIO tag for each unit (the paper's encoders)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tokenizers import Tokenizer

from somex.model.config import ModelConfig
from somex.model.inputs import Batch, Pieces, Window, collate
from somex.model.predictor import MentionFinder, find_by_tags

if TYPE_CHECKING:
    from transformers import PretrainedConfig

    from somex.model.examples import Example
    from somex.model.lessons import Lessons
    from somex.model.modules import JointModel
    from somex.model.objective import Losses


class TokenFamily:
    """See `somex.model.families.Family`."""

    def load_tokenizer(self, config: ModelConfig) -> Tokenizer:
        """Load the tokenizer of the encoder."""
        from somex.model.torch_folder import load_tokenizer

        return load_tokenizer(config.encoder)

    def build_model(self, config: ModelConfig, tokenizer: Tokenizer) -> JointModel:
        """Build a model around the pretrained encoder that the configuration names."""
        from somex.model.modules import JointModel

        return JointModel.from_pretrained_encoder(config)

    def rebuild_model(self, config: ModelConfig, encoder_config: PretrainedConfig) -> JointModel:
        """Build a model with random weights, to be loaded from a checkpoint."""
        from somex.model.modules import JointModel

        return JointModel.from_encoder_config(config, encoder_config)

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
        from somex.model.objective import task_losses

        return task_losses(
            model, examples, task=task, pad_id=pieces.pad_id, agree=agree, lessons=lessons
        )

    def collate(self, windows: Sequence[Window], *, pieces: Pieces) -> Batch:
        """Return what the network reads of windows."""
        return collate(windows, pad_id=pieces.pad_id)

    def finder(self, *, pieces: Pieces) -> MentionFinder:
        """Return what finds the mentions of windows."""
        return find_by_tags


FAMILY = TokenFamily()
