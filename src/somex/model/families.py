"""Families of models: what training, model folders and export ask of a kind of model.

A family is a folder (or file) that holds an object with the methods of `Family`, and a line in
`_FAMILIES`; its part of the configuration is a field of `ModelConfig`. No torch here: families
import it where it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from tokenizers import Tokenizer

from somex.model.config import ModelConfig
from somex.model.inputs import Batch, Pieces, Window
from somex.model.predictor import MentionFinder

if TYPE_CHECKING:
    from transformers import PretrainedConfig

    from somex.model.examples import Example
    from somex.model.lessons import Lessons
    from somex.model.modules import JointModel
    from somex.model.objective import Losses


class Family(Protocol):
    """One kind of model."""

    def load_tokenizer(self, config: ModelConfig) -> Tokenizer:
        """Load the tokenizer of the encoder, with the pieces that the family adds."""
        ...

    def build_model(self, config: ModelConfig, tokenizer: Tokenizer) -> JointModel:
        """Build a model around the pretrained encoder that the configuration names."""
        ...

    def rebuild_model(self, config: ModelConfig, encoder_config: PretrainedConfig) -> JointModel:
        """Build a model with random weights, to be loaded from a checkpoint."""
        ...

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
        """Return the losses of a batch for ``joint``, or for a disjoint stage ``ner`` or ``re``.

        With ``agree``, the batch holds its examples twice (`somex.model.losses.agreement_loss`);
        ``lessons`` are what teachers say of it.
        """
        ...

    def collate(self, windows: Sequence[Window], *, pieces: Pieces) -> Batch:
        """Return what the network reads of windows in prediction."""
        ...

    def finder(self, *, pieces: Pieces) -> MentionFinder:
        """Return what finds the mentions of windows."""
        ...


_FAMILIES = {"token": "somex.model.token_family", "span": "somex.model.span.family"}


def find_family(config: ModelConfig) -> Family:
    """Return the family of a configuration."""
    family: Family = import_module(_FAMILIES[config.family]).FAMILY
    return family
