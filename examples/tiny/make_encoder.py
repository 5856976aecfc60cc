"""Make a tiny random BERT encoder, to see a training run: make_encoder.py FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertModel, BertTokenizerFast

TEXTS = Path(__file__).parent / "train_texts.txt"


def make_encoder(folder: Path) -> None:
    """Write a BERT of 2 layers, 32 wide, whose word pieces come from the tiny corpus."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = BertWordPieceTokenizer(lowercase=True)
    pieces.train([str(TEXTS)], vocab_size=250, show_progress=False)
    pieces.save_model(str(folder))
    tokenizer = BertTokenizerFast.from_pretrained(folder, do_lower_case=True)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    BertModel(config).save_pretrained(folder)


if __name__ == "__main__":
    make_encoder(Path(sys.argv[1]))
