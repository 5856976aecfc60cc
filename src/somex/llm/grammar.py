"""JSON Schemas as GBNF, the grammars of llama.cpp: for servers that take no JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Sequence

from somex.core.errors import ConfigError
from somex.llm.chat import Schema

_CHARACTERS = r"""
char ::= [^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})
blank ::= [ \n]?
"""


def schema_to_gbnf(schema: Schema) -> str:
    """Return the grammar of the answers that a schema allows.

    Args:
        schema: Made of objects (all properties required, in order), arrays (``maxItems``),
            strings (``enum``, ``maxLength``) and integers (``maximum``, up to its digits).

    Raises:
        ConfigError: The schema holds something else.
    """
    return f"root ::= {_rule(schema)}\n{_CHARACTERS.lstrip()}"


def _rule(schema: Schema) -> str:
    if "enum" in schema:
        return "(" + " | ".join(_literal(json.dumps(value)) for value in schema["enum"]) + ")"
    kind = schema.get("type")
    if kind == "string":
        return rf'"\"" char{{0,{schema.get("maxLength", 1000)}}} "\""'
    if kind == "integer":
        return f"[0-9]{{1,{len(str(schema.get('maximum', 999999)))}}}"
    if kind == "array":
        item, n_more = _rule(schema["items"]), schema.get("maxItems", 100) - 1
        return _sequence('"["', f'({item} (blank "," blank {item}){{0,{n_more}}})?', '"]"')
    if kind == "object":
        parts = [
            f'{_literal(json.dumps(key))} blank ":" blank {_rule(value)}'
            for key, value in schema["properties"].items()
        ]
        return _sequence('"{"', ' blank "," blank '.join(parts), '"}"')
    raise ConfigError(
        f"a schema part {dict(schema)!r} has no grammar; "
        "valid: object, array, string, integer, enum"
    )


def _sequence(*parts: str) -> str:
    return "(" + " blank ".join(parts) + ")"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def enum_of(values: Sequence[str]) -> Schema:
    """Return the schema of a text that is one of ``values``."""
    return {"type": "string", "enum": list(values)}


def object_of(**properties: Schema) -> Schema:
    """Return the schema of an object with exactly these properties."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def list_of(items: Schema, *, n_most: int) -> Schema:
    """Return the schema of a list of up to ``n_most`` items."""
    return {"type": "array", "items": items, "maxItems": n_most}
