from __future__ import annotations

from pathlib import Path

import pytest

from output_documents import paper, write_source
from somex.core import ConfigError, FormatError
from somex.core.errors import MissingExtraError
from somex.outputs import registry
from somex.outputs.folders import check_replaceable, replace_folder
from somex.outputs.registry import Output, choose_outputs, outputs
from somex.readers.brat import read_brat

OURS = {"brat", "csv", "jsonld", "parquet", "report", "turtle", "web-annotation"}


def test_registry_outputs_are_entry_points() -> None:
    assert outputs().keys() >= OURS


def test_registry_choose_takes_commas_and_repeats() -> None:
    chosen = choose_outputs(["csv, brat", "csv"])
    assert [output.name for output in chosen] == ["csv", "brat"]


def test_registry_choose_lists_the_names_of_outputs() -> None:
    with pytest.raises(ConfigError, match="unknown output 'xls'; valid: brat, csv,"):
        choose_outputs(["csv,xls"])


def test_registry_choose_says_what_is_to_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'somex\[parquet\]'"):
        choose_outputs(["parquet"])


def test_registry_refuses_a_name_with_other_signs() -> None:
    with pytest.raises(ConfigError, match="'My Output'"):
        Output("My Output", "", "x", lambda source, place: "")


class _Point:
    name, value = "odd", "odd:ODD"

    def load(self) -> object:
        return object()


def test_registry_refuses_an_entry_point_of_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda group: [_Point()])
    outputs.cache_clear()
    try:
        with pytest.raises(ConfigError, match=r"'odd' of somex\.outputs \(odd:ODD\)"):
            outputs()
    finally:
        outputs.cache_clear()


@pytest.mark.parametrize("name", sorted(OURS))
def test_registry_outputs_write_twice_and_say_what(tmp_path: Path, name: str) -> None:
    if name == "parquet":
        pytest.importorskip("pyarrow")
    source, output = write_source(tmp_path), outputs()[name]
    place = tmp_path / "out" / output.target
    for _ in range(2):
        told = output.write(source, place)
        assert "3 " in told or "statements" in told
    assert place.exists()
    assert [p.name for p in place.parent.iterdir()] == [output.target]


def test_registry_brat_holds_the_annotation(tmp_path: Path) -> None:
    outputs()["brat"].write(write_source(tmp_path, paper()), tmp_path / "brat")
    (read,) = read_brat(tmp_path / "brat")
    assert [m.key for m in read.annotation.mentions] == [m.key for m in paper().annotation.mentions]
    assert len(read.annotation.relations) == 6


def test_folders_replace_only_what_an_output_made(tmp_path: Path) -> None:
    place = tmp_path / "out"
    for name in ("a", "b"):
        with replace_folder(place) as made:
            (made / name).write_text(name)
    assert sorted(p.name for p in place.iterdir()) == [".somex-output", "b"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("x")
    with pytest.raises(FormatError, match="holds other things"):
        check_replaceable(tmp_path / "other")
    with pytest.raises(FormatError, match="is a file"):
        check_replaceable(tmp_path / "other" / "thesis.tex")


def test_folders_keep_the_earlier_one_where_an_error_comes_up(tmp_path: Path) -> None:
    place = tmp_path / "out"
    with replace_folder(place) as made:
        (made / "a").write_text("a")

    def fail() -> None:
        with replace_folder(place) as made:
            (made / "b").write_text("b")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (place / "a").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
