from __future__ import annotations

import pytest

from somex.core.errors import ConfigError
from somex.core.schema import ENTITY_TYPES, RELATION_TYPES
from somex.llm.grammar import enum_of, list_of, object_of, schema_to_gbnf
from somex.llm.prompts import JOINT_FORM


def test_llm_grammar_writes_each_part_of_a_schema() -> None:
    schema = object_of(
        names=list_of({"type": "string", "maxLength": 9}, n_most=3),
        kind=enum_of(["a", 'b"']),
        n={"type": "integer", "maximum": 99},
    )
    first, *rest = schema_to_gbnf(schema).splitlines()
    assert first == (
        r'root ::= ("{" blank "\"names\"" blank ":" blank ("[" blank ("\"" char{0,9} "\"" '
        r'(blank "," blank "\"" char{0,9} "\""){0,2})? blank "]") blank "," blank "\"kind\"" '
        r'blank ":" blank ("\"a\"" | "\"b\\\"\"") blank "," blank "\"n\"" blank ":" blank '
        r'[0-9]{1,2} blank "}")'
    )
    assert [line.split(" ::= ")[0] for line in rest] == ["char", "blank"]


def test_llm_grammar_names_every_type_and_relation() -> None:
    grammar = schema_to_gbnf(JOINT_FORM)
    assert [t for t in (*ENTITY_TYPES, *RELATION_TYPES) if rf'"\"{t}\""' not in grammar] == []


def test_llm_grammar_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ConfigError, match="'type': 'number'"):
        schema_to_gbnf({"type": "number"})
