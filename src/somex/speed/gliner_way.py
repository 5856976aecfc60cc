"""The ``gliner`` package's own way, for the speed bench: an encoder of equal size, random weights.

Types as prompts before each sentence, no relations: what a user of that package would run.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from gliner import GLiNER, GLiNERConfig
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from somex.core.schema import EntityType
from somex.core.types import Annotation, Document
from somex.model.folder import TOKENIZER_FILE
from somex.speed.backends import Tally
from somex.text.sentences import sentences_of

BATCH_SIZE = 8
"""The package's own default."""

NEVER = 0.9999
"""Threshold: random weights are to find nothing, since sorting it out would take time too."""


class GlinerWay:
    """Annotates as the ``gliner`` package does; what it finds is of no worth.

    Args:
        folder: Model folder whose encoder's size and tokenizer are taken.
        n_threads: Threads of PyTorch; its own choice by default.
    """

    def __init__(self, folder: Path, *, n_threads: int | None) -> None:
        if n_threads is not None:
            torch.set_num_threads(n_threads)
        self.tally = Tally()
        self._model = _random_model(folder).eval()
        inner = self._model.model
        inner.register_forward_pre_hook(self._begin, with_kwargs=True)
        inner.register_forward_hook(self._end)
        self._started = 0.0

    def annotate(self, documents: Sequence[Document]) -> list[Annotation]:
        """Read documents, sentence by sentence in batches; returns nothing found."""
        texts = [
            document.slice(sentence.char_start, sentence.char_end)
            for document in documents
            for sentence in sentences_of(document)
        ]
        labels = [entity_type.value for entity_type in EntityType]
        self._model.inference(texts, labels, threshold=NEVER, batch_size=BATCH_SIZE)
        return [Annotation() for _ in documents]

    def _begin(
        self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        mask = kwargs["attention_mask"]
        self.tally.places.append(mask.numel())
        self.tally.lengths.extend(mask.sum(dim=1).tolist())
        self._started = time.perf_counter()

    def _end(self, module: torch.nn.Module, args: tuple[Any, ...], output: Any) -> None:
        self.tally.encodes.append((self._started, time.perf_counter()))


def _random_model(folder: Path) -> GLiNER:
    """Make a GLiNER of random weights around a BERT of the size of a model's encoder."""
    wanted = json.loads((folder / "encoder" / "config.json").read_text(encoding="utf-8"))
    tokenizer = _wrap_tokenizer(folder / TOKENIZER_FILE)
    sizes = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    size = {name: wanted[name] for name in sizes}
    with tempfile.TemporaryDirectory() as place:
        config = BertConfig(vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **size)
        BertModel(config).save_pretrained(place)
        tokenizer.save_pretrained(place)
        width = wanted["hidden_size"]
        return GLiNER.from_config(GLiNERConfig(model_name=place, hidden_size=width, max_len=512))


def _wrap_tokenizer(path: Path) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    pad = json.loads(path.read_text(encoding="utf-8"))["padding"]["pad_token"]
    unknown = tokenizer.model.unk_token
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token=pad, unk_token=unknown, model_max_length=512
    )
