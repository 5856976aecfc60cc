"""The names in a field of authors, as packages of R and Python write it."""

from __future__ import annotations

import re

MAX_NAMES = 20
_ASIDE = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|<[^<>]*>")
_BETWEEN = re.compile(r"[,;&\n]|\b(?:and|with contributions from|with contributions by)\b")
_NO_NAMES = {"orphaned", "unknown", "none", "et al.", "et al", "others", "many others"}
_LENGTHS = range(2, 81)


def people(text: str) -> tuple[str, ...]:
    """Return the names, at most `MAX_NAMES`; roles, addresses and remarks are left out."""
    plain, before = text, ""
    while plain != before:
        plain, before = _ASIDE.sub(" ", plain), plain
    names: dict[str, None] = {}
    for part in _BETWEEN.split(plain):
        name = " ".join(part.split()).strip("\"'., ")
        is_name = any(map(str.isalpha, name)) and "@" not in name and "://" not in name
        if is_name and len(name) in _LENGTHS and name.lower() not in _NO_NAMES:
            names[name] = None
    return tuple(names)[:MAX_NAMES]
