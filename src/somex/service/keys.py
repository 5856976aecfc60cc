"""API keys: random, kept as hashes only, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from somex.core.errors import ConfigError
from somex.readers.files import read_utf8, split_lines, write_lines

_PREFIX = "somex_"
_RANDOM_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def hash_key(key: str) -> str:
    """Return the SHA-256 of a key; a key has 256 random bits, so that no salt is needed."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


class Keys:
    """The keys that a service takes.

    Args:
        digests: Name of a key -> SHA-256 of the key, in hexadecimal.
    """

    def __init__(self, digests: Mapping[str, str]) -> None:
        self._digests = dict(digests)

    def __len__(self) -> int:
        return len(self._digests)

    def owner_of(self, key: str) -> str | None:
        """Return the name of a key, None where it is none; the time tells nothing of which."""
        digest = hash_key(key)
        found = None
        for name, known in self._digests.items():
            if hmac.compare_digest(digest, known):
                found = name
        return found


def read_keys(path: str | Path) -> Keys:
    """Read a file of keys: a line a key, a JSON object with ``name`` and ``sha256``.

    Raises:
        FormatError: There is no such file, or it is not UTF-8.
        ConfigError: A line is no key, a name comes twice, or there is no key.
    """
    digests = _read(Path(path))
    if not digests:
        raise ConfigError(f"{path} holds no key; make one with `somex serve-key NAME --keys FILE`")
    return Keys(digests)


def _read(path: Path) -> dict[str, str]:
    digests: dict[str, str] = {}
    for number, line in enumerate(split_lines(read_utf8(path)), start=1):
        if not line.strip():
            continue
        name, digest = _parse(line, f"{path}:{number}")
        if name in digests:
            raise ConfigError(f"{path}:{number}: the name {name!r} comes twice")
        digests[name] = digest
    return digests


def _parse(line: str, place: str) -> tuple[str, str]:
    try:
        found = json.loads(line)
        name, digest = found["name"], found["sha256"]
        if _NAME.fullmatch(name) and _DIGEST.fullmatch(digest):
            return name, digest
    except (ValueError, KeyError, TypeError):
        pass
    raise ConfigError(
        f'{place}: no key; valid: a line as {{"name": "lab", "sha256": "64 hexadecimal digits"}}'
    )


def add_key(path: str | Path, name: str) -> str:
    """Make a key and add its hash to a file, which is made where it is missing.

    Returns:
        The key; it is kept nowhere.

    Raises:
        ConfigError: The name is taken, or has signs that names don't have.
    """
    place = Path(path)
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"key name {name!r}; valid: up to 64 letters, digits, '.', '_' and '-', "
            "a letter or digit first"
        )
    lines = split_lines(read_utf8(place)) if place.exists() else []
    if place.exists() and name in _read(place):
        raise ConfigError(f"{place} has a key {name!r} already; take another name")
    key = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    entry = {"name": name, "sha256": hash_key(key), "created": _now()}
    write_lines([*lines, json.dumps(entry)], place)
    place.chmod(0o600)
    return key


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
