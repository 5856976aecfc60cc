"""The corpus view, and how the page looks. SOMEX_SCREENSHOTS names a folder for pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from somex.core.schema import EntityType

pytest.importorskip("fastapi", reason="needs FastAPI (extra serve)")

from page_driver import alert, read, select, tag
from page_server import TEXT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DASHBOARD = {
    "n_papers": 40,
    "n_software": 3,
    "n_mentions": 90,
    "most_used": [
        {"name": "Sloperunner", "papers": 30, "mentions": 60},
        {"name": "Plotmuse", "papers": 9, "mentions": 20},
        {"name": "Inkgrove", "papers": 4, "mentions": 10},
    ],
    "versions": [
        {
            "name": "Sloperunner",
            "rows": [
                {"version": "1.8", "year": 2020, "papers": 4},
                {"version": "1.10", "year": 2021, "papers": 2},
                {"version": "1.10", "year": None, "papers": 1},
            ],
        },
        {"name": "Plotmuse", "rows": [{"version": "0.3", "year": 2022, "papers": 5}]},
    ],
    "co_use": {
        "nodes": [
            {"name": "Sloperunner", "papers": 30},
            {"name": "Plotmuse", "papers": 9},
            {"name": "Inkgrove", "papers": 4},
        ],
        "links": [
            {"from": "Sloperunner", "to": "Plotmuse", "papers": 7},
            {"from": "Inkgrove", "to": "Sloperunner", "papers": 2},
        ],
    },
    "badly_cited": [
        {"name": "Sloperunner", "papers": 30, "without_version": 6, "without_citation": 24}
    ],
}


def test_page_shows_the_corpus(page: Any, address: str) -> None:
    page.route("**/v1/dashboard", lambda route: route.fulfill(json=DASHBOARD))
    page.click('[data-view="corpus"]')
    page.wait_for_selector(".network")
    assert page.locator(".figures li").all_inner_texts()[0].split() == ["40", "papers"]
    assert page.locator("table[aria-label='Most used software'] tbody tr").count() == 3
    assert "80 %" in page.inner_text("table[aria-label='Software cited badly']")
    rows = page.locator("table[aria-label^='Papers by version of Sloperunner'] tbody th")
    assert rows.all_inner_texts() == ["1.8", "1.10"]
    page.select_option("#version-of", label="Plotmuse")
    assert "0.3" in page.inner_text("table[aria-label^='Papers by version of Plotmuse']")
    page.locator(".network g").first.focus()
    told = "Sloperunner, 30 papers; used with Plotmuse (7), Inkgrove (2)"
    assert page.inner_text(".told") == told
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".told").startswith("Plotmuse, 9 papers")


def test_page_tells_how_to_show_a_corpus(page: Any) -> None:
    page.click('[data-view="corpus"]')
    page.locator("#dashboard", has_text="somex serve --store").wait_for()


def test_page_asks_no_other_host(page: Any, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_selector("#examples button")
    read(page)
    assert asked
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


def test_page_keeps_the_chosen_colours(page: Any) -> None:
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.select_option("#colours", "dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light != dark
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_page_moves_nothing_for_those_who_ask_for_it(page: Any) -> None:
    page.emulate_media(reduced_motion="reduce")
    moving = "getComputedStyle(document.getElementById('extract')).transitionDuration"
    assert page.evaluate(moving) in ("0s", "")


CONTRAST = """types => types.map((type) => {
  const mark = document.createElement("span");
  mark.className = `m t-${type}`;
  document.getElementById("reader").append(mark);
  const style = getComputedStyle(mark);
  const lightness = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [low, high] = [lightness(style.color), lightness(style.backgroundColor)].sort();
  mark.remove();
  return (high + 0.05) / (low + 0.05);
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_mentions_have_contrast_and_a_name(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    read(page)
    ratios = page.evaluate(CONTRAST, [str(type) for type in EntityType])
    assert min(float(r) for r in ratios) >= 4.5
    assert page.locator("#reader .m").count() == page.locator("#reader .tag:visible").count()


def findings(page: Any) -> list[str]:
    """Serious and critical findings of axe-core."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-core")
    answer = axe.Axe().run(page).response
    return [
        f"{found['id']}: {found['nodes'][0]['html'][:200]}"
        for found in answer["violations"]
        if found["impact"] in ("serious", "critical")
    ]


def picture(page: Any, name: str, *, whole: bool = True) -> None:
    folder = os.environ.get("SOMEX_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=whole)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 900), (360, 740)], ids=["desktop", "phone"])
def test_page_has_no_serious_finding_of_axe(
    page: Any, size: tuple[int, int], scheme: str, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    found: list[str] = []

    def look(view: str, *, whole: bool = True) -> None:
        picture(page, f"{view}-{size[0]}-{scheme}", whole=whole)
        found.extend(f"{view}: {finding}" for finding in findings(page))
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > size[0]:
            found.append(f"{view}: {wide} pixels wide")

    look("start")
    page.click("#extract")
    alert(page)
    look("error")
    page.route("**/v1/dashboard", lambda route: route.fulfill(json=DASHBOARD))
    page.click('[data-view="corpus"]')
    page.wait_for_selector(".network")
    look("corpus")
    page.click('[data-view="start"]')
    for name in ("one", "two"):
        (tmp_path / f"{name}.txt").write_text(TEXT, "utf-8")
    page.set_input_files("#file", [tmp_path / "one.txt", tmp_path / "two.txt"])
    page.wait_for_selector("#reader .arc .tip", state="attached")
    look("result")
    tag(page, "Sloperunner").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#popover:not([hidden])")
    look("focus", whole=False)
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel:not([hidden])")
    look("panel", whole=False)
    page.keyboard.press("Escape")
    select(page, "weather")
    look("chooser", whole=False)
    assert found == []
