from __future__ import annotations

import json
from pathlib import Path

import pytest

from somex.core import FormatError
from somex.model_card import build_card, read_scores, render_card, write_card


def _report(ner: float, re: float) -> dict[str, object]:
    return {"ner": {"macro": {"f1": ner}}, "re": {"macro": {"f1": re}}}


def _run_folder(path: Path) -> Path:
    recipe = {"model": {"encoder": "/enc/some-encoder"}, "data": {"train": {"path": "/c/somd"}}}
    (path / "recipe.json").write_text(json.dumps(recipe))
    facts = {"n_sentences": 3, "n_mentions": 4, "sha256": "ab" * 32}
    (path / "data.json").write_text(json.dumps({"train": facts}))
    return path


def test_model_card_replaces_the_folders_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMEX_DATA", "/c")
    monkeypatch.setenv("SOMEX_ENCODERS", "/enc")
    card = build_card("m", run_folder=_run_folder(tmp_path), scores={})
    assert card["recipe"]["model"]["encoder"] == "${SOMEX_ENCODERS}/some-encoder"
    assert card["recipe"]["data"]["train"]["path"] == "${SOMEX_DATA}/somd"
    assert card["encoder"] == "some-encoder"


def test_model_card_shows_recipe_data_and_scores(tmp_path: Path) -> None:
    run = _run_folder(tmp_path)
    card = build_card("m", run_folder=run, scores={"validation": _report(0.8, 0.6)})
    write_card(card, tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert "| validation | 0.7000 | 0.8000 | 0.6000 |" in text
    assert "train: 3 sentences, 4 mentions" in text
    assert json.loads((tmp_path / "card.json").read_text()) == card


def test_model_card_leaves_out_what_the_run_folder_lacks(tmp_path: Path) -> None:
    card = build_card("m", run_folder=tmp_path, scores={})
    assert "recipe" not in card
    assert "Encoder: unknown" in render_card(card)


def test_model_card_scores_must_be_json(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    path.write_text("{")
    with pytest.raises(FormatError, match="is not JSON"):
        read_scores(path)
