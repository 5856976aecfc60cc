from __future__ import annotations

import builtins
from pathlib import Path
from xml.etree import ElementTree

import pytest

import reproduce_items as items
from somex.core import MissingExtraError
from somex.reproduce.differences import compare_losses
from somex.reproduce.plan import PaperFigures


def results():
    return [
        items.result("j", "joint", (items.perfect(), items.half()), (items.half(), items.half())),
        items.result("d", "disjoint", (items.half(), items.nothing())),
        items.result("g", "joint", system="GLiNER", paper=PaperFigures(0.88, 0.6)),
        items.result("h", "disjoint", system="GLiNER", paper=PaperFigures(0.78, 0.59)),
    ]


def draw(folder: Path, rows) -> list[Path]:
    from somex.reproduce.plots import draw_plots

    return draw_plots(rows, items.sets(), compare_losses(rows, items.sets()), folder)


def test_reproduce_plots_draw_the_four_tables_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    first, again = draw(tmp_path / "a", results()), draw(tmp_path / "b", results())
    assert [p.name for p in first] == [f"table{i}.svg" for i in (1, 2, 3, 4)]
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes()
        assert ElementTree.parse(one).getroot().tag.endswith("svg")
    assert "<!-- GLiNER -->" in first[0].read_text()


def test_reproduce_plots_of_nothing_show_the_papers_figures_alone(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert [p.name for p in draw(tmp_path, results()[2:])] == ["table1.svg"]


def test_reproduce_plots_without_matplotlib_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from somex.plotting import check_plots

    real = builtins.__import__

    def refuse(name: str, *args: object, **kwargs: object):
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match=r"pip install 'somex\[plots\]'.*--no-plots"):
        check_plots("--no-plots")
