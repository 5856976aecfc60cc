from __future__ import annotations

import os
import re
from itertools import takewhile
from pathlib import Path

import pytest

from somex.core.errors import ConfigError
from somex.model.config import ModelConfig
from somex.recipe import DataConfig, Recipe, Source, TrainingConfig, read_recipe

RECIPE = """
name: small
model: {encoder: "${SOMEX_TEST_HOME}/bert", units: words}
data:
  train: {path: "${SOMEX_TEST_HOME}/data"}
  extra: [{path: more, format: brat, empty_per_mention: 1}]
training: {epochs: 2, learning_rate: 3e-5}
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOMEX_TEST_HOME", "/home")
    path = tmp_path / "small.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def test_recipe_is_read_and_expanded(recipe: Path) -> None:
    assert read_recipe(recipe) == Recipe(
        "small",
        ModelConfig("/home/bert", units="words"),
        DataConfig(Source("/home/data"), (Source("more", "brat", empty_per_mention=1.0),)),
        TrainingConfig(epochs=2, learning_rate=3e-5),
    )


def test_recipe_overrides_are_typed_and_checked(recipe: Path) -> None:
    read = read_recipe(
        recipe, overrides=("training.epochs=9", "model.relation_head=pair", "data.never=[]")
    )
    assert (read.training.epochs, read.model.relation_head) == (9, "pair")
    for override, problem in (
        ("training.epochs", "must read key=value"),
        ("training.epochs=[", "is no YAML value"),
        ("name.x=1", "name holds no keys"),
        ("training.epoch=1", "unknown key training.epoch; valid: epochs"),
        ("training.epochs=many", "training.epochs must be int, not 'many'"),
    ):
        with pytest.raises(ConfigError) as caught:
            read_recipe(recipe, overrides=(override,))
        assert problem in str(caught.value)


def test_recipe_reports_all_problems_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        "model: {encoder: x, dropout: 2, max_pieces: 1, pooling: mean}\n"
        "data: {train: {path: a, split: dev}, dev_fraction: 0.9}\n"
        "training: {epochs: 0, warmup: 3, head_learning_rate: -1, sede: 1}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        read_recipe(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    for problem in (
        "missing key name",
        "model.pooling is 'mean'; valid: first, ends",
        "dropout is 2.0; valid: 0.0 to 0.9",
        "max_pieces is 1; valid: 8 to 8192",
        "data.train.split is 'dev'; valid: train, validation, test",
        "epochs is 0; valid: 1 to 1000",
        "warmup is 3.0; valid: 0.0 to 1.0",
        "head_learning_rate is -1.0; valid: 0.0 to 1.0",
        "unknown key training.sede; valid: epochs, batch_size",
    ):
        assert problem in message


def test_recipe_names_the_variable_that_is_not_set(
    recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOMEX_TEST_HOME")
    with pytest.raises(ConfigError, match=r"names \$\{SOMEX_TEST_HOME\}, but .* is not set"):
        read_recipe(recipe)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a: [", "is no YAML"),
        (b"- a\n", "must be a mapping with name, model, data and training"),
        (b"", "must be a mapping"),
        (b"name: \xff\xfe", "is not UTF-8"),
    ],
)
def test_recipe_that_is_none_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=problem):
        read_recipe(path)


def test_recipe_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml can't be read: No such file"):
        read_recipe(tmp_path / "nowhere.yaml")


def test_recipe_round_trips_through_plain_values(recipe: Path) -> None:
    from somex.core.config import build_config

    read = read_recipe(recipe)
    assert build_config(Recipe, read.to_json()) == read


RECIPES = sorted(
    path
    for path in (Path(__file__).parents[1] / "recipes").glob("*.yaml")
    if not path.name.startswith(("llm-", "paper-tables"))  # of other commands, with tests there
)


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_recipes_of_the_repository_are_valid(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SOMEX_DATA", "SOMEX_ENCODERS"):
        monkeypatch.setenv(name, os.environ.get(name, "/somewhere"))
    assert read_recipe(path).name == path.stem
    lines = path.read_text(encoding="utf-8").splitlines()
    header = list(takewhile(lambda line: line.startswith("#"), lines))
    command = rf"somex (train|bench documents) recipes/{re.escape(path.name)}"
    assert re.search(command, " ".join(header))  # the command that runs it


def test_recipe_overrides_reach_into_lists(recipe: Path) -> None:
    never = "data.never=[{path: a}, {path: b}]"
    changed = read_recipe(recipe, overrides=(never, "data.never.1.format=brat"))
    assert [source.format for source in changed.data.never] == [None, "brat"]
    for place in ("2", "x", "-1"):
        with pytest.raises(ConfigError, match="no place in a list of 2"):
            read_recipe(recipe, overrides=(never, f"data.never.{place}.format=brat"))


def test_recipe_finds_its_annotations_beside_it(recipe: Path) -> None:
    change = "data.extra.0.annotations=labels.jsonl"
    (source,) = read_recipe(recipe, overrides=(change,)).data.extra
    assert source.annotations == str(recipe.parent / "labels.jsonl")
    with pytest.raises(
        ConfigError, match="source with annotations has full labels, not 'softcite'"
    ):
        read_recipe(recipe, overrides=(change, "data.extra.0.labels=softcite"))
