"""A tiny corpus, encoder and recipe for the tests of the model; every sentence is our own."""

from __future__ import annotations

import re
from pathlib import Path

from somex.core import LabeledDocument
from somex.readers.somd import read_somd_split

# {Type|words} is a mention; after "=>" stand relations over the mentions' numbers: Type head tail.
MARKED = (
    "We ran all models in {Application|Glimmerfit} version {Version|2.4} [ 3 ] . => Version_of 1 0",
    "{Application|Tessarix} ( {Developer|Orbital Labs} , {URL|https://tessarix.example} ) "
    "drew the maps . => Developer_of 1 0 ; URL_of 2 0",
    "The {PlugIn|leafcount} package for {ProgrammingEnvironment|Quill} counted leaves "
    "{Citation|[ 12 ]} . => PlugIn_of 0 1 ; Citation_of 2 0",
    "All scripts ran on {OperatingSystem|Pondix} {Version|11} from {Developer|Heron Systems} . "
    "=> Version_of 1 0 ; Developer_of 2 0",
    "{Application|Multi Orbit Planner} ( {Abbreviation|MOP} ) is free under the "
    "{License|Open Meadow License} . => Abbreviation_of 1 0 ; License_of 2 0",
    "Our {SoftwareCoreference|program} {Version|0.9} can be found at "
    "{URL|https://code.example/prog} . => Version_of 1 0 ; URL_of 2 0",
    "{Application|Seedwise} {Extension|Premium} {Release|2019b} gave the same curves . "
    "=> Extension_of 1 0 ; Release_of 2 0",
    "{Application|Brookstat} , also called {AlternativeName|Brook Statistics} , fits the lines . "
    "=> AlternativeName_of 1 0",
    "The {Application|Fernview} reader uses {ProgrammingEnvironment|Mossflow} beneath . "
    "=> Specification_of 1 0",
    "Samples were kept at four degrees and shaken twice a day .",
    "We used {Application|Glimmerfit} and {Application|Brookstat} {Version|7.1} for the tests . "
    "=> Version_of 2 1",
    "The {License|Meadow License} {Version|3} covers {Application|Tessarix} . "
    "=> Version_of 1 0 ; License_of 0 2",
    "Plots came from {ProgrammingEnvironment|Quill} ( {Version|4.0} ) with {PlugIn|plotmoss} "
    "{Version|1.2} . => Version_of 1 0 ; PlugIn_of 2 0 ; Version_of 3 2",
    "Nobody in the control group was told about the aim of the study .",
    "{Application|Seedwise} {Citation|[ 8 ]} and {Application|Fernview} {Citation|[ 9 ]} agree . "
    "=> Citation_of 1 0 ; Citation_of 3 2",
    "Measurements followed the usual protocol of the laboratory .",
)

_WORD = re.compile(r"\w+|[^\w\s]")
_PART = re.compile(r"\{(\w+)\|([^}]*)\}|(\S+)")


def parse_marked(line: str) -> tuple[list[str], list[str], str]:
    """Return the tokens, the tags and the relation line of a marked sentence."""
    marked, _, relations = line.partition("=>")
    tokens: list[str] = []
    tags: list[str] = []
    starts: list[int] = []
    for kind, words, plain in _PART.findall(marked):
        parts = words.split() if kind else [plain]
        if kind:
            starts.append(len(tokens))
            tags += [f"B-{kind}"] + [f"I-{kind}"] * (len(parts) - 1)
        else:
            tags.append("O")
        tokens += parts
    items = []
    for item in filter(str.strip, relations.split(";")):
        name, head, tail = item.split()
        items.append(f"{name}\t{starts[int(head)]}\t{starts[int(tail)]}")
    return tokens, tags, ";".join(items)


def write_marked(folder: Path, lines: tuple[str, ...] = MARKED, *, split: str = "train") -> Path:
    """Write marked sentences as the SOMD files of a split."""
    names = {
        "train": ("train_texts.txt", "train_entities.txt", "train_relations.txt"),
        "validation": (
            "validation_texts.txt",
            "validation.entities.labels.txt",
            "validation.relations.labels.txt",
        ),
    }[split]
    columns = zip(*(parse_marked(line) for line in lines), strict=True)
    folder.mkdir(parents=True, exist_ok=True)
    for name, column in zip(names, columns, strict=True):
        rows = [row if isinstance(row, str) else " ".join(row) for row in column]
        (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def read_marked(folder: Path, lines: tuple[str, ...] = MARKED) -> list[LabeledDocument]:
    """Return marked sentences as labelled documents."""
    return read_somd_split(write_marked(folder, lines), "train")


def _pieces() -> list[str]:
    """Return word pieces in a fixed order (a trainer would break ties anew in each process)."""
    words = [w.lower() for line in MARKED for t in parse_marked(line)[0] for w in _WORD.findall(t)]
    alphabet = sorted({ch for word in words for ch in word} | set("abcdefghijklmnopqrstuvwxyz"))
    alphabet = sorted({*alphabet, *"0123456789"})
    whole = sorted({w for w in words if words.count(w) > 1 and len(w) > 1})
    starts = sorted({w[:3] for w in words if len(w) > 4} - set(whole))
    return [*alphabet, *(f"##{ch}" for ch in alphabet if ch.isalnum()), *whole, *starts]


def write_encoder(folder: Path, *, kind: str = "bert") -> Path:
    """Write a tiny random encoder (2 layers, 32 wide) with a lower-casing WordPiece tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel, PreTrainedTokenizerFast

    special = {
        "bert": ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
        "mpnet": ("<s>", "<pad>", "</s>", "[UNK]", "<mask>"),
    }[kind]
    pad, cls, sep = ("[PAD]", "[CLS]", "[SEP]") if kind == "bert" else ("<pad>", "<s>", "</s>")
    vocabulary = {piece: i for i, piece in enumerate((*special, *_pieces()))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}",
        special_tokens=[(t, tokenizer.token_to_id(t)) for t in (cls, sep)],
    )
    torch.manual_seed(7)
    sizes = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 300,
        "pad_token_id": tokenizer.token_to_id(pad),
    }
    model = BertModel(BertConfig(**sizes)) if kind == "bert" else MPNetModel(MPNetConfig(**sizes))
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=pad, unk_token="[UNK]", cls_token=cls, sep_token=sep
    ).save_pretrained(folder)
    return folder


def write_model(folder: Path, encoder: Path) -> Path:
    """Export a tiny random model, fp32, whose heads are loud enough to find mentions."""
    import warnings

    import torch

    from somex.model.config import ModelConfig
    from somex.model.export import export_model
    from somex.model.modules import JointModel
    from somex.model.torch_folder import load_tokenizer, save_model

    torch.manual_seed(5)
    model = JointModel.from_pretrained_encoder(ModelConfig(encoder=str(encoder), mention_dim=16))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.mul_(3)
    save_model(model, load_tokenizer(str(encoder)), folder / "torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's
        export_model(folder / "torch", folder / "onnx", precision="fp32")
    return folder / "onnx"
