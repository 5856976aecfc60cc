"""The page in a real browser. SOMEX_SCREENSHOTS names a folder for pictures of all views."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from somex.core.schema import EntityType
from somex.readers.jsonl import document_from_json

pytest.importorskip("fastapi", reason="needs FastAPI (extra serve)")

from page_server import TEXT, WordListEngine, browsing, serving

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


@pytest.fixture(scope="module")
def engine() -> WordListEngine:
    return WordListEngine()


@pytest.fixture(scope="module")
def address(engine: WordListEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(engine, tmp_path_factory.mktemp("state")) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as found:
        yield found


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The start view; a script error or a refusal by the CSP fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    found = context.new_page()
    found.set_default_timeout(60_000)  # on a machine with much to do, too
    faults: list[str] = []
    found.on("pageerror", lambda error: faults.append(str(error)))
    found.on(
        "console",
        lambda message: (
            faults.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    found.goto(address)
    found.wait_for_selector("#examples button")
    yield found
    context.close()
    assert faults == []


def read(page: Any, text: str = TEXT) -> None:
    page.fill("#text", text)
    page.click("#extract")
    page.wait_for_selector("#view-result:not([hidden])")


def mark(page: Any, text: str) -> Any:
    """The first mention of a text."""
    return page.locator("#reader .m", has_text=re.compile(rf"^{re.escape(text)}[a-z]", re.I)).first


def tag(page: Any, text: str) -> Any:
    return mark(page, text).locator("button.tag").first


def mentions(page: Any) -> list[str]:
    return page.locator("#reader .m:not(.off) .tag").evaluate_all(
        "tags => tags.map(tag => tag.getAttribute('aria-label'))"
    )


def said(page: Any, text: str) -> None:
    page.locator("#status", has_text=text).wait_for()


def alert(page: Any) -> str:
    page.wait_for_selector("#alert:not([hidden])")
    return page.inner_text("#alert span")


def select(page: Any, text: str) -> None:
    """Select words in the text as a mouse would."""
    page.evaluate(
        """wanted => {
          const walker = document.createTreeWalker(document.getElementById("reader"), 4);
          while (walker.nextNode()) {
            const node = walker.currentNode, at = node.data.indexOf(wanted);
            if (at < 0 || node.parentNode.closest(".tag")) continue;
            getSelection().setBaseAndExtent(node, at, node, at + wanted.length);
            return;
          }
          throw new Error(`${wanted} is not in the text`);
        }""",
        text,
    )
    page.wait_for_selector("#chooser:not([hidden])")


def download(page: Any, to: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.click(f'[data-to="{to}"]')
    found = waiting.value
    return found.suggested_filename, Path(found.path()).read_bytes()


def document(page: Any) -> dict[str, Any]:
    """The document as the page saves it, checked by the strict reader."""
    found = json.loads(download(page, "json")[1])
    document_from_json(found)
    return dict(found)


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


def test_page_marks_a_passage_by_keyboard(page: Any) -> None:
    read(page)
    page.locator("#mark summary").click()
    page.fill("#mark-words", "package")
    page.keyboard.press("Enter")
    page.wait_for_selector("#chooser:not([hidden])")
    assert page.evaluate("document.activeElement.dataset.type") == "Application"
    page.keyboard.press("Enter")
    said(page, "application “package” added")
    assert "application: package" in mentions(page)
    page.fill("#mark-words", "nowhere")
    page.locator("#mark-words").press("Enter")
    said(page, "“nowhere” is not in the text.")


def test_page_adds_a_mention_from_a_selection(page: Any) -> None:
    read(page)
    select(page, "weather")
    page.click('#chooser [data-type="SoftwareCoreference"]')
    assert "software coreference: weather" in mentions(page)
    assert page.is_hidden("#chooser")
    assert page.inner_text("#panel-title").startswith("weather")
    select(page, "The ")
    page.locator("#use-span").click()
    assert "software coreference: The" in mentions(page)
    assert "2 corrections" in page.inner_text("#summary")


def test_page_changes_type_purpose_and_span(page: Any) -> None:
    read(page)
    tag(page, "Plotmuse").click()
    page.select_option("#mention-type", "Application")
    said(page, "“Plotmuse” is now application")
    page.select_option("#mention-purpose", "Creation")
    page.click("#span-end-right")
    assert "application: Plotmuse package" in mentions(page)
    assert page.evaluate("document.activeElement.id") == "span-end-right"
    page.click("#span-start-left")
    assert "application: the Plotmuse package" in mentions(page)
    found = next(m for m in document(page)["mentions"] if "Plotmuse" in m["text"])
    assert (found["type"], found["purpose"], found["confidence"]) == ("Application", "Creation", 1)
    page.select_option("#mention-type", "URL")
    said(page, "relation not allowed any more")
    assert page.is_hidden("#mention-purpose")


def test_page_adds_and_deletes_relations_that_the_schema_allows(page: Any) -> None:
    read(page)
    tag(page, "[3]").click()
    page.locator(".relations button", has_text="✕").click()
    said(page, "“[3]” citation of “Sloperunner” deleted")
    assert page.locator(".relations li").count() == 0
    kinds = page.locator("#relation-kind option").all_inner_texts()
    assert kinds == ["is citation of"]
    partners = page.locator("#relation-partner option").all_inner_texts()
    assert not any("version" in partner for partner in partners)
    inkgrove = next(p for p in partners if p.startswith("Inkgrove"))
    page.select_option("#relation-partner", label=inkgrove)
    page.click("#add-relation")
    said(page, "“[3]” citation of “Inkgrove” added")
    page.click("#add-relation")
    row = page.locator("#software tbody tr", has_text="Inkgrove")
    assert "[3]" in row.inner_text()
    found = document(page)
    texts = {m["id"]: m["text"] for m in found["mentions"]}
    pairs = [(texts[r["head"]], r["type"], texts[r["tail"]]) for r in found["relations"]]
    assert ("[3]", "Citation_of", "Inkgrove") in pairs
    assert ("[3]", "Citation_of", "Sloperunner") not in pairs


def test_page_undoes_every_correction(page: Any) -> None:
    read(page)
    before = document(page)
    select(page, "weather")
    page.click('#chooser [data-type="License"]')
    tag(page, "Sloperunner").click()
    page.select_option("#mention-type", "OperatingSystem")
    page.click("#delete-mention")
    page.locator("#text-title").click()
    for n in (3, 2, 1):
        assert f"{n} correction" in page.inner_text("#summary")
        page.click("#undo")
    assert page.is_disabled("#undo")
    assert document(page) == before
    page.click("#redo")
    assert "license: weather" in mentions(page)


def test_page_counts_offsets_in_characters(page: Any) -> None:
    read(page, "\U0001f9ea\U0001f4c8 We used Sloperunner 1.8 \U0001f680 on the tundracluster.")
    select(page, "tundracluster")
    page.click('#chooser [data-type="OperatingSystem"]')
    found = document(page)
    spans = {m["text"]: (m["char_start"], m["char_end"]) for m in found["mentions"]}
    assert spans == {
        text: (found["text"].index(text), found["text"].index(text) + len(text))
        for text in ("Sloperunner", "1.8", "tundracluster")
    }
    assert [m["id"] for m in found["mentions"]] == ["T1", "T2", "T3"]


def test_page_downloads_the_corrected_annotation_in_every_format(page: Any) -> None:
    read(page)
    select(page, "weather")
    page.click('#chooser [data-type="PlugIn"]')
    name, raw = download(page, "brat")
    assert name.endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        (notes,) = [n for n in archive.namelist() if n.endswith(".ann")]
        lines = archive.read(notes).decode()
    at = TEXT.index("weather")
    assert f"PlugIn {at} {at + 7}\tweather" in lines
    assert "Version_of Arg1:" in lines
    with zipfile.ZipFile(io.BytesIO(download(page, "somd")[1])) as archive:
        text = "".join(archive.read(n).decode() for n in archive.namelist())
    assert "B-PlugIn" in text
    with zipfile.ZipFile(io.BytesIO(download(page, "csv")[1])) as archive:
        text = "".join(archive.read(n).decode() for n in archive.namelist())
    assert "weather" in text
    (line,) = download(page, "jsonl")[1].splitlines()
    texts = [m["text"] for m in json.loads(line)["mentions"]]
    assert "weather" in texts
    assert json.loads(line)["model"]["corrected"] is True
    for to in ("web-annotation", "json"):
        assert b"weather" in download(page, to)[1]
    pytest.importorskip("pyoxigraph", reason="needs pyoxigraph (extra graph)")
    for to in ("turtle", "jsonld"):
        assert b"weather" in download(page, to)[1]


def test_page_warns_before_corrections_are_lost(page: Any) -> None:
    read(page)
    tag(page, "[3]").click()
    page.click("#delete-mention")
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.click("#new-text")
    assert "not downloaded yet" in asked[0]
    assert page.is_visible("#view-result")
    download(page, "brat")
    page.click("#new-text")
    assert page.is_visible("#view-start")


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
