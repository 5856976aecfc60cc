from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from somex.core.config import build_config, check_range, check_ranges
from somex.core.errors import ConfigError


@dataclass(frozen=True)
class Inner:
    rate: float = 0.1
    kind: Literal["a", "b"] = "a"

    def __post_init__(self) -> None:
        check_ranges(self, {"rate": (0.0, 1.0)})


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    size: int = 3
    loud: bool = False
    maybe: float | None = None
    parts: tuple[Inner, ...] = ()
    words: tuple[str, ...] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        check_ranges(self, {"size": (1, 10)})


def _fail(values: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        build_config(Outer, values, where="x.yaml")
    return str(caught.value)


def test_config_builds_nested_dataclasses() -> None:
    built = build_config(
        Outer,
        {
            "name": "n",
            "inner": {"rate": "3e-5", "kind": "b"},
            "maybe": 1,
            "parts": [{"rate": 0.2}, {}],
            "words": ["x"],
        },
    )
    expected = Outer("n", Inner(3e-5, "b"), maybe=1.0, parts=(Inner(0.2), Inner()), words=("x",))
    assert built == expected
    assert isinstance(built.maybe, float)
    assert build_config(Outer, {"name": "n", "inner": {}, "maybe": None}).maybe is None


def test_config_reads_a_lone_part_as_a_list_of_one_and_nothing_as_an_empty_list() -> None:
    values = {"name": "n", "inner": {}, "parts": {"rate": 0.2}, "words": None}
    assert build_config(Outer, values) == Outer("n", Inner(), parts=(Inner(0.2),))
    assert "parts[0]: rate is 7.0; valid: 0.0 to 1.0" in _fail({**values, "parts": {"rate": 7}})
    assert "words must be a list, not {'a': 1}" in _fail({**values, "words": {"a": 1}})


def test_config_reports_all_problems_together() -> None:
    message = _fail(
        {
            "nmae": "n",
            "inner": {"rate": 7, "kind": "c", "hue": 1},
            "size": 99,
            "loud": "yes",
            "maybe": "much",
            "parts": [{"rate": -1}, {"kind": "z"}],
            "words": "abc",
        }
    )
    assert message.startswith("x.yaml: ")
    for problem in (
        "unknown key nmae; valid: name, inner, size, loud, maybe, parts, words",
        "missing key name",
        "unknown key inner.hue; valid: rate, kind",
        "inner.kind is 'c'; valid: a, b",
        "inner: rate is 7.0; valid: 0.0 to 1.0",
        "loud must be bool, not 'yes'",
        "maybe must be float, not 'much'",
        "parts[0]: rate is -1.0; valid: 0.0 to 1.0",
        "parts[1].kind is 'z'; valid: a, b",
        "words must be a list, not 'abc'",
    ):
        assert problem in message


def test_config_reports_a_range_beside_a_wrong_type() -> None:
    message = _fail({"name": "n", "inner": {}, "size": 99, "loud": 1})
    assert "size is 99; valid: 1 to 10" in message
    assert "loud must be bool, not 1" in message


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([], "the whole must be a mapping, not []"),
        (None, "the whole must be a mapping, not None"),
        ({"name": "n", "inner": 3}, "inner. must be a mapping, not 3"),
        ({"name": "n", "inner": {}, "size": True}, "size must be int, not True"),
        ({"name": "n", "inner": {}, "size": 2.5}, "size must be int, not 2.5"),
        ({"name": None, "inner": {}}, "name must be str, not None"),
        ({"name": "n"}, "missing key inner"),
        ({"name": "n", "inner": {"rate": float("nan")}}, "rate is nan; valid: 0.0 to 1.0"),
        ({"name": "n", "inner": {"kind": ["a"]}}, "inner.kind is ['a']; valid: a, b"),
        ({"name": "n", "inner": {}, 3: 4}, "unknown key 3"),
    ],
)
def test_config_names_the_fault(values: Any, problem: str) -> None:
    assert problem in _fail(values)


def test_check_range_includes_its_ends() -> None:
    check_range("x", 0.0, 0.0, 1.0)
    check_range("x", 1.0, 0.0, 1.0)
    with pytest.raises(ConfigError, match=r"x is 1.1; valid: 0.0 to 1.0"):
        check_range("x", 1.1, 0.0, 1.0)
