from __future__ import annotations

import re
from pathlib import Path

import pytest

import somex
from somex.core.palette import DARK, LIGHT, dark, light
from somex.core.schema import EntityType

PAGE = Path(somex.__file__).parent / "service" / "page"
SCRIPTS = sorted(PAGE.glob("*.js"))


def test_page_files_have_the_colours_of_the_report() -> None:
    style = (PAGE / "types.css").read_text("utf-8")
    for name in LIGHT:
        assert f"--{name}: light-dark({LIGHT[name]}, {DARK[name]});" in style
    for type in EntityType:
        day, night = light(type), dark(type)
        rule = (
            f".t-{type} {{ --bg: light-dark({day.background}, {night.background}); "
            f"--edge: light-dark({day.line}, {night.line}); }}"
        )
        assert rule in style


def test_page_files_hold_no_inline_script_or_style() -> None:
    page = (PAGE / "index.html").read_text("utf-8")
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", page) == []
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    for script in SCRIPTS:
        assert 'setAttribute("style"' not in script.read_text("utf-8")


def test_page_files_load_nothing_from_other_hosts() -> None:
    known = ("http://www.w3.org/2000/svg", "https://doi.org/")
    for path in PAGE.iterdir():
        addresses = re.findall(r"https?://[\w./-]+", path.read_text("utf-8"))
        assert [a for a in addresses if not a.startswith(known)] == [], path.name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_page_files_import_what_exists_and_stay_short(script: Path) -> None:
    text = script.read_text("utf-8")
    for name in re.findall(r'from "(.+?)"', text):
        assert name.startswith("./")
        assert (PAGE / name).is_file(), name
    assert len(text.splitlines()) < 400
