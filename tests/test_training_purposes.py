from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from somex.core import Annotation, LabeledDocument
from somex.core.schema import Purpose
from somex.core.types import Mention
from somex.metrics import evaluate
from somex.model.config import ModelConfig
from somex.model.folder import open_predictor
from somex.purpose_metrics import evaluate_purposes
from somex.recipe import DataConfig, Recipe, Source, TrainingConfig
from somex.training import Trainer, annotate


def _with_purposes(labeled: LabeledDocument) -> LabeledDocument:
    """Say that names with a version are used, other applications created, the rest mentioned."""
    versioned = {r.tail for r in labeled.annotation.relations if r.type == "Version_of"}

    def purpose(mention: Mention) -> Purpose | None:
        if not mention.takes_purpose:
            return None
        if mention in versioned:
            return Purpose.USAGE
        return Purpose.CREATION if mention.type == "Application" else Purpose.MENTION

    new = {m: replace(m, purpose=purpose(m)) for m in labeled.annotation.mentions}
    relations = [
        replace(r, head=new[r.head], tail=new[r.tail]) for r in labeled.annotation.relations
    ]
    return LabeledDocument(labeled.document, Annotation.build(new.values(), relations))


def test_training_with_a_purpose_head_learns_purposes(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    corpus = [_with_purposes(labeled) for labeled in tiny_corpus]
    recipe = Recipe(
        "tiny",
        ModelConfig(str(tiny_bert), mention_dim=16, purpose_head=True, word_borders=True),
        DataConfig(Source("unused")),
        TrainingConfig(
            precision="fp32", batch_size=4, epochs=60, learning_rate=5e-3, purpose_weight=1.0
        ),
    )
    Trainer(recipe, folder=tmp_path, train=corpus, dev=[]).run()
    predicted = annotate(open_predictor(tmp_path / "model"), corpus)
    report = evaluate_purposes(corpus, predicted)
    assert report is not None
    assert report.n_matched > 10
    assert report.matched.macro_f1 > 0.9
    assert evaluate(corpus, predicted).ner.macro_f1 > 0.9
