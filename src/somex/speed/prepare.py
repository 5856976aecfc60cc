"""The model folders that the variants run, made where they are missing."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from somex.core.errors import ConfigError, MissingExtraError
from somex.core.tags import OUTSIDE
from somex.core.types import Document, LabeledDocument
from somex.model.config import read_model_config
from somex.model.folder import TOKENIZER_FILE, WEIGHTS_FILE
from somex.readers.inputs import find_sources
from somex.readers.papers import SourceReader
from somex.readers.registry import read_corpus
from somex.speed.bench import Sample
from somex.speed.operations import EncoderSize
from somex.text.atoms import split_atoms
from somex.text.sentences import split_sentences

T = TypeVar("T")

ENCODER_CONFIG = Path("encoder") / "config.json"


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the models of the variants lie.

    Attributes:
        torch: For PyTorch.
        fp32: Exported without int8.
        int8: Exported.
        has_weights: The PyTorch model has trained weights; its output can be compared.
    """

    torch: Path
    fp32: Path
    int8: Path
    has_weights: bool


def prepare_models(exported: Path, trained: Path | None, folder: Path) -> Folders:
    """Make the PyTorch and fp32 models that go with an exported one.

    Args:
        exported: An exported model folder, int8.
        trained: The folder that it was exported from. Without it the PyTorch model has the same
            sizes and random weights, and finds no mentions: it then takes less time than it
            would, since no pairs are scored.
        folder: Gets what is made.

    Raises:
        ConfigError: ``exported`` does not say of what size its encoder is.
        MissingExtraError: PyTorch is not installed.
    """
    try:
        from somex.model.export import export_model
    except ImportError as error:
        raise MissingExtraError(
            f"`somex bench speed` needs {error.name}; pip install 'somex[train]'"
        ) from None
    torch_folder = trained or _random_model(exported, folder / "torch")
    export_model(torch_folder, folder / "fp32", precision="fp32")
    return Folders(torch_folder, folder / "fp32", exported, trained is not None)


def _random_model(exported: Path, target: Path) -> Path:
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoConfig

    from somex.model.families import find_family
    from somex.model.torch_folder import save_model

    encoder_size(exported)  # says what is missing
    config = read_model_config(exported)
    encoder = AutoConfig.from_pretrained(exported / ENCODER_CONFIG.parent)
    model = find_family(config).rebuild_model(config, encoder)
    with torch.no_grad():
        parameters = dict(model.token_head.named_parameters())
        for parameter in parameters.values():
            parameter.zero_()
        parameters["linear.bias"][OUTSIDE] = 1.0
    save_model(model, Tokenizer.from_file(str(exported / TOKENIZER_FILE)), target)
    assert (target / WEIGHTS_FILE).is_file()
    return target


def encoder_size(folder: Path) -> EncoderSize:
    """Read the size of a model's encoder.

    Raises:
        ConfigError: The folder does not tell.
    """
    path = folder / ENCODER_CONFIG
    if not path.is_file():
        raise ConfigError(f"{path} is missing, which tells the encoder's size; export again")
    return EncoderSize.from_config(json.loads(path.read_text(encoding="utf-8")))


def read_sample(
    places: Sequence[Path], n_documents: int, *, has_gold: bool
) -> list[LabeledDocument]:
    """Read some documents, the same ones each time, as natural text.

    Args:
        places: Papers as `somex extract` takes them, or with ``has_gold`` annotated corpora.
        n_documents: So many at most.
        has_gold: Keep the annotation.

    Raises:
        ConfigError: There are none.
    """
    if has_gold:
        corpus = [labeled for place in places for labeled in read_corpus(place)]
        chosen = _draw(corpus, n_documents)
    else:
        with SourceReader() as reader:
            sources = _draw(find_sources(places), n_documents)
            chosen = [LabeledDocument(reader.read(source)) for source in sources]
    if not chosen:
        raise ConfigError(f"no documents in {', '.join(map(str, places))}")
    return [
        LabeledDocument(Document(one.document.id, one.document.text), one.annotation)
        for one in chosen
    ]


def _draw(items: Sequence[T], n_most: int) -> list[T]:
    return random.Random(0).sample(items, min(n_most, len(items)))


def count_sample(documents: Sequence[LabeledDocument]) -> Sample:
    """Count what there is to read."""
    sentences = [(d.document, s) for d in documents for s in split_sentences(d.document.text)]
    n_tokens = sum(len(split_atoms(d.slice(s.char_start, s.char_end))) for d, s in sentences)
    return Sample(len(documents), len(sentences), n_tokens)
