from __future__ import annotations

from pathlib import Path

from somex.core import ENTITY_TYPES, RELATION_TYPES, LabeledDocument


def test_tiny_corpus_holds_every_type(tiny_corpus: list[LabeledDocument]) -> None:
    mentions = {m.type for d in tiny_corpus for m in d.annotation.mentions}
    relations = {r.type for d in tiny_corpus for r in d.annotation.relations}
    assert mentions == set(ENTITY_TYPES)
    assert relations == set(RELATION_TYPES)


def test_tiny_encoder_loads_offline(tiny_bert: Path, tiny_mpnet: Path) -> None:
    from somex.model.modules import load_encoder
    from somex.model.torch_folder import load_tokenizer

    for folder in (tiny_bert, tiny_mpnet):
        assert load_encoder(str(folder)).config.hidden_size == 32
        assert load_tokenizer(str(folder)).encode("Glimmerfit 2.4").tokens[0] in ("[CLS]", "<s>")
