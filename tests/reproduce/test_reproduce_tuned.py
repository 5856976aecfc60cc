"""A row of a fine-tuned language model: tuned once a seed, asked, scored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import tiny
from somex.core import LabeledDocument
from somex.reproduce.plan import read_plan
from somex.reproduce.report import reproduce
from somex.reproduce.rows import Comparison


@pytest.fixture
def comparison(
    tmp_path: Path, tiny_corpus: list[LabeledDocument], monkeypatch: pytest.MonkeyPatch
) -> Comparison:
    pytest.importorskip("peft")
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "llm")
    from test_llm_tune import CHAT, recipe_file, write_llama

    from somex.llm.lessons import build_lessons

    lessons = build_lessons(tiny_corpus, strategy="joint")
    texts = [text for a in lessons for text in (a.answer, *(m.content for m in a.messages))]
    llama = write_llama(tmp_path / "llama", texts, chat_template=CHAT)
    recipe_file(tmp_path, llama, tiny.write_marked(tmp_path / "train"), epochs=1)
    asked = {
        "name": "asked",
        "model": {"name": "m", "max_tokens": 24},
        "prompt": {"corrections": 0},
    }
    test = tiny.write_marked(tmp_path / "test", tiny.MARKED[:2], split="validation")
    plan = {
        "name": "p",
        "test": {"path": str(test), "format": "somd", "split": "validation"},
        "ood": ["punctuation"],
        "seeds": [1, 2],
        "rows": [
            {
                "name": "tuned",
                "system": "Llama",
                "family": "llm",
                "recipe": "asked.yaml",
                "tune": "tune.yaml",
            }
        ],
    }
    for name, values in (("asked", asked), ("plan", plan)):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    return Comparison(read_plan(tmp_path / "plan.yaml"), tmp_path, tmp_path / "out", (1, 2))


def test_reproduce_tuned_row_is_tuned_and_asked_once_a_seed(
    comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    from somex.llm import tune as module

    tuned: list[int] = []
    real = module.tune

    def count(recipe, **options):
        tuned.append(recipe.tuning.seed)
        return real(recipe, **options)

    monkeypatch.setattr(module, "tune", count)
    (result,) = reproduce(comparison, plots=False)
    assert result.state == "finished, 2 of 2 seeds"
    assert tuned == [1, 2]
    place = comparison.folder / "runs" / "tuned" / "seed-2"
    recipe = json.loads((place / "recipe.json").read_text(encoding="utf-8"))
    assert recipe["model"]["adapter"] == str(place / "tuning" / "adapter")
    reports = json.loads((place / "metrics.json").read_text(encoding="utf-8"))["reports"]
    assert reports["in-distribution"]["usage"]["all answers"]["answers"] == 2
    (again,) = reproduce(comparison, plots=False)
    assert again.state == "finished, 2 of 2 seeds"
    assert tuned == [1, 2]


def test_reproduce_tuned_row_has_no_folds(comparison: Comparison, tmp_path: Path) -> None:
    plan = comparison.plan
    folded = Comparison(plan, comparison.recipes, tmp_path / "folds", (1,), n_folds=2)
    assert folded.missing(plan.rows[0], named=True) == ["to be run without --folds"]
