"""Tiny random encoders of each architecture, in folders like those of a model hub.

Each has its real tokenizer class, trained on sentences of our own, in the files that the hub's
folder has: SciBERT brings a word list only, DeBERTa a SentencePiece model, ModernBERT its
byte-level ``tokenizer.json``.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import tiny

KINDS = (
    "bert",
    "bert-cased",
    "scibert",
    "minilm",
    "mpnet",
    "deberta-v2",
    "deberta-v3",
    "tasksource",
    "modernbert",
)

SENTENCES = (
    *(" ".join(tiny.parse_marked(line)[0]) for line in tiny.MARKED),
    "Tessarix3 (v2.4.1) was written in Quill [12] by Orbital Labs, Northport, in 2019.",
    "The SEMfit add-on draws path diagrams; see https://semfit.example/download?x=1 for help.",
    "Ünlü and Café de Øresund are names with letters outside of ASCII, and so is α = 0.05.",
    "Heron Systems released Pondix 11 and Mossflow 0.9 (2019b) under the Open Meadow License.",
)
"""What the tokenizers are trained on."""

_SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 300,
}
_BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_MPNET_SPECIAL = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]


def write_encoder(folder: Path, kind: str) -> Path:
    """Write the folder of a tiny encoder of a kind among KINDS."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    if kind in ("bert", "bert-cased", "scibert", "minilm"):
        _write_bert(folder, kind)
    elif kind == "mpnet":
        _write_mpnet(folder)
    elif kind == "modernbert":
        _write_modernbert(folder)
    else:
        _write_deberta(folder, kind)
    return folder


def _word_list(folder: Path, special: list[str], *, lowercase: bool) -> dict[str, int]:
    from tokenizers import BertWordPieceTokenizer

    tokenizer = BertWordPieceTokenizer(lowercase=lowercase)
    tokenizer.train_from_iterator(
        SENTENCES, vocab_size=260, min_frequency=1, special_tokens=special, show_progress=False
    )
    tokenizer.save_model(str(folder))  # vocab.txt
    return dict(tokenizer.get_vocab())


def _write_bert(folder: Path, kind: str) -> None:
    from transformers import BertConfig, BertModel, BertTokenizerFast

    lowercase = kind != "bert-cased"
    vocabulary = _word_list(folder, _BERT_SPECIAL, lowercase=lowercase)
    sizes = _SIZES | ({"hidden_size": 36, "num_attention_heads": 12} if kind == "minilm" else {})
    BertModel(BertConfig(vocab_size=len(vocabulary), **sizes)).save_pretrained(folder)
    if kind != "scibert":  # which has neither tokenizer.json nor tokenizer_config.json
        BertTokenizerFast(vocabulary, do_lower_case=lowercase).save_pretrained(folder)


def _write_mpnet(folder: Path) -> None:
    from transformers import MPNetConfig, MPNetModel, MPNetTokenizerFast

    vocabulary = _word_list(folder, _MPNET_SPECIAL, lowercase=True)
    config = MPNetConfig(vocab_size=len(vocabulary), pad_token_id=1, **_SIZES)
    MPNetModel(config).save_pretrained(folder)
    MPNetTokenizerFast(vocabulary).save_pretrained(folder)


def _write_deberta(folder: Path, kind: str) -> None:
    from transformers import (
        AutoTokenizer,
        DebertaV2Config,
        DebertaV2ForSequenceClassification,
        DebertaV2Model,
    )

    n_pieces = _write_sentencepiece(folder / "spm.model")
    shared = {"relative_attention": True, "position_buckets": 16, "norm_rel_ebd": "layer_norm"}
    shared |= {"share_att_key": True, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0}
    shared |= {"position_biased_input": False, "max_relative_positions": -1}
    if kind == "deberta-v2":
        shared |= {"conv_kernel_size": 3, "conv_act": "gelu", "attention_head_size": 16}
    config = DebertaV2Config(vocab_size=n_pieces + 1, **shared, **_SIZES)  # [MASK] comes on top
    settings = {"do_lower_case": False, "tokenizer_class": "DebertaV2Tokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    if kind != "tasksource":
        DebertaV2Model(config).save_pretrained(folder)
        return
    config.num_labels = 3
    DebertaV2ForSequenceClassification(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(folder).save_pretrained(folder)  # it has tokenizer.json, too


def _write_sentencepiece(path: Path) -> int:
    """Train DeBERTa's kind of SentencePiece model; return the number of its pieces."""
    from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

    with _silent():
        SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES),
            model_prefix=str(path.with_suffix("")),
            model_type="unigram",
            vocab_size=170,
            hard_vocab_limit=False,
            split_digits=True,
            pad_id=0,
            bos_id=1,
            eos_id=2,
            unk_id=3,
            pad_piece="[PAD]",
            bos_piece="[CLS]",
            eos_piece="[SEP]",
            unk_piece="[UNK]",
            minloglevel=2,
        )
    path.with_suffix(".vocab").unlink()
    return int(SentencePieceProcessor(model_file=str(path)).get_piece_size())


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Drop what the C++ trainer writes to standard error."""
    with contextlib.suppress(io.UnsupportedOperation):
        sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _write_modernbert(folder: Path) -> None:
    from tokenizers import (
        AddedToken,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )
    from transformers import ModernBertConfig, ModernBertModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        SENTENCES,
        trainers.BpeTrainer(
            vocab_size=420,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=_BERT_SPECIAL[1:] + _BERT_SPECIAL[:1],
            show_progress=False,
        ),
    )
    tokenizer.add_special_tokens([AddedToken("[MASK]", lstrip=True, special=True)])
    ids = {token: tokenizer.token_to_id(token) for token in _BERT_SPECIAL}
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(t, ids[t]) for t in ("[CLS]", "[SEP]")]
    )
    config = ModernBertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        pad_token_id=ids["[PAD]"],
        bos_token_id=ids["[CLS]"],
        eos_token_id=ids["[SEP]"],
        cls_token_id=ids["[CLS]"],
        sep_token_id=ids["[SEP]"],
        global_attn_every_n_layers=2,
        local_attention=16,
        **_SIZES,
    )
    ModernBertModel(config).save_pretrained(folder)
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
