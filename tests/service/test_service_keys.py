from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from somex.core.errors import ConfigError, FormatError
from somex.service import keys as module
from somex.service.keys import add_key, hash_key, read_keys


def test_keys_are_kept_as_hashes_only(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    first, second = add_key(path, "lab"), add_key(path, "home")
    assert first != second
    assert len(first) > 40
    text = path.read_text(encoding="utf-8")
    assert first not in text
    assert hash_key(first) in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys = read_keys(path)
    assert len(keys) == 2
    assert (keys.owner_of(first), keys.owner_of(second)) == ("lab", "home")
    for wrong in ("", first[:-1], first.upper(), "\ud800"):
        assert keys.owner_of(wrong) is None


def test_keys_compare_each_digest_in_constant_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys"
    key = add_key(path, "a")
    add_key(path, "b")
    compared = []

    def compare(one: str, other: str) -> bool:
        compared.append(other)
        return one == other

    monkeypatch.setattr(module.hmac, "compare_digest", compare)
    assert read_keys(path).owner_of(key) == "a"
    assert len(compared) == 2


@pytest.mark.parametrize("name", ["", "a b", "-a", "x" * 65, "a/b"])
def test_keys_have_plain_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="key name"):
        add_key(tmp_path / "keys", name)


def test_keys_names_are_taken_once(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    add_key(path, "lab")
    with pytest.raises(ConfigError, match="has a key 'lab' already"):
        add_key(path, "lab")


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"name": "a"}', '{"name": "a", "sha256": "short"}', '"x"', "3"]
)
def test_keys_file_tells_the_line_that_is_no_key(tmp_path: Path, line: str) -> None:
    path = tmp_path / "keys"
    add_key(path, "lab")
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"keys:2: no key"):
        read_keys(path)


def test_keys_file_must_hold_a_key(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    with pytest.raises(FormatError, match="no such file"):
        read_keys(path)
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="serve-key"):
        read_keys(path)
    entry = json.dumps({"name": "a", "sha256": "0" * 64})
    path.write_text(f"{entry}\n{entry}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="comes twice"):
        read_keys(path)
