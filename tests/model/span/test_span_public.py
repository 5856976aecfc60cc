"""Public GLiNER checkpoints: a tiny one made by the gliner package is the judge."""

from __future__ import annotations

from pathlib import Path

import pytest

import tiny_encoders
from somex.core import ConfigError, LabeledDocument, ModelError
from somex.model.config import ModelConfig
from somex.model.span.finder import open_finder
from somex.model.span.options import SpanOptions
from somex.recipe import DataConfig, Recipe, Source, TrainingConfig
from somex.training import Trainer

gliner = pytest.importorskip("gliner", reason="extra gliner")
pytestmark = pytest.mark.filterwarnings("ignore")

TEXT = "We used Glimmerfit by Orbital Labs in version 4 for the maps of Tessarix"
"""Words that the package and somex split alike."""

SIZES = {"bert": 32, "deberta-v3": 32, "wide": 24}


@pytest.fixture(scope="module", params=["bert", "deberta-v3", "wide"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny random checkpoint; ``wide`` has a head narrower than its encoder."""
    import torch
    from gliner import GLiNER, GLiNERConfig

    kind = "bert" if request.param == "wide" else request.param
    encoder = tiny_encoders.write_encoder(tmp_path_factory.mktemp("encoder"), kind)
    torch.manual_seed(6)
    model = GLiNER.from_config(
        GLiNERConfig(
            model_name=str(encoder),
            hidden_size=SIZES[request.param],
            max_width=5,
            num_rnn_layers=int(request.param != "wide"),
            max_len=100,
        )
    )
    with torch.no_grad():  # louder, so that scores differ
        for parameter in model.model.span_rep_layer.parameters():
            parameter.mul_(2.0)
        for parameter in model.model.prompt_rep_layer.parameters():
            parameter.mul_(2.0)
    folder = tmp_path_factory.mktemp("gliner")
    model.save_pretrained(folder)
    return folder


def test_span_public_finds_what_the_gliner_package_finds(checkpoint: Path) -> None:
    labels = ["software", "version number", "maker"]
    theirs = gliner.GLiNER.from_pretrained(str(checkpoint)).predict_entities(
        TEXT, labels, threshold=0.3
    )
    ours = open_finder(checkpoint).find(TEXT, labels, threshold=0.3)
    assert len(theirs) > 2
    assert [(s.char_start, s.char_end, s.label) for s in ours] == [
        (e["start"], e["end"], e["label"]) for e in theirs
    ]
    assert [s.confidence for s in ours] == pytest.approx([e["score"] for e in theirs], abs=1e-4)


def test_span_public_training_starts_from_a_checkpoint(
    checkpoint: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    from somex.model.span.public import read_gliner

    config = read_gliner(str(checkpoint)).config
    for encoders in ("shared", "separate"):
        model = ModelConfig(
            str(checkpoint),
            family="span",
            span=config.span,
            units="words",
            shape_feature=False,
            pooling="first",
            mention_dim=16,
            encoders=encoders,  # type: ignore[arg-type]
        )
        training = TrainingConfig(epochs=1, batch_size=8, precision="fp32")
        recipe = Recipe("tiny", model, DataConfig(Source("unused")), training)
        trainer = Trainer(recipe, folder=tmp_path / encoders, train=tiny_corpus, dev=[])
        trainer.run()
        assert (tmp_path / encoders / "model" / "model.safetensors").is_file()
        assert open_finder(tmp_path / encoders / "model").find(TEXT, ["maker"]) is not None


def test_span_public_a_recipe_must_ask_for_the_parts_of_the_checkpoint(checkpoint: Path) -> None:
    from somex.model.span.public import read_gliner

    wanted = ModelConfig(str(checkpoint), family="span", span=SpanOptions(from_gliner=True))
    with pytest.raises(
        ConfigError, match=r"pooling is 'ends', not 'first'.*max_width is 20, not 5"
    ):
        read_gliner(str(checkpoint)).build_model(wanted)


def test_span_public_what_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be loaded"):
        open_finder(tmp_path)
    with pytest.raises(ModelError, match="no folder and no hub name; valid: a somex model folder"):
        open_finder(tmp_path / "nowhere")
