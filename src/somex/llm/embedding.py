"""Vectors of sentences from somex's embedded encoder: the mean of its units' vectors."""

from __future__ import annotations

import numpy as np

from somex.llm.retrieval import Embed, Vectors
from somex.llm.sentence import SentenceView
from somex.model.config import read_model_config
from somex.model.folder import TOKENIZER_FILE, read_pieces
from somex.model.inputs import collate, encode_sentence
from somex.model_registry import find_model


def load_embedder(model: str = "default") -> tuple[Embed, str]:
    """Load a model in ONNX as an embedder of sentences.

    Sentences are read one by one: the scales of int8 activations depend on what is read together.

    Returns:
        What embeds a sentence, and the model's fingerprint.

    Raises:
        ModelError: There is no such model, or it is not exported.
    """
    from somex.model.onnx_backend import OnnxBackend

    info = find_model(model)
    config = read_model_config(info.folder)
    pieces = read_pieces(info.folder / TOKENIZER_FILE, max_pieces=config.max_pieces)
    backend = OnnxBackend(info.folder)

    def embed(view: SentenceView) -> Vectors:
        (sentence,) = view.document.sentences
        windows = encode_sentence(view.document, sentence, pieces=pieces.encoder, config=config)
        rows = []
        for window in windows:
            _, units = backend.encode(collate([window], pad_id=pieces.pad_id))
            rows.append(units[0])
        mean: Vectors = np.concatenate(rows).mean(axis=0)
        return mean

    return embed, info.fingerprint
