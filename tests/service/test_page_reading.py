"""Reading on the page: texts, files, marks, filters, keys, errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs FastAPI (extra serve)")

from page_driver import alert, document, download, mark, mentions, read, said, tag
from page_server import TEXT, WordListEngine

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_page_marks_pasted_text_and_sums_up_its_software(page: Any) -> None:
    read(page)
    assert mentions(page) == [
        "application: Sloperunner",
        "version: 1.8",
        "developer: Ridge Labs",
        "citation: [3]",
        "plug-in: Plotmuse",
        "application: Inkgrove",
        "version: 2.1",
    ]
    assert page.inner_text("#summary").startswith(
        "3 software · 1 without version · 2 without citation · 7 mentions"
    )
    said(page, "7 mentions found in the text")
    rows = [r.split("\n") for r in page.locator("#software tbody tr").all_inner_texts()]
    assert [row[0].split("\t")[0] for row in rows] == ["Sloperunner", "Plotmuse", "Inkgrove"]
    first, second = page.locator("#software tbody tr").all_inner_texts()[:2]
    for fact in ("1.8", "Ridge Labs", "[3]", "nothing"):
        assert fact in first
    assert "no version" in second
    assert "no citation" in second


def test_page_table_sorts_and_leads_to_the_mention(page: Any) -> None:
    read(page)
    page.click('[data-sort="name"]')
    names = page.locator("#software tbody th button").all_inner_texts()
    assert names == ["Inkgrove", "Plotmuse", "Sloperunner"]
    assert page.locator('th[aria-sort="ascending"]').inner_text().startswith("Name")
    page.click('[data-sort="name"]')
    assert page.locator("#software tbody th button").first.inner_text() == "Sloperunner"
    page.locator("#software tbody th button", has_text="Plotmuse").click()
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "plug-in: Plotmuse"


def test_page_puts_together_what_the_service_resolved(page: Any) -> None:
    text = "We used Sloperunner. This program (version 1.8) is from Ridge Labs."
    names = ("Sloperunner", "program", "1.8", "Ridge Labs")
    types = ("Application", "SoftwareCoreference", "Version", "Developer")
    mentions = [
        {"id": f"T{n}", "type": type, "text": name, "confidence": 0.9}
        | {"char_start": text.index(name), "char_end": text.index(name) + len(name)}
        for n, (name, type) in enumerate(zip(names, types, strict=True), start=1)
    ]
    version = {"text": "1.8", "mention": "T3", "of": "T2"}
    found = {
        "schema": "somex.document/1",
        "id": "resolved",
        "text": text,
        "mentions": mentions,
        "relations": [{"type": "Version_of", "head": "T3", "tail": "T2"}],
        "software": [
            {"id": "S1", "name": "Sloperunner", "mentions": ["T1", "T2"], "versions": [version]}
        ],
    }
    answer = {"document": found, "seconds": 0.1, "model": {"name": "word-lists"}}
    page.route("**/v1/extract", lambda route: route.fulfill(json=answer))
    read(page, text)
    (row,) = page.locator("#software tbody tr").all_inner_texts()
    assert "1.8" in row
    assert "no citation" in row
    assert "no version" not in row
    assert document(page)["software"] == found["software"]
    tag(page, "Ridge Labs").click()
    page.click("#delete-mention")
    assert "software" not in document(page)
    (row,) = page.locator("#software tbody tr").all_inner_texts()
    assert "1.8" in row


def test_page_starts_from_an_example(page: Any) -> None:
    title = page.locator("#examples b").first.inner_text()
    page.locator("#examples button").first.click()
    page.wait_for_selector("#view-result:not([hidden])")
    assert page.inner_text("#result-title") == title
    page.click("#new-text")
    assert page.locator("#text").input_value() != ""


def test_page_takes_a_file_and_several(page: Any, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(TEXT, "utf-8")
    (tmp_path / "two.txt").write_text("Only Inkgrove 3.4 was used.", "utf-8")
    page.set_input_files("#file", tmp_path / "one.txt")
    page.wait_for_selector("#view-result:not([hidden])")
    assert page.inner_text("#result-title") == "one"
    assert page.is_hidden("#documents")
    page.set_input_files("#file", [tmp_path / "one.txt", tmp_path / "two.txt"])
    page.wait_for_selector("#documents:not([hidden])")
    assert page.inner_text("#documents-title") == "2 documents"
    page.locator("#document-list button", has_text="two").click()
    assert mentions(page) == ["application: Inkgrove", "version: 3.4"]
    page.check("#all-documents")
    assert len(download(page, "jsonl")[1].splitlines()) == 2
    page.uncheck("#all-documents")
    assert [d["id"] for d in map(json.loads, download(page, "jsonl")[1].splitlines())] == ["two"]


def test_page_takes_a_dropped_file(page: Any) -> None:
    page.evaluate(
        """text => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([text], "dropped.txt", { type: "text/plain" }));
          for (const type of ["dragover", "drop"]) {
            window.dispatchEvent(new DragEvent(type, { dataTransfer, cancelable: true }));
          }
        }""",
        TEXT,
    )
    page.wait_for_selector("#view-result:not([hidden])")
    assert page.inner_text("#result-title") == "dropped"
    assert page.is_hidden("#drop")


def test_page_tells_what_could_not_be_read(page: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 and no more")
    page.set_input_files("#file", tmp_path / "broken.pdf")
    told = alert(page)
    assert told.startswith("Nothing could be read: ")
    assert str(tmp_path) not in told
    (tmp_path / "good.txt").write_text(TEXT, "utf-8")
    page.set_input_files("#file", [tmp_path / "broken.pdf", tmp_path / "good.txt"])
    page.wait_for_selector("#failures:not([hidden])")
    assert page.inner_text("#failures-title") == "1 part could not be read"
    assert "broken" in page.inner_text("#failure-list")
    assert page.inner_text("#result-title") == "good"


def test_page_filters_by_type_and_confidence(page: Any) -> None:
    read(page)
    n_arcs = page.locator("#reader .arc path.tip").count()
    page.uncheck("#type-Version")
    assert "version: 1.8" not in mentions(page)
    assert "version" in page.inner_text("#reader"), "the text itself stays"
    assert page.locator("#software tbody tr", has_text="no version").count() == 3
    page.wait_for_function(f"document.querySelectorAll('#reader .tip').length < {n_arcs}")
    page.click("#all-types")
    page.locator("#least").fill("90")
    assert mentions(page) == [
        "application: Sloperunner",
        "version: 1.8",
        "application: Inkgrove",
        "version: 2.1",
    ]
    assert page.inner_text("#least-value") == "≥ 90 %"
    page.check("#only-shown")
    assert len(document(page)["mentions"]) == 4
    page.uncheck("#only-shown")
    assert len(document(page)["mentions"]) == 7
    page.click("#no-types")
    assert mentions(page) == []
    assert "leaves out all software" in page.inner_text("#software")


def test_page_shows_facts_and_arcs_of_the_mention_under_the_pointer(page: Any) -> None:
    read(page)
    page.wait_for_selector("#reader .arc .tip", state="attached")
    assert page.locator("#reader .arc .tip").count() == 5
    assert page.locator("#reader .arc text:visible").count() == 0
    mark(page, "Sloperunner").hover(position={"x": 5, "y": 8})
    page.wait_for_selector("#popover:not([hidden])")
    told = page.inner_text("#popover")
    for fact in ("Sloperunner", "98.0 %", "usage", "1.8", "Ridge Labs", "[3]"):
        assert fact in told
    names = page.locator("#reader .arc.on text").all_text_contents()
    assert sorted(names) == ["citation of", "developer of", "plug-in of", "version of"]
    assert page.locator("#reader .m.on").count() == 5
    page.mouse.move(2, 2)
    page.wait_for_selector("#popover", state="hidden")
    page.uncheck("#show-arcs")
    page.wait_for_selector("#reader .arc", state="detached")


@pytest.mark.parametrize("width", [360, 700, 1280])
def test_page_arcs_run_over_no_mention(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    read(page, " ".join([TEXT.split("\n\n")[1]] * 6))
    page.wait_for_selector("#reader .arc .tip", state="attached")
    crossed = page.evaluate(
        """() => [...document.querySelectorAll("#reader .arc")].flatMap((arc) => {
          const a = arc.getBoundingClientRect();
          return [...document.querySelectorAll("#reader .m")].filter((mark) =>
            [...mark.getClientRects()].some((m) => a.width && m.height > 8 && a.left < m.right &&
              a.right > m.left && a.top < m.bottom - 6 && a.bottom > m.top + 6));
        }).length"""
    )
    assert crossed == 0


def test_page_works_by_keyboard_alone(page: Any) -> None:
    page.focus("#text")
    page.keyboard.insert_text(TEXT)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#view-result:not([hidden])")
    focused = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.id"
    assert page.evaluate(focused) == "result-title"
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate(focused) == "application: Sloperunner":
            break
    assert page.evaluate(focused) == "application: Sloperunner"
    assert page.is_visible("#popover")
    assert page.evaluate("document.activeElement.getAttribute('aria-describedby')") == "popover"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == "version: 1.8"
    page.keyboard.press("End")
    assert page.evaluate(focused) == "version: 2.1"
    page.keyboard.press("Enter")
    assert page.evaluate(focused) == "panel-title"
    page.keyboard.press("Escape")
    assert page.evaluate(focused) == "version: 2.1"
    page.keyboard.press("Delete")
    said(page, "version “2.1” deleted, with its relation")
    assert page.evaluate(focused) == "application: Inkgrove"
    page.keyboard.press("Control+z")
    assert "version: 2.1" in mentions(page)
    page.keyboard.press("ArrowRight")
    outline = "getComputedStyle(document.activeElement.closest('.m')).outlineWidth"
    assert page.evaluate(outline) == "3px"


def test_page_tells_of_errors_in_words(page: Any) -> None:
    page.click("#extract")
    assert "no text yet" in alert(page)
    page.route("**/v1/extract", lambda route: route.abort())
    page.fill("#text", TEXT)
    page.click("#extract")
    page.locator("#alert", has_text="can't be reached").wait_for()
    page.unroute("**/v1/extract")
    problem = {"title": "Service Unavailable", "status": 503, "detail": "64 requests run already"}
    page.route(
        "**/v1/extract",
        lambda route: route.fulfill(
            status=503,
            headers={"Retry-After": "3", "Content-Type": "application/problem+json"},
            body=json.dumps(problem),
        ),
    )
    page.click("#extract")
    page.locator("#alert", has_text="64 requests run already. Try again in 3 s.").wait_for()
    page.unroute("**/v1/extract")
    page.click("#extract")
    page.wait_for_selector("#view-result:not([hidden])")
    assert page.is_hidden("#alert")


def test_page_cancels_what_takes_long(page: Any, engine: WordListEngine) -> None:
    engine.seconds = 5.0
    try:
        page.fill("#text", TEXT)
        page.click("#extract")
        page.click("#cancel")
        said(page, "Cancelled")
        assert page.is_enabled("#extract")
    finally:
        engine.seconds = 0.0


def test_page_asks_for_a_key_where_one_is_needed(page: Any) -> None:
    def answer(route: Any) -> None:
        if route.request.headers.get("x-api-key") == "letmein":
            route.continue_(headers=route.request.headers)
        else:
            route.fulfill(status=401, body="{}")

    page.route("**/v1/extract", answer)
    page.fill("#text", TEXT)
    page.click("#extract")
    page.wait_for_selector("#key-dialog[open]")
    page.fill("#key", "letmein")
    page.keyboard.press("Enter")
    page.wait_for_selector("#view-result:not([hidden])")
