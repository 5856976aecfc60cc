"""A head of softcite's own beside the full scheme's, on one encoder."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

import training_items
from somex.core import LabeledDocument
from somex.core.errors import ConfigError, ModelError
from somex.core.marks import LABELS, with_mark
from somex.core.tags import N_TAGS
from somex.model.config import ModelConfig
from somex.model.objective import task_losses
from somex.model.predictor import Predictor
from somex.model.torch_backend import TorchBackend
from somex.training import Trainer

HEAD: dict[str, object] = {"softcite_head": True}


def _trainer(
    encoder: Path, folder: Path, train: list[LabeledDocument], **options: object
) -> Trainer:
    recipe = training_items.make_recipe(encoder, model=HEAD, **options)
    return training_items.make_trainer(recipe, folder, train)


def _as_softcite(documents: list[LabeledDocument]) -> list[LabeledDocument]:
    """Mark sentences whose mentions softcite has types for."""
    known = {"Application", "Version", "Developer", "URL"}
    return [
        with_mark(d, LABELS, "softcite")
        for d in documents
        if {str(m.type) for m in d.annotation.mentions} <= known
    ]


def _gradients(trainer: Trainer, documents: list[LabeledDocument]) -> dict[str, float]:
    wanted = {d.document.id for d in documents}
    assert wanted
    examples = [e for e in trainer.examples if e.mentions][: len(documents)]
    trainer.model.zero_grad()
    ner, *_ = task_losses(trainer.model, examples, task="joint", pad_id=0)
    ner.backward()
    model = trainer.model
    heads = {"full": model.token_head, "softcite": model.softcite_head}
    return {
        name: sum(float(p.grad.abs().sum()) for p in head.parameters() if p.grad is not None)
        for name, head in heads.items()
        if head is not None
    }


def test_softcite_sentences_teach_the_softcite_head_alone(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    marked = _as_softcite(tiny_corpus)
    gradients = _gradients(_trainer(tiny_bert, tmp_path / "a", marked), marked)
    assert gradients["full"] == 0.0
    assert gradients["softcite"] > 0.0
    gradients = _gradients(_trainer(tiny_bert, tmp_path / "b", tiny_corpus), tiny_corpus)
    assert gradients["full"] > 0.0
    assert gradients["softcite"] == 0.0


def test_softcite_sentences_have_plain_tags_for_a_head_of_their_own(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    marked = _as_softcite(tiny_corpus)
    own = _trainer(tiny_bert, tmp_path / "a", marked).examples
    assert all(e.is_softcite and max(e.tags) < N_TAGS for e in own)
    recipe = training_items.make_recipe(tiny_bert)
    shared = training_items.make_trainer(recipe, tmp_path / "b", marked).examples
    assert not any(e.is_softcite for e in shared)
    assert all(min(e.tags) >= N_TAGS for e in shared)


def test_softcite_head_learns_its_sentences_and_is_asked_for_them(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    """The full scheme's head is shown other sentences only; asked, it finds other things."""
    marked = _as_softcite(tiny_corpus)
    rest = [d for d in tiny_corpus if not d.annotation.mentions]
    trainer = _trainer(
        tiny_bert, tmp_path, [*marked, *rest], epochs=40, learning_rate=3e-3, patience=1000
    )
    trainer.run()
    documents = [d.document for d in marked]

    def found(*, as_softcite: bool) -> int:
        predictor = Predictor(
            TorchBackend(trainer.model, as_softcite=as_softcite),
            pieces=trainer.pieces.encoder,
            config=trainer.recipe.model,
            pad_id=trainer.pieces.pad_id,
        )
        gold = [{m.key for m in d.annotation.mentions} for d in marked]
        annotations = predictor.annotate(documents)
        return sum(
            len({m.key for m in a.mentions} & g) for a, g in zip(annotations, gold, strict=True)
        )

    n_gold = sum(len(d.annotation.mentions) for d in marked)
    assert found(as_softcite=True) > 0.8 * n_gold
    assert found(as_softcite=False) < 0.5 * n_gold


def test_softcite_head_is_asked_for_in_vain_where_there_is_none(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    recipe = training_items.make_recipe(tiny_bert)
    trainer = training_items.make_trainer(recipe, tmp_path, tiny_corpus)
    predictor = Predictor(
        TorchBackend(trainer.model, as_softcite=True),
        pieces=trainer.pieces.encoder,
        config=recipe.model,
        pad_id=trainer.pieces.pad_id,
    )
    with pytest.raises(ModelError, match=r"no head of softcite's \(softcite_head: false\)"):
        predictor.annotate([tiny_corpus[0].document])


def test_softcite_head_is_for_the_token_family() -> None:
    with pytest.raises(ConfigError, match="softcite_head is for the family token"):
        ModelConfig(encoder="any", family="span", softcite_head=True)
