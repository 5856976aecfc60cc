from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft")
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

import tiny
from somex.app.cli.main import app
from somex.core.errors import ConfigError, ModelError
from somex.core.types import LabeledDocument
from somex.llm.chat import Completion, Message
from somex.llm.config import EndpointConfig, TuneRecipe, read_tune_recipe
from somex.llm.lessons import Lesson, build_lessons, encode_lesson
from somex.llm.local import load_causal, load_local
from somex.llm.sentence import view_labeled
from somex.llm.tune import collate_lessons, tune
from somex.llm.verify import verify_answer, verify_choice

CHAT = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def write_llama(folder: Path, texts: list[str], *, chat_template: str | None = None) -> Path:
    """Write a tiny Llama with random weights and a BPE tokenizer trained on texts."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    made = ByteLevelBPETokenizer()
    made.train_from_iterator(texts, vocab_size=900, special_tokens=["<s>", "</s>"])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made._tokenizer, bos_token="<s>", eos_token="</s>"
    )
    tokenizer.chat_template = chat_template
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        initializer_range=0.3,  # frozen output weights must be able to tell tokens apart
        num_attention_heads=2,
        max_position_embeddings=1500,
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_marked(tmp_path_factory.mktemp("somd"))


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: list[LabeledDocument]) -> Path:
    lessons = build_lessons(tiny_corpus, strategy="joint")
    texts = [m.content for lesson in lessons for m in lesson.messages]
    texts += [lesson.answer for lesson in lessons] * 5
    return write_llama(tmp_path_factory.mktemp("llama"), texts, chat_template=CHAT)


def recipe_file(folder: Path, llama: Path, sentences: Path, *, epochs: int = 2) -> Path:
    values = {
        "name": "tiny",
        "model": {"name": str(llama), "backend": "transformers", "max_tokens": 24},
        "train": {"path": str(sentences), "format": "somd", "split": "train"},
        "tuning": {
            "rank": 4,
            "epochs": epochs,
            "batch_size": 2,
            "accumulation": 2,
            "learning_rate": 0.02,
            "max_length": 1500,
        },
    }
    path = folder / "tune.yaml"
    path.write_text(json.dumps(values))
    return path


def load(path: Path) -> TuneRecipe:
    return read_tune_recipe(path)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load_file(folder / "adapter" / "adapter_model.safetensors")
    return found


def test_llm_lessons_answers_pass_the_check(tiny_corpus: list[LabeledDocument]) -> None:
    for strategy in ("joint", "staged"):
        lessons = build_lessons(tiny_corpus, strategy=strategy)
        questions = [item for item in lessons if "Question:" in item.messages[-1].content]
        assert len(lessons) - len(questions) == len(tiny_corpus)
        assert bool(questions) == (strategy == "staged")
        naming = [item for item in lessons if item not in questions]
        for lesson, labeled in zip(naming, tiny_corpus, strict=True):
            checked = verify_answer(
                Completion(lesson.answer),
                view_labeled(labeled).view,
                with_relations=strategy == "joint",
            )
            assert checked.faults == ()
            assert checked.annotation is not None
            assert checked.annotation.mentions == labeled.annotation.mentions
        numbers = [verify_choice(Completion(item.answer), 99)[0] for item in questions]
        n_chosen = sum(number not in (None, 0) for number in numbers)
        n_relations = sum(len(labeled.annotation.relations) for labeled in tiny_corpus)
        assert n_chosen == (n_relations if questions else 0)


def test_llm_lessons_learn_the_answer_and_its_end_alone(llama: Path) -> None:
    _, tokenizer = load_causal(str(llama))
    lesson = Lesson((Message("user", "Leaves fell ."),), '{"mentions": []}')
    encoded = encode_lesson(lesson, tokenizer)
    assert tokenizer.decode(encoded.ids[: encoded.n_prompt]) == "<user>Leaves fell .</s><assistant>"
    assert tokenizer.decode(encoded.ids[encoded.n_prompt :]) == '{"mentions": []}</s>'
    ids, mask, labels = collate_lessons(
        [encoded, encode_lesson(Lesson(lesson.messages, "{}"), tokenizer)]
    )
    assert ids.shape == mask.shape == labels.shape
    assert (labels[0] != -100).sum() == len(encoded.ids) - encoded.n_prompt
    assert labels[1][mask[1] == 0].tolist() == [-100] * int((mask[1] == 0).sum())


@pytest.mark.slow
def test_llm_tune_learns_and_its_weights_answer(
    llama: Path, sentences: Path, tmp_path: Path
) -> None:
    recipe = recipe_file(tmp_path, llama, sentences, epochs=4)
    out = tmp_path / "run"
    arguments = ["llm", "tune", str(recipe), "--out", str(out)]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    history = json.loads((out / "history.json").read_text())
    losses = [entry["loss"] for entry in history["epochs"]]
    assert len(losses) == 4
    assert losses[-1] < 0.6 * losses[0]
    assert history["left out"] == 0
    sets = [f"model.name={llama}", "model.backend=transformers", f"model.adapter={out}/adapter"]
    asked = tmp_path / "asked.yaml"
    asked.write_text(f"name: asked\nmodel: {{name: {llama}, max_tokens: 24}}\n")
    options = [part for value in sets for part in ("--set", value)]
    arguments = ["llm", "run", str(asked), "--data", str(sentences), "--split", "train"]
    arguments += ["--first", "2", "--out", str(tmp_path / "out"), *options]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["structured"] == "text"
    assert report["usage"]["this run"]["completion tokens"] > 0
    config = EndpointConfig(str(llama), backend="transformers", max_tokens=24)
    tuned = EndpointConfig(
        str(llama), backend="transformers", max_tokens=24, adapter=f"{out}/adapter"
    )
    asked_now = build_lessons([_first(sentences)], strategy="joint")[0].messages
    before, after = (load_local(c).complete(asked_now, {}) for c in (config, tuned))
    assert after.text.startswith("{")
    assert after.text != before.text


def _first(sentences: Path) -> LabeledDocument:
    from somex.readers.somd import read_somd_split

    return read_somd_split(sentences, "train")[0]


def test_llm_tune_stopped_goes_on_to_the_same_weights(
    llama: Path, sentences: Path, tmp_path: Path
) -> None:
    recipe = load(recipe_file(tmp_path, llama, sentences))
    tune(recipe, folder=tmp_path / "whole")

    class StopError(Exception):
        pass

    def stop(step: Any) -> None:
        if step.epoch == 2:
            raise StopError

    with pytest.raises(StopError):
        tune(recipe, folder=tmp_path / "stopped", on_step=stop)
    assert not (tmp_path / "stopped" / "adapter").exists()
    history = tune(recipe, folder=tmp_path / "stopped", resume=True)
    assert [entry["epoch"] for entry in history["epochs"]] == [1, 2]
    whole, stopped = weights(tmp_path / "whole"), weights(tmp_path / "stopped")
    assert whole.keys() == stopped.keys()
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)
    other = load(recipe_file(tmp_path, llama, sentences, epochs=3))
    with pytest.raises(ConfigError, match="begun with another recipe"):
        tune(other, folder=tmp_path / "stopped", resume=True)


def test_llm_tune_names_what_is_missing(llama: Path, sentences: Path, tmp_path: Path) -> None:
    path = recipe_file(tmp_path, llama, sentences)
    with pytest.raises(ConfigError, match="has no answer of up to 16 tokens"):
        tune(read_tune_recipe(path, overrides=("tuning.max_length=16",)), folder=tmp_path / "run")
    missing = read_tune_recipe(path, overrides=(f"model.name={tmp_path}/none",))
    with pytest.raises(ModelError, match="none' can't be loaded"):
        tune(missing, folder=tmp_path / "run")
    with pytest.raises(ConfigError, match=r"needs model\.backend: transformers"):
        read_tune_recipe(path, overrides=("model.backend=endpoint",))
    config = EndpointConfig(str(llama), backend="transformers", adapter=str(tmp_path))
    with pytest.raises(ModelError, match="holds no LoRA weights"):
        load_local(config)


def test_llm_local_refuses_prompts_longer_than_the_model_reads(llama: Path) -> None:
    from somex.llm.chat import RequestFailedError

    chat = load_local(EndpointConfig(str(llama), backend="transformers", max_tokens=16))
    with pytest.raises(RequestFailedError, match="the model reads 1500"):
        chat.complete([Message("user", "leaf " * 2000)], {})
