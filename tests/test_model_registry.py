from __future__ import annotations

import json
import shutil
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from somex import model_registry
from somex.core import ModelError
from somex.model_registry import find_model, fingerprint_folder, model_names
from somex.models import mpnet_joint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "my-model"
    made.mkdir()
    (made / "config.json").write_text("{}")
    (made / "encode.onnx").write_bytes(b"graph")
    (made / "card.json").write_text('{"encoder": "some encoder"}')
    return made


def install(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    points = [EntryPoint(n, f"{__name__}:_folder", "somex.models") for n in names]
    monkeypatch.setattr(model_registry, "entry_points", lambda group: points)


def _folder() -> Path:
    return mpnet_joint()


def test_model_registry_lists_the_embedded_model_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert model_names()[0] == "mpnet-joint"
    install(monkeypatch, "a-model", "mpnet-joint", "z-model")
    assert model_names() == ["mpnet-joint", "a-model", "z-model"]


def test_model_registry_finds_a_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = find_model(folder)
    assert (info.name, info.folder) == ("my-model", folder)
    assert info.card == {"encoder": "some encoder"}
    assert info.to_json() == {"name": "my-model", "fingerprint": fingerprint_folder(folder)}
    monkeypatch.chdir(folder)
    assert find_model(".").name == "my-model"


def test_model_registry_finds_a_model_of_another_package(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}._folder", lambda: folder)
    install(monkeypatch, "theirs")
    assert find_model("theirs").name == "theirs"
    assert find_model("theirs").folder == folder


def test_model_registry_names_prevail_over_folders(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}._folder", lambda: folder)
    install(monkeypatch, "mpnet-joint")
    monkeypatch.chdir(folder.parent)
    (folder.parent / "mpnet-joint").mkdir()
    assert find_model("mpnet-joint").folder == folder
    assert find_model().folder == folder


def test_model_registry_names_the_models_that_there_are() -> None:
    with pytest.raises(ModelError, match="model 'gpt'; valid: default, mpnet-joint, fast, the"):
        find_model("gpt")


def test_model_registry_refuses_folders_that_are_no_model(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(ModelError, match=r"my-model is no somex model: it holds no config\.json"):
        find_model(folder)


@pytest.mark.parametrize(
    ("card", "message"), [("{", r"card\.json is not JSON"), ("[]", "must hold an object, not list")]
)
def test_model_registry_refuses_a_broken_card(folder: Path, card: str, message: str) -> None:
    (folder / "card.json").write_text(card)
    with pytest.raises(ModelError, match=message):
        find_model(folder)


def test_model_registry_does_without_a_card(folder: Path) -> None:
    (folder / "card.json").unlink()
    assert find_model(folder).card == {}


def test_model_registry_fingerprint_follows_what_decides_the_output(folder: Path) -> None:
    before = fingerprint_folder(folder)
    assert len(before) == 12
    (folder / "card.json").write_text("{}")
    (folder / "README.md").write_text("A model.")
    assert fingerprint_folder(folder) == before
    copy = shutil.copytree(folder, folder.parent / "copy")
    assert fingerprint_folder(copy) == before
    seen = {before}
    for name in ("config.json", "encode.onnx", "encode.0.bin", "tokenizer.json"):
        (folder / name).write_bytes(b"changed")
        seen.add(fingerprint_folder(folder))
    assert len(seen) == 5


@pytest.mark.skipif(
    not (mpnet_joint() / "encode.onnx").is_file(),
    reason=f"the embedded model is not in {mpnet_joint()}",
)
def test_model_registry_embedded_model_is_complete() -> None:
    info = find_model()
    assert info.name == "mpnet-joint"
    assert json.loads((info.folder / "card.json").read_text()) == info.card
    assert (info.folder / "README.md").is_file()
    sizes = [path.stat().st_size for path in info.folder.iterdir()]
    assert max(sizes) < 100_000_000  # what Git hosts take
