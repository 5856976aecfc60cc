import os
import re
from pathlib import Path

import pytest

from somex.core import (
    ENTITY_TYPES,
    RELATION_ARGUMENTS,
    RELATION_TYPES,
    EntityType,
    Purpose,
    RelationType,
    SchemaError,
    is_compatible,
    relations_between,
)
from somex.core.schema import (
    PURPOSE_TYPES,
    parse_entity_type,
    parse_purpose,
    parse_relation_type,
)


def test_schema_has_the_types_of_the_task():
    assert len(ENTITY_TYPES) == 14
    assert len(RELATION_TYPES) == 11
    assert set(RELATION_ARGUMENTS) == set(RELATION_TYPES)


def test_schema_relations_between_agrees_with_is_compatible():
    for head in ENTITY_TYPES:
        for tail in ENTITY_TYPES:
            expected = {one for one in RELATION_TYPES if is_compatible(one, head, tail)}
            assert set(relations_between(head, tail)) == expected
    assert relations_between(EntityType.VERSION, EntityType.APPLICATION) == (
        RelationType.VERSION_OF,
    )
    assert relations_between(EntityType.VERSION, EntityType.URL) == ()


@pytest.mark.parametrize(
    ("parse", "kind", "valid"),
    [
        (parse_entity_type, "entity type", ENTITY_TYPES),
        (parse_relation_type, "relation type", RELATION_TYPES),
        (parse_purpose, "purpose", tuple(Purpose)),
    ],
)
def test_schema_parses_names_and_lists_them_for_wrong_ones(parse, kind, valid):
    assert [parse(str(one)) for one in valid] == list(valid)
    with pytest.raises(SchemaError) as caught:
        parse("nothing")
    assert str(caught.value) == f"unknown {kind} 'nothing'; valid: {', '.join(valid)}"


def sections(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line.strip()):
            name = header[1]
        elif line.strip() and not line.startswith("#"):
            found.setdefault(name, []).append(line.strip())
    return found


def base_types(names: str) -> set[str]:
    """Drop the purposes; the configuration spells the abbreviation type in lower case once."""
    known = {entity.lower(): str(entity) for entity in ENTITY_TYPES}
    return {known[name.partition("_")[0].lower()] for name in names.split("|")}


@pytest.mark.corpus
@pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="SOMEX_DATA is not set")
def test_schema_is_that_of_somesci():
    path = Path(os.environ["SOMEX_DATA"]) / "somesci" / "conf" / "annotation.conf"
    conf = sections(path.read_text(encoding="utf-8"))
    assert base_types("|".join(conf["entities"])) == set(ENTITY_TYPES)
    suffixed = {name.partition("_")[0] for name in conf["entities"] if "_" in name}
    assert suffixed == set(PURPOSE_TYPES)
    relations = {}
    for line in conf["relations"]:
        name, heads, tails = re.fullmatch(r"(\w+)\s+Arg1:(\S+), Arg2:(\S+)", line).groups()
        relations[name] = (base_types(heads), base_types(tails))
    assert relations == {
        str(relation): (set(heads), set(tails))
        for relation, (heads, tails) in RELATION_ARGUMENTS.items()
    }
