from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from somex.core import ConfigError
from somex.llm.config import read_llm_recipe, read_tune_recipe
from somex.recipe import read_recipe
from somex.reproduce.needs import find_missing
from somex.reproduce.plan import Row, choose_rows, read_plan

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
ROW = {"name": "a", "system": "A", "family": "token", "loss": "joint", "recipe": "a.yaml"}


def write(folder: Path, **changes: object) -> Path:
    values = {"name": "p", "test": {"path": "x", "split": "validation"}, "rows": [ROW]} | changes
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOMEX_DATA", "/data")
    monkeypatch.setenv("SOMEX_ENCODERS", "/encoders")
    return read_plan(RECIPES / "paper-tables.yaml")


def test_reproduce_plan_shipped_reads_and_so_do_its_recipes(shipped) -> None:
    for row in shipped.rows:
        if row.family == "llm":
            read_llm_recipe(RECIPES / row.recipe, overrides=row.set)
            if row.tune:
                read_tune_recipe(RECIPES / row.tune)
            continue
        recipe = read_recipe(RECIPES / row.recipe, overrides=row.set)
        assert recipe.model.family == row.family
        assert recipe.model.encoders == {"joint": "shared", "disjoint": "separate"}[row.loss]


def test_reproduce_plan_shipped_holds_the_published_totals(shipped) -> None:
    published = {
        (row.system, row.loss): (row.paper.phase1, row.paper.phase2)
        for row in shipped.rows
        if row.paper.phase1
    }
    assert published == {
        ("GLiNER", "joint"): (0.88, 0.60),
        ("GLiNER", "disjoint"): (0.78, 0.59),
        ("DeBERTa-v3-large", "joint"): (0.83, 0.69),
        ("DeBERTa-v3-large", "disjoint"): (0.80, 0.59),
        ("SciBERT", "joint"): (0.79, 0.59),
        ("SciBERT", "disjoint"): (0.75, 0.53),
        ("BERT", "joint"): (0.67, None),
        ("Llama 3 8B, fine-tuned", "none"): (0.66, None),
        ("ModernBERT-base (another team)", "joint"): (0.92, 0.60),
    }


def test_reproduce_plan_pairs_differ_in_the_encoders_alone(shipped) -> None:
    for joint in shipped.rows:
        other = [r for r in shipped.rows if r.system == joint.system and r.loss == "disjoint"]
        if joint.loss != "joint" or not other:
            continue
        models, trainings = [], []
        for row in (joint, other[0]):
            recipe = read_recipe(RECIPES / row.recipe, overrides=row.set).to_json()
            models.append(recipe["model"] | {"encoders": ""})
            trainings.append((recipe["training"], recipe["data"]))
        assert models[0] == models[1], joint.name
        assert trainings[0] == trainings[1], joint.name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ood": ["typos"]}, "unknown set in ood 'typos'; valid: punctuation"),
        ({"ood": []}, "ood names no set; valid: punctuation"),
        ({"rows": [ROW, ROW]}, r"rows must have names of their own; \['a'\]"),
        ({"rows": []}, "there is no row"),
        ({"rows": [ROW, ROW | {"name": "b"}]}, "2 rows are 'A' with loss joint"),
        ({"rows": [ROW | {"name": "a/b"}]}, "row name 'a/b' must be of letters"),
        ({"rows": [ROW | {"paper": {"phase1": 88}}]}, "phase1 is 88"),
        ({"rows": [ROW | {"needs": ["money"]}]}, r"needs\[0\] is 'money'; valid: gpu, endpoint"),
        ({"seed": [1]}, "unknown key seed; valid: name, test"),
    ],
)
def test_reproduce_plan_errors_name_what_is_valid(tmp_path: Path, changes, message) -> None:
    with pytest.raises(ConfigError, match=message):
        read_plan(write(tmp_path, **changes))


def test_reproduce_plan_missing_says_where_one_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml is not there; give one, or run this in a"):
        read_plan(tmp_path / "none.yaml")


def test_reproduce_plan_choose_rows_keeps_the_order_and_refuses_unknown_names(tmp_path) -> None:
    more = ROW | {"name": "b", "loss": "disjoint"}
    plan = read_plan(write(tmp_path, rows=[ROW, more]))
    assert [row.name for row in choose_rows(plan, ["b", "a"])] == ["a", "b"]
    assert len(choose_rows(plan, [])) == 2
    with pytest.raises(ConfigError, match="unknown row 'c'; valid: a, b"):
        choose_rows(plan, ["c"])


def missing(row: Row, folder: Path, *, named: bool = False) -> list[str]:
    return find_missing(row, folder=folder, overrides=row.set, named=named)


def recipe(folder: Path, encoder: str) -> Row:
    values = {"name": "a", "model": {"encoder": encoder}, "data": {"train": {"path": "x"}}}
    (folder / "a.yaml").write_text("# ${IN_A_COMMENT}\n" + yaml.safe_dump(values))
    return Row("a", "A", "token", "joint", "a.yaml")


def test_reproduce_needs_names_hub_folder_and_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert missing(recipe(tmp_path, str(tmp_path)), tmp_path) == []
    assert missing(recipe(tmp_path, "no/such"), tmp_path) == ["a model hub, for no/such"]
    gone = missing(recipe(tmp_path, "/gone/encoder"), tmp_path)
    assert gone == ["the folder /gone/encoder of a pretrained model"]
    unset = missing(recipe(tmp_path, "${SOMEX_NO_SUCH}/mini"), tmp_path)
    assert unset == ["the environment variable SOMEX_NO_SUCH"]
    assert missing(Row("g", "Gemini", "llm"), tmp_path) == ["a recipe, of which somex has none"]


def test_reproduce_needs_names_the_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = recipe(tmp_path, str(tmp_path))
    row = Row("a", "A", "token", "joint", "a.yaml", needs=("gpu",))
    monkeypatch.setattr("somex.reproduce.needs._has_gpu", lambda: False)
    assert missing(row, tmp_path) == ["a GPU"]
    assert missing(plain, tmp_path) == []
    monkeypatch.setattr("somex.reproduce.needs._has_gpu", lambda: True)
    assert missing(row, tmp_path) == []


def test_reproduce_needs_asks_no_endpoint_unless_the_row_is_named(tmp_path: Path) -> None:
    values = {"name": "l", "model": {"name": "m", "url": "http://127.0.0.1:9/v1"}}
    (tmp_path / "l.yaml").write_text(yaml.safe_dump(values))
    row = Row("l", "L", "llm", recipe="l.yaml", needs=("endpoint",))
    assert "name the row in --rows" in missing(row, tmp_path)[0]
    assert missing(row, tmp_path, named=True) == ["an LLM endpoint at http://127.0.0.1:9/v1"]
